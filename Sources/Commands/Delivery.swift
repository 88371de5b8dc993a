import Messenger
import Wire

/// Carries messages to one peer, in order, until each is acknowledged.
///
/// What a lost link left unacknowledged goes again over the next one under its own id, so that the peer
/// shows it once.
actor Delivery {
  /// What the messages are part of.
  enum Purpose {
    /// `send`: it connects when there is something to deliver, and shows nothing that comes back.
    case handingOver
    /// `chat` without a terminal: it connects at once, shows what comes, and ends when the peer does.
    case conversation
  }

  private struct Outstanding {
    let part: Int
    let text: [UInt8]
    var id: OutgoingID?
    var session: SessionID?
  }

  private let dialler: Dialler
  private let password: PasswordChoice
  private let teller: EventTeller
  private let purpose: Purpose
  private let isVerbose: Bool
  private nonisolated let commands: ArrivalCommands
  private var isSplit: Bool
  private var policy = RetryPolicy.threeTries
  private var session: SessionID?
  private var outstanding: [Outstanding] = []
  private var parts = 0
  /// Acknowledgements that overtook the return of their own `send`.
  private var early: [OutgoingID: DeliveredEvent] = [:]
  private var ended: [SessionID: ClosedEvent] = [:]
  private var failure: Failure?
  private var hasInputEnded = false
  private var inputFailure: Failure?
  private var waiting: CheckedContinuation<Void, Never>?
  /// Something happened since ``change()`` returned last.
  private var hasChanged = false
  private var roomWaiting: CheckedContinuation<Void, Never>?
  /// The peer ended the conversation.
  private var isOver = false
  /// Messages that no link took yet, above which the input waits.
  private static let untakenLimit = 4
  /// Bytes of messages whose acknowledgement was not told yet, above which the input waits.
  private static let outstandingLimit = 4 << 20

  /// `isSplit`: standard input makes more than one message, so that each is told with its number.
  init(
    dialler: Dialler, password: PasswordChoice, teller: EventTeller, purpose: Purpose, isVerbose: Bool,
    isSplit: Bool, commands: ArrivalCommands = .none
  ) {
    self.dialler = dialler
    self.password = password
    self.teller = teller
    self.purpose = purpose
    self.isVerbose = isVerbose
    self.isSplit = isSplit
    self.commands = commands
  }

  // MARK: What the command asks for

  /// Delivers what `read` adds, and shuts the messenger down then.
  ///
  /// It reads beside the delivery: a link that is lost while the input is silent is told at once.
  nonisolated func carryOut(reading read: @escaping @Sendable () async -> Void) async throws(Failure) {
    let pump = Task { await followEvents() }
    let reading = Task { await read() }
    defer { reading.cancel() }
    let result: Result<Void, Failure>
    do throws(Failure) {
      result = .success(try await run())
    } catch {
      result = .failure(error)
    }
    await dialler.messenger.shutDown()
    await commands.end(after: pump)
    try result.get()
  }

  /// Handles the messenger's events until it is shut down.
  private func followEvents() async {
    while let event = await dialler.messenger.events.next() { await happened(event) }
  }

  /// Takes one message; returns when there is room for another, which is later while the peer does not read.
  func add(_ text: [UInt8]) async {
    parts += 1
    if parts > 1, purpose == .handingOver { isSplit = true }
    outstanding.append(Outstanding(part: parts, text: text))
    wake()
    while failure == nil, !isOver, !hasRoom { await withCheckedContinuation { roomWaiting = $0 } }
  }

  private var hasRoom: Bool {
    outstanding.count(where: { $0.session == nil }) < Self.untakenLimit
      && outstanding.reduce(0) { $0 + $1.text.count + MemoryLayout<Outstanding>.stride }
        < Self.outstandingLimit
  }

  /// Whether more input makes sense.
  var takesInput: Bool { failure == nil && !isOver }

  /// No more messages come; a failure of the input is told when those before it are delivered.
  func endInput(_ failure: Failure?) {
    inputFailure = failure
    hasInputEnded = true
    wake()
  }

  /// Delivers everything that is added, until the input has ended and all is acknowledged; then ends the
  /// conversation.
  private func run() async throws(Failure) {
    if purpose == .conversation { try await connect() }
    while true {
      try await push()
      if isOver || (outstanding.isEmpty && hasInputEnded) { break }
      await change()
    }
    if let session { try await end(session) }
    if let inputFailure { throw inputFailure }
  }

  private func end(_ session: SessionID) async throws(Failure) {
    await dialler.messenger.close(session, reason: .bye)
    // Everything sent is acknowledged; of what the peer still had to say only its CLOSE tells that it is whole.
    guard purpose == .conversation else { return }
    while ended[session] == nil, failure == nil { await change() }
    if let closed = ended[session], !closed.endedCleanly { throw Sentences.ended(closed, unconfirmed: 0) }
    if let failure { throw failure }
  }

  private func stop(with failure: Failure) {
    self.failure = self.failure ?? failure
    wake()
  }

  // MARK: Sending

  /// Brings every message that the current link has not taken onto it, connecting first where there is none.
  private func push() async throws(Failure) {
    while true {
      if let failure { throw failure }
      if let session, let closed = ended[session] {
        if outstanding.isEmpty, hasInputEnded || closed.wasTheirsToEnd(in: purpose) {
          isOver = true
          wake()
          return
        }
        try await linkLost(closed)
        continue
      }
      guard let index = outstanding.firstIndex(where: { $0.session == nil || $0.session != session }) else {
        return
      }
      guard let session else {
        try await connect()
        continue
      }
      let entry = outstanding[index]
      do throws(MessengerFailure) {
        let id = try await dialler.messenger.send(entry.text, on: session, as: entry.id)
        await taken(entry.part, as: id, on: session)
      } catch {
        guard case .sessionEnded = error else { throw Sentences.failure(error) }
        while ended[session] == nil, failure == nil { await change() }
      }
    }
  }

  private func connect() async throws(Failure) {
    var policy = policy
    defer { self.policy = policy }
    session = try await dialler.dial(password: password, by: &policy)
  }

  private func taken(_ part: Int, as id: OutgoingID, on session: SessionID) async {
    if let index = outstanding.firstIndex(where: { $0.part == part }) {
      outstanding[index].id = id
      outstanding[index].session = session
    }
    roomWaiting?.resume()
    roomWaiting = nil
    if let event = early.removeValue(forKey: id) { await delivered(event) }
  }

  private func linkLost(_ closed: ClosedEvent) async throws(Failure) {
    session = nil
    let failure = Sentences.ended(closed, unconfirmed: outstanding.count)
    guard let seconds = policy.wait(after: closed) else {
      throw closed.mayDialAgain ? Sentences.lostForGood(failure) : failure
    }
    await dialler.announce(failure, seconds)
    try await Pause.seconds(seconds)
    try await connect()
  }

  // MARK: Events

  private func happened(_ event: MessengerEvent) async {
    switch event {
    case .delivered(let delivered):
      if outstanding.contains(where: { $0.id == delivered.id }) {
        await self.delivered(delivered)
      } else {
        early[delivered.id] = delivered
      }
    case .closed(let closed):
      ended[closed.session] = closed
      if tellsAll || (purpose == .conversation && closed.endedCleanly) { await tell(event) }
    case .connected(let connected):
      if tellsAll || purpose == .conversation || !connected.known { await tell(event) }
    case .step, .refused, .repairWanted, .verifyProposed, .warning, .group: await tell(event)
    // `send` shows no messages: whoever answers does so in a conversation.
    case .message(let message):
      if purpose == .conversation {
        await tell(event)
        await commands.arrived(ArrivedMessage(message))
      }
    }
    wake()
  }

  private var tellsAll: Bool { isVerbose || teller.output.isJSON }

  private func delivered(_ event: DeliveredEvent) async {
    guard let index = outstanding.firstIndex(where: { $0.id == event.id }) else { return }
    let part = outstanding.remove(at: index).part
    await tell(.delivered(event), part: isSplit ? part : nil)
    wake()
  }

  private func tell(_ event: MessengerEvent, part: Int? = nil) async {
    do throws(Failure) {
      try await teller.tell(event, part: part)
    } catch {
      stop(with: error)
    }
  }

  // MARK: Waiting

  private func change() async {
    if hasChanged || failure != nil {
      hasChanged = false
      return
    }
    await withCheckedContinuation { waiting = $0 }
    hasChanged = false
  }

  private func wake() {
    hasChanged = true
    waiting?.resume()
    waiting = nil
    roomWaiting?.resume()
    roomWaiting = nil
  }
}

extension ClosedEvent {
  /// A conversation ends when the peer says goodbye; who hands something over needs the peer still.
  fileprivate func wasTheirsToEnd(in purpose: Delivery.Purpose) -> Bool {
    purpose == .conversation && endedCleanly && peerReason != .verified
  }
}
