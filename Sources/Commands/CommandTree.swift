import ArgumentParser

/// The program as the parser sees it: one type a command, and the questions where no command is given.
struct SecureChatCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "secure_chat",
    abstract: "Two people, two terminals, no server, no account.",
    usage: """
      secure_chat [USERS.json]            asks for what it lacks: the users file, who you are, to whom
      secure_chat COMMAND ...
      """,
    discussion: """
      Options stand before or behind the command. Messages go to standard output, everything else to \
      standard error.

      Exit codes: 0 done, 1 failed or cut short, 2 usage, 3 cannot reach the peer or the relay, 4 identity not proven, \
      5 authentication failed, 9 refused or not a member, 130 interrupted.
      """,
    version: Version.line,
    subcommands: [
      ChatCommand.self, ListenCommand.self, SendCommand.self, GroupCommand.self,
      JoinCommand.self, InitCommand.self, IDCommand.self,
      VerifyCommand.self, ContactsCommand.self, BlockCommand.self, UnblockCommand.self, UsersCommand.self,
      RelayCommand.self,
      DoctorCommand.self, ExplainCommand.self, DemoCommand.self, CompletionCommand.self, VersionCommand.self,
      HelpCommand.self,
      AskCommand.self,
    ])

  static func type(ofCommand word: String) -> (any ParsableCommand.Type)? {
    configuration.subcommands.first { subcommand in
      subcommand.configuration.commandName == word || subcommand.configuration.aliases.contains(word)
    }
  }
}

/// A command that can be carried out.
protocol RunnableCommand: ParsableCommand {
  var shared: SharedOptions { get }
  func run(in surroundings: Surroundings) async throws(Failure) -> ExitCode
}

/// What the program calls itself.
enum Version {
  static let number = "1.0.0"
  /// As the banner says it.
  static let short = "1.0"
  static let line = "secure_chat \(number)"
}
