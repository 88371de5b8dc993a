import ArgumentParser
import Messenger

/// `secure_chat chat NAME`: a conversation.
struct ChatCommand: RunnableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chat",
    abstract: "Talk with somebody who listens.",
    discussion: """
      At a terminal: /help lists what can be typed, groups among it. Without one, each line of standard input \
      is a message, and its end ends the conversation.
      """)

  @Argument(
    help: ArgumentHelp("A user of the users file, or an address.", valueName: "name|host:port"),
    completion: .userName)
  var target: String?
  @OptionGroup var typing: TypingOptions
  @OptionGroup var targetOptions: TargetOptions
  @OptionGroup var relay: RelayOptions
  @OptionGroup var trust: TrustOptions
  @OptionGroup var talk: TalkOptions

  var shared: SharedOptions { talk.shared }

  func run(in surroundings: Surroundings) async throws(Failure) -> ExitCode {
    try await talk.open(at: try surroundings.screen(), in: surroundings) { (opening) throws(Failure) in
      let address = try relay.address()
      let target = try await opening.target(target, targetOptions)
      let commands = try ArrivalCommands(
        exec: nil, notify: typing.notifyCommand, screen: opening.screen, output: surroundings.output)
      let messenger = try await opening.messenger(trust)
      guard let screen = opening.screen else {
        return try await PipedChat.run(
          target, messenger, opening.passwords, opening.party, surroundings, commands,
          isVerbose: shared.verbose)
      }
      return try await opening.lobby(messenger, on: screen, typing, commands, relay: address).run(
        .talk(target), in: surroundings)
    }
  }
}
