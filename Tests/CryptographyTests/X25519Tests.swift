import Cryptography
import TestSupport
import Testing

@Suite struct X25519Tests {
  struct File: Decodable {
    struct Test: Decodable {
      let tcId: Int
      let `public`, `private`, shared: HexBytes
    }
    let tests: [Test]
  }

  // [F-10]
  @Test func wycheproofsSharedSecretsComeOutAndZeroOnesAreRefused() throws {
    let file: File = try VectorFiles.decode(from: "x25519.json", in: VectorFiles.vectors)
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    let zeros = [UInt8](repeating: 0, count: 32)
    var right = 0
    var refused = 0
    for test in file.tests {
      let key = try Secret<Key32>(forTestsOnly: test.private.bytes, in: region)
      var shared = try Secret<OtherKey32>(forTestsOnly: counting(32), in: region)
      do throws(CryptographyError) {
        try X25519.sharedSecret(private: key, public: test.public.bytes.span, into: &shared)
        #expect(shared.bytesForTestsOnly == test.shared.bytes, "test \(test.tcId)")
        try X25519.requireFullOrder(test.public.bytes.span)
        right += 1
      } catch {
        #expect(error == .weakShare, "test \(test.tcId)")
        #expect(test.shared.bytes == zeros, "test \(test.tcId)")
        #expect(shared.bytesForTestsOnly == zeros, "test \(test.tcId)")
        #expect(throws: CryptographyError.weakShare) { try X25519.requireFullOrder(test.public.bytes.span) }
        refused += 1
      }
    }
    #expect(right == 487)
    #expect(refused == 31)
  }

  @Test func lengthsAreChecked() throws {
    let region = try GuardedRegion(byteCount: 64)
    let key = try Secret<Key32>.random(in: region, from: SystemEntropy.shared)
    let short = try Secret<Key16>.random(in: region, from: SystemEntropy.shared)
    let share = try X25519.publicKey(of: key)
    for (publicKey, count) in [(Array(share.dropLast()), 32), (share + [0], 32), (share, 31), (share, 33)] {
      var refused: CryptographyError?
      do throws(CryptographyError) {
        _ = try filled(count) { (output) throws(CryptographyError) in
          try X25519.sharedSecret(private: key, public: publicKey.span, into: &output)
        }
      } catch {
        refused = error
      }
      #expect(refused == .wrongLength)
    }
    var refused: CryptographyError?
    do throws(CryptographyError) { _ = try X25519.publicKey(of: short) } catch { refused = error }
    #expect(refused == .wrongLength)
  }
}
