import TestSupport
import Testing
import Wire

@Suite struct EncodingTests {
  // [S-17]
  @Test(arguments: [
    ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
    ("foobar", "Zm9vYmFy"),
  ])
  func base64urlIsThatOfRFC4648(_ plain: String, _ encoded: String) throws {
    #expect(Base64URL.encode(Array(plain.utf8)) == encoded)
    #expect(try Base64URL.decode(canonical: encoded) == Array(plain.utf8))
  }

  @Test func everyByteStringComesBack() throws {
    var generator = SeededGenerator(seed: 1)
    for count in 0..<200 {
      let bytes = generator.bytes(count)
      #expect(try Base64URL.decode(canonical: Base64URL.encode(bytes)) == bytes)
      #expect(Hex.decode(Hex.encode(bytes)) == bytes)
    }
    #expect(Base64URL.encode([0xfb, 0xff, 0xfe]) == "-__-")
  }

  // [S-17]
  @Test(arguments: [
    ("Zg==", Base64URLError.wrongCharacter), ("Zm9v=", .wrongLength), ("Z", .wrongLength),
    ("Zm9vY", .wrongLength),
    ("Zh", .notCanonical), ("Zm9", .notCanonical), ("+_8", .wrongCharacter), ("Z/8", .wrongCharacter),
    ("Z g", .wrongCharacter), ("Zg\n", .wrongCharacter), ("Z\u{e9}", .wrongCharacter),
  ])
  func anyOtherSpellingIsRefused(_ text: String, _ problem: Base64URLError) {
    #expect(throws: problem) { try Base64URL.decode(canonical: text) }
  }

  @Test(arguments: ["a", "0G", "AB", "0 ", "é"])
  func hexIsLowerCaseDigitsInPairs(_ text: String) {
    #expect(Hex.decode(text) == nil)
  }
}
