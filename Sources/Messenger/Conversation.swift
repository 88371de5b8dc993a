import ChatProtocol
import LogFiles
import Transport
import Wire

/// One connection, from the first byte to the last: drives its machine on the event loop.
///
/// Bytes, alarms and answers go into the machine; its actions are carried out here, what blocks of them on
/// other threads. An accepted connection costs nothing but its first bytes until its first message is whole
/// and a place in the handshake queue is free.
final class Conversation {
  enum Origin {
    case dialled(DialRun)
    case accepted
  }

  let core: MessengerCore
  let origin: Origin
  let address: LinkAddress
  let addressKey: String

  private var link: (any Link)?
  private var machine: ConnectionMachine?
  private var openedAt = Moment(nanoseconds: 0)
  private var first = FirstMessage()
  private var isWaitingForWork = false
  private var isInTurn = false
  private var answers: [ConnectionEvent] = []
  private var closing: Bool?

  // Questions of the handshake.
  var contact: Contact?
  var expecting: PinState?
  var guess: Guesses.Guess?
  var heldPin: NewPin?
  /// The user is about to be asked; what else ends meanwhile asks no second time.
  var isProposing = false
  var storageProblem: StorageProblem?
  /// Compare-and-set lost: another run stored its pin first.
  var contactHasChanged = false
  var isCountingGuess = false
  var refusal: HandshakeRefusal?
  /// R, mode K: why the contact that proved its key is sent away.
  var unwanted: UnwantedContact?

  // The session.
  var summary: ChatProtocol.SessionSummary?
  private(set) var since = UnixTime(milliseconds: 0)
  var words: String?
  var log: LogKeeper?
  var logPath: String?
  var logProblem: StorageProblem?
  var isLogDone = false
  var sessionEnd: SessionEnd?
  var isAnnounced = false
  /// The pin that this session confirmed is provisional again.
  var isPinDoubted = false
  /// The peer was blocked meanwhile: what still comes is logged and not shown.
  var isMuted = false
  private var isOver = false
  private var heldEvents: [(event: MessengerEvent, taken: (@Sendable () -> Void)?)] = []
  private(set) var lastText = Moment(nanoseconds: 0)
  var senderClock = SenderClock()
  /// Texts that arrived and that nobody has taken from the events yet.
  var untaken = 0
  var unacknowledged: [MessageID: (text: OutgoingText, since: Moment)] = [:]
  private var sendWaiters: [CheckedContinuation<Void, Never>] = []
  private var endWaiters: [CheckedContinuation<Void, Never>] = []

  init(core: MessengerCore, origin: Origin, address: LinkAddress) {
    self.core = core
    self.origin = origin
    self.address = address
    addressKey = AddressKey.key(address.host)
  }

  var dialRun: DialRun? {
    switch origin {
    case .dialled(let run): run
    case .accepted: nil
    }
  }

  var isDialled: Bool { dialRun != nil }
  var sessionID: SessionID? { summary.map { SessionID(bytes: $0.sessionID) } }
  var epoch: UInt32 { machine?.epoch ?? 0 }
  var peerName: PeerName? { summary?.peer.name }
  var peerProfileID: [UInt8]? { summary?.peer.profileID }
  /// The session is up, and neither side has begun to end it.
  var isOpenForTexts: Bool { isAnnounced && sessionEnd == nil && closing == nil && !isClosingSession }
  var isHandshaking: Bool { summary == nil && !isOver }
  private(set) var isClosingSession = false

  // MARK: Turns

  /// One call into the machine and everything that follows from it.
  private func turn(_ body: (ConnectionMachine) -> Void) {
    guard let machine, !isInTurn else { return }
    isInTurn = true
    body(machine)
    drain(machine)
    isInTurn = false
    settle(machine)
  }

  private func drain(_ machine: ConnectionMachine) {
    while true {
      while let action = machine.nextAction() { perform(action) }
      guard !answers.isEmpty else { return }
      machine.handle(answers.removeFirst(), at: .current)
    }
  }

  /// Tells the machine something, now or after the call that is under way.
  func tell(_ event: ConnectionEvent) {
    if isInTurn {
      answers.append(event)
    } else {
      turn { $0.handle(event, at: .current) }
    }
  }

  /// Tells of several answers in one turn, so that one acknowledgement covers them.
  func tell(all events: [ConnectionEvent]) {
    if isInTurn {
      answers += events
    } else {
      turn { machine in
        for event in events { machine.handle(event, at: .current) }
      }
    }
  }

  private func settle(_ machine: ConnectionMachine) {
    guard let link else { return }
    if closing != nil || link.isWritable {
      machine.takeOutbound(at: .current) { link.write($0) }
      // Acknowledgements are made as the bytes are taken, and texts may have found room.
      isInTurn = true
      drain(machine)
      isInTurn = false
    }
    if let closing {
      self.link = nil
      link.close(afterFlushing: closing)
      return
    }
    link.setAlarm(machine.deadline)
    if machine.wantsToRead { link.resumeReading() } else { link.pauseReading() }
    if machine.canTakeText { resumeSenders() }
  }

  func closeLink(afterFlushing: Bool) {
    closing = afterFlushing
  }

  // MARK: Before the machine

  private func begin(_ now: Moment) {
    let machine: ConnectionMachine
    switch origin {
    case .dialled(let run):
      machine = ConnectionMachine(dialling: run.plan.setup(core.context, run.target.name))
      contact = run.plan.contact
      expecting = run.plan.expecting
    case .accepted:
      machine = ConnectionMachine(
        accepting: AcceptSetup(
          context: core.context, takesFirstContact: core.pairing?.isOpen ?? false))
    }
    self.machine = machine
    // The limit of a handshake counts from the moment the connection was made.
    turn { $0.start(at: openedAt) }
  }

  /// The first message is judged when it is whole, and costs nothing before; a wrong one is refused at
  /// once, since that takes no work.
  private func judgeFirstBytes(_ now: Moment) {
    switch first.standing(.initiation) {
    case .unfinished:
      return
    case .wrong:
      work(now)
    case .whole:
      if core.wantsToWork(self) {
        work(now)
      } else {
        isWaitingForWork = true
        link?.pauseReading()
      }
    }
  }

  /// A place in the queue became free.
  func mayWork() {
    guard isWaitingForWork, let link else { return }
    isWaitingForWork = false
    work(.current)
    link.resumeReading()
  }

  private func work(_ now: Moment) {
    guard machine == nil else { return }
    begin(now)
    let bytes = first.take()
    turn { $0.received(bytes.span, at: now) }
  }

  /// Lets go of a connection that has proven nothing, in silence.
  func shed() {
    guard isHandshaking else { return }
    first = FirstMessage()
    link?.close(afterFlushing: false)
  }

  // MARK: The user's side

  var canTakeText: Bool { isOpenForTexts && (machine?.canTakeText ?? false) }

  func waitToSend(_ continuation: CheckedContinuation<Void, Never>) {
    sendWaiters.append(continuation)
  }

  private func resumeSenders() {
    // One at a time keeps their order; each text taken makes a turn, which comes back here.
    guard !sendWaiters.isEmpty else { return }
    sendWaiters.removeFirst().resume()
  }

  /// Who was let in to send does not.
  func passOn() {
    if canTakeText { resumeSenders() }
  }

  func send(_ text: OutgoingText) {
    lastText = .current
    unacknowledged[text.id] = (text, .current)
    tell(.send(text))
  }

  func close(_ reason: CloseReason) {
    guard sessionEnd == nil else { return }
    isClosingSession = true
    if machine == nil {
      shed()
    } else {
      tell(.close(reason))
    }
  }

  func waitForEnd(_ continuation: CheckedContinuation<Void, Never>) {
    if isOver { continuation.resume() } else { endWaiters.append(continuation) }
  }

  // MARK: Events

  /// Events of a session wait until it is announced.
  func emit(_ event: MessengerEvent, taken: (@Sendable () -> Void)? = nil) {
    if isAnnounced || summary == nil {
      core.events.put(event, taken: taken)
    } else {
      heldEvents.append((event, taken))
    }
  }

  func noteText() { lastText = .current }

  /// How it looks beside other sessions with the same contact; what waits for somebody is never idle.
  var asDouble: IdleDoubles.Session {
    IdleDoubles.Session(
      id: sessionID?.bytes ?? [], contact: peerProfileID ?? [], isDialled: isDialled,
      lastText: unacknowledged.isEmpty && untaken == 0 ? lastText : .current)
  }
  func noteUp() { since = .now }

  /// Says that the session is up, when its log stands and the words are known.
  func announceIfReady() {
    guard !isAnnounced, !isOver, let event = connectedEvent() else { return }
    isAnnounced = true
    core.events.put(.connected(event))
    for held in heldEvents { core.events.put(held.event, taken: held.taken) }
    heldEvents = []
    core.servedOne(self)
    core.sessionIsUp?(event.peer)
    dialRun?.end(.up(event.session))
    if let machine, !isInTurn { settle(machine) }
    concludeIfReady()
  }

  // MARK: The end

  /// Everything is over when the machine is, the log is on the disk and the session was announced, or
  /// never will be.
  func concludeIfReady() {
    guard !isOver else { return }
    if let end = sessionEnd {
      guard isLogDone, isAnnounced || hasNothingToAnnounce else { return }
      if isVerification { concludeVerification(end) } else { concludeSession(end) }
    } else if let refusal {
      guard !isCountingGuess else { return }
      concludeRefusal(refusal)
    } else if machine == nil && link == nil {
      // Nothing was said: nothing to tell.
      dialRun?.end(.failed(.stopped))
      over()
    }
  }

  /// No log ever stood, so that nothing was acknowledged. Where one stood and failed, what it holds was
  /// perhaps acknowledged by now, and is shown when the words are known.
  private var hasNothingToAnnounce: Bool { isVerification || (logProblem != nil && logPath == nil) }

  var isVerification: Bool { summary?.isVerification ?? false }

  /// Ends what cannot end by itself in time: a log on a disk that does not answer.
  func abandon() {
    link?.close(afterFlushing: false)
    link = nil
    dialRun?.end(.failed(.stopped))
    over()
  }

  func over() {
    guard !isOver else { return }
    isOver = true
    core.keepUnconfirmed(unacknowledged.values.map(\.text))
    unacknowledged = [:]
    // A machine that calls back late finds nobody; its secrets are wiped with it.
    machine = nil
    let waiters = sendWaiters + endWaiters
    sendWaiters = []
    endWaiters = []
    for waiter in waiters { waiter.resume() }
    core.ended(self)
  }
}

extension Conversation: LinkDriver {
  func linkOpened(_ link: any Link, at now: Moment) {
    self.link = link
    openedAt = now
    switch origin {
    case .dialled(let run):
      core.began(self)
      run.conversation = self
      if run.isOver || core.isShuttingDown {
        link.close(afterFlushing: false)
      } else {
        begin(now)
      }
    case .accepted:
      core.cameIn(self)
      if core.isShuttingDown || core.hasServedOne {
        link.close(afterFlushing: false)
      } else {
        link.setAlarm(now.advanced(bySeconds: Limits.handshakeSeconds))
      }
    }
  }

  func received(_ bytes: Span<UInt8>, at now: Moment) {
    if machine == nil {
      first.keep(bytes)
      if !isWaitingForWork { judgeFirstBytes(now) }
    } else {
      turn { $0.received(bytes, at: now) }
    }
  }

  func linkBecameWritable(at now: Moment) {
    if let machine, !isInTurn { settle(machine) }
  }

  func alarm(at now: Moment) {
    guard machine != nil else {
      // Silent for too long, or the queue was.
      if !first.bytes.isEmpty { tellUnheard(.timeout) }
      first = FirstMessage()
      link?.close(afterFlushing: false)
      return
    }
    turn { $0.alarm(at: now) }
  }

  func linkClosed(_ cause: LinkEnd, at now: Moment) {
    if machine == nil && !first.bytes.isEmpty { tellUnheard(.closed) }
    link = nil
    turn { $0.handle(.linkClosed, at: now) }
    if summary == nil { core.stoppedWorking(self) }
    concludeIfReady()
  }
}
