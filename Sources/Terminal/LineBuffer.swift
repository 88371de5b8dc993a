/// A line being typed: its clusters, the place of the cursor among them, and what was last erased.
struct LineBuffer {
  private(set) var characters: [Character] = []
  /// The cursor stands before the character of this index.
  private(set) var cursor = 0
  /// The size of the line in bytes of UTF-8.
  private(set) var byteCount = 0
  private var erased: [Character] = []

  var text: String { String(characters) }
  var isEmpty: Bool { characters.isEmpty }

  /// Puts text before the cursor; a mark joins the cluster that stands there.
  mutating func insert(_ text: String) {
    guard !text.isEmpty else { return }
    // Its neighbours may join the new text, so the clusters are cut anew from one before to one after.
    let from = max(0, cursor - 1)
    let to = min(characters.count, cursor + 1)
    let before = String(characters[from..<cursor])
    let after = String(characters[cursor..<to])
    let joined = Array(before + text + after)
    characters.replaceSubrange(from..<to, with: joined)
    byteCount += text.utf8.count
    let target = before.utf8.count + text.utf8.count
    var bytes = 0
    cursor = from
    while bytes < target, cursor < from + joined.count {
      bytes += characters[cursor].utf8.count
      cursor += 1
    }
  }

  mutating func replace(with text: String) {
    characters = Array(text)
    cursor = characters.count
    byteCount = text.utf8.count
  }

  mutating func clear() { replace(with: "") }

  mutating func moveLeft() { cursor = max(0, cursor - 1) }
  mutating func moveRight() { cursor = min(characters.count, cursor + 1) }
  mutating func moveToStart() { cursor = 0 }
  mutating func moveToEnd() { cursor = characters.count }
  mutating func moveWordLeft() { cursor = wordStart }
  mutating func moveWordRight() { cursor = wordEnd }

  /// False where there is nothing to delete.
  mutating func deleteBackward() -> Bool {
    guard cursor > 0 else { return false }
    remove(cursor - 1..<cursor)
    return true
  }

  mutating func deleteForward() -> Bool {
    guard cursor < characters.count else { return false }
    remove(cursor..<cursor + 1)
    return true
  }

  mutating func eraseToStart() { erase(0..<cursor) }
  mutating func eraseToEnd() { erase(cursor..<characters.count) }
  mutating func eraseWordBackward() { erase(wordStart..<cursor) }
  mutating func eraseWordForward() { erase(cursor..<wordEnd) }

  /// What was last erased by more than a character at a time.
  var lastErased: String { String(erased) }

  private mutating func erase(_ range: Range<Int>) {
    guard !range.isEmpty else { return }
    erased = Array(characters[range])
    remove(range)
  }

  private mutating func remove(_ range: Range<Int>) {
    byteCount -= characters[range].reduce(0) { $0 + $1.utf8.count }
    characters.removeSubrange(range)
    cursor = range.lowerBound
  }

  private var wordStart: Int {
    var index = cursor
    while index > 0, characters[index - 1].isWhitespace { index -= 1 }
    while index > 0, !characters[index - 1].isWhitespace { index -= 1 }
    return index
  }

  private var wordEnd: Int {
    var index = cursor
    while index < characters.count, characters[index].isWhitespace { index += 1 }
    while index < characters.count, !characters[index].isWhitespace { index += 1 }
    return index
  }
}
