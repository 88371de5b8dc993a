/// The lines entered before, newest last, and the way back to the one being typed.
struct LineHistory {
  static let limit = 500

  private var lines: [String] = []
  /// The index of the line shown; `lines.count` is the one being typed.
  private var position = 0
  private var typed = ""

  mutating func add(_ line: String) {
    if !line.isEmpty, lines.last != line {
      lines.append(line)
      if lines.count > LineHistory.limit { lines.removeFirst() }
    }
    position = lines.count
    typed = ""
  }

  /// The line before the one shown, or nil at the oldest; the line being typed is kept meanwhile.
  mutating func earlier(than current: String) -> String? {
    guard position > 0 else { return nil }
    if position == lines.count { typed = current }
    position -= 1
    return lines[position]
  }

  mutating func later() -> String? {
    guard position < lines.count else { return nil }
    position += 1
    return position == lines.count ? typed : lines[position]
  }
}
