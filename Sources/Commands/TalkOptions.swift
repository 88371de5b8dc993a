import ArgumentParser
import Messenger
import Terminal

/// The options of every command that talks with others, declared once.
struct TalkOptions: ParsableArguments {
  @OptionGroup var password: PasswordOptions
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var log: LogOptions
  @OptionGroup var shared: SharedOptions

  /// Finds out who talks and runs the command; the terminal is given back at its end.
  ///
  /// `screen`: the person's terminal, nil without one.
  func open(
    at screen: Screen?, in surroundings: Surroundings,
    _ command: (Opening) async throws(Failure) -> ExitCode
  ) async throws(Failure) -> ExitCode {
    try await Screen.lend(screen) { (screen) throws(Failure) in
      let party = try await Party.find(shared, screen: screen, in: surroundings)
      if screen != nil, !surroundings.output.isQuiet, let offer = party.hardeningOffer() {
        await surroundings.output.say(offer)
      }
      return try await command(Opening(party: party, screen: screen, options: self))
    }
  }
}

/// What a command that talks knows before it opens the messenger.
struct Opening {
  let party: Party
  /// The person's terminal; nil without one.
  let screen: Screen?
  let options: TalkOptions

  var passwords: Passwords { Passwords(options.password, screen: screen) }

  func target(_ answer: String?, _ target: TargetOptions) async throws(Failure) -> DialTarget {
    try await Target.find(answer, to: target.to, peer: target.peer, party: party, screen: screen)
  }

  func messenger(_ trust: TrustOptions? = nil) async throws(Failure) -> Messenger {
    try await party.openMessenger(
      connection: options.connection, log: options.log, verbose: options.shared.verbose,
      requiresVerified: trust?.requireVerified ?? false)
  }

  func lobby(
    _ messenger: Messenger, on screen: Screen, _ typing: TypingOptions, _ commands: ArrivalCommands,
    relay: RelayAddress? = nil
  ) -> Lobby {
    Lobby(
      messenger: messenger, party: party, screen: screen, passwords: passwords, commands: commands,
      isVerbose: options.shared.verbose, rings: !options.shared.quiet, drafts: typing.draft ? .on : .off,
      relay: relay)
  }
}

/// How a person at a terminal types and is told.
struct TypingOptions: ParsableArguments {
  @Flag(name: .customLong("draft"), help: "ENTER adds a line, ENTER on an empty line sends.")
  var draft = false
  @Option(
    name: .customLong("notify-cmd"),
    help: ArgumentHelp(
      "Run CMD (/bin/sh) when a message arrives, from whom in $SECURE_CHAT_FROM; it does not get the text.",
      valueName: "cmd"))
  var notifyCommand: String?

  func validate() throws {
    if notifyCommand?.isEmpty == true { throw ValidationError("--notify-cmd wants a command.") }
  }
}

/// Where a listener listens.
struct BindOptions: ParsableArguments {
  @Option(
    name: .customLong("port"),
    help: ArgumentHelp("The port to listen on; 0 takes any free one, and says which.", valueName: "n"))
  var port: UInt16?
  @Option(name: .customLong("bind"), help: ArgumentHelp("The address to listen on.", valueName: "addr"))
  var bind: String?

  var listenOptions: ListenOptions {
    var options = ListenOptions()
    if let bind { options.bind = .address(bind) }
    options.port = port
    return options
  }
}
