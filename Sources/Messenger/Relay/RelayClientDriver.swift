import ChatProtocol
import Synchronization
import Transport
import Wire

/// How a dial to a relay turned out, for the one who waits for it.
final class RelayWaiting: Sendable {
  enum Outcome: Sendable {
    case up(RelayLinkSummary, LoopBound<RelayClientDriver>, RelayEventQueue)
    case profile(ProvenProfile)
    case refused(ChatErrorCode)
  }

  private struct State {
    var outcome: Outcome?
    var isAbandoned = false
  }

  private let state = Mutex(State())
  private let stream: AsyncStream<Outcome>
  private let continuation: AsyncStream<Outcome>.Continuation

  init() {
    (stream, continuation) = AsyncStream.makeStream(of: Outcome.self, bufferingPolicy: .bufferingOldest(1))
  }

  /// False where nobody waits any more.
  func end(_ outcome: Outcome) -> Bool {
    let isTaken = state.withLock { state in
      guard !state.isAbandoned else { return false }
      state.outcome = outcome
      return true
    }
    continuation.yield(outcome)
    continuation.finish()
    return isTaken
  }

  /// Nil where the task was cancelled.
  func outcome() async -> Outcome? {
    for await outcome in stream { return outcome }
    return state.withLock { state in
      state.isAbandoned = true
      return state.outcome
    }
  }
}

/// Drives the machine of one link to a relay, on the event loop.
final class RelayClientDriver: LinkDriver {
  /// Reading stops while more than this of events waits to be taken.
  private static let eventWindowBytes = 4 << 20
  /// What an event weighs besides its bytes.
  private static let eventOverheadBytes = 256

  private let machine: RelayLinkMachine
  private let executor: LoopExecutor
  private let waiting: RelayWaiting
  private var queue: RelayEventQueue?
  private var link: (any Link)?
  private var isWelcome = false
  private var closesHere = false
  private var closing: Bool?
  private var untakenBytes = 0
  /// Who waits for room on the link.
  private var senders: [() -> Void] = []

  init(_ machine: RelayLinkMachine, on executor: LoopExecutor, waiting: RelayWaiting) {
    self.machine = machine
    self.executor = executor
    self.waiting = waiting
  }

  // MARK: The user's side

  func send(_ request: RelayRequest, _ done: @escaping () -> Void) {
    machine.send(type: request.type, body: request.body, at: .current)
    senders.append(done)
    settle()
  }

  func close(_ reason: CloseReason) {
    closesHere = true
    machine.close(reason, at: .current)
    settle()
  }

  /// The user took events.
  private func taken(_ bytes: Int) {
    untakenBytes -= bytes
    settle()
  }

  // MARK: The link

  func linkOpened(_ link: any Link, at now: Moment) {
    self.link = link
    machine.start(at: now)
    settle()
  }

  func received(_ bytes: Span<UInt8>, at now: Moment) {
    machine.received(bytes, at: now)
    settle()
  }

  func linkBecameWritable(at now: Moment) { settle() }

  func alarm(at now: Moment) {
    machine.alarm(at: now)
    settle()
  }

  func linkClosed(_ cause: LinkEnd, at now: Moment) {
    link = nil
    machine.linkClosed(at: now)
    settle()
  }

  // MARK: Turns

  private func settle() {
    while let action = machine.nextAction() { perform(action) }
    guard let link else {
      releaseSenders()
      return
    }
    if closing != nil || link.isWritable { machine.takeOutbound(at: .current) { link.write($0) } }
    // Answers that were made as the bytes were taken may have ended the link.
    while let action = machine.nextAction() { perform(action) }
    if let closing {
      self.link = nil
      link.close(afterFlushing: closing)
      releaseSenders()
      return
    }
    link.setAlarm(machine.deadline)
    let reads = untakenBytes <= Self.eventWindowBytes
    machine.setReading(reads, at: .current)
    if reads { link.resumeReading() } else { link.pauseReading() }
    if machine.outboundByteCount == 0 { releaseSenders() }
  }

  private func releaseSenders() {
    let released = senders
    senders = []
    for resume in released { resume() }
  }

  private func perform(_ action: RelayLinkAction) {
    switch action {
    case .established(let summary):
      let bound = LoopBound(self, on: executor)
      let executor = executor
      let queue = RelayEventQueue { weight in
        executor.execute { bound.value.taken(weight) }
      }
      self.queue = queue
      if !waiting.end(.up(summary, bound, queue)) { close(.bye) }
    case .frame(let type, let body): take(type, body)
    case .profile(let profile): _ = waiting.end(.profile(profile))
    case .refused(let refusal): _ = waiting.end(.refused(refusal.code))
    case .ended(let end):
      let failure: RelayLinkFailure =
        if closesHere {
          .closedHere
        } else if let alert = end.alert {
          .refused(alert)
        } else if let code = end.code {
          .failed(code)
        } else {
          .closedByRelay(end.peerReason ?? .bye)
        }
      isDown(failure)
    case .closeLink(let afterFlushing): closing = closing ?? afterFlushing
    }
  }

  private func take(_ type: UInt8, _ body: [UInt8]) {
    let answer: RelayAnswer
    do {
      answer = try RelayAnswer(type: type, body: body)
    } catch {
      // What no relay may send: the link is of no more use.
      isDown(.failed(.proto))
      machine.end(with: .error, as: .proto, at: .current)
      return
    }
    if case .welcome(let welcome) = answer, !isWelcome {
      isWelcome = true
      put(.up(welcome), byteCount: body.count)
    } else {
      put(.frame(answer), byteCount: body.count)
    }
  }

  private func isDown(_ failure: RelayLinkFailure) {
    put(.down(failure), byteCount: 0)
    queue?.finish()
    // It holds this driver.
    queue = nil
  }

  private func put(_ event: RelayLinkEvent, byteCount: Int) {
    let weight = byteCount + Self.eventOverheadBytes
    untakenBytes += weight
    queue?.put(event, weight: weight)
  }
}
