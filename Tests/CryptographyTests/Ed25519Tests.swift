import Cryptography
import TestSupport
import Testing

@Suite struct Ed25519Tests {
  struct File: Decodable {
    struct Test: Decodable {
      let tcId: Int
      let publicKey, msg, sig: HexBytes
      let valid: Bool
    }
    let tests: [Test]
  }

  // [S-03]
  @Test func wycheproofsSignaturesAreToldApart() throws {
    let file: File = try VectorFiles.decode(from: "ed25519.json", in: VectorFiles.vectors)
    #expect(file.tests.count == 151)
    for test in file.tests {
      if test.valid {
        #expect(throws: Never.self, "test \(test.tcId)") {
          try Ed25519.verify(
            test.sig.bytes.span, of: test.msg.bytes.span, publicKey: test.publicKey.bytes.span)
        }
      } else {
        #expect(throws: CryptographyError.notAuthentic, "test \(test.tcId)") {
          try Ed25519.verify(
            test.sig.bytes.span, of: test.msg.bytes.span, publicKey: test.publicKey.bytes.span)
        }
      }
    }
  }

  @Test func whatIsSignedVerifiesAndNothingOfTheKeyIsLeft() throws {
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    let seed = try Secret<Key32>(forTestsOnly: counting(32), in: region)
    let publicKey = try Ed25519.publicKey(of: seed)
    let signature = try Ed25519.sign([1, 2, 3].span, seed: seed)
    try Ed25519.verify(signature.span, of: [1, 2, 3].span, publicKey: publicKey.span)
    #expect(throws: CryptographyError.notAuthentic) {
      try Ed25519.verify(signature.span, of: [1, 2, 4].span, publicKey: publicKey.span)
    }
    #expect(region.bytesInUse == 32)
    #expect(region.freeBytesAreZero)
  }

  // [S-03]
  @Test func keysOfSmallOrderAreRefused() {
    // With the identity as key, R = identity and S = 0 would fit every message.
    let identity = [1] + [UInt8](repeating: 0, count: 31)
    let signature = identity + [UInt8](repeating: 0, count: 32)
    #expect(throws: CryptographyError.notAuthentic) {
      try Ed25519.verify(signature.span, of: [1].span, publicKey: identity.span)
    }
  }

  @Test func lengthsThatDoNotFitAreForgeries() {
    #expect(throws: CryptographyError.notAuthentic) {
      try Ed25519.verify(counting(63).span, of: [1].span, publicKey: counting(32).span)
    }
    #expect(throws: CryptographyError.notAuthentic) {
      try Ed25519.verify(counting(64).span, of: [1].span, publicKey: counting(31).span)
    }
  }
}
