import Cryptography
import TestSupport
import Testing

/// The values of an AEAD from Wycheproof.
struct AEADFile: Decodable {
  struct Test: Decodable {
    let tcId: Int
    let key, iv, aad, msg, ct, tag: HexBytes
    let valid: Bool
  }
  let tests: [Test]
}

@Suite struct CBCHMACTests {
  let region: GuardedRegion

  init() throws {
    region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
  }

  private func open(
    _ opener: CBCHMACOpener, _ sealed: [UInt8], _ keyMaterial: [UInt8], _ associated: [UInt8]
  ) throws(CryptographyError) -> [UInt8] {
    var count = 0
    let plaintext = try filled(sealed.count) { (output) throws(CryptographyError) in
      count = try opener.open(
        sealed.span, keyMaterial: keyMaterial.span, authenticating: associated.span, into: &output)
    }
    return Array(plaintext.prefix(count))
  }

  @Test(arguments: [
    ("a128cbc-hs256.json", CBCHMACSuite.aes128SHA256Half), ("a256cbc-hs512.json", .aes256SHA512Half),
  ])
  func wycheproofsValuesPassThroughTheSharedCode(name: String, suite: CBCHMACSuite) throws {
    let file: AEADFile = try VectorFiles.decode(from: name, in: VectorFiles.vectors)
    #expect(file.tests.count == 94)
    let sealer = try CBCHMACSealer(suite, in: region)
    let opener = try CBCHMACOpener(suite, in: region)
    for test in file.tests {
      // RFC 7518 has the authentication key first; the key material here has it second.
      let half = suite.authenticationKeyByteCount
      let keyMaterial = Array(test.key.bytes.dropFirst(half) + test.key.bytes.prefix(half)) + test.iv.bytes
      let sealed = test.ct.bytes + test.tag.bytes
      if test.valid {
        #expect(try open(opener, sealed, keyMaterial, test.aad.bytes) == test.msg.bytes, "test \(test.tcId)")
        #expect(
          try sealer.seal(
            test.msg.bytes.span, keyMaterial: keyMaterial.span, authenticating: test.aad.bytes.span)
            == sealed, "test \(test.tcId)")
      } else {
        let thrown = #expect(throws: CryptographyError.self, "test \(test.tcId)") {
          try open(opener, sealed, keyMaterial, test.aad.bytes)
        }
        #expect(thrown == .notAuthentic || thrown == .damagedAfterAuthentication, "test \(test.tcId)")
      }
    }
  }

  @Test(arguments: [0, 1, 15, 16, 17, 31, 32, 240, 16_368])
  func whatIsSealedOpensAgain(count: Int) throws {
    let sealer = try CBCHMACSealer(.aes256SHA256, in: region)
    let opener = try CBCHMACOpener(.aes256SHA256, in: region)
    let keyMaterial = counting(80)
    let sealed = try sealer.seal(
      counting(count).span, keyMaterial: keyMaterial.span, authenticating: [1, 2, 3].span)
    #expect(sealed.count == CBCHMACSuite.aes256SHA256.sealedByteCount(of: count))
    #expect(sealed.count == 16 * (count / 16 + 1) + 32)
    #expect(try open(opener, sealed, keyMaterial, [1, 2, 3]) == counting(count))
    // The same contexts serve for the next message, under other keys.
    let next = try sealer.seal(
      counting(5).span, keyMaterial: counting(81).span.extracting(1..<81), authenticating: [UInt8]().span)
    #expect(try open(opener, next, Array(counting(81).dropFirst()), []) == counting(5))
  }

  //
  @Test func everyBitOfARecordCounts() throws {
    let sealer = try CBCHMACSealer(.aes256SHA256, in: region)
    let opener = try CBCHMACOpener(.aes256SHA256, in: region)
    let sealed = try sealer.seal(
      counting(20).span, keyMaterial: counting(80).span, authenticating: counting(9).span)
    for position in sealed.indices {
      for bit in 0..<8 {
        var altered = sealed
        altered[position] ^= 1 << UInt8(bit)
        #expect(throws: CryptographyError.notAuthentic) {
          try open(opener, altered, counting(80), counting(9))
        }
      }
    }
    for position in 0..<80 where position < 32 || position >= 64 {
      // Another encryption key decrypts to something else; it is the tag's key and the IV that the tag covers.
      var altered = counting(80)
      altered[position] ^= 1
      if position >= 64 {
        #expect(throws: CryptographyError.notAuthentic) { try open(opener, sealed, altered, counting(9)) }
      }
    }
    #expect(throws: CryptographyError.notAuthentic) { try open(opener, sealed, counting(80), counting(8)) }
    #expect(try open(opener, sealed, counting(80), counting(9)) == counting(20))
  }

  @Test(arguments: 0..<100)
  func everyCutOfARecordIsRefused(count: Int) throws {
    let sealer = try CBCHMACSealer(.aes256SHA256, in: region)
    let opener = try CBCHMACOpener(.aes256SHA256, in: region)
    let sealed = try sealer.seal(
      counting(60).span, keyMaterial: counting(80).span, authenticating: [UInt8]().span)
    guard count < sealed.count else { return }
    #expect(throws: CryptographyError.notAuthentic) {
      try open(opener, Array(sealed.prefix(count)), counting(80), [])
    }
  }

  @Test func aWholeTagOverAPartialBlockIsStillRefused() throws {
    // 17 bytes of "ciphertext" with a right tag: the length is what refuses it.
    let opener = try CBCHMACOpener(.aes256SHA256, in: region)
    for count in [0, 1, 15, 17, 31] {
      let sealed = Self.withRightTag(counting(count), keyMaterial: counting(80), associated: [])
      #expect(throws: CryptographyError.notAuthentic) { try open(opener, sealed, counting(80), []) }
    }
  }

  //
  @Test func wrongPaddingUnderARightTagIsDamageAndNotForgery() throws {
    let sealer = try CBCHMACSealer(.aes256SHA256, in: region)
    let opener = try CBCHMACOpener(.aes256SHA256, in: region)
    // CBC: a bit flipped in one block flips the same bit of the next block's plaintext. The last block of this
    // message is all padding, so each of its sixteen bytes is put wrong in turn.
    let message = counting(32)
    let sealed = try sealer.seal(message.span, keyMaterial: counting(80).span, authenticating: [UInt8]().span)
    for position in 16..<32 {
      var ciphertext = Array(sealed.prefix(48))
      ciphertext[position] ^= 0x40
      let mended = Self.withRightTag(ciphertext, keyMaterial: counting(80), associated: [])
      var output = [UInt8](repeating: 0xee, count: 48)
      var span = output.mutableSpan
      var thrown: CryptographyError?
      do throws(CryptographyError) {
        _ = try opener.open(
          mended.span, keyMaterial: counting(80).span, authenticating: [UInt8]().span, into: &span)
      } catch {
        thrown = error
      }
      #expect(thrown == .damagedAfterAuthentication)
      #expect(output == [UInt8](repeating: 0, count: 48))
    }
    // Padding that says 0, and 17.
    for last in [0, 17] as [UInt8] {
      var ciphertext = Array(sealed.prefix(48))
      ciphertext[31] ^= 0x10 ^ last
      let mended = Self.withRightTag(ciphertext, keyMaterial: counting(80), associated: [])
      #expect(throws: CryptographyError.damagedAfterAuthentication) {
        try open(opener, mended, counting(80), [])
      }
    }
  }

  //
  @Test func nothingIsWrittenWhenTheTagIsWrong() throws {
    let sealer = try CBCHMACSealer(.aes256SHA256, in: region)
    let opener = try CBCHMACOpener(.aes256SHA256, in: region)
    var sealed = try sealer.seal(
      counting(32).span, keyMaterial: counting(80).span, authenticating: [UInt8]().span)
    sealed[79] ^= 1
    var output = [UInt8](repeating: 0xee, count: 48)
    var span = output.mutableSpan
    var thrown: CryptographyError?
    do throws(CryptographyError) {
      _ = try opener.open(
        sealed.span, keyMaterial: counting(80).span, authenticating: [UInt8]().span, into: &span)
    } catch {
      thrown = error
    }
    #expect(thrown == .notAuthentic)
    #expect(output == [UInt8](repeating: 0xee, count: 48))
  }

  @Test func wrongSizesOfOneSelfAreRefused() throws {
    let sealer = try CBCHMACSealer(.aes256SHA256, in: region)
    let opener = try CBCHMACOpener(.aes256SHA256, in: region)
    #expect(throws: CryptographyError.wrongLength) {
      try sealer.seal(counting(4).span, keyMaterial: counting(79).span, authenticating: [UInt8]().span)
    }
    for (room, plaintext) in [(47, 4), (49, 4), (48, 16), (48, -1)] {
      var thrown: CryptographyError?
      do throws(CryptographyError) {
        _ = try filled(room) { (record) throws(CryptographyError) in
          try sealer.seal(
            &record, plaintextByteCount: plaintext, keyMaterial: counting(80).span,
            authenticating: [UInt8]().span)
        }
      } catch {
        thrown = error
      }
      #expect(thrown == .wrongLength)
    }
    let sealed = try sealer.seal(
      counting(4).span, keyMaterial: counting(80).span, authenticating: [UInt8]().span)
    var thrown: CryptographyError?
    do throws(CryptographyError) {
      _ = try filled(15) { (output) throws(CryptographyError) in
        _ = try opener.open(
          sealed.span, keyMaterial: counting(80).span, authenticating: [UInt8]().span, into: &output)
      }
    } catch {
      thrown = error
    }
    #expect(thrown == .wrongLength)
  }

  /// The ciphertext with the tag that its key holder would make, whatever it decrypts to.
  private static func withRightTag(_ ciphertext: [UInt8], keyMaterial: [UInt8], associated: [UInt8])
    -> [UInt8]
  {
    let bits = UInt64(associated.count * 8)
    let covered =
      associated + keyMaterial[64..<80] + ciphertext
      + (0..<8).map { UInt8(truncatingIfNeeded: bits >> UInt64(56 - 8 * $0)) }
    return ciphertext
      + filled(32) {
        HMACSHA256.authenticate(covered.span, key: keyMaterial.span.extracting(32..<64), into: &$0)
      }
  }
}

@Suite struct RecordCipherTests {
  @Test func everySuiteOfTheListHasItsOwnNumberNameAndLabel() {
    let all = RecordCipher.builtIn
    #expect(Set(all.map(\.identifier)).count == all.count)
    #expect(Set(all.map(\.name)).count == all.count)
    #expect(Set(all.map(\.keyLabel)).count == all.count)
    #expect(all.map(\.identifier) == [1, 2, 3])
    #expect(RecordCipher.withIdentifier(0) == nil)
  }

  @Test func everySuiteOfTheListOpensWhatItSeals() throws {
    for cipher in RecordCipher.builtIn {
      let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
      let sealer = try cipher.makeSealer(region)
      let opener = try cipher.makeOpener(region)
      let keyMaterial = counting(cipher.keyMaterialByteCount)
      let plaintext = counting(240)
      var record = plaintext + [UInt8](repeating: 0, count: cipher.overheadByteCount)
      var span = record.mutableSpan
      try sealer.seal(
        &span, plaintextByteCount: 240, keyMaterial: keyMaterial.span, authenticating: [1].span)
      #expect(!record.starts(with: plaintext.prefix(16)))
      var opened = [UInt8](repeating: 0, count: record.count)
      var output = opened.mutableSpan
      let count = try opener.open(
        record.span, keyMaterial: keyMaterial.span, authenticating: [1].span, into: &output)
      #expect(Array(opened.prefix(count)) == plaintext)
      for (altered, associated) in [
        (record.enumerated().map { $0 == 3 ? $1 ^ 1 : $1 }, [1]), (record, [UInt8]([2])),
      ] {
        var thrown: CryptographyError?
        do throws(CryptographyError) {
          var output = opened.mutableSpan
          _ = try opener.open(
            altered.span, keyMaterial: keyMaterial.span, authenticating: associated.span, into: &output)
        } catch {
          thrown = error
        }
        #expect(thrown == .notAuthentic, "\(cipher.name)")
      }
    }
  }

  @Test(arguments: 1...16)
  func aRecordTakesNoOtherPaddingThanAWholeBlock(padding: Int) throws {
    let cipher = RecordCipher.aes256CBCHMACCRC32
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    let sealer = try CBCHMACSealer(.aes256SHA256, in: region)
    let opener = try cipher.makeOpener(region)
    let sealed = try sealer.seal(
      counting(256 - padding).span, keyMaterial: counting(80).span, authenticating: [1].span)
    #expect(sealed.count == 288)
    var opened = [UInt8](repeating: 0, count: sealed.count)
    var output = opened.mutableSpan
    var thrown: CryptographyError?
    do throws(CryptographyError) {
      _ = try opener.open(
        sealed.span, keyMaterial: counting(80).span, authenticating: [1].span, into: &output)
    } catch {
      thrown = error
    }
    #expect(thrown == (padding == 16 ? nil : .damagedAfterAuthentication))
    if padding < 16 { #expect(opened.prefix(256 - padding).allSatisfy { $0 == 0 }) }
  }
}
