import Testing
import Wire

@Suite struct PeerNameTests {
  // [S-05]
  @Test(arguments: [
    "a", "alice", "Alice", "user1", "Zoë", "жаба", "a b", "room", "roomy", "Joiner", "日本", "%41", ".",
  ])
  func aGoodNameIsKeptAsItIs(_ text: String) throws {
    let name = try PeerName(text)
    #expect(name.text == text)
    #expect(name.utf8 == Array(text.utf8))
    #expect(try PeerName(utf8: name.utf8.span) == name)
    #expect(try PeerName(field: name.field.span) == name)
    #expect(name.field.count == 64)
  }

  // [S-05] [S-06] [S-07]
  @Test(arguments: [
    ("", NameError.empty),
    (String(repeating: "a", count: 64), .tooLong),
    (String(repeating: "é", count: 32), .tooLong),
    ("e\u{301}", .notComposed),
    ("\u{212B}", .notComposed),
    ("a\u{1B}b", .forbiddenCodePoint(0x1b)),
    ("a\nb", .forbiddenCodePoint(0x0a)),
    ("a\u{9B}b", .forbiddenCodePoint(0x9b)),
    ("a\u{7F}", .forbiddenCodePoint(0x7f)),
    ("a\u{202E}b", .forbiddenCodePoint(0x202e)),
    ("a\u{200D}b", .forbiddenCodePoint(0x200d)),
    ("a\u{AD}b", .forbiddenCodePoint(0xad)),
    ("a\u{2028}b", .forbiddenCodePoint(0x2028)),
    ("a\u{2029}b", .forbiddenCodePoint(0x2029)),
    ("a\u{E000}b", .forbiddenCodePoint(0xe000)),
    ("a" + scalar(0xfdd0), .forbiddenCodePoint(0xfdd0)),
    ("a" + scalar(0x1fffe), .forbiddenCodePoint(0x1fffe)),
    (" a", .spaceAtEnd), ("a ", .spaceAtEnd), ("\u{3000}a", .spaceAtEnd), ("a\u{A0}", .spaceAtEnd),
    (" ", .spaceAtEnd),
    ("joiner", .keptForRooms), ("room x", .keptForRooms),
  ])
  func aNameThatCouldDisguiseItselfIsRefused(_ text: String, _ problem: NameError) {
    #expect(throws: problem) { try PeerName(text) }
    let bytes = Array(text.utf8)
    #expect(throws: problem) { try PeerName(utf8: bytes.span) }
  }

  // [S-05]
  @Test(
    arguments: [
      [0xc3], [0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x61, 0x80],
    ] as [[UInt8]])
  func bytesThatAreNotUTF8AreNoName(_ bytes: [UInt8]) {
    #expect(throws: NameError.notUTF8) { try PeerName(utf8: bytes.span) }
  }

  // [S-08]
  @Test func aFieldWithAWrongLengthOrFillerIsRefused() throws {
    let good = try PeerName("bob").field
    for (index, value) in [(0, 64), (0, 255), (0, 2), (4, 1), (63, 1)] {
      var field = good
      field[index] = UInt8(value)
      #expect(throws: NameError.wrongField) { try PeerName(field: field.span) }
    }
    #expect(throws: NameError.wrongField) { try PeerName(field: good.span.extracting(0..<63)) }
    let empty = [UInt8](repeating: 0, count: 64)
    #expect(throws: NameError.empty) { try PeerName(field: empty.span) }
  }

  @Test func sixtyThreeBytesAreTheLongestName() throws {
    #expect(try PeerName(String(repeating: "a", count: 63)).field.last == UInt8(ascii: "a"))
  }

  // [S-08]
  @Test func caseCounts() throws {
    #expect(try PeerName("bob") != PeerName("Bob"))
  }

  // [S-06]
  @Test func unassignedCodePointsAreAllowedSoThatUnicodeVersionsAgree() throws {
    #expect(try PeerName("a\u{378}").utf8 == [0x61, 0xcd, 0xb8])
  }
}

/// A string of one code point that a literal cannot hold.
private func scalar(_ value: UInt32) -> String {
  Unicode.Scalar(value).map { String($0) } ?? ""
}
