import Cryptography
import TestSupport
import Testing

@Suite struct ChaCha20Poly1305Tests {
  @Test func wycheproofsValuesPass() throws {
    let file: AEADFile = try VectorFiles.decode(from: "chacha20-poly1305.json", in: VectorFiles.vectors)
    #expect(file.tests.count == 325)
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    for test in file.tests {
      let key = try Secret<Key32>(forTestsOnly: test.key.bytes, in: region)
      let sealed = test.ct.bytes + test.tag.bytes
      var opened: [UInt8]?
      var thrown: CryptographyError?
      do throws(CryptographyError) {
        opened = try filled(test.ct.bytes.count) { (output) throws(CryptographyError) in
          try ChaCha20Poly1305.open(
            sealed.span, key: key, nonce: test.iv.bytes.span, authenticating: test.aad.bytes.span,
            into: &output)
        }
      } catch {
        thrown = error
      }
      guard test.valid else {
        #expect(
          thrown == (test.iv.bytes.count == 12 ? .notAuthentic : .wrongLength), "test \(test.tcId)")
        continue
      }
      #expect(opened == test.msg.bytes, "test \(test.tcId)")
      let again = try filled(sealed.count) { (output) throws(CryptographyError) in
        try ChaCha20Poly1305.seal(
          test.msg.bytes.span, key: key, nonce: test.iv.bytes.span, authenticating: test.aad.bytes.span,
          into: &output)
      }
      #expect(again == sealed, "test \(test.tcId)")
    }
  }

  @Test func aForgeryLeavesNoPlaintextInTheOutput() throws {
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    let key = try Secret<Key32>(forTestsOnly: counting(32), in: region)
    var sealed = try filled(48) { (output) throws(CryptographyError) in
      try ChaCha20Poly1305.seal(
        counting(32).span, key: key, nonce: counting(12).span, authenticating: [UInt8]().span, into: &output)
    }
    sealed[47] ^= 1
    var output = [UInt8](repeating: 0, count: 32)
    var span = output.mutableSpan
    var thrown: CryptographyError?
    do throws(CryptographyError) {
      try ChaCha20Poly1305.open(
        sealed.span, key: key, nonce: counting(12).span, authenticating: [UInt8]().span, into: &span)
    } catch {
      thrown = error
    }
    #expect(thrown == .notAuthentic)
    #expect(output == [UInt8](repeating: 0, count: 32))
  }

  @Test func lengthsThatDoNotFitAreRefused() throws {
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    let key = try Secret<Key32>(forTestsOnly: counting(32), in: region)
    for (count, room) in [(16, 1), (15, 0), (0, 0), (32, 15)] {
      var thrown: CryptographyError?
      do throws(CryptographyError) {
        _ = try filled(room) { (output) throws(CryptographyError) in
          try ChaCha20Poly1305.open(
            counting(count).span, key: key, nonce: counting(12).span, authenticating: [UInt8]().span,
            into: &output)
        }
      } catch {
        thrown = error
      }
      #expect(thrown == .wrongLength)
    }
  }
}
