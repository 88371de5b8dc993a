/// Whom a line like `chat user2 user3`, `chat team: user2 user3` or `/invite user4` names.
package struct NamedPeople: Equatable, Sendable {
  /// What stands before the colon.
  package let group: String?
  /// In the order typed, each once.
  package let names: [String]

  /// Reads the names after a verb; `known` are those that may hold spaces ("Randall Flagg").
  package init(_ text: String, known: [String]) {
    if let colon = Self.colon(in: text) {
      group = String(text[..<colon]).trimmingSpaces
      names = Self.names(String(text[text.index(after: colon)...]), known)
    } else {
      group = nil
      names = Self.names(text, known)
    }
  }

  /// The colon behind a group's name: a space follows it, or nothing. That of HOST:PORT is none.
  private static func colon(in text: String) -> String.Index? {
    text.indices.first { index in
      guard text[index] == ":", index > text.startIndex else { return false }
      let next = text.index(after: index)
      return next == text.endIndex || text[next] == " "
    }
  }

  /// The longest known name at each place, else a word; a comma between names is nobody's.
  private static func names(_ text: String, _ known: [String]) -> [String] {
    let words = text.split(whereSeparator: { $0 == " " || $0 == "\t" })
    var names: [String] = []
    var start = 0
    while start < words.count {
      let end =
        (start + 1...words.count).last { end in
          known.contains(withoutComma(words[start..<end].joined(separator: " ")))
        } ?? start + 1
      let name = withoutComma(words[start..<end].joined(separator: " "))
      if !name.isEmpty, !names.contains(name) { names.append(name) }
      start = end
    }
    return names
  }

  private static func withoutComma(_ text: String) -> String {
    text.hasSuffix(",") ? String(text.dropLast()) : text
  }
}
