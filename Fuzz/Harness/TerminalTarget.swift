import Terminal

/// Keys and foreign text: typed bytes give the same lines however they arrive, and nothing of foreign text
/// reaches the screen that could steer it.
enum TerminalTarget {
  static func run(_ input: inout FuzzInput) {
    let choice = input.byte()
    let seed = input.byte()
    let bytes = input.everything()
    if choice & 1 == 0 { type(bytes, choice, seed) } else { show(bytes) }
  }

  private static func type(_ bytes: [UInt8], _ choice: UInt8, _ seed: UInt8) {
    var whole = editor(choice)
    whole.receive(bytes)
    var cut = editor(choice)
    var pieces = FuzzInput(bytes)
    for piece in pieces.pieces(seed) {
      cut.receive(piece)
      if choice & 2 != 0 {
        // What arrives meanwhile changes nothing of what is typed.
        cut.print("bob  hello")
        cut.resize(columns: Int(seed))
        _ = cut.takeOutput()
      }
    }
    let (one, two) = (actions(&whole), actions(&cut))
    demand(one == two, "the same keys give the same lines however they are cut")
    demand(whole.typedText == cut.typedText, "and leave the same line")
    demand(whole.typedText.utf8.count <= limit, "a line keeps its limit")
    for action in one {
      switch action {
      case .line(let text):
        demand(!text.contains("\n") && text.utf8.count <= limit, "a line is one line, within its limit")
      case .draft(let text): demand(text.utf8.count <= limit, "a draft keeps the limit")
      case .interrupt, .endOfInput, .suspend, .pasteTooLong, .limitReached: break
      }
    }
    _ = whole.takeOutput()
  }

  private static let limit = 200

  private static func editor(_ choice: UInt8) -> LineEditor {
    let style: LineEditor.Style = choice & 4 != 0 ? .plain : .full
    var editor = LineEditor(
      prompt: "> ", columns: 40,
      settings: .init(style: style, byteLimit: limit, actsAtOnce: { $0.hasPrefix("/") }))
    editor.draftMode = choice & 8 != 0 ? .on : choice & 16 != 0 ? .replace : .off
    return editor
  }

  private static func actions(_ editor: inout LineEditor) -> [LineEditor.Action] {
    var actions: [LineEditor.Action] = []
    while let action = editor.nextAction() { actions.append(action) }
    return actions
  }

  private static func show(_ bytes: [UInt8]) {
    let line = SafeText.line(utf8: bytes)
    demand(isSafe(line), "nothing that steers a terminal is shown")
    demand(SafeText.line(line) == line, "what is safe stays as it is")
    for line in SafeText.lines(utf8: bytes) { demand(isSafe(line), "nor in one line of several") }
    var editor = editor(0)
    editor.print(line)
    _ = editor.takeOutput()
  }

  private static func isSafe(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { !SafeText.isEscaped($0) }
  }
}
