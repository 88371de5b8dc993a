import ChatProtocol
import Cryptography
import Wire

/// The driver of one machine: what the messenger is in the product.
final class Endpoint {
  /// Deliberate faults, which the invariants must find.
  enum Fault {
    case none
    /// Says that a log record is synced before it is.
    case answersBeforeSync
    /// Forgets which texts were shown.
    case forgetsShownTexts
    /// The two sides of a rekey get different secrets from the KEM.
    case splitsRekeys
  }

  let machine: ConnectionMachine
  let party: Party
  let process: Party.Process
  private let peer: PeerName
  private let link: SimulatedLink
  private let side: Int
  private let judge: Judge
  private let fault: Fault
  private var isAlive = true
  private var isPumping = false
  private var alarms = 0
  private var answers: [ConnectionEvent] = []
  private var pinVersion: Int
  private var sessionID: [UInt8] = []
  private var unsynced: [(entry: LogEntry, ticket: LogTicket)] = []
  private var isSyncing = false
  private var records: UInt64 = 0
  /// What this session was made with, or made.
  private var pin: Pin?
  private let isDialling: Bool
  private let isFirstContact: Bool
  private var isCounted = false
  private var lastOrdinal: UInt64 = 0

  private(set) var summary: SessionSummary?
  /// The epochs that its log was told of.
  var epochs: [UInt64] = []
  private(set) var end: SessionEnd?
  private(set) var refusal: HandshakeRefusal?
  var isOver: Bool { end != nil || refusal != nil || !isAlive }

  /// The password of the other's entry; `nil`: this side takes no first contact.
  private let password: PasswordSecret?

  init(
    party: Party, peer: PeerName, target: DialSetup.Target?, password: PasswordSecret?,
    link: SimulatedLink, side: Int, judge: Judge, fault: Fault
  ) {
    self.party = party
    self.peer = peer
    self.password = password
    self.link = link
    self.side = side
    self.judge = judge
    self.fault = fault
    process = party.process
    isDialling = target != nil
    if case .firstContact = target { isFirstContact = true } else { isFirstContact = false }
    if isFirstContact { process.firstContacts += 1 }
    pinVersion = party.disk.pinVersion
    var context = party.context
    if case .forgetsShownTexts = fault { context.seenMessages = SeenMessages() }
    if case .splitsRekeys = fault { context.encapsulation = SplitEncapsulation() }
    if let target {
      machine = ConnectionMachine(dialling: DialSetup(context: context, target: target))
    } else {
      machine = ConnectionMachine(
        accepting: AcceptSetup(context: context, takesFirstContact: password != nil))
    }
    process.endpoints.append(self)
    link.attach(side) { [weak self] news in self?.received(news) }
  }

  private var world: World { party.world }

  func start() {
    machine.start(at: world.now)
    pump()
  }

  /// The process is gone: nothing of it happens any more.
  func die(silently: Bool) {
    isAlive = false
    if silently { link.abandon(side) } else { link.cut() }
  }

  func send(_ text: OutgoingText) {
    judge.taken(text, by: party)
    tell(.send(text))
  }

  func close(_ reason: CloseReason) { tell(.close(reason)) }

  func tell(_ event: ConnectionEvent) {
    guard isAlive else { return }
    answers.append(event)
    pump()
  }

  private func received(_ news: SimulatedLink.LinkNews) {
    guard isAlive else { return }
    switch news {
    case .bytes(let bytes):
      machine.received(bytes.span, at: world.now)
    case .closed:
      machine.handle(.linkClosed, at: world.now)
    }
    pump()
  }

  private func pump() {
    guard !isPumping else { return }
    isPumping = true
    defer { isPumping = false }
    repeat {
      while let action = machine.nextAction() { perform(action) }
      guard !answers.isEmpty else { break }
      machine.handle(answers.removeFirst(), at: world.now)
    } while true
    machine.takeOutbound(at: world.now) { link.write([UInt8](copying: $0), from: side) }
    alarms += 1
    guard let deadline = machine.deadline else { return }
    let alarm = alarms
    world.at(deadline) { [weak self] in
      guard let self, isAlive, alarm == alarms else { return }
      machine.alarm(at: world.now)
      pump()
    }
  }

  private func later(_ event: @escaping (Bool) -> ConnectionEvent) -> (Bool) -> Void {
    { [weak self] succeeded in self?.tell(event(succeeded)) }
  }

  private func perform(_ action: ConnectionAction) {
    let disk = party.disk
    switch action {
    case .lookUpPairing(let claimed):
      pinVersion = disk.pinVersion
      let mayPair = claimed.name == peer && disk.pin?.standing != .confirmed
      let hasGuess = disk.guesses[claimed.guessKey, default: 0] < 5
      answers.append(
        .pairing(
          PairingAnswer(password: mayPair && hasGuess ? password : nil, floor: disk.pin?.floor)))
    case .spendGuess(let claimed):
      disk.spend(claimed.guessKey, done: later { $0 ? .stored : .storeFailed })
    case .returnGuess(let claimed): disk.giveBack(claimed.guessKey)
    case .releaseGuess, .dialGuessFailed, .step, .peerClosing, .pinHeld, .notSent, .groupRecord: break
    case .lookUpContact(let key):
      let known = disk.pin.flatMap { $0.profile.profile.ikDH == key ? $0 : nil }
      pin = known
      answers.append(.contact(ContactAnswer(pin: known)))
    case .lookUpKeyOwner: answers.append(.keyOwner(isAnother: false))
    case .storePin(let newPin):
      let pin = Pin(
        profile: newPin.profile, secret: newPin.secret, floor: newPin.floor,
        standing: newPin.standing, isVerified: false, pairedAt: UnixTime(milliseconds: 0),
        verifiedAt: nil)
      self.pin = pin
      // Two first contacts that cross, one dialled from each side, would leave two different pins.
      guard isDialling || process.firstContacts == 0 else {
        answers.append(.storeFailed)
        return
      }
      disk.store(pin, over: pinVersion, done: later { $0 ? .stored : .storeFailed })
    case .confirmPin:
      guard let pin else { return }
      disk.confirm(pin, done: later { $0 ? .stored : .storeFailed })
    case .raiseFloor: answers.append(.stored)
    case .connected(let summary):
      self.summary = summary
      firstContactIsOver()
      sessionID = summary.sessionID
    case .log(let entry, let ticket):
      if case .rekey(let epoch) = entry { judge.rekeyed(self, to: epoch) }
      unsynced.append((entry, ticket))
      judge.appended(entry, by: party)
      if case .answersBeforeSync = fault {
        answers.append(.logged(ticket, nextPosition()))
      }
      sync()
    case .deliver(let text):
      judge.shown(text, by: party)
      if text.ordinal <= lastOrdinal { judge.find("a session's texts were shown out of order") }
      lastOrdinal = text.ordinal
      let credit = text.creditBytes
      world.after(milliseconds: world.milliseconds(0...50)) { [weak self] in
        self?.tell(.credit(bytes: credit))
      }
    case .delivered(let receipt):
      judge.acknowledged(receipt, to: party)
      process.unacknowledged.removeAll { receipt.ids.contains($0.id) }
    case .refused(let refusal):
      self.refusal = refusal
      firstContactIsOver()
    case .ended(let end): self.end = end
    case .closeLink(let afterFlushing):
      if afterFlushing {
        machine.takeOutbound(at: world.now) { link.write([UInt8](copying: $0), from: side) }
      }
      link.close(from: side)
    }
  }

  private func firstContactIsOver() {
    guard isFirstContact, !isCounted else { return }
    isCounted = true
    process.firstContacts -= 1
  }

  /// One sync at a time; the next takes all that queued meanwhile.
  private func sync() {
    guard !isSyncing, !unsynced.isEmpty else { return }
    isSyncing = true
    let batch = unsynced
    unsynced = []
    let lines = batch.compactMap { entry, _ -> Disk.Line? in
      guard case .message(let message) = entry else { return nil }
      return Disk.Line(
        session: sessionID, direction: message.direction, ordinal: message.ordinal,
        identifier: message.identifier, text: message.text)
    }
    party.disk.append(lines) { [weak self] succeeded in
      guard let self, isAlive else { return }
      isSyncing = false
      guard succeeded else {
        unsynced = []
        tell(.logFailed)
        return
      }
      if case .answersBeforeSync = fault {
      } else {
        for (_, ticket) in batch { answers.append(.logged(ticket, nextPosition())) }
      }
      pump()
      sync()
    }
  }

  private func nextPosition() -> LoggedPosition {
    records += 1
    return LoggedPosition(record: records, tag: [UInt8](repeating: 7, count: 32))
  }
}
