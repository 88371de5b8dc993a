import ArgumentParser
import Messenger
import Terminal
import Wire

/// `secure_chat chat NAME`: a conversation.
struct ChatCommand: RunnableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chat",
    abstract: "Talk with somebody who listens.",
    discussion: """
      At a terminal: /help lists what can be typed. Without one, each line of standard input is a \
      message, and its end ends the conversation.
      """)

  @Argument(help: ArgumentHelp("A user of the users file, or an address.", valueName: "name|host:port"))
  var target: String?
  @Flag(name: .customLong("draft"), help: "ENTER adds a line, ENTER on an empty line sends.")
  var draft = false
  @OptionGroup var targetOptions: TargetOptions
  @OptionGroup var password: PasswordOptions
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var log: LogOptions
  @OptionGroup var shared: SharedOptions

  func run(in surroundings: Surroundings) async throws(Failure) -> ExitCode {
    let screen = try surroundings.screen()
    do throws(Failure) {
      let party = try await Party.find(shared, screen: screen, in: surroundings)
      let target = try await Target.find(
        target, to: targetOptions.to, peer: targetOptions.peer, party: party, screen: screen)
      let messenger = try await party.openMessenger(connection: connection, log: log, verbose: shared.verbose)
      let passwords = Passwords(password, screen: screen)
      guard let screen else {
        return try await PipedChat.run(
          target, messenger, passwords, party, surroundings, isVerbose: shared.verbose)
      }
      let lobby = Lobby(
        messenger: messenger, party: party, screen: screen, passwords: passwords,
        isVerbose: shared.verbose, drafts: draft ? .on : .off)
      return try await lobby.run(.talk(target), in: surroundings)
    } catch {
      await screen?.finish()
      throw error
    }
  }
}
