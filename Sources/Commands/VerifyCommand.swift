import ArgumentParser
import Messenger
import Terminal
import Wire

/// `secure_chat verify NAME`: compare words, or pair anew with somebody whose key changed.
struct VerifyCommand: RunnableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Compare the words of somebody's key, or pair anew after it changed.",
    discussion: """
      It shows the six words of the key that you know, and asks: the same as theirs, pair anew, or no. \
      Pairing anew opens their guesses of the password again, and dials them; nothing that you know is \
      replaced before you said yes to the new words. \
      These questions are only asked at a terminal.
      """)

  @Argument(help: "Whose key.", completion: .userName)
  var name: String
  @Flag(name: .customLong("wait"), help: "Do not dial: wait until they pair anew with you.")
  var wait = false
  @OptionGroup(title: "With --wait") var bind: BindOptions
  @OptionGroup var targetOptions: TargetOptions
  @OptionGroup var talk: TalkOptions

  var shared: SharedOptions { talk.shared }

  func run(in surroundings: Surroundings) async throws(Failure) -> ExitCode {
    guard let screen = try surroundings.screen() else { throw Sentences.verifyNeedsATerminal(name) }
    return try await talk.open(at: screen, in: surroundings) { (opening) throws(Failure) in
      try await verify(opening, screen, surroundings)
    }
  }

  private func verify(
    _ opening: Opening, _ screen: Screen, _ surroundings: Surroundings
  ) async throws(Failure) -> ExitCode {
    let name = try Target.peerName(name)
    let messenger = try await opening.messenger()
    let verification = Verification(
      messenger: messenger, name: name, console: screen, passwords: opening.passwords)
    await surroundings.signals.handle { signal in
      switch signal {
      case .windowChanged: await screen.windowChanged()
      case .resumed: await screen.resumed()
      case .report: break
      case .interrupt, .terminate, .hangUp:
        await screen.endQuestions(signal == .interrupt ? .interrupted : .terminated)
        await messenger.shutDown()
      }
    }
    let canReach = targetOptions.to != nil || opening.party.users?.entry(named: name) != nil
    switch try await verification.choose(canReach: canReach) {
    case .no:
      await screen.say(Sentences.nothingChanged)
    case .same:
      try await verification.markVerified()
    case .anew where wait:
      try await waitForThem(name, verification, messenger, opening.party, screen)
    case .anew:
      _ = try await verification.pairAnew(try await opening.target(name.text, targetOptions))
    }
    await messenger.shutDown()
    return .ok
  }

  /// `--wait`: listens until NAME runs its own `verify`, and puts the new key to the question.
  private func waitForThem(
    _ name: PeerName, _ verification: Verification, _ messenger: Messenger, _ party: Party, _ screen: Screen
  ) async throws(Failure) {
    var options = bind.listenOptions
    options.verifying = name
    options.askedPassword = try await verification.passwords.toListen(messenger)
    do throws(MessengerFailure) {
      let summary = try await messenger.listen(options)
      await screen.say(Sentences.waitingToPair(name))
      for line in Sentences.listening(as: party.me, summary, interactive: false) { await screen.say(line) }
    } catch {
      throw Sentences.failure(error, me: party.me)
    }
    // Control-C is a key like any other while the screen has the terminal.
    let keys = Task {
      while true {
        switch await screen.next() {
        case .stopped: return
        case .action(.interrupt), .action(.endOfInput): return await messenger.shutDown()
        case .action(.line), .action(.draft), .action(.suspend), .action(.pasteTooLong),
          .action(.limitReached):
          break
        }
      }
    }
    while let event = await messenger.events.next() {
      switch event {
      case .verifyProposed(let proposal):
        await screen.stopWaiting()
        await keys.value
        _ = try await verification.decide(proposal)
        return
      case .refused(let refused): await screen.say(Sentences.refused(refused))
      case .step, .connected, .message, .delivered, .closed, .repairWanted, .warning, .group: break
      }
    }
    throw Sentences.interrupted
  }
}
