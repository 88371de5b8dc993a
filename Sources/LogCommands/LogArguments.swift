internal import Terminal

/// A command line put in order: the command first, then everything else as it was typed.
struct LogArguments {
  /// Commands of the format that are not built yet.
  static let laterCommands = ["search", "export", "check", "prove", "compare", "redact", "prune", "head"]
  static let commands = ["verify", "show", "completion", "version", "help"]

  private static let optionsWithValue: Set<String> = [
    "--key", "--home", "--as", "--logs", "--passphrase-file", "--passphrase-fd", "--from", "--to",
  ]
  private static let laterOptionsWithValue: Set<String> = [
    "--heads", "--peer-note", "--vkey", "--record", "-o",
  ]
  private static let laterFlags: Set<String> = ["--public", "--require-anchor"]

  let ordered: [String]
  let isJSON: Bool

  /// Refuses what is not built yet, and words that are no command.
  init(_ typed: [String]) throws(LogProblem) {
    isJSON = Self.wantsJSON(typed)
    var command: String?
    var rest: [String] = []
    var words = typed[...]
    while let word = words.popFirst() {
      if word == "--" {
        rest.append(word)
        rest += words
        break
      }
      if word.hasPrefix("-"), word != "-" {
        let name = word.split(separator: "=", maxSplits: 1).first.map(String.init) ?? word
        guard !Self.laterOptionsWithValue.contains(name), !Self.laterFlags.contains(name) else {
          throw .usage(LogSentences.laterOption(name), hint: nil)
        }
        rest.append(word)
        if word == name, Self.optionsWithValue.contains(name), let value = words.popFirst() {
          rest.append(value)
        }
      } else if command == nil {
        command = try Self.command(word)
      } else {
        rest.append(word)
      }
    }
    ordered = (command.map { [$0] } ?? []) + rest
  }

  /// Found before anything can fail, since errors are told the same way.
  static func wantsJSON(_ typed: [String]) -> Bool {
    var words = typed[...]
    while let word = words.popFirst(), word != "--" {
      if word == "--json" { return true }
      if optionsWithValue.contains(word) { _ = words.popFirst() }
    }
    return false
  }

  private static func command(_ word: String) throws(LogProblem) -> String {
    guard !laterCommands.contains(word) else { throw .usage(LogSentences.laterCommand(word), hint: nil) }
    guard commands.contains(word) else {
      throw .usage(LogSentences.noSuchCommand(word, nearest: nearest(to: word)), hint: nil)
    }
    return word
  }

  /// The command that was probably meant.
  static func nearest(to word: String) -> String? {
    DidYouMean.nearest(to: word, among: commands + laterCommands)
  }
}
