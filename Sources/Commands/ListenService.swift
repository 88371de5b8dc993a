import Messenger
import Terminal
import Wire

/// A listener that nobody sits at: events go out as they come, until a signal, `--once`, or a standard
/// output that nobody reads any more.
struct ListenService: Sendable {
  let messenger: Messenger
  let party: Party
  let surroundings: Surroundings
  let options: ListenOptions
  let commands: ArrivalCommands
  /// What `--relay` named.
  let relay: RelayAddress?

  func run() async throws(Failure) -> ExitCode {
    let output = surroundings.output
    let ending = ProgramEnding()
    await surroundings.signals.handle { signal in
      guard signal.endsProgram else { return }
      await ending.set(signal == .interrupt ? .interrupted : .ok)
      await messenger.shutDown()
      // Events that nobody reads from the pipe must not keep the program.
      try? await Pause.seconds(2)
      if !commands.isEmpty {
        await commands.stop()
        // `follow` still tells what was ended, and ends the program then.
        try? await Pause.seconds(5)
      }
      ProgramSurroundings.end((await ending.code ?? .ok).rawValue)
    }
    let summary: ListeningSummary
    do throws(MessengerFailure) {
      summary = try await messenger.listen(options)
    } catch {
      if let code = await ending.code { return code }
      throw Sentences.failure(error)
    }
    if output.isJSON { try await output.payload(bytes: JSONEvents.listening(as: party.me, summary)) }
    for line in Sentences.listening(as: party.me, summary, interactive: false) { await output.notice(line) }
    await PublicPasswords.tell(PublicPasswords(party: party).listening(summary), output)
    try await openGroups()
    return try await follow(ending)
  }

  /// A listener goes on without its groups where these cannot be opened.
  private func openGroups() async throws(Failure) {
    do throws(MessengerFailure) {
      try await messenger.openGroups(relay: relay)
    } catch {
      let text = Sentences.withoutGroups(Sentences.failure(error, me: party.me))
      if surroundings.output.isJSON {
        try await surroundings.output.payload(bytes: JSONEvents.warning(code: "W_GROUPS", message: text))
      }
      await surroundings.output.notice(text)
    }
  }

  private func follow(_ ending: ProgramEnding) async throws(Failure) -> ExitCode {
    let teller = EventTeller(output: surroundings.output, me: party.me)
    while let event = await messenger.events.next() {
      do throws(Failure) {
        try await teller.tell(event)
      } catch {
        await messenger.shutDown()
        await commands.end(after: Task {})
        throw error
      }
      if case .message(let message) = event { await commands.arrived(ArrivedMessage(message)) }
      if case .group(.message(let message)) = event { await commands.arrived(ArrivedMessage(message)) }
      if options.once, case .closed(let closed) = event, await ending.code == nil {
        await ending.set(closed.endedCleanly ? .ok : .failed)
        await messenger.shutDown()
      }
    }
    await commands.finish()
    return await ending.code ?? .ok
  }
}

extension ClosedEvent {
  /// Both sides said goodbye.
  var endedCleanly: Bool { !truncated && code == nil && alert == nil && logProblem == nil }
}
