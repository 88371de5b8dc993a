import Terminal

/// Breaks long sentences between words, for a screen; a command to type stays on one line.
package enum Wrapping {
  /// Lines below 40 columns are left to the terminal.
  static let narrowest = 40

  package static func wrap(_ text: String, columns: Int) -> String {
    guard columns >= narrowest else { return text }
    return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      DisplayWidth.of(String(line)) < columns ? String(line) : broken(String(line), columns: columns)
    }.joined(separator: "\n")
  }

  private static func broken(_ line: String, columns: Int) -> String {
    let indent = String(line.prefix { $0 == " " }) + " "
    var lines: [String] = []
    var current = ""
    for (index, word) in words(of: line).enumerated() {
      if index > 0, DisplayWidth.of(current) + 1 + DisplayWidth.of(word) >= columns {
        lines.append(current)
        current = indent + word.trimmingSpaces
      } else {
        current += (index > 0 ? " " : "") + word
      }
    }
    return (lines + [current]).joined(separator: "\n")
  }

  /// The words between single spaces; what follows a wider gap is a command or a column, and is one word
  /// with the gap before it.
  private static func words(of line: String) -> [String] {
    var words: [String] = []
    var word = ""
    var rest = line[...]
    while let character = rest.popFirst() {
      guard character == " ", !word.allSatisfy({ $0 == " " }) else {
        word.append(character)
        continue
      }
      if rest.first == " " {
        words.append(word)
        word = ""
        while rest.first == " " { word.append(rest.removeFirst()) }
        while let next = rest.first, !(next == " " && rest.dropFirst().first == " ") {
          word.append(next)
          rest.removeFirst()
        }
      } else {
        words.append(word)
        word = ""
      }
    }
    return words + [word]
  }
}
