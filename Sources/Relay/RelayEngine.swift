package import Wire

/// The relay's core (GROUPS 3, docs/RELAY.md): mailboxes, their order, receipts, delivery.
///
/// It has no socket, clock or disk. The driver tells it of links and frames, carries out `nextAction` until there is
/// none, and says what the store answered. Not Sendable: one driver, one call at a time.
///
/// What bounds it: `RelayLimits`, field by field. What it has promised stands in the store; what it holds itself can be
/// lost at any moment.
package final class RelayEngine {
  package let limits: RelayLimits
  let primitives: RelayPrimitives
  let term: UInt64

  var links: [RelayLinkID: LiveLink] = [:]
  /// How many links an address has.
  var addresses: [String: Int] = [:]
  var mailboxes: [[UInt8]: LiveMailbox] = [:]

  /// What is to be done; bounded by what one event can cause, since the driver takes all of it before the next.
  private var actions: [RelayAction] = []
  private var nextActionIndex = 0

  // The store.
  var lastTicket: UInt64 = 0
  var batch: Batch?
  /// Changes that are no appends, in the order in which they came.
  var operations: [Operation] = []
  /// Mailboxes whose queue may have something for the next batch, each once.
  var queued: [LiveMailbox] = []
  var isRetrying = false
  /// Bodies that wait for the store, bounded by `waitingByteCount`.
  var waitingByteCount = 0
  var readsUnderWay: [RelayTicket: Reading] = [:]
  var readsWaiting: [(Reading, RelayQuery)] = []
  var oldestRead = 0
  /// What the store holds.
  var storedMailboxCount: Int
  var storedByteCount: Int

  // Newest frames, over all mailboxes, oldest first.
  var cacheOrder: [CachedFrame] = []
  var cacheOldest = 0
  var cacheByteCount = 0

  /// Links that have not said HELLO, in the order in which their time is up.
  private var silent: [(link: RelayLinkID, until: Moment)] = []
  private var oldestSilent = 0
  private var nextSweep: Moment?
  var isSweeping = false

  /// What the operator may see.
  package internal(set) var counters = RelayCounters()

  package init(limits: RelayLimits, primitives: RelayPrimitives, store: RelayStoreSummary) {
    self.limits = limits
    self.primitives = primitives
    term = store.term
    storedMailboxCount = store.mailboxCount
    storedByteCount = store.byteCount
    counters.mailboxes = store.mailboxCount
    counters.entries = store.entryCount
  }

  /// A link whose handshake is done: `th` is its hash (32 bytes), `address` the far end without its port.
  package func linkOpened(_ link: RelayLinkID, address: String, th: [UInt8], at now: RelayInstant) {
    scheduleSweep(at: now)
    guard links[link] == nil else { return }
    guard links.count < limits.linkCount, addresses[address, default: 0] < limits.linksPerAddress else {
      counters.closedLinks += 1
      act(.close(link, .tooManyLinks))
      return
    }
    links[link] = LiveLink(link, address: address, th: th, limits: limits, at: now.moment)
    addresses[address, default: 0] += 1
    counters.links = links.count
    silent.append((link, now.moment.advanced(bySeconds: limits.helloSeconds)))
  }

  /// A whole frame came by the link.
  ///
  /// The driver stops reading a link while what it has to send there is above its mark: answers to requests are
  /// bounded by that, entries by credit, items by acknowledgements.
  package func received(type: UInt8, body: [UInt8], from link: RelayLinkID, at now: RelayInstant) {
    guard let live = links[link] else { return }
    if live.frames.take(at: now.moment) != nil { return close(live, .flood, at: now) }
    let request: RelayRequest
    do throws(RelayFrameError) {
      request = try RelayRequest(type: type, body: body)
    } catch {
      return close(live, .malformed, at: now)
    }
    if live.stage == .greeting {
      hold(request, byteCount: body.count, of: live, at: now)
    } else {
      take(request, from: live, at: now)
    }
    compose(at: now)
  }

  /// What is to be sent by the link rose above the driver's mark, or is below it again. Meanwhile the link gets no
  /// EPHEMERAL, and LINK_UP and LINK_DOWN are put together.
  package func link(_ link: RelayLinkID, isWritable: Bool, at now: RelayInstant) {
    guard let live = links[link], live.isWritable != isWritable else { return }
    live.isWritable = isWritable
    guard isWritable else { return }
    for (number, isUp) in live.presence.sorted(by: { $0.key < $1.key }) {
      send(isUp ? .linkUp(number) : .linkDown(number), to: live)
    }
    live.presence = [:]
  }

  package func linkClosed(_ link: RelayLinkID, at now: RelayInstant) {
    guard let live = links[link] else { return }
    forget(live)
    compose(at: now)
  }

  /// The batch was stored, or not, since some of its ids were known.
  package func stored(_ outcome: RelayStored, _ ticket: RelayTicket, at now: RelayInstant) {
    guard let batch, batch.ticket == ticket else { return }
    self.batch = nil
    switch outcome {
    case .all: settle(batch, at: now)
    case .known(let known): takeBack(batch, known: known, at: now)
    }
    compose(at: now)
  }

  package func storeFailed(_ failure: RelayStoreFailure, _ ticket: RelayTicket, at now: RelayInstant) {
    guard let batch, batch.ticket == ticket else { return }
    self.batch = nil
    counters.storeFailures += 1
    abandon(batch, at: now)
    compose(at: now)
  }

  package func found(_ reading: RelayReading, _ ticket: RelayTicket, at now: RelayInstant) {
    guard let asked = readsUnderWay.removeValue(forKey: ticket) else { return }
    startReads()
    if !take(reading, for: asked, at: now) { fail(asked, at: now) }
    compose(at: now)
  }

  package func readFailed(_ failure: RelayStoreFailure, _ ticket: RelayTicket, at now: RelayInstant) {
    guard let asked = readsUnderWay.removeValue(forKey: ticket) else { return }
    counters.storeFailures += 1
    startReads()
    fail(asked, at: now)
    compose(at: now)
  }

  /// When `alarm` wants to be called; nil for never.
  package var deadline: Moment? {
    let silence = oldestSilent < silent.count ? silent[oldestSilent].until : nil
    guard let silence, let nextSweep else { return silence ?? nextSweep }
    return min(silence, nextSweep)
  }

  package func alarm(at now: RelayInstant) {
    while oldestSilent < silent.count, silent[oldestSilent].until <= now.moment {
      let link = silent[oldestSilent].link
      oldestSilent += 1
      if let live = links[link], live.stage == .fresh { close(live, .silent, at: now) }
    }
    if oldestSilent > 1024 || oldestSilent == silent.count {
      silent.removeFirst(oldestSilent)
      oldestSilent = 0
    }
    if let due = nextSweep, due <= now.moment {
      nextSweep = now.moment.advanced(bySeconds: max(1, limits.sweepSeconds))
      sweep(after: [], at: now)
    }
    compose(at: now)
  }

  /// The next thing to do; nil until the next event.
  package func nextAction() -> RelayAction? {
    guard nextActionIndex < actions.count else {
      actions.removeAll(keepingCapacity: actions.capacity <= 4096)
      nextActionIndex = 0
      return nil
    }
    defer { nextActionIndex += 1 }
    return actions[nextActionIndex]
  }

  private func scheduleSweep(at now: RelayInstant) {
    if nextSweep == nil { nextSweep = now.moment.advanced(bySeconds: max(1, limits.sweepSeconds)) }
  }

  func act(_ action: RelayAction) { actions.append(action) }

  func newTicket() -> RelayTicket {
    lastTicket += 1
    return RelayTicket(number: lastTicket)
  }

  func send(_ answer: RelayAnswer, to link: LiveLink) {
    guard link.stage != .closed else { return }
    act(.send(answer.frame, to: [link.id]))
  }

  func refuse(_ request: UInt32, _ reason: RelayRefusalReason, retryAfter: UInt32 = 0, to link: LiveLink) {
    counters.refusals += 1
    send(.refused(RelayRefusal(request: request, reason: reason, retryAfter: retryAfter)), to: link)
  }

  /// Ends a link from this side.
  func close(_ link: LiveLink, _ reason: RelayCloseReason, at now: RelayInstant) {
    guard link.stage != .closed else { return }
    counters.closedLinks += 1
    forget(link)
    act(.close(link.id, reason))
  }

  private func forget(_ link: LiveLink) {
    links[link.id] = nil
    counters.links = links.count
    if let count = addresses[link.address] { addresses[link.address] = count > 1 ? count - 1 : nil }
    link.stage = .closed
    link.held = []
    if let mailbox = link.mailbox {
      mailbox.links.removeAll { $0 === link }
      tell(mailbox, link: link.number, isUp: false)
      link.mailbox = nil
    }
  }

  /// Tells the links of a mailbox that one came or went.
  func tell(_ mailbox: LiveMailbox, link number: UInt32, isUp: Bool) {
    var ready: [RelayLinkID] = []
    for other in mailbox.links where other.number != number {
      if other.isWritable {
        ready.append(other.id)
      } else if other.presence[number] == !isUp {
        // Came and went unseen.
        other.presence[number] = nil
      } else {
        other.presence[number] = isUp
      }
    }
    guard !ready.isEmpty else { return }
    act(.send((isUp ? RelayAnswer.linkUp(number) : .linkDown(number)).frame, to: ready))
  }
}
