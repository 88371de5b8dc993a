import Cryptography
import TestSupport
import Testing

@Suite struct HMACTests {
  struct File: Decodable {
    struct Test: Decodable {
      let tcId: Int
      let key, msg, tag: HexBytes
      let valid: Bool
    }
    let tests: [Test]
  }

  @Test func wycheproofsTagsComeOut() throws {
    let file: File = try VectorFiles.decode(from: "hmac-sha256.json", in: VectorFiles.vectors)
    #expect(file.tests.count == 174)
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    var context = try HMACSHA256(in: region)
    for test in file.tests {
      let once = filled(32) {
        HMACSHA256.authenticate(test.msg.bytes.span, key: test.key.bytes.span, into: &$0)
      }
      // Some of the tags are cut to 16 bytes.
      let count = test.tag.bytes.count
      #expect((Array(once.prefix(count)) == test.tag.bytes) == test.valid, "test \(test.tcId)")

      context.setKey(test.key.bytes.span)
      let half = test.msg.bytes.count / 2
      for _ in 0..<2 {
        context.update(test.msg.bytes.span.extracting(0..<half))
        context.update(test.msg.bytes.span.extracting(half..<test.msg.bytes.count))
        let tag = context.finish()
        #expect(tag == once, "test \(test.tcId), by the context")
      }
    }
  }

  @Test func aNewKeyForgetsTheMessageUnderWay() throws {
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    let key = try Secret<Key32>(forTestsOnly: counting(32), in: region)
    var context = try HMACSHA256(in: region)
    context.setKey([1, 2, 3].span)
    context.update([4, 5, 6].span)
    context.setKey(key)
    context.update([7].span)
    let tag = context.finish()
    #expect(tag == HMACSHA256.authenticate([7].span, key: key))
  }

  @Test func aTagOfAnotherMessageOrKeyIsRefused() throws {
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    let key = try Secret<Key32>(forTestsOnly: counting(32), in: region)
    let other = try Secret<Key32>(in: region)
    let tag = HMACSHA256.authenticate([1].span, [2].span, key: key)
    try HMACSHA256.verify(tag.span, of: [1, 2].span, key: key)
    for (tag, message, isOther) in [
      (tag, [UInt8]([1, 3]), false), (tag, [1, 2], true), (tag.dropLast(), [1, 2], false),
    ] {
      var refused = false
      do throws(CryptographyError) {
        if isOther {
          try HMACSHA256.verify(tag.span, of: message.span, key: other)
        } else {
          try HMACSHA256.verify(tag.span, of: message.span, key: key)
        }
      } catch {
        refused = error == .notAuthentic
      }
      #expect(refused)
    }
  }

  @Test func wipingForgetsTheKey() throws {
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    var context = try HMACSHA256(in: region)
    context.setKey(counting(32).span)
    context.wipe()
    context.update([1].span)
    let tag = context.finish()
    #expect(tag == filled(32) { HMACSHA256.authenticate([1].span, key: [UInt8]().span, into: &$0) })
  }
}

@Suite struct HKDFTests {
  struct File: Decodable {
    struct Test: Decodable {
      let tcId: Int
      let ikm, salt, info, okm: HexBytes
      let size: Int
      let valid: Bool
    }
    let tests: [Test]
  }

  @Test func wycheproofsKeysComeOut() throws {
    let file: File = try VectorFiles.decode(from: "hkdf-sha256.json", in: VectorFiles.vectors)
    #expect(file.tests.count == 86)
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    var context = try HMACSHA256(in: region)
    for test in file.tests {
      // The three that are not valid ask for more than the function can give.
      guard test.valid else {
        #expect(test.size > HKDF.byteCountLimit, "test \(test.tcId)")
        continue
      }
      let whole = filled(test.size) {
        HKDF.derive(
          salt: test.salt.bytes.span, inputKey: test.ikm.bytes.span, info: test.info.bytes.span, into: &$0)
      }
      #expect(whole == test.okm.bytes, "test \(test.tcId)")
      let pseudorandomKey = filled(32) {
        HKDF.extract(salt: test.salt.bytes.span, inputKey: test.ikm.bytes.span, into: &$0)
      }
      #expect(
        filled(test.size) { HKDF.expand(pseudorandomKey.span, info: test.info.bytes.span, into: &$0) }
          == test.okm.bytes, "test \(test.tcId), in two steps")
      context.setKey(pseudorandomKey.span)
      let expanded = filled(test.size) { context.expand(info: test.info.bytes.span, into: &$0) }
      #expect(expanded == test.okm.bytes, "test \(test.tcId), by the context")
    }
  }

  @Test func aSecretIsExpandedIntoASecret() throws {
    let region = try GuardedRegion(byteCount: 256)
    let source = try Secret<Key32>(forTestsOnly: counting(32), in: region)
    var target = try Secret<Key64>(in: region)
    HKDF.expand(source, info: [1, 2].span, into: &target)
    #expect(
      target.bytesForTestsOnly == filled(64) { HKDF.expand(counting(32).span, info: [1, 2].span, into: &$0) })
  }
}
