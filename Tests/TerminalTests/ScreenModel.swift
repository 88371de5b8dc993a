import Terminal

/// A small terminal: the bytes that a program writes become rows of cells and a cursor.
///
/// It knows what the line editor uses and fails on anything else, so that nothing unknown slips out.
struct ScreenModel {
  private(set) var rows: [[Character]] = [[]]
  private(set) var row = 0
  private(set) var column = 0
  private(set) var bells = 0
  private(set) var unknown: [String] = []
  let columns: Int

  init(columns: Int = 80) { self.columns = columns }

  /// The rows as text, without the empty ones at the end. A wide character fills two cells.
  var text: [String] {
    var lines = rows.map { String($0.filter { $0 != "\0" }) }
    while lines.count > 1, lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }

  mutating func show(_ bytes: [UInt8]) {
    var rest = Array(String(decoding: bytes, as: UTF8.self).flatMap { split($0) })[...]
    while let character = rest.popFirst() {
      switch character {
      case "\r": column = 0
      case "\n": lineFeed()
      case "\u{7}": bells += 1
      case "\u{1b}": escape(&rest)
      default: put(character)
      }
    }
  }

  private func split(_ character: Character) -> [Character] {
    character == "\r\n" ? ["\r", "\n"] : [character]
  }

  private mutating func lineFeed() {
    row += 1
    if row == rows.count { rows.append([]) }
  }

  private mutating func put(_ character: Character) {
    let width = DisplayWidth.of(character)
    if column + width > columns {
      column = 0
      lineFeed()
    }
    while rows[row].count < column { rows[row].append(" ") }
    let cells = [character] + [Character](repeating: "\0", count: max(0, width - 1))
    let end = min(rows[row].count, column + cells.count)
    rows[row].replaceSubrange(column..<end, with: cells)
    column += width
  }

  private mutating func escape(_ rest: inout ArraySlice<Character>) {
    guard rest.popFirst() == "[" else { return unknown.append("escape") }
    var parameters = ""
    while let character = rest.popFirst() {
      guard character.isLetter else {
        parameters.append(character)
        continue
      }
      switch (character, parameters) {
      case ("K", ""): rows[row].removeSubrange(min(column, rows[row].count)...)
      case ("C", _): column = min(columns - 1, column + (Int(parameters) ?? 1))
      case ("H", ""): (row, column) = (0, 0)
      case ("J", "2"): rows = Array(repeating: [], count: row + 1)
      default: unknown.append(parameters + String(character))
      }
      return
    }
  }
}

/// A line editor with its screen, driven by text.
struct TypedAt {
  var editor: LineEditor
  var screen: ScreenModel
  var actions: [LineEditor.Action] = []

  init(
    prompt: String = "> ", columns: Int = 80, draft: LineEditor.DraftMode = .off,
    settings: LineEditor.Settings = LineEditor.Settings(draftNote: "(ENTER again sends) ")
  ) {
    editor = LineEditor(prompt: prompt, columns: columns, settings: settings)
    editor.draftMode = draft
    screen = ScreenModel(columns: columns)
    settle()
  }

  mutating func type(_ text: String) { type(Array(text.utf8)) }

  mutating func type(_ bytes: [UInt8]) {
    editor.receive(bytes)
    settle()
  }

  mutating func paste(_ text: String) { type("\u{1b}[200~" + text + "\u{1b}[201~") }

  mutating func print(_ text: String) {
    editor.print(text)
    settle()
  }

  mutating func settle() {
    while let action = editor.nextAction() { actions.append(action) }
    screen.show(editor.takeOutput())
  }

  /// The row where the cursor stands.
  var row: String { screen.text[screen.row] }
}
