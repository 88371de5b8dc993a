import ArgumentParser

/// `secure_chat help [COMMAND]`.
struct HelpCommand: RunnableCommand {
  static let configuration = CommandConfiguration(
    commandName: "help", abstract: "Explain the program, or one command.")

  @Argument(help: "The command to explain.")
  var command: String?
  @OptionGroup var shared: SharedOptions

  func run(in surroundings: Surroundings) async throws(Failure) -> ExitCode {
    let text: String
    if let command {
      if Vocabulary.laterCommands.contains(command) { throw Sentences.laterCommand(command) }
      guard let type = SecureChatCommand.type(ofCommand: command) else {
        throw Sentences.noSuchCommand(command)
      }
      text = SecureChatCommand.helpMessage(for: type)
    } else {
      text = SecureChatCommand.helpMessage()
    }
    try await surroundings.output.help(text)
    return .ok
  }
}
