import ChatProtocol
import Places
import Relay
import Transport
import Wire

/// What the links of one relay share; lives on the relay's event loop. What blocks goes to the store, whose answers
/// come back to the loop.
final class RelayServerCore {
  let executor: LoopExecutor
  let setup: RelayAcceptSetup
  private(set) var isStopping = false

  private let engine: RelayEngine
  private let store: any RelayStoring
  private var links: [RelayLinkID: RelayServerLink] = [:]
  private var lastNumber: UInt64 = 0
  private var queue = HandshakeQueue<RelayServerLink>()
  private var strangers = Strangers<RelayServerLink>()
  private var isRunning = false
  /// What the store was asked and has not answered.
  private var openTickets = 0
  private var alarm: (task: LoopTask, at: Moment)?
  private var whenIdle: [() -> Void] = []
  private var whenQuiet: [() -> Void] = []
  private var handshakes = 0
  private var refusedHandshakes = 0

  /// Descriptors kept for files and pipes.
  private static let reservedDescriptors: UInt64 = 64
  /// Strangers that go when the system refuses a descriptor all the same.
  private static let shedAtOnce = 16

  init(
    executor: LoopExecutor, setup: RelayAcceptSetup, engine: RelayEngine, store: any RelayStoring
  ) {
    self.executor = executor
    self.setup = setup
    self.engine = engine
    self.store = store
  }

  func makeLink(_ address: LinkAddress) -> RelayServerLink {
    lastNumber += 1
    return RelayServerLink(RelayLinkID(lastNumber), core: self, address: address)
  }

  var counters: RelayServerCounters {
    RelayServerCounters(
      engine.counters, connections: links.count, handshakes: handshakes,
      refusedHandshakes: refusedHandshakes)
  }

  // MARK: Connections

  /// A connection was accepted and has said nothing yet.
  func cameIn(_ link: RelayServerLink) {
    links[link.id] = link
    strangers.add(link, address: link.addressKey)
    let limit = ProcessHardening.descriptorLimits.soft
    if UInt64(links.count) + Self.reservedDescriptors > limit { shedOldestStranger() }
  }

  /// Its first message is whole: no stranger any more; true where it may work at once.
  func wantsToWork(_ link: RelayServerLink) -> Bool {
    strangers.remove(link, address: link.addressKey)
    return queue.enter(link, address: link.addressKey)
  }

  /// The system refused a descriptor.
  func descriptorsShort() {
    for _ in 0..<Self.shedAtOnce { shedOldestStranger() }
  }

  private func shedOldestStranger() {
    guard let oldest = strangers.oldest() else { return }
    // Out of the list at once, so that the next to go is another.
    strangers.remove(oldest, address: oldest.addressKey)
    oldest.shed()
  }

  private func stoppedWorking(_ link: RelayServerLink) {
    strangers.remove(link, address: link.addressKey)
    for next in queue.leave(link) {
      // In a turn of its own: a row of connections that fail at once must not pile up on the stack.
      let bound = LoopBound(next, on: executor)
      executor.execute { bound.value.mayWork() }
    }
  }

  func refused(_ refusal: RelayLinkRefusal) {
    if !refusal.answeredAsk { refusedHandshakes += 1 }
  }

  /// The machine is over; the connection may still flush its last bytes.
  func ended(_ link: RelayServerLink, wasUp: Bool) {
    stoppedWorking(link)
    guard wasUp else { return }
    engine.linkClosed(link.id, at: .current)
    run()
  }

  /// The connection is closed.
  func isGone(_ link: RelayServerLink) {
    links[link.id] = nil
    guard links.isEmpty else { return }
    let waiting = whenQuiet
    whenQuiet = []
    for resume in waiting { resume() }
  }

  // MARK: The engine

  func isUp(_ link: RelayServerLink, th: [UInt8]) {
    handshakes += 1
    stoppedWorking(link)
    engine.linkOpened(link.id, address: link.addressKey, th: th, at: .current)
    run()
  }

  func received(type: UInt8, body: [UInt8], from link: RelayServerLink) {
    // What comes while the relay stops is asked again of it when it runs again.
    guard !isStopping else { return }
    engine.received(type: type, body: body, from: link.id, at: .current)
    run()
  }

  func note(_ link: RelayServerLink, isWritable: Bool) {
    engine.link(link.id, isWritable: isWritable, at: .current)
    run()
  }

  /// Carries out what the engine wants. A call from inside, by a link that ended meanwhile, leaves it to the one
  /// outside.
  private func run() {
    guard !isRunning else { return }
    isRunning = true
    while let action = engine.nextAction() { perform(action) }
    isRunning = false
    armAlarm()
    noteIdle()
  }

  private func perform(_ action: RelayAction) {
    switch action {
    case .send(let frame, let targets):
      for target in targets { links[target]?.send(frame) }
    case .close(let link, let reason): links[link]?.end(reason)
    case .store(let changes, let ticket):
      ask { (store) throws(RelayStoreFailure) in
        try await store.store(changes)
      } then: { engine, answer in
        switch answer {
        case .success(let outcome): engine.stored(outcome, ticket, at: .current)
        case .failure(let failure): engine.storeFailed(failure, ticket, at: .current)
        }
      }
    case .read(let query, let ticket):
      ask { (store) throws(RelayStoreFailure) in
        try await store.read(query)
      } then: { engine, answer in
        switch answer {
        case .success(let reading): engine.found(reading, ticket, at: .current)
        case .failure(let failure): engine.readFailed(failure, ticket, at: .current)
        }
      }
    }
  }

  /// Has the store work elsewhere, and tells the engine on the loop.
  private func ask<Answer: Sendable>(
    _ question: @escaping @Sendable (any RelayStoring) async throws(RelayStoreFailure) -> Answer,
    then tell: @escaping @Sendable (RelayEngine, Result<Answer, RelayStoreFailure>) -> Void
  ) {
    openTickets += 1
    let bound = LoopBound(self, on: executor)
    let (store, executor) = (store, executor)
    Task {
      let answer: Result<Answer, RelayStoreFailure>
      do throws(RelayStoreFailure) {
        answer = .success(try await question(store))
      } catch {
        answer = .failure(error)
      }
      executor.execute {
        let core = bound.value
        core.openTickets -= 1
        tell(core.engine, answer)
        core.run()
      }
    }
  }

  // MARK: Time

  /// A task that fires too early arms the next one.
  private func armAlarm() {
    guard let deadline = engine.deadline else { return }
    if let alarm, alarm.at <= deadline { return }
    alarm?.task.cancel()
    let wait = max(0, deadline.milliseconds(since: .current)) + 1
    let bound = LoopBound(self, on: executor)
    let task = executor.schedule(afterMilliseconds: wait) { bound.value.alarmRang() }
    alarm = (task, deadline)
  }

  private func alarmRang() {
    alarm = nil
    engine.alarm(at: .current)
    run()
  }

  // MARK: The end

  /// From now on nothing new is taken; `resume` is called when the store has answered everything.
  func stop(whenIdle resume: @escaping () -> Void) {
    isStopping = true
    whenIdle.append(resume)
    noteIdle()
  }

  private func noteIdle() {
    guard isStopping, openTickets == 0 else { return }
    let waiting = whenIdle
    whenIdle = []
    for resume in waiting { resume() }
  }

  /// Says goodbye to every link; `resume` is called when all connections are closed.
  func closeLinks(whenQuiet resume: @escaping () -> Void) {
    whenQuiet.append(resume)
    for link in links.values { link.close() }
    guard links.isEmpty else { return }
    let waiting = whenQuiet
    whenQuiet = []
    for resume in waiting { resume() }
  }

  /// Cuts what did not end by itself.
  func abandonLinks() {
    for link in links.values { link.shed() }
  }
}

extension RelayInstant {
  /// Both clocks as they stand.
  static var current: RelayInstant { RelayInstant(moment: .current, time: .now) }
}
