import ChatProtocol
import Cryptography
import Wire

/// One machine with a driver that answers at once, and everything it said.
final class TestPeer {
  let machine: ConnectionMachine
  let identity: IdentityKeys
  var now = Moment(nanoseconds: 0)

  /// Who is known by key, and which passwords go with a name.
  var contact: Pin?
  var password: PasswordSecret?
  /// The floor of an older pin of a name that pairs.
  var floor: KeyAgreementGroup?
  var keysBelongToAnother = false
  var storingFails = false
  var answersLogs = true
  var ticketsWaiting: [LogTicket] = []

  private(set) var said: [ConnectionAction] = []
  private(set) var refusal: HandshakeRefusal?
  private(set) var end: SessionEnd?
  private(set) var summary: SessionSummary?
  private(set) var shown: [ReceivedText] = []
  private(set) var receipts: [DeliveryReceipt] = []
  private(set) var stored: [NewPin] = []
  private(set) var closesLink: Bool?
  private var records: UInt64 = 0

  init(_ machine: ConnectionMachine, _ identity: IdentityKeys) {
    self.machine = machine
    self.identity = identity
    machine.start(at: now)
    settle()
  }

  /// The code that its user sees.
  var code: ChatErrorCode? { refusal?.code ?? end?.code }
  var isUp: Bool { summary != nil && end == nil }

  func receive(_ bytes: [UInt8]) {
    machine.received(bytes.span, at: now)
    settle()
  }

  func tell(_ event: ConnectionEvent) {
    machine.handle(event, at: now)
    settle()
  }

  func pass(seconds: Int64) {
    let then = now.advanced(bySeconds: seconds)
    while let deadline = machine.deadline, deadline <= then {
      now = max(now, deadline)
      machine.alarm(at: now)
      settle()
    }
    now = then
    machine.alarm(at: now)
    settle()
  }

  /// What it sends now, as whole frames.
  func sent() -> [[UInt8]] { splitFrames(machine.outbound(at: now)) }

  func say(_ text: String, _ stream: MessageStream) {
    tell(.send(stream.next(text: Array(text.utf8), at: UnixTime(milliseconds: 1))))
  }

  func answerLogs() {
    let tickets = ticketsWaiting
    ticketsWaiting = []
    for ticket in tickets { answer(ticket) }
    settle()
  }

  private func answer(_ ticket: LogTicket) {
    records += 1
    machine.handle(
      .logged(ticket, LoggedPosition(record: records, tag: [UInt8](repeating: 3, count: 32))), at: now)
  }

  private func settle() {
    while let action = machine.nextAction() {
      said.append(action)
      switch action {
      case .lookUpPairing: machine.handle(.pairing(PairingAnswer(password: password, floor: floor)), at: now)
      case .spendGuess, .confirmPin, .raiseFloor:
        machine.handle(storingFails ? .storeFailed : .stored, at: now)
      case .storePin(let pin):
        if !storingFails { stored.append(pin) }
        machine.handle(storingFails ? .storeFailed : .stored, at: now)
      case .lookUpContact(let key):
        let known = contact.flatMap { $0.profile.profile.ikDH == key ? $0 : nil }
        machine.handle(.contact(ContactAnswer(pin: known)), at: now)
      case .lookUpKeyOwner: machine.handle(.keyOwner(isAnother: keysBelongToAnother), at: now)
      case .connected(let summary): self.summary = summary
      case .log(_, let ticket):
        if answersLogs { answer(ticket) } else { ticketsWaiting.append(ticket) }
      case .deliver(let text):
        shown.append(text)
        machine.handle(.credit(bytes: text.creditBytes), at: now)
      case .delivered(let receipt): receipts.append(receipt)
      case .refused(let refusal): self.refusal = refusal
      case .ended(let end): self.end = end
      case .closeLink(let afterFlushing): closesLink = afterFlushing
      case .releaseGuess, .returnGuess, .pinHeld, .dialGuessFailed, .step, .notSent, .peerClosing,
        .groupRecord:
        break
      }
    }
  }
}

/// Whole frames, one after the other; a rest that is none is given as it is.
func splitFrames(_ bytes: [UInt8]) -> [[UInt8]] {
  var frames: [[UInt8]] = []
  var rest = bytes[...]
  while rest.count >= 3 {
    let count = min(rest.count, 2 + Int(rest[rest.startIndex]) << 8 + Int(rest[rest.startIndex + 1]))
    frames.append(Array(rest.prefix(count)))
    rest = rest.dropFirst(count)
  }
  return frames
}

/// Alice, who dials, and Bob, who accepts, and what they know of each other.
struct Cast {
  let alice: IdentityKeys
  let bob: IdentityKeys
  let carol: IdentityKeys
  let pairSecret = [UInt8](repeating: 0x42, count: 32)
  let password = [UInt8](repeating: 0x21, count: 32)

  init() throws {
    let entropy = ScriptedEntropy(seed: 7)
    alice = try IdentityKeys.generate(name: PeerName("alice"), entropy: entropy)
    bob = try IdentityKeys.generate(name: PeerName("bob"), entropy: entropy)
    carol = try IdentityKeys.generate(name: PeerName("carol"), entropy: entropy)
  }

  func pin(of identity: IdentityKeys, secret: [UInt8]? = nil) throws -> Pin {
    Pin(
      profile: try ProvenProfile(verifying: identity.profile),
      secret: try makePairSecret(secret ?? pairSecret), floor: .x25519MLKEM768,
      standing: .confirmed, isVerified: false, pairedAt: UnixTime(milliseconds: 0), verifiedAt: nil)
  }

  func context(
    of identity: IdentityKeys, seed: UInt64? = nil, shares: OutstandingShares? = nil,
    seen: SeenMessages? = nil, ciphers: [CipherSuite] = [.aes256CBCHMACCRC32]
  ) -> ConnectionContext {
    let entropy: any EntropySource = seed.map { ScriptedEntropy(seed: $0) } ?? SystemEntropy.shared
    return ConnectionContext(
      identity: identity,
      policy: NegotiationPolicy(groups: [.x25519MLKEM768], ciphers: ciphers),
      outstandingShares: shares ?? OutstandingShares(), seenMessages: seen ?? SeenMessages(),
      entropy: entropy, encapsulation: MLKEM768Encapsulation(), reportsSteps: true)
  }

  /// Somebody who dials Bob as a contact.
  func dialling(
    _ identity: IdentityKeys? = nil, to other: IdentityKeys? = nil,
    _ context: ConnectionContext? = nil
  ) throws -> TestPeer {
    let identity = identity ?? alice
    let context = context ?? self.context(of: identity)
    let target = DialSetup.Target.known(try pin(of: other ?? bob))
    return TestPeer(
      ConnectionMachine(dialling: DialSetup(context: context, target: target)), identity)
  }

  /// Somebody who dials Bob for the first time.
  func diallingFirst(
    _ identity: IdentityKeys? = nil, password: [UInt8]? = nil, to name: PeerName? = nil,
    purpose: PairingPurpose = .conversation, _ context: ConnectionContext? = nil
  ) throws -> TestPeer {
    let identity = identity ?? alice
    let context = context ?? self.context(of: identity)
    let target = DialSetup.Target.firstContact(
      name: name ?? bob.profile.name, password: try makePasswordSecret(password ?? self.password),
      floor: nil, purpose: purpose)
    return TestPeer(
      ConnectionMachine(dialling: DialSetup(context: context, target: target)), identity)
  }

  /// Bob, who knows Alice and takes her first contact, too.
  func accepting(
    _ context: ConnectionContext? = nil, takesFirstContact: Bool = true, knows: Bool = true
  ) throws -> TestPeer {
    let context = context ?? self.context(of: bob)
    let peer = TestPeer(
      ConnectionMachine(
        accepting: AcceptSetup(context: context, takesFirstContact: takesFirstContact)),
      context.identity)
    if knows { peer.contact = try pin(of: alice) }
    peer.password = try makePasswordSecret(password)
    return peer
  }

  /// Carries everything to and fro until both are silent.
  func talk(_ one: TestPeer, _ two: TestPeer) {
    var isSilent = false
    while !isSilent {
      isSilent = true
      for (from, to) in [(one, two), (two, one)] {
        for frame in from.sent() {
          isSilent = false
          to.receive(frame)
        }
      }
    }
  }

  /// A session that is up on both sides.
  func session() throws -> (TestPeer, TestPeer) {
    let (one, two) = (try dialling(), try accepting())
    talk(one, two)
    return (one, two)
  }
}
