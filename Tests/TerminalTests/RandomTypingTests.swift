import Terminal
import TestSupport
import Testing

/// Random keys, pastes, junk and arrivals: whatever is typed, the screen shows what the editor holds.
@Suite struct RandomTypingTests {
  private static let strokes: [String] = [
    "a", "Z", " ", "é", "e\u{301}", "漢", "👩‍👩‍👧", "🇵🇱", "\u{202e}", "\u{1}", "\u{2}", "\u{4}", "\u{5}", "\u{6}",
    "\u{b}",
    "\u{c}", "\u{15}", "\u{17}", "\u{19}", "\u{7f}", "\u{8}", "\r", "\n", "\u{3}", "\u{1b}[A", "\u{1b}[B",
    "\u{1b}[C",
    "\u{1b}[D", "\u{1b}[H", "\u{1b}[F", "\u{1b}[3~", "\u{1b}b", "\u{1b}f", "\u{1b}d", "\u{1b}[1;5C",
    "\u{1b}[200~",
    "\u{1b}[201~", "\u{1b}[200~one\r\ntwo\u{1b}[201~", "\u{1b}", "\u{1b}[", "\u{1b}O", "\u{1b}]0;x", "\u{7}",
    "word word",
    "\u{301}", "\u{200d}", "\u{9b}", "\0",
  ]

  @Test(arguments: 0..<60)
  func theScreenShowsWhatTheEditorHolds(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var at = TypedAt(
      draft: [.off, .on, .replace].randomElement(using: &random) ?? .off,
      settings: .init(byteLimit: 300, draftNote: "(ENTER again sends) "))
    for _ in 0..<200 {
      switch Int.random(in: 0..<12, using: &random) {
      case 0: at.print("23:16 bob  \(seed)")
      case 1:
        at.type(
          (0..<Int.random(in: 1..<6, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) })
      default: at.type(Self.strokes.randomElement(using: &random) ?? "")
      }
      #expect(at.screen.unknown.isEmpty)
      let typed = SafeText.line(at.editor.typedText)
      let prompt = at.editor.hasDraft ? "> (ENTER again sends) " : "> "
      if DisplayWidth.of(prompt + typed) < 79 {
        #expect(at.row == prompt + typed, "seed \(seed)")
      } else {
        // Scrolled: still one row, and never its last cell.
        #expect(DisplayWidth.of(at.row) < 80, "seed \(seed)")
        #expect(at.row.hasPrefix(prompt), "seed \(seed)")
      }
      #expect(at.screen.row == at.screen.rows.count - 1, "the cursor is on the last row")
      #expect(at.editor.typedText.utf8.count <= 300)
    }
    for case .line(let text) in at.actions { #expect(!text.contains("\n")) }
    for case .draft(let text) in at.actions { #expect(text.utf8.count <= 300) }
  }

  @Test(arguments: 0..<50)
  func theSameKeysGiveTheSameLineHoweverTheyAreCut(seed: UInt64) {
    var random = SeededGenerator(seed: seed &+ 1000)
    let bytes = (0..<150).flatMap { _ in Array((Self.strokes.randomElement(using: &random) ?? "").utf8) }
    var whole = TypedAt()
    whole.type(bytes)
    var cut = TypedAt()
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = rest.prefix(Int.random(in: 1...4, using: &random))
      cut.type(Array(piece))
      rest = rest.dropFirst(piece.count)
    }
    #expect(cut.actions == whole.actions)
    #expect(cut.editor.typedText == whole.editor.typedText)
  }
}
