import Terminal
import Testing

@Suite struct LineEditorTests {
  @Test func whatIsTypedStandsAfterThePromptAndEnterHandsItOut() {
    var at = TypedAt()
    at.type("hello")
    #expect(at.row == "> hello")
    #expect(at.screen.column == 7)
    at.type("\r")
    #expect(at.actions == [.line("hello")])
    #expect(at.screen.text == ["> hello", "> "])
  }

  @Test(arguments: [
    ("abc\u{1}X", "Xabc"),  // ^A
    ("abc\u{1}X\u{5}Y", "XabcY"),  // ^E
    ("abc\u{1b}[D\u{1b}[DX", "aXbc"),  // left
    ("abc\u{1}\u{1b}[CX", "aXbc"),  // right
    ("abc\u{1b}[HX\u{1b}[FY", "XabcY"),  // home, end
    ("abc\u{1b}OHX\u{1b}OFY", "XabcY"),
    ("abc\u{1b}[1~X\u{1b}[4~Y", "XabcY"),
    ("abc\u{7f}", "ab"), ("abc\u{8}", "ab"),
    ("abc\u{1}\u{1b}[3~", "bc"),  // delete
    ("abc\u{1}\u{4}", "bc"),  // ^D
    ("one two\u{17}X", "one X"),  // ^W
    ("one two  \u{17}X", "one X"),
    ("one two\u{15}X", "X"),  // ^U
    ("one two\u{1}\u{6}\u{b}X", "oX"),  // ^F ^K
    ("one two\u{15}\u{19}!", "one two!"),  // ^Y
    ("one two\u{1b}[1;5DX", "one Xtwo"),  // Control and left
    ("one two\u{1b}bX\u{1b}fY", "one XtwoY"),
    ("e\u{301}x\u{7f}\u{7f}", ""),  // a mark goes with its letter
    ("👩‍👩‍👧x\u{1b}[D\u{7f}", "x"),
    ("ab\u{1b}[D\u{301}", "a\u{301}b"),
  ])
  func keysEditTheLine(keys: String, expected: String) {
    var at = TypedAt()
    at.type(keys)
    #expect(at.editor.typedText == expected)
    #expect(at.row == "> " + expected)
    #expect(at.screen.unknown.isEmpty)
  }

  @Test func theInputMayBeCutAtAnyByte() {
    let keys = "żółw 👩‍👩‍👧\u{1b}[D\u{1b}[3~ \u{1b}[200~漢字\u{1b}[201~\u{1b}OHé\r"
    let bytes = Array(keys.utf8)
    var whole = TypedAt()
    whole.type(bytes)
    #expect(whole.actions == [.line("éżółw  漢字")])
    for size in 1...7 {
      var at = TypedAt()
      for start in stride(from: 0, to: bytes.count, by: size) {
        at.type(Array(bytes[start..<min(bytes.count, start + size)]))
      }
      #expect(at.actions == whole.actions)
      #expect(at.screen.text == whole.screen.text)
    }
  }

  @Test(
    arguments: [
      [0x80], [0xC3, 0x28], [0xFF, 0xFE], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80],
      [0xC2, 0x9B], [0x00], [0x1B, 0x5B, 0x39, 0x39, 0x7E], [0x1B, 0x5D, 0x30, 0x3B, 0x41, 0x07],
      [0x1B, 0x71],
    ] as [[UInt8]])
  func bytesThatAreNoTextAndUnknownSequencesAreDropped(bytes: [UInt8]) {
    var at = TypedAt()
    at.type("a")
    at.type(bytes)
    at.type("b\r")
    // 0x28 is "(", which ended a code point that never came whole.
    #expect(at.actions == [.line(bytes.contains(0x28) ? "a(b" : "ab")])
    #expect(at.screen.unknown.isEmpty)
  }

  @Test func wideAndJoinedCharactersMoveTheCursorByTheirWidth() {
    var at = TypedAt()
    at.type("漢é👩‍👩‍👧")
    #expect(at.screen.column == 2 + 2 + 1 + 2)
    at.type("\u{1b}[D")
    #expect(at.screen.column == 2 + 2 + 1)
    at.type("\u{1b}[D\u{1b}[D")
    #expect(at.screen.column == 2)
  }

  @Test func aLineFromElsewhereStandsAboveAndTheTypedOneIsKept() {
    var at = TypedAt(prompt: "alice>bob  ")
    at.type("half a sen\u{1b}[D\u{1b}[D")
    let column = at.screen.column
    at.print("23:16 bob  hello")
    #expect(at.screen.text == ["23:16 bob  hello", "alice>bob  half a sen"])
    #expect(at.screen.column == column)
    at.type("XY")
    #expect(at.editor.typedText == "half a sXYen")
  }

  @Test func aLongLineScrollsOnItsOneRow() {
    var at = TypedAt(columns: 20)
    for character in "abcdefghijklmnopqrstuvwxyz" { at.type(String(character)) }
    #expect(at.screen.row == 0)
    #expect(at.row.hasSuffix("xyz"))
    #expect(at.row.count < 20)
    at.type("\u{1}")
    #expect(at.row.hasPrefix("> abc"))
    #expect(at.screen.column == 2)
    at.type("\r")
    #expect(at.actions == [.line("abcdefghijklmnopqrstuvwxyz")])
    #expect(at.screen.text.prefix(2).joined() == "> abcdefghijklmnopqrstuvwxyz")
  }

  @Test func aNarrowerWindowIsDrawnAnew() {
    var at = TypedAt(columns: 80)
    at.type("0123456789012345678901234567890123456789")
    at.editor.resize(columns: 20)
    at.settle()
    #expect(at.row.count < 80)
    #expect(at.editor.typedText.count == 40)
  }

  @Test func theHistoryGoesBackAndForthAndKeepsWhatWasBeingTyped() {
    var at = TypedAt()
    at.type("one\rtwo\rthr")
    at.type("\u{1b}[A")
    #expect(at.row == "> two")
    at.type("\u{1b}[A")
    #expect(at.row == "> one")
    at.type("\u{1b}[A")
    #expect(at.screen.bells == 1)
    at.type("\u{1b}[B\u{1b}[B")
    #expect(at.row == "> thr")
    at.type("\u{10}\r")
    #expect(at.actions == [.line("one"), .line("two"), .line("two")])
  }

  @Test func controlCDropsTheLineAndTheSecondOneInterrupts() {
    var at = TypedAt()
    at.type("secret plan\u{3}")
    #expect(at.actions.isEmpty)
    #expect(at.screen.text == ["> secret plan^C", "> "])
    at.type("\u{3}")
    #expect(at.actions == [.interrupt])
  }

  @Test func controlDEndsOnlyWhereNothingIsTyped() {
    var at = TypedAt()
    at.type("x\u{4}")
    #expect(at.actions.isEmpty)
    at.type("\u{7f}\u{4}")
    #expect(at.actions == [.endOfInput])
  }

  @Test func controlLClearsTheScreenAndKeepsTheLine() {
    var at = TypedAt()
    at.print("old")
    at.type("abc\u{c}")
    #expect(at.screen.text == ["> abc"])
  }

  @Test func aLineAboveTheLimitIsNotTakenAndSaidOnce() {
    var at = TypedAt(settings: .init(byteLimit: 5))
    at.type("漢ab")
    at.type("cdefg")
    #expect(at.editor.typedText == "漢ab")
    #expect(at.actions == [.limitReached(5)])
    at.type("\u{7f}xy")
    #expect(at.actions == [.limitReached(5), .limitReached(5)])
  }

  @Test func pastedControlCharactersNeitherActNorReachTheScreen() {
    var at = TypedAt()
    at.paste("a\u{1b}]0;title\u{7}\u{3}\u{202e}b")
    #expect(at.editor.typedText == "a]0;title\u{202e}b")
    #expect(at.row == "> a]0;title\\u202eb")
    #expect(at.screen.unknown.isEmpty)
    #expect(at.screen.bells == 0)
  }

  @Test func finishingTakesThePromptOffTheScreen() {
    var at = TypedAt()
    at.type("abc")
    at.editor.print("bye")
    at.editor.finish()
    at.settle()
    #expect(at.screen.text == ["bye"])
    #expect(at.screen.column == 0)
  }
}

@Suite struct DraftTests {
  @Test func aPasteOfSeveralLinesIsADraftAndNothingOfItLeaves() {
    var at = TypedAt()
    at.type("see: ")
    at.paste("one\r\ntwo\rthree")
    #expect(at.actions.isEmpty)
    #expect(at.editor.hasDraft)
    #expect(
      at.screen.text == ["> see: one", "> (ENTER again sends) two", "> (ENTER again sends) three"])
    at.type("\r")
    #expect(at.actions.isEmpty)
    at.type("\r")
    #expect(at.actions == [.draft("see: one\ntwo\nthree")])
    #expect(at.row == "> ")
  }

  @Test func aPastedLineWithItsNewlineWaitsForEnter() {
    var at = TypedAt()
    at.paste("/quit\n")
    #expect(at.actions.isEmpty)
    #expect(at.row == "> /quit")
    at.type("\r")
    #expect(at.actions == [.line("/quit")])
  }

  @Test func aPastedCommandAmongLinesIsText() {
    var at = TypedAt()
    at.paste("/quit\nexit\n")
    at.type("\r")
    #expect(at.actions == [.draft("/quit\nexit")])
  }

  @Test func withDraftsOnEnterAddsALineAndTheSecondSends() {
    var at = TypedAt(draft: .on)
    at.type("one\r")
    #expect(at.row == "> (ENTER again sends) ")
    at.type("two\r")
    #expect(at.actions.isEmpty)
    at.type("\r")
    #expect(at.actions == [.draft("one\ntwo")])
    #expect(at.row == "> ")
  }

  @Test func withReplaceOnlyTheLastLineIsKept() {
    var at = TypedAt(draft: .replace)
    at.type("one\rtwo\r\r")
    #expect(at.actions == [.draft("two")])
  }

  @Test func whatIsTypedAheadOfACommandsAnswerIsReadAsTheCommandSays() {
    var editor = LineEditor(prompt: "> ")
    editor.receive(Array("/draft on\rfirst\rsecond\r\r".utf8))
    #expect(editor.nextAction() == .line("/draft on"))
    editor.draftMode = .on
    #expect(editor.nextAction() == .draft("first\nsecond"))
    #expect(editor.nextAction() == nil)
  }

  @Test func aCommandActsAtOnceWhereNoDraftIsOpen() {
    var at = TypedAt(draft: .on, settings: .init(actsAtOnce: { $0.hasPrefix("/") }))
    at.type("/help\r")
    at.type("text\r/help\r\r")
    #expect(at.actions == [.line("/help"), .draft("text\n/help")])
  }

  @Test func controlCDropsTheDraftAndControlDDoesNot() {
    var at = TypedAt(draft: .on)
    at.type("one\r\u{4}")
    #expect(at.actions.isEmpty)
    #expect(at.editor.hasDraft)
    at.type("\u{3}")
    #expect(!at.editor.hasDraft)
    #expect(at.actions.isEmpty)
    at.type("\u{4}")
    #expect(at.actions == [.endOfInput])
  }

  @Test func aPasteAboveTheLimitIsHandedBackAndNothingIsTyped() {
    var at = TypedAt(settings: .init(byteLimit: 10))
    at.paste("0123456789a")
    #expect(at.actions == [.pasteTooLong(bytes: Array("0123456789a".utf8), count: 11)])
    #expect(at.editor.typedText.isEmpty)
    #expect(!at.editor.hasDraft)
  }

  @Test func aDraftNeverPassesTheLimit() {
    var at = TypedAt(draft: .on, settings: .init(byteLimit: 10))
    at.type("01234\r")
    at.type("56789\r")
    #expect(at.actions == [.limitReached(10)])
    #expect(at.editor.typedText == "56789")
    at.type("\u{15}5678\r\r")
    #expect(at.actions.last == .draft("01234\n5678"))
  }
}

@Suite struct PlainTerminalTests {
  private func make(draft: LineEditor.DraftMode = .off) -> TypedAt {
    TypedAt(draft: draft, settings: .init(style: .plain, byteLimit: 20, draftNote: "(ENTER again sends) "))
  }

  @Test func linesAreTakenAsTheyComeAndNoEscapeSequenceIsWritten() {
    var editor = LineEditor(prompt: "> ", settings: .init(style: .plain))
    var written = editor.takeOutput()
    editor.receive(Array("hé".utf8))
    editor.print("23:16 bob  hello")
    written += editor.takeOutput()
    editor.receive(Array("llo\n".utf8))
    #expect(editor.nextAction() == .line("héllo"))
    written += editor.takeOutput()
    #expect(String(decoding: written, as: UTF8.self) == "> \n23:16 bob  hello\n> > ")
  }

  @Test func aNewPromptGetsARowOfItsOwnAndAnEmptyOneNone() {
    var editor = LineEditor(prompt: "", settings: .init(style: .plain))
    var written = editor.takeOutput()
    editor.print("one")
    written += editor.takeOutput()
    editor.prompt = "a> "
    written += editor.takeOutput()
    editor.prompt = "a>b "
    written += editor.takeOutput()
    #expect(String(decoding: written, as: UTF8.self) == "one\na> \na>b ")
  }

  @Test func draftsWorkThereToo() {
    var at = make(draft: .on)
    at.type("one\ntwo\n\n")
    #expect(at.actions == [.draft("one\ntwo")])
  }

  @Test func aLineAboveTheLimitIsDroppedWhole() {
    var at = make()
    at.type(String(repeating: "x", count: 50) + "\nshort\n")
    #expect(at.actions == [.limitReached(20), .line("short")])
  }

  @Test func theEndOfTheInputEntersWhatWasTyped() {
    var at = make()
    at.type("last")
    at.editor.inputEnded()
    at.settle()
    #expect(at.actions == [.line("last"), .endOfInput])
  }
}
