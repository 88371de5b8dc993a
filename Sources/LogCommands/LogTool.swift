internal import ArgumentParser

/// The program as the parser sees it: one type a command.
struct LogTool: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "secure_chat_log", abstract: LogSentences.abstract,
    discussion: LogSentences.discussion, version: "secure_chat_log " + LogTool.number,
    subcommands: [
      VerifyCommand.self, ShowCommand.self, CompletionCommand.self, VersionCommand.self, HelpCommand.self,
    ])

  static let number = "1.0.0"
}

/// A command that can be carried out.
protocol LogCommand: ParsableCommand {
  var shared: SharedLogOptions { get }
  func run(_ surroundings: LogSurroundings) throws(LogProblem) -> Int32
}

/// Options that every command takes, before or behind its word.
struct SharedLogOptions: ParsableArguments {
  @Option(name: .long, help: ArgumentHelp(LogSentences.keyHelp, valueName: "file"), completion: .file())
  var key: String?
  @Option(name: .long, help: ArgumentHelp(LogSentences.homeHelp, valueName: "dir"), completion: .directory)
  var home: String?
  @Option(name: .customLong("as"), help: ArgumentHelp(LogSentences.asHelp, valueName: "name"))
  var asName: String?
  @Option(name: .long, help: ArgumentHelp(LogSentences.logsHelp, valueName: "dir"), completion: .directory)
  var logs: String?
  @Flag(name: .long, help: ArgumentHelp(LogSentences.jsonHelp))
  var json = false
  @Flag(name: [.customShort("q"), .long], help: ArgumentHelp(LogSentences.quietHelp))
  var quiet = false
  @Flag(name: .customShort("v"), help: ArgumentHelp(LogSentences.verboseHelp))
  var verbose = false
  @Option(
    name: .customLong("passphrase-file"),
    help: ArgumentHelp(LogSentences.passphraseFileHelp, valueName: "file"), completion: .file())
  var passphraseFile: String?
  @Option(
    name: .customLong("passphrase-fd"),
    help: ArgumentHelp(LogSentences.passphraseDescriptorHelp, valueName: "n"))
  var passphraseDescriptor: Int32?

  func validate() throws {
    if passphraseFile != nil, passphraseDescriptor != nil {
      throw ValidationError(LogSentences.twoPassphrases)
    }
    if let passphraseDescriptor, passphraseDescriptor < 0 {
      throw ValidationError(LogSentences.badDescriptor)
    }
  }
}

/// `secure_chat_log version`.
struct VersionCommand: LogCommand {
  static let configuration = CommandConfiguration(
    commandName: "version", abstract: LogSentences.versionAbstract)

  @OptionGroup var shared: SharedLogOptions

  func run(_ surroundings: LogSurroundings) throws(LogProblem) -> Int32 {
    try surroundings.console.print("secure_chat_log " + LogTool.number)
    return 0
  }
}

/// `secure_chat_log help [COMMAND]`.
struct HelpCommand: LogCommand {
  static let configuration = CommandConfiguration(
    commandName: "help", abstract: LogSentences.helpAbstract)

  @Argument(help: ArgumentHelp(LogSentences.helpCommandHelp))
  var command: String?
  @OptionGroup var shared: SharedLogOptions

  func run(_ surroundings: LogSurroundings) throws(LogProblem) -> Int32 {
    var text = LogTool.helpMessage()
    if let command {
      guard !LogArguments.laterCommands.contains(command) else {
        throw .usage(LogSentences.laterCommand(command), hint: nil)
      }
      let known = LogTool.configuration.subcommands
      guard let type = known.first(where: { $0.configuration.commandName == command }) else {
        throw .usage(
          LogSentences.noSuchCommand(command, nearest: LogArguments.nearest(to: command)), hint: nil)
      }
      text = LogTool.helpMessage(for: type)
    }
    try surroundings.console.help(text, isJSON: shared.json)
    return 0
  }
}
