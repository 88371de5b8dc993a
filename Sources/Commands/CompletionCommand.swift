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

  /// The groups of the user that the command line names, or of the only one of the home.
  package static func completeGroups(_ words: [String], _ index: Int, _ prefix: String) -> [String] {
    guard
      let folders = try? HomeFolders.choose(home: value("--home", words), logs: value("--logs", words)),
      let me = user(words, folders)
    else { return [] }
    let names = folders.loggedGroupNames(of: me).map(\.text).filter { $0.allSatisfy(isPlain) }
    return names.enumerated().filter { !names[..<$0.offset].contains($0.element) }.map(\.element)
  }

  private static func user(_ words: [String], _ folders: HomeFolders) -> PeerName? {
    if let answer = value("--as", words) {
      if let path = usersFile(words), let users = try? UsersFile.read(path),
        let entry = try? WhoAmI.resolve(answer, in: users)
      {
        return entry.name
      }
      return try? PeerName(answer)
    }
    guard let names = try? folders.profileNames(), names.count == 1 else { return nil }
    return names[0]
  }

  private static func isPlain(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || "._-".contains(character)
  }

  private static func usersFile(_ words: [String]) -> String? {
    value("--users", words) ?? words.dropFirst().first { $0.hasSuffix(".json") }
  }

  /// What a command line gives an option.
  private static func value(_ option: String, _ words: [String]) -> String? {
    for (position, word) in words.enumerated() {
      if word == option, position + 1 < words.count { return words[position + 1] }
      if word.hasPrefix(option + "=") { return String(word.dropFirst(option.count + 1)) }
    }
    return nil
  }
}

extension CompletionKind {
  static var userName: CompletionKind { .custom { UserNames.complete($0, $1, $2) } }
  static var groupName: CompletionKind { .custom { UserNames.completeGroups($0, $1, $2) } }
  static var userOrGroup: CompletionKind {
    .custom { UserNames.complete($0, $1, $2) + UserNames.completeGroups($0, $1, $2) }
  }
}
