import Cryptography
import TestSupport
import Testing

/// The ciphers of records that are an AEAD of their own, against Wycheproof.
@Suite struct RecordAEADTests {
  //
  @Test(arguments: [
    (RecordCipher.aes256GCM, "aes256-gcm.json", 12, 66),
    (.xchacha20Poly1305, "xchacha20-poly1305.json", 24, 306),
  ])
  func wycheproofsValuesPass(
    cipher: RecordCipher, path: String, nonceByteCount: Int, expected: Int
  ) throws {
    let file: AEADFile = try VectorFiles.decode(from: path, in: VectorFiles.vectors)
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    // One of each for all of them: contexts are re-keyed, and nothing of a message stays behind.
    let sealer = try cipher.makeSealer(region)
    let opener = try cipher.makeOpener(region)
    var run = 0
    for test in file.tests {
      let keyMaterial = test.key.bytes + test.iv.bytes
      let sealed = test.ct.bytes + test.tag.bytes
      var opened = [UInt8](repeating: 0x55, count: sealed.count)
      var count: Int?
      var thrown: CryptographyError?
      do throws(CryptographyError) {
        var output = opened.mutableSpan
        count = try opener.open(
          sealed.span, keyMaterial: keyMaterial.span, authenticating: test.aad.bytes.span, into: &output)
      } catch {
        thrown = error
      }
      guard test.iv.bytes.count == nonceByteCount else {
        #expect(thrown != nil, "test \(test.tcId)")
        continue
      }
      run += 1
      guard test.valid else {
        #expect(thrown == .notAuthentic, "test \(test.tcId)")
        #expect(!opened.starts(with: test.msg.bytes) || test.msg.bytes.isEmpty, "test \(test.tcId)")
        continue
      }
      #expect(count == test.msg.bytes.count, "test \(test.tcId)")
      #expect(opened.starts(with: test.msg.bytes), "test \(test.tcId)")
      var record = test.msg.bytes + [UInt8](repeating: 0, count: cipher.overheadByteCount)
      var span = record.mutableSpan
      try sealer.seal(
        &span, plaintextByteCount: test.msg.bytes.count, keyMaterial: keyMaterial.span,
        authenticating: test.aad.bytes.span)
      #expect(record == sealed, "test \(test.tcId)")
    }
    #expect(run == expected)
  }

  @Test(arguments: [RecordCipher.aes256GCM, .xchacha20Poly1305])
  func aForgeryLeavesNoPlaintextBehind(cipher: RecordCipher) throws {
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    let keyMaterial = counting(cipher.keyMaterialByteCount)
    let opener = try cipher.makeOpener(region)
    var record = counting(240) + [UInt8](repeating: 0, count: cipher.overheadByteCount)
    var span = record.mutableSpan
    try cipher.makeSealer(region).seal(
      &span, plaintextByteCount: 240, keyMaterial: keyMaterial.span, authenticating: [1].span)
    record[255] ^= 1
    var opened = [UInt8](repeating: 0x55, count: 256)
    #expect(throws: CryptographyError.notAuthentic) {
      var output = opened.mutableSpan
      _ = try opener.open(
        record.span, keyMaterial: keyMaterial.span, authenticating: [1].span, into: &output)
    }
    #expect(opened.prefix(240).allSatisfy { $0 == 0 })
  }

  @Test(arguments: [RecordCipher.aes256GCM, .xchacha20Poly1305])
  func lengthsThatDoNotFitAreRefused(cipher: RecordCipher) throws {
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    let sealer = try cipher.makeSealer(region)
    let opener = try cipher.makeOpener(region)
    let material = counting(cipher.keyMaterialByteCount)
    for (record, plaintext, keyMaterial) in [
      (47, 32, material), (49, 32, material), (15, -1, material), (48, 32, Array(material.dropLast())),
      (48, 32, material + [0]),
    ] {
      var bytes = [UInt8](repeating: 0, count: record)
      #expect(throws: CryptographyError.wrongLength) {
        var span = bytes.mutableSpan
        try sealer.seal(
          &span, plaintextByteCount: plaintext, keyMaterial: keyMaterial.span, authenticating: [1].span)
      }
    }
    for (sealed, room, keyMaterial, expected) in [
      (15, 48, material, CryptographyError.notAuthentic), (0, 48, material, .notAuthentic),
      (48, 31, material, .wrongLength), (48, 48, Array(material.dropLast()), .wrongLength),
    ] {
      var output = [UInt8](repeating: 0, count: room)
      #expect(throws: expected) {
        var span = output.mutableSpan
        _ = try opener.open(
          counting(sealed).span, keyMaterial: keyMaterial.span, authenticating: [1].span, into: &span)
      }
    }
  }
}
