import ChatProtocol
import Cryptography
import Wire

/// Two machines face to face in one process, whose drivers answer every question at once: what a handshake
/// costs without a network, a disk or a password hash.
final class MachinePair {
  enum Mode { case known, pair }

  private final class Side {
    let machine: ConnectionMachine
    let contact: Pin?
    let password: PasswordSecret?
    var isUp = false

    init(_ machine: ConnectionMachine, contact: Pin?, password: PasswordSecret?) {
      self.machine = machine
      self.contact = contact
      self.password = password
    }

    func settle(at now: Moment) {
      while let action = machine.nextAction() {
        switch action {
        case .lookUpPairing: machine.handle(.pairing(PairingAnswer(password: password)), at: now)
        case .spendGuess, .confirmPin, .raiseFloor, .storePin: machine.handle(.stored, at: now)
        case .lookUpContact: machine.handle(.contact(ContactAnswer(pin: contact)), at: now)
        case .lookUpKeyOwner: machine.handle(.keyOwner(isAnother: false), at: now)
        case .connected: isUp = true
        default: break
        }
      }
    }

    func outbound(at now: Moment) -> [UInt8] {
      var bytes: [UInt8] = []
      machine.takeOutbound(at: now) { bytes.append(copying: $0) }
      return bytes
    }
  }

  private let alice: IdentityKeys
  private let bob: IdentityKeys
  private let group: KeyAgreementGroup
  private let mode: Mode

  init(_ mode: Mode, _ group: KeyAgreementGroup) throws {
    alice = try IdentityKeys.generate(name: PeerName("alice"), entropy: SystemEntropy.shared)
    bob = try IdentityKeys.generate(name: PeerName("bob"), entropy: SystemEntropy.shared)
    self.mode = mode
    self.group = group
  }

  private func pin(of identity: IdentityKeys) throws -> Pin {
    let region = try GuardedRegion(byteCount: 64)
    return Pin(
      profile: try ProvenProfile(verifying: identity.profile),
      secret: PairSecret(try Secret<PairPreSharedKey>(in: region)), floor: group, standing: .confirmed,
      isVerified: false, pairedAt: UnixTime(milliseconds: 0), verifiedAt: nil)
  }

  private func context(of identity: IdentityKeys) -> ConnectionContext {
    ConnectionContext(
      identity: identity, policy: NegotiationPolicy(groups: [group], ciphers: [.aes256CBCHMACCRC32]),
      outstandingShares: OutstandingShares(), seenMessages: SeenMessages(), entropy: SystemEntropy.shared,
      encapsulation: MLKEM768Encapsulation())
  }

  /// One handshake, until both sides are up. What is made once for many, pins and password hash, is left out of
  /// `body`, which runs the handshake itself.
  func prepare() throws -> () throws -> Void {
    let password = PasswordSecret(try Secret<PasswordRelatedString>(in: GuardedRegion(byteCount: 64)))
    let target: DialSetup.Target =
      switch mode {
      case .known: .known(try pin(of: bob))
      case .pair:
        .firstContact(name: bob.profile.name, password: password, floor: nil, purpose: .conversation)
      }
    let contact = mode == .known ? try pin(of: alice) : nil
    return { [self] in
      let now = Moment(nanoseconds: 0)
      let one = Side(
        ConnectionMachine(dialling: DialSetup(context: context(of: alice), target: target)), contact: nil,
        password: nil)
      let two = Side(
        ConnectionMachine(
          accepting: AcceptSetup(context: context(of: bob), takesFirstContact: mode == .pair)),
        contact: contact, password: password)
      one.machine.start(at: now)
      two.machine.start(at: now)
      one.settle(at: now)
      for _ in 0..<8 where !(one.isUp && two.isUp) {
        for (from, to) in [(one, two), (two, one)] {
          let bytes = from.outbound(at: now)
          to.machine.received(bytes.span, at: now)
          to.settle(at: now)
        }
      }
      guard one.isUp, two.isUp else { throw Failed("the two machines did not agree") }
    }
  }
}
