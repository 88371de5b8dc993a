import Cryptography
import TestSupport
import Testing

@Suite struct HPKESealingTests {
  struct File: Decodable {
    let privateKey, publicKey, encapsulatedKey, info, aad, plaintext, ciphertext: HexBytes
  }

  private func open<Private: SecretPurpose>(
    _ sealed: [UInt8], _ key: borrowing Secret<Private>, info: [UInt8], aad: [UInt8]
  ) throws(CryptographyError) -> [UInt8] {
    try filled(max(0, sealed.count - HPKESealing.overheadByteCount)) { (output) throws(CryptographyError) in
      try HPKESealing.open(
        sealed.span, privateKey: key, info: info.span, authenticating: aad.span, into: &output)
    }
  }

  @Test func theStandardsMessageOpens() throws {
    let file: File = try VectorFiles.decode(from: "hpke-base-x25519.json", in: VectorFiles.vectors)
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    let key = try Secret<Key32>(forTestsOnly: file.privateKey.bytes, in: region)
    #expect(try X25519.publicKey(of: key) == file.publicKey.bytes)
    let opened = try open(
      file.encapsulatedKey.bytes + file.ciphertext.bytes, key, info: file.info.bytes, aad: file.aad.bytes)
    #expect(opened == file.plaintext.bytes)
  }

  @Test func onlyTheRightKeyInfoAndDataOpenIt() throws {
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    let key = try Secret<Key32>.random(in: region, from: SystemEntropy.shared)
    let other = try Secret<Key32>.random(in: region, from: SystemEntropy.shared)
    let publicKey = try X25519.publicKey(of: key)
    let sealed = try HPKESealing.seal(
      counting(64).span, to: publicKey.span, info: [1].span, authenticating: [2].span)
    #expect(sealed.count == 112)
    #expect(try open(sealed, key, info: [1], aad: [2]) == counting(64))
    #expect(
      try HPKESealing.seal(counting(64).span, to: publicKey.span, info: [1].span, authenticating: [2].span)
        != sealed)
    var altered = sealed
    altered[111] ^= 1
    for attempt in 0..<5 {
      var thrown: CryptographyError?
      do throws(CryptographyError) {
        switch attempt {
        case 0: _ = try open(sealed, other, info: [1], aad: [2])
        case 1: _ = try open(sealed, key, info: [], aad: [2])
        case 2: _ = try open(sealed, key, info: [1], aad: [])
        case 3: _ = try open(altered, key, info: [1], aad: [2])
        default:
          _ = try open([UInt8](repeating: 0, count: 32) + sealed.dropFirst(32), key, info: [1], aad: [2])
        }
      } catch {
        thrown = error
      }
      #expect(thrown == .notAuthentic, "attempt \(attempt)")
    }
    var thrown: CryptographyError?
    do throws(CryptographyError) { _ = try open(counting(47), key, info: [1], aad: [2]) } catch {
      thrown = error
    }
    #expect(thrown == .wrongLength)
  }

  @Test func aKeyOfSmallOrderIsRefused() {
    for key in [[UInt8](repeating: 0, count: 32), [1] + [UInt8](repeating: 0, count: 31)] {
      #expect(throws: CryptographyError.weakShare) {
        try HPKESealing.seal([1].span, to: key.span, info: [UInt8]().span, authenticating: [UInt8]().span)
      }
    }
  }
}
