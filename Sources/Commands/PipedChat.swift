import Messenger
import Terminal
import Wire

/// `chat` without a person at a terminal: lines of standard input are messages, what arrives goes out as
/// it comes, and the end of the input ends the conversation.
actor PipedChat {
  private let dialler: Dialler
  private let teller: EventTeller
  private let isVerbose: Bool
  private var session: SessionID?
  private var unconfirmed: Set<OutgoingID> = []
  private var early: Set<OutgoingID> = []
  private var closed: [SessionID: ClosedEvent] = [:]
  private var failure: Failure?
  private var waiting: CheckedContinuation<Void, Never>?

  static func run(
    _ target: DialTarget, _ messenger: Messenger, _ passwords: Passwords, _ party: Party,
    _ surroundings: Surroundings, isVerbose: Bool
  ) async throws(Failure) -> ExitCode {
    let password = try await passwords.toDial(target.name, messenger).0
    await PublicPasswords.tell(
      await PublicPasswords(party: party).dialling(target, messenger), surroundings.output)
    let chat = PipedChat(
      dialler: Dialler(messenger: messenger, target: target, output: surroundings.output),
      teller: EventTeller(output: surroundings.output, me: party.me), isVerbose: isVerbose)
    await surroundings.signals.handle { signal in
      guard signal.endsProgram else { return }
      await messenger.shutDown()
      if signal == .terminate { ProgramSurroundings.end(ExitCode.ok.rawValue) }
      signal.endProgram()
    }
    let pump = Task { await chat.followEvents() }
    let result: Result<ExitCode, Failure>
    do throws(Failure) {
      result = .success(try await chat.talk(password))
    } catch {
      result = .failure(error)
    }
    await messenger.shutDown()
    await pump.value
    return try result.get()
  }

  private init(dialler: Dialler, teller: EventTeller, isVerbose: Bool) {
    self.dialler = dialler
    self.teller = teller
    self.isVerbose = isVerbose
  }

  private func talk(_ password: PasswordChoice) async throws(Failure) -> ExitCode {
    var policy = RetryPolicy.threeTries
    let session = try await dialler.dial(password: password, by: &policy)
    self.session = session
    let reading = Task { await self.readLines(on: session) }
    defer { reading.cancel() }
    while closed[session] == nil, failure == nil { await change() }
    if let failure { throw failure }
    guard let closed = closed[session], !closed.endedCleanly else { return .ok }
    throw Sentences.ended(closed, unconfirmed: unconfirmed.count)
  }

  private func readLines(on session: SessionID) async {
    do throws(Failure) {
      var input = try InputMessages(byLine: true)
      while closed[session] == nil, let bytes = try await input.next() {
        switch TypedLine(String(decoding: bytes, as: UTF8.self), inLobby: false) {
        case .exit, .command(.quit, _): return await end(session)
        case .text(let text): try await send(text, on: session)
        case .nothing: break
        case .command(let command, _): await teller.output.say(Sentences.onlyAtATerminal(command.rawValue))
        case .later(let word): await teller.output.say(Sentences.laterInChat(word))
        case .unknown(let word, let meant):
          await teller.output.say(Sentences.unknownInChat(word, meant: meant))
        }
      }
      await end(session)
    } catch {
      if closed[session] == nil { fail(error) }
    }
  }

  private func send(_ text: String, on session: SessionID) async throws(Failure) {
    do throws(MessengerFailure) {
      let id = try await dialler.messenger.send(Array(text.utf8), on: session)
      if early.remove(id) == nil { unconfirmed.insert(id) }
    } catch {
      if case .sessionEnded = error { return }
      throw Sentences.failure(error)
    }
  }

  private func end(_ session: SessionID) async {
    await dialler.messenger.close(session, reason: .bye)
  }

  func followEvents() async {
    while let event = await dialler.messenger.events.next() { await happened(event) }
  }

  private func happened(_ event: MessengerEvent) async {
    if case .delivered(let delivered) = event, unconfirmed.remove(delivered.id) == nil {
      early.insert(delivered.id)
    }
    do throws(Failure) {
      try await teller.tell(event)
    } catch {
      fail(error)
    }
    if case .closed(let event) = event { closed[event.session] = event }
    wake()
  }

  private func fail(_ failure: Failure) {
    self.failure = self.failure ?? failure
    wake()
  }

  private func change() async {
    await withCheckedContinuation { continuation in
      waiting?.resume()
      waiting = continuation
    }
  }

  private func wake() {
    waiting?.resume()
    waiting = nil
  }
}
