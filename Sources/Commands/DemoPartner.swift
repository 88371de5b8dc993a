import Messenger
import Terminal
import Wire

/// The other side of the demonstration, in a process of its own: it listens for one conversation and
/// answers each text with what just happened to it.
struct DemoPartner {
  let stage: DemoStage
  let surroundings: Surroundings

  /// Starts the second process.
  static func start(on stage: DemoStage) throws(Failure) -> ChildProgram {
    do throws(ChildProgram.Failure) {
      return try ChildProgram(ChildProgram.ownPath, ["demo", "--answer-in", stage.folder, "--json"])
    } catch {
      throw Sentences.demoNoSecondProcess(error)
    }
  }

  /// The port that it says it listens on.
  static func port(of partner: ChildProgram) async throws(Failure) -> UInt16? {
    while let line = await partner.nextLine() {
      guard let event = try? JSONReader(parsing: Array(line.utf8).span).root,
        case .object(let members) = event.kind,
        case .number(let port) = members.first(where: { $0.key == "port" })?.value.kind
      else { continue }
      return port.integer.flatMap { UInt16(exactly: $0) }
    }
    return nil
  }

  func run() async throws(Failure) -> ExitCode {
    let party = try stage.party(DemoStage.partner)
    let messenger = try await party.openMessenger(connection: nil, log: nil, verbose: false)
    await surroundings.signals.handle { signal in
      guard signal.endsProgram else { return }
      await messenger.shutDown()
      signal.endProgram()
    }
    let watching = Task {
      // The first process holds the other end of standard input: it ends when that one does.
      let reader = try? StreamReader(.input)
      while case .bytes = try? await reader?.read() {}
      await messenger.shutDown()
    }
    defer { watching.cancel() }
    var options = ListenOptions()
    options.port = 0
    options.once = true
    do throws(MessengerFailure) {
      let summary = try await messenger.listen(options)
      try? await surroundings.output.payload(bytes: JSONEvents.listening(as: party.me, summary))
    } catch {
      throw Sentences.failure(error)
    }
    var suite: ConnectedEvent?
    while let event = await messenger.events.next() {
      switch event {
      case .connected(let connected): suite = connected
      case .message(let message):
        guard let suite else { continue }
        let answer = Sentences.demoAnswer(message, suite)
        _ = try? await messenger.send(Array(answer.utf8), on: message.session)
      case .closed(let closed):
        await messenger.shutDown()
        return closed.endedCleanly ? .ok : .failed
      case .step, .delivered, .refused, .repairWanted, .verifyProposed, .warning, .group: break
      }
    }
    return .ok
  }
}
