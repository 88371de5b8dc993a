/// A command line put in order: which command, and its arguments with every option behind the command
/// word, whichever side of it the user typed them on.
package struct ArgumentScan: Equatable, Sendable {
  package enum FirstWord: Equatable, Sendable {
    /// No word at all, or `help` and `--version` alone: the parser decides.
    case none
    case command(String)
    /// Not a command: a users file, if there is one of that name.
    case file(String)
  }

  package let first: FirstWord
  /// What stands beside the first word, in the order typed.
  package let arguments: [String]

  /// Whether standard output is promised to hold JSON alone. It is found before anything can fail, since
  /// errors are told the same way.
  package static func wantsJSON(_ typed: [String]) -> Bool {
    var rest = typed[...]
    while let word = rest.popFirst(), word != "--" {
      if word == "--json" { return true }
      if Vocabulary.options[word] == .value { _ = rest.popFirst() }
    }
    return false
  }

  package init(_ typed: [String]) throws(Failure) {
    var rest = typed[...]
    var first = FirstWord.none
    var arguments: [String] = []
    var onlyWords = false
    var later: String?
    while let word = rest.popFirst() {
      if onlyWords || !word.hasPrefix("-") || word == "-" {
        if case .none = first {
          if Vocabulary.commands.contains(word) {
            first = .command(word)
          } else if Vocabulary.laterCommands.contains(word) {
            throw Sentences.laterCommand(word)
          } else {
            first = .file(word)
          }
        } else {
          arguments.append(word)
        }
        continue
      }
      if word == "--" {
        onlyWords = true
        if case .none = first {} else { arguments.append(word) }
        continue
      }
      let name = word.split(separator: "=", maxSplits: 1).first.map(String.init) ?? word
      if Vocabulary.laterOptions.contains(name) { later = later ?? name }
      arguments.append(word)
      if word == name, Vocabulary.options[name] == .value, let value = rest.popFirst() {
        arguments.append(value)
      }
    }
    if let later, !(later == Vocabulary.wait && first == .command("verify")) {
      throw Sentences.laterOption(later)
    }
    self.first = first
    self.arguments = arguments
  }
}
