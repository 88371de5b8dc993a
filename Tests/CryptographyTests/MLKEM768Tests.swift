import Cryptography
import Foundation
import TestSupport
import Testing

@Suite struct MLKEM768Tests {
  struct Keys: Decodable {
    struct Test: Decodable {
      let tcId: Int
      let seed, publicKeySHA256: HexBytes
    }
    let tests: [Test]
  }
  struct Decapsulations: Decodable {
    struct Test: Decodable {
      let tcId: Int
      let seed, publicKeySHA256, secret: HexBytes
      let ciphertext: Data
      let valid: Bool
    }
    let tests: [Test]
  }
  struct PublicKeys: Decodable {
    struct Change: Decodable {
      let offset: Int
      let bytes: HexBytes
      init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        offset = try container.decode(Int.self)
        bytes = try container.decode(HexBytes.self)
      }
    }
    struct Key: Decodable {
      let tcId: Int
      let publicKey: Data
    }
    let modulusBase: Data
    let modulus: [[Change]]
    let refused, accepted: [Key]
  }

  let region: GuardedRegion

  init() throws {
    region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
  }

  private func pair(_ seed: [UInt8]) throws(CryptographyError) -> MLKEM768KeyPair {
    try MLKEM768KeyPair(seed: try Secret<MLKEM768Seed>(copying: seed.span, in: region))
  }

  private func encapsulate(_ key: [UInt8]) throws(CryptographyError) -> (ciphertext: [UInt8], secret: [UInt8])
  {
    var ciphertext: [UInt8] = []
    let secret = try filled(32) { (output) throws(CryptographyError) in
      ciphertext = try MLKEM768Encapsulation().encapsulate(to: key.span, into: &output)
    }
    return (ciphertext, secret)
  }

  @Test func wycheproofsPublicKeysComeOutOfTheirSeeds() throws {
    let file: Keys = try VectorFiles.decode(from: "mlkem768-keys.json", in: VectorFiles.vectors)
    #expect(file.tests.count == 100)
    for test in file.tests {
      let publicKey = try pair(test.seed.bytes).publicKey
      #expect(publicKey.count == MLKEM768.publicKeyByteCount)
      #expect(SHA256Hash.hash(publicKey.span) == test.publicKeySHA256.bytes, "test \(test.tcId)")
    }
  }

  @Test func wycheproofsSecretsComeOut() throws {
    let file: Decapsulations = try VectorFiles.decode(
      from: "mlkem768-decapsulation.json", in: VectorFiles.vectors)
    #expect(file.tests.count == 193)
    var refused = 0
    for test in file.tests {
      do throws(CryptographyError) {
        let pair = try pair(test.seed.bytes)
        let publicKey = pair.publicKey
        var secret = try Secret<Key32>(in: region)
        if !test.publicKeySHA256.bytes.isEmpty {
          #expect(SHA256Hash.hash(publicKey.span) == test.publicKeySHA256.bytes, "test \(test.tcId)")
        }
        try pair.decapsulate([UInt8](test.ciphertext).span, into: &secret)
        #expect(test.valid, "test \(test.tcId)")
        #expect(secret.bytesForTestsOnly == test.secret.bytes, "test \(test.tcId)")
      } catch {
        #expect(!test.valid, "test \(test.tcId)")
        #expect(error == .wrongLength, "test \(test.tcId)")
        refused += 1
      }
    }
    #expect(refused == 40)
    #expect(region.bytesInUse == 0)
    #expect(region.freeBytesAreZero)
  }

  // [M-18]
  @Test func everyPublicKeyOutOfRangeIsRefusedAndOddOnesAreTaken() throws {
    let file: PublicKeys = try VectorFiles.decode(from: "mlkem768-public-keys.json", in: VectorFiles.vectors)
    #expect(file.modulus.count == 780)
    for (number, changes) in file.modulus.enumerated() {
      var key = [UInt8](file.modulusBase)
      for change in changes {
        key.replaceSubrange(
          change.offset..<(change.offset + change.bytes.bytes.count), with: change.bytes.bytes)
      }
      #expect(throws: CryptographyError.weakShare, "line \(number + 1)") { try encapsulate(key) }
    }
    #expect(file.refused.count == 52)
    for test in file.refused {
      let key = [UInt8](test.publicKey)
      let expected: CryptographyError =
        key.count == MLKEM768.publicKeyByteCount ? .weakShare : .wrongLength
      #expect(throws: expected, "test \(test.tcId)") { try encapsulate(key) }
    }
    #expect(file.accepted.count == 35)
    for test in file.accepted {
      #expect(try encapsulate([UInt8](test.publicKey)).ciphertext.count == MLKEM768.ciphertextByteCount)
    }
  }

  // [M-18]
  @Test func bothSidesHaveOneSecretAndAnAlteredCiphertextAnother() throws {
    let pair = try MLKEM768KeyPair(in: region, from: SystemEntropy.shared)
    let (ciphertext, secret) = try encapsulate(pair.publicKey)
    #expect(secret != [UInt8](repeating: 0, count: 32))
    var opened = try Secret<Key32>(in: region)
    try pair.decapsulate(ciphertext.span, into: &opened)
    #expect(opened.bytesForTestsOnly == secret)
    for position in [0, 500, 1_087] {
      var altered = ciphertext
      altered[position] ^= 1
      try pair.decapsulate(altered.span, into: &opened)
      #expect(opened.bytesForTestsOnly != secret)
    }
  }

  @Test func aKeyPairDependsOnTheEntropyAlone() throws {
    let first = try MLKEM768KeyPair(in: region, from: ScriptedEntropy(counting(64))).publicKey
    let second = try MLKEM768KeyPair(in: region, from: ScriptedEntropy(counting(64))).publicKey
    let third = try MLKEM768KeyPair(in: region, from: ScriptedEntropy(counting(63) + [0])).publicKey
    #expect(first == second)
    #expect(first == third)  // z, the second half, is not in the public key
    let fourth = try MLKEM768KeyPair(in: region, from: ScriptedEntropy([1] + counting(64))).publicKey
    #expect(first != fourth)
  }
}
