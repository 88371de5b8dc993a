import Terminal

/// What a line typed in a conversation or in the lobby means.
package enum TypedLine: Equatable, Sendable {
  case nothing
  case text(String)
  case command(SlashCommand, argument: String)
  /// `exit` alone on a line.
  case exit
  /// A command of a later version.
  case later(String)
  case unknown(String, meant: String?)

  /// Reads a line. `inLobby`: nobody is talked to, so that the bare verbs act too.
  package init(_ line: String, inLobby: Bool) {
    let words = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
    let argument = words.count > 1 ? String(words[1]).trimmingSpaces : ""
    let first = words.first.map(String.init) ?? ""
    if line.isEmpty {
      self = .nothing
    } else if line == "exit" {
      self = .exit
    } else if line.hasPrefix("//") {
      self = .text(String(line.dropFirst()))
    } else if line.hasPrefix("/") {
      let word = String(first.dropFirst())
      if let command = SlashCommand(rawValue: word) {
        self = .command(command, argument: argument)
      } else if SlashCommand.later.contains(word) {
        self = .later(word)
      } else {
        self = .unknown(
          word, meant: DidYouMean.nearest(to: word, among: SlashCommand.allCases.map(\.rawValue)))
      }
    } else if inLobby, let menu = SlashCommand.menu[first] {
      self = Self.bare(menu, argument)
    } else if inLobby, SlashCommand.bareVerbs.contains(first) {
      self = Self.bare(first, argument)
    } else if line.hasPrefix(" "), Self.wouldAct(line.dropFirst()) {
      // The space only says that this is no command.
      self = .text(String(line.dropFirst()))
    } else {
      self = .text(line)
    }
  }

  private static func wouldAct(_ line: Substring) -> Bool { line == "exit" || line.hasPrefix("/") }

  private static func bare(_ verb: String, _ argument: String) -> TypedLine {
    if let command = SlashCommand(rawValue: verb) { return .command(command, argument: argument) }
    return .later(verb)
  }
}

/// The commands of a conversation.
package enum SlashCommand: String, CaseIterable, Sendable {
  case help, quit, who, chat, id, draft, details, sessions, status, all, verify, block
  case join, leave, invite, kick

  /// Commands whose names are kept for later versions.
  static let later: Set<String> = [
    "edit", "search", "outbox", "cancel", "file", "files", "accept", "decline", "record", "offrecord",
  ]

  /// What works in the lobby without its slash.
  static let bareVerbs: Set<String> = ["chat", "status", "all", "join", "leave", "quit"]

  /// The numbered menu of the lobby.
  static let menu = ["1": "chat", "2": "status", "3": "all", "4": "join", "5": "leave"]

  /// Whether a line acts at once, draft or no draft.
  static func actsAtOnce(_ line: String) -> Bool {
    line == "exit" || (line.hasPrefix("/") && !line.hasPrefix("//"))
  }
}

extension String {
  /// Without the spaces around it.
  var trimmingSpaces: String {
    var text = self[...]
    while text.first == " " || text.first == "\t" { text.removeFirst() }
    while text.last == " " || text.last == "\t" { text.removeLast() }
    return String(text)
  }
}
