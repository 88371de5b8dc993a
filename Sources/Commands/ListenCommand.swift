import ArgumentParser
import Messenger
import Terminal
import Wire

/// `secure_chat listen`, or `receive`: serves whoever comes, several at once.
struct ListenCommand: RunnableCommand {
  static let configuration = CommandConfiguration(
    commandName: "listen",
    abstract: "Wait for others; at a terminal talk with them, else write what arrives to standard output.",
    discussion: """
      Without a password of your own in the users file, people whom you already know can reach you. \
      SIGTERM ends every conversation cleanly, with exit code 0.
      """,
    aliases: ["receive"])

  @Option(
    name: .customLong("port"),
    help: ArgumentHelp("The port; 0 takes any free one, and says which.", valueName: "n"))
  var port: UInt16?
  @Option(name: .customLong("bind"), help: ArgumentHelp("The address to listen on.", valueName: "addr"))
  var bind: String?
  @Flag(name: .customLong("once"), help: "End after the first conversation.")
  var once = false
  @Flag(name: .customLong("draft"), help: "ENTER adds a line, ENTER on an empty line sends.")
  var draft = false
  @OptionGroup var password: PasswordOptions
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var log: LogOptions
  @OptionGroup var shared: SharedOptions

  func run(in surroundings: Surroundings) async throws(Failure) -> ExitCode {
    let screen = try surroundings.screen()
    do throws(Failure) {
      let party = try await Party.find(shared, screen: screen, in: surroundings)
      let messenger = try await party.openMessenger(connection: connection, log: log, verbose: shared.verbose)
      let passwords = Passwords(password, screen: screen)
      var options = ListenOptions()
      if let bind { options.bind = .address(bind) }
      options.port = port
      options.once = once
      options.askedPassword = try await passwords.toListen(messenger)
      guard let screen else {
        return try await ListenService(
          messenger: messenger, party: party, surroundings: surroundings, options: options
        ).run()
      }
      let lobby = Lobby(
        messenger: messenger, party: party, screen: screen, passwords: passwords,
        isVerbose: shared.verbose, drafts: draft ? .on : .off)
      return try await lobby.run(.listen(options), in: surroundings)
    } catch {
      await screen?.finish()
      throw error
    }
  }
}
