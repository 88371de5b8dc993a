import ChatProtocol
import Cryptography
import Wire

/// One end of a relay link under test, with the clock in the test's hand.
final class RelayEnd {
  let machine: RelayLinkMachine
  private(set) var said: [RelayLinkAction] = []
  /// Every turn's bytes, in order.
  private(set) var sent: [[UInt8]] = []
  var now = Moment(nanoseconds: 0)

  init(_ machine: RelayLinkMachine) {
    self.machine = machine
  }

  func start() {
    machine.start(at: now)
    collect()
  }

  func receive(_ bytes: [UInt8]) {
    machine.received(bytes.span, at: now)
    collect()
  }

  func send(_ type: UInt8, _ body: [UInt8]) -> Bool {
    defer { collect() }
    return machine.send(type: type, body: body, at: now)
  }

  func close(_ reason: CloseReason) {
    machine.close(reason, at: now)
    collect()
  }

  func loseLink() {
    machine.linkClosed(at: now)
    collect()
  }

  /// Lets time pass, with every alarm that falls into it.
  func pass(seconds: Int64) {
    let end = now.advanced(bySeconds: seconds)
    while let deadline = machine.deadline, deadline <= end {
      now = max(now, deadline)
      machine.alarm(at: now)
      collect()
    }
    now = end
  }

  private var taken = 0

  /// What was said on the wire since the last call.
  func takeSent() -> [UInt8] {
    defer { taken = sent.count }
    return Array(sent[taken...].joined())
  }

  private func collect() {
    while let action = machine.nextAction() { said.append(action) }
    machine.takeOutbound(at: now) { sent.append([UInt8](copying: $0)) }
    while let action = machine.nextAction() { said.append(action) }
  }

  var summary: RelayLinkSummary? {
    for case .established(let summary) in said { return summary }
    return nil
  }

  var frames: [RelayLinkFrame] {
    said.compactMap { action in
      if case .frame(let type, let body) = action { try? RelayLinkFrame(type: type, body: body) } else { nil }
    }
  }

  var refusal: RelayLinkRefusal? {
    for case .refused(let refusal) in said { return refusal }
    return nil
  }

  var end: RelayLinkEnd? {
    for case .ended(let end) in said { return end }
    return nil
  }

  /// Why it is over; nil while it is not, and after a clean end.
  var code: ChatErrorCode? { refusal?.code ?? end?.code }

  var closesLink: Bool {
    said.contains { if case .closeLink = $0 { true } else { false } }
  }
}

/// A relay, its clients, and what they are made of.
struct RelayCast {
  let relay: IdentityKeys
  let other: IdentityKeys

  init() throws {
    relay = try IdentityKeys.generate(name: PeerName("relay"), entropy: SystemEntropy.shared)
    other = try IdentityKeys.generate(name: PeerName("relay"), entropy: SystemEntropy.shared)
  }

  func context(
    _ groups: [KeyAgreementGroup]? = nil, _ ciphers: [CipherSuite]? = nil, seed: UInt64? = nil,
    shares: OutstandingShares = OutstandingShares()
  ) -> HandshakeContext {
    let entropy: any EntropySource = if let seed { ScriptedEntropy(seed: seed) } else { SystemEntropy.shared }
    return HandshakeContext(
      policy: NegotiationPolicy(groups: groups, ciphers: ciphers), outstandingShares: shares,
      entropy: entropy,
      encapsulation: MLKEM768Encapsulation())
  }

  func client(
    _ profile: Profile? = nil, _ context: HandshakeContext? = nil,
    lifetime: RelayLinkLifetime = RelayLinkLifetime()
  ) -> RelayEnd {
    RelayEnd(
      RelayLinkMachine(
        dialling: RelayDialSetup(context: context ?? self.context(), relay: profile ?? relay.profile),
        lifetime: lifetime))
  }

  func server(
    _ identity: IdentityKeys? = nil, _ context: HandshakeContext? = nil,
    lifetime: RelayLinkLifetime = RelayLinkLifetime()
  ) -> RelayEnd {
    RelayEnd(
      RelayLinkMachine(
        accepting: RelayAcceptSetup(context: context ?? self.context(), identity: identity ?? relay),
        lifetime: lifetime))
  }
}

/// Starts both ends and carries what they say until both are silent.
func meet(_ one: RelayEnd, _ two: RelayEnd) {
  one.start()
  two.start()
  carry(one, two)
}

func carry(_ one: RelayEnd, _ two: RelayEnd) {
  while true {
    let (forth, back) = (one.takeSent(), two.takeSent())
    if forth.isEmpty, back.isEmpty { return }
    if !forth.isEmpty { two.receive(forth) }
    if !back.isEmpty { one.receive(back) }
  }
}
