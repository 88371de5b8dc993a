import Terminal
import Testing

@Suite struct SafeTextTests {
  @Test(arguments: [
    ("plain — żółw 漢字 👩‍👩‍👧", "plain — żółw 漢字 👩‍👩‍👧"),
    ("\u{1b}[2J\u{1b}]52;c;ZXZpbA==\u{7}", "\\x1b[2J\\x1b]52;c;ZXZpbA==\\x07"),
    ("a\rb\tc\u{7f}\0", "a\\x0db\\x09c\\x7f\\x00"),
    ("a\u{9b}31m\u{85}", "a\\u009b31m\\u0085"),
    (
      "user\u{202e}gnp.exe\u{2066}\u{2069}\u{61c}\u{200e}\u{200f}",
      "user\\u202egnp.exe\\u2066\\u2069\\u061c\\u200e\\u200f"
    ),
    ("a\u{2028}b\u{2029}c", "a\\u2028b\\u2029c"),
    ("one\ntwo", "one\\ntwo"),
    ("a\r\nb", "a\\x0d\\nb"),
    ("pay\u{200b}pal\u{feff}\u{e0041}", "pay\\u200bpal\\ufeff\\u{e0041}"),
    ("C:\\new \"x\"", "C:\\new \"x\""),
  ])
  func whatATerminalWouldObeyIsShownAsNumbers(text: String, shown: String) {
    #expect(SafeText.line(text) == shown)
  }

  @Test func everyCodePointOfTheLogsEscapeSetIsEscaped() {
    let ranges: [ClosedRange<UInt32>] = [
      0x00...0x1F, 0x7F...0x9F, 0x061C...0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069,
    ]
    for value in ranges.joined() {
      let scalar = Unicode.Scalar(value)!
      #expect(SafeText.isEscaped(scalar))
      #expect(!SafeText.line(String(Character(scalar))).unicodeScalars.contains(scalar))
    }
  }

  @Test(
    arguments: [
      ([0x61, 0xFF, 0x62], "a\\xffb"), ([0xC0, 0xAF], "\\xc0\\xaf"), ([0xED, 0xA0, 0x80], "\\xed\\xa0\\x80"),
      ([0xE2, 0x82], "\\xe2\\x82"), ([0xF0, 0x9F, 0x41], "\\xf0\\x9fA"),
      ([0xF4, 0x90, 0x80, 0x80], "\\xf4\\x90\\x80\\x80"),
      ([0x9B, 0x41], "\\x9bA"),
    ] as [([UInt8], String)])
  func bytesThatAreNotUTF8AreShownOneByOne(bytes: [UInt8], shown: String) {
    #expect(SafeText.line(utf8: bytes) == shown)
  }

  @Test func aTextsLinesAreHandedOutApartSoThatNoneForgesAnother() {
    #expect(SafeText.lines("a\n23:16 bob  forged\n\nb") == ["a", "23:16 bob  forged", "", "b"])
    #expect(SafeText.lines("a\n") == ["a"])
    #expect(SafeText.lines("") == [""])
    #expect(SafeText.lines("a\rb\u{b}c\u{85}d\u{2028}e") == ["a\\x0db\\x0bc\\u0085d\\u2028e"])
  }

  @Test func marksDoNotPileUpOverOtherLines() {
    let piled = "e" + String(repeating: "\u{301}", count: 100)
    let shown = SafeText.line(piled)
    #expect(shown.unicodeScalars.filter { $0 == "\u{301}" }.count == 8)
    #expect(shown.hasSuffix("\\u0301"))
  }

  //
  @Test func nothingThatIsShownMovesTheCursorOfAScreen() {
    // Every code point of the first two planes, one after another: the screen model knows no escape
    // sequence but the editor's, and a line feed would make a second row.
    var text = ""
    for value in 0...UInt32(0x1FFFF) {
      if let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) }
    }
    var screen = ScreenModel(columns: .max / 2)
    screen.show(Array(SafeText.line(text).utf8))
    #expect(screen.text.count == 1)
    #expect(screen.unknown.isEmpty)
    #expect(screen.bells == 0)
  }
}

@Suite struct DisplayWidthTests {
  @Test(arguments: [
    ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("漢字", 4), ("ｆｕｌｌ", 8), ("한국", 4), ("한", 2),
    ("👩‍👩‍👧", 2), ("🇵🇱", 2), ("👍🏽", 2), ("☺️", 2), ("☺", 1), ("❤️", 2), ("a\u{200d}b", 2), ("नि", 1), ("①", 1),
    ("🫠", 2), ("—", 1),
  ])
  func aClusterTakesItsCells(text: String, cells: Int) {
    #expect(DisplayWidth.of(text) == cells)
  }
}
