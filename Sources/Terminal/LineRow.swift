/// The one row of the screen that shows the prompt and as much of the typed line as fits beside it.
///
/// A long line scrolls sideways around the cursor, so nothing ever wraps while it is typed and one
/// carriage return finds the row again.
struct LineRow {
  /// The cells of a row; the last stays empty, since a terminal may wrap as soon as it is written.
  var columns: Int
  /// The first character that is shown.
  private var first = 0

  init(columns: Int) {
    self.columns = columns
  }

  /// The bytes that draw the row and put the cursor where it belongs, from any column of it.
  mutating func draw(prompt: String, _ line: LineBuffer) -> String {
    let prompt = LineRow.fitting(prompt, into: columns * 2 / 3)
    let promptWidth = DisplayWidth.of(prompt)
    let room = max(1, columns - promptWidth - 1)
    first = min(first, line.cursor)
    // Walk back from the cursor to the first character from which it can be reached.
    var width = 0
    var index = line.cursor
    while index > first {
      width += LineRow.shown(line.characters[index - 1]).width
      if width > room { break }
      index -= 1
    }
    if index > first {
      // A third of the row moves at once, so that typing at the edge does not redraw all each time.
      first = index
      var kept = 0
      while first < line.cursor, kept < room / 3 {
        kept += LineRow.shown(line.characters[first]).width
        first += 1
      }
    }
    var text = ""
    width = 0
    var cursorWidth = 0
    index = first
    while index < line.characters.count {
      if index == line.cursor { cursorWidth = width }
      let piece = LineRow.shown(line.characters[index])
      guard width + piece.width <= room else { break }
      text += piece.text
      width += piece.width
      index += 1
    }
    if line.cursor >= index { cursorWidth = width }
    let column = promptWidth + cursorWidth
    return "\r" + prompt + text + "\u{1b}[K\r" + (column > 0 ? "\u{1b}[\(column)C" : "")
  }

  /// The row as it stays on the screen when the line is entered: the whole line, wrapped by the terminal.
  mutating func commit(prompt: String, _ line: LineBuffer) -> String {
    first = 0
    return "\r\u{1b}[K" + prompt + line.characters.map { LineRow.shown($0).text }.joined() + "\r\n"
  }

  private static func shown(_ character: Character) -> (text: String, width: Int) {
    if let ascii = character.asciiValue, ascii >= 0x20, ascii < 0x7F { return (String(character), 1) }
    let text = SafeText.line(String(character))
    return (text, DisplayWidth.of(text))
  }

  private static func fitting(_ prompt: String, into limit: Int) -> String {
    guard DisplayWidth.of(prompt) > limit else { return prompt }
    var result = ""
    var width = 0
    for character in prompt.reversed() {
      width += DisplayWidth.of(character)
      guard width <= limit else { break }
      result.insert(character, at: result.startIndex)
    }
    return result
  }
}
