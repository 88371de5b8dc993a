import ArgumentParser
import Messenger
import Wire

/// `secure_chat completion SHELL`: what makes the TAB key complete commands, options, files and users.
struct CompletionCommand: RunnableCommand {
  static let configuration = CommandConfiguration(
    commandName: "completion",
    abstract: "Print the completion script of a shell.",
    discussion: """
      make install puts all three where the shells look. By hand: \
      source <(secure_chat completion bash)
      """)

  enum Shell: String, ExpressibleByArgument, CaseIterable, Sendable {
    case bash, zsh, fish

    var generator: CompletionShell {
      switch self {
      case .bash: .bash
      case .zsh: .zsh
      case .fish: .fish
      }
    }
  }

  /// The word with which a completion script asks this program for names.
  static let question = "---completion"

  @Argument(help: "bash, zsh or fish.")
  var shell: Shell
  @OptionGroup var shared: SharedOptions

  func run(in surroundings: Surroundings) async throws(Failure) -> ExitCode {
    try await surroundings.output.help(SecureChatCommand.completionScript(for: shell.generator))
    return .ok
  }
}

/// The user names that a completion offers.
package enum UserNames {
  /// Those of the users file that the command line names; none without one that can be read.
  ///
  /// Shells expand what they are offered, so a name that means anything to one is left out.
  package static func complete(_ words: [String], _ index: Int, _ prefix: String) -> [String] {
    guard let path = usersFile(words), let users = try? UsersFile.read(path) else { return [] }
    return users.entries.map(\.name.text).filter { $0.allSatisfy(isPlain) }
  }

  private static func isPlain(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || "._-".contains(character)
  }

  private static func usersFile(_ words: [String]) -> String? {
    for (position, word) in words.enumerated() {
      if word == "--users", position + 1 < words.count { return words[position + 1] }
      if word.hasPrefix("--users=") { return String(word.dropFirst("--users=".count)) }
    }
    return words.dropFirst().first { $0.hasSuffix(".json") }
  }
}

extension CompletionKind {
  static var userName: CompletionKind { .custom { UserNames.complete($0, $1, $2) } }
}
