import Cryptography
import TestSupport
import Testing

@Suite struct HashTests {
  // FIPS 180-4 examples.
  @Test func sha256GivesTheStandardsValues() {
    #expect(
      SHA256Hash.hash([UInt8]("abc".utf8).span)
        == HexBytes.parse("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
    #expect(
      SHA256Hash.hash([UInt8]().span)
        == HexBytes.parse("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"))
  }

  @Test func sha512GivesTheStandardsValues() {
    #expect(
      SHA512Hash.hash([UInt8]("abc".utf8).span)
        == HexBytes.parse(
          "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"))
  }

  @Test func piecesAndTheWholeHaveOneDigest() {
    let bytes = counting(1_000)
    let whole = SHA256Hash.hash(bytes.span)
    for cut in [0, 1, 63, 64, 65, 500, 1_000] {
      #expect(
        SHA256Hash.hash(bytes.span.extracting(0..<cut), bytes.span.extracting(cut..<1_000)) == whole)
      var context = SHA256Context()
      context.update(bytes.span.extracting(0..<cut))
      context.update(bytes.span.extracting(cut..<1_000))
      let digest = context.finish()
      #expect(digest == whole)
      #expect(
        filled(64) {
          SHA512Hash.hash(bytes.span.extracting(0..<cut), bytes.span.extracting(cut..<1_000), into: &$0)
        }
          == SHA512Hash.hash(bytes.span))
    }
  }

  @Test func aContextStartsAnewAfterADigest() {
    var context = SHA256Context()
    context.update(counting(10).span)
    _ = context.finish()
    context.update([UInt8]("abc".utf8).span)
    let digest = filled(32) { context.finish(into: &$0) }
    #expect(digest == SHA256Hash.hash([UInt8]("abc".utf8).span))
  }

  @Test func aSecretIsHashedIntoASecret() throws {
    let region = try GuardedRegion(byteCount: 64)
    let state = try Secret<Key32>(forTestsOnly: counting(32), in: region)
    var next = try Secret<OtherKey32>(in: region)
    SHA256Hash.hash([UInt8]("S".utf8).span, state, into: &next)
    #expect(next.bytesForTestsOnly == SHA256Hash.hash(([UInt8]("S".utf8) + counting(32)).span))
  }

  //
  @Test func crc32GivesTheCheckValueOfTheStandard() {
    #expect(CRC32.checksum([UInt8]("123456789".utf8).span) == 0xcbf4_3926)
    #expect(CRC32.checksum([UInt8]().span) == 0)
  }
}
