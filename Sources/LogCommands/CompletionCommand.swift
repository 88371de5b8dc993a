internal import ArgumentParser

/// `secure_chat_log completion SHELL`: what makes the TAB key complete commands, options and files.
struct CompletionCommand: LogCommand {
  static let configuration = CommandConfiguration(
    commandName: "completion", abstract: LogSentences.completionAbstract)

  enum Shell: String, ExpressibleByArgument, CaseIterable {
    case bash, zsh, fish

    var generator: CompletionShell {
      switch self {
      case .bash: .bash
      case .zsh: .zsh
      case .fish: .fish
      }
    }
  }

  @Argument(help: ArgumentHelp(LogSentences.completionShellHelp))
  var shell: Shell
  @OptionGroup var shared: SharedLogOptions

  func run(_ surroundings: LogSurroundings) throws(LogProblem) -> Int32 {
    try surroundings.console.help(LogTool.completionScript(for: shell.generator), isJSON: shared.json)
    return 0
  }
}
