import ArgumentParser
import Messenger

/// `secure_chat listen`, or `receive`: serves whoever comes, several at once.
struct ListenCommand: RunnableCommand {
  static let configuration = CommandConfiguration(
    commandName: "listen",
    abstract: "Wait for others; at a terminal talk with them, else write what arrives to standard output.",
    discussion: """
      Without a password of your own in the users file, people whom you already know can reach you. \
      Your groups are online meanwhile. SIGTERM ends every conversation cleanly, with exit code 0.
      """,
    aliases: ["receive"])

  @OptionGroup var bind: BindOptions
  @Flag(name: .customLong("once"), help: "End after the first conversation.")
  var once = false
  @OptionGroup var exec: ExecOptions
  @OptionGroup var relay: RelayOptions
  @OptionGroup var typing: TypingOptions
  @OptionGroup var trust: TrustOptions
  @OptionGroup var talk: TalkOptions

  var shared: SharedOptions { talk.shared }

  func run(in surroundings: Surroundings) async throws(Failure) -> ExitCode {
    try await talk.open(at: try surroundings.screen(), in: surroundings) { (opening) throws(Failure) in
      let commands = try ArrivalCommands(
        exec: exec.command, notify: typing.notifyCommand, screen: opening.screen, output: surroundings.output)
      let address = try relay.address()
      let messenger = try await opening.messenger(trust)
      var options = bind.listenOptions
      options.once = once
      options.askedPassword = try await opening.passwords.toListen(messenger)
      guard let screen = opening.screen else {
        return try await ListenService(
          messenger: messenger, party: opening.party, surroundings: surroundings, options: options,
          commands: commands, relay: address
        ).run()
      }
      return try await opening.lobby(messenger, on: screen, typing, commands, relay: address).run(
        .listen(options), in: surroundings)
    }
  }
}
