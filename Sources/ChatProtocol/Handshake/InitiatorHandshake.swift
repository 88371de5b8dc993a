import Cryptography
import Wire

// The dialling side, one struct a state, one consuming verb each; PROTOCOL 1.4. A verb that throws
// has used its state up, so that what failed cannot go on.

/// INIT is sent; RESP must come.
struct AwaitingResponse: ~Copyable {
  private let sent: SentInitiation
  private let target: DialSetup.Target

  /// What RESP leads to: in mode K this side's AUTH, in mode P its PAIR1.
  enum Next: ~Copyable {
    case confirmation(AwaitingConfirmation)
    case pairingReply(AwaitingPairingReply)
  }

  /// Makes INIT and appends its frame to `output`.
  init(_ setup: DialSetup, sending output: inout [UInt8]) throws(ProtocolFailure) {
    sent = try SentInitiation(
      setup.target.mode, to: setup.target.pin?.profile.profile, as: setup.context.identity,
      in: setup.context.handshake, sending: &output)
    target = setup.target
  }

  /// This dial's `e_I`: while it is unanswered, an INIT that carries it is a reflection.
  var share: [UInt8] { sent.share }

  /// RESP, with the length of one of the groups on offer.
  var gate: FrameGate { sent.gate }

  consuming func receive(
    _ body: Span<UInt8>, sending output: inout [UInt8]
  ) throws(ProtocolFailure) -> Next {
    let target = target
    let core = try sent.receive(body, floor: target.floor)
    switch target {
    case .known(let pin):
      return .confirmation(
        try AwaitingConfirmation(
          core, peer: pin.profile, pairSecret: pin.secret, sending: &output))
    case .firstContact(let name, let password, _, _):
      return .pairingReply(
        try AwaitingPairingReply(core, name: name, password: password, sending: &output))
    }
  }
}

/// Mode P: PAIR1 is sent; PAIR2 must come.
struct AwaitingPairingReply: ~Copyable {
  private var core: HandshakeCore
  private let name: PeerName
  private let exchange: CPaceExchange

  fileprivate init(
    _ core: consuming HandshakeCore, name: PeerName, password: PasswordSecret,
    sending output: inout [UInt8]
  ) throws(ProtocolFailure) {
    let ownName = try core.identity().profile.name
    let exchange = try core.exchange(
      under: password.key,
      channel: HandshakeCore.channel(initiator: ownName.utf8, responder: name.utf8),
      session: core.symmetric.hash)
    var body: [UInt8] = []
    try core.seal(ownName.field + exchange.share, into: &body)
    output.append(frame: .pair1, body: body.span)
    self.core = core
    self.name = name
    self.exchange = exchange
  }

  /// Whether the tag under the password's key was what failed; only then a guess is counted.
  enum Outcome: ~Copyable {
    case proven(AwaitingReplyOwner)
    case wrongPassword
  }

  consuming func receive(_ body: Span<UInt8>) throws(ProtocolFailure) -> Outcome {
    var core = core
    let first = SymmetricState.sealedByteCount(CPace.shareByteCount)
    let second = first + HandshakeCore.sealedProfileByteCount
    let share = try core.open(
      body.extracting(first: first), plaintextByteCount: CPace.shareByteCount)
    do {
      let key: Secret<PasswordSessionKey> = try exchange.sessionKey(as: .initiator, peerShare: share)
      try core.symmetric.mixKey(key, as: .password)
    } catch {
      throw ProtocolFailure(error, as: .pake)
    }
    let claimed: [UInt8]
    do {
      claimed = try core.open(
        body.extracting(first..<second), plaintextByteCount: Profile.byteCount)
    } catch  where error.code == .auth {
      return .wrongPassword
    }
    // es with the key that the profile claims; whoever answers the challenge holds it.
    try core.mixEphemeral(withIdentity: [UInt8](claimed[1..<33]))
    try core.openResponse(.firstOfResponder, body.extracting(droppingFirst: second))
    let peer = try core.identity().proveOther(claimed, named: name)
    return .proven(AwaitingReplyOwner(core: core, peer: peer))
  }
}

/// Mode P: PAIR2 holds; whether another contact owns one of its keys is being looked up.
struct AwaitingReplyOwner: ~Copyable {
  fileprivate var core: HandshakeCore
  let peer: ProvenProfile

  /// Sends AUTH.
  consuming func keysAreFree(
    sending output: inout [UInt8]
  ) throws(ProtocolFailure) -> AwaitingConfirmation {
    try AwaitingConfirmation(core, peer: peer, pairSecret: nil, sending: &output)
  }
}

/// AUTH is sent; FIN must come.
struct AwaitingConfirmation: ~Copyable {
  private var core: HandshakeCore
  private let peer: ProvenProfile

  fileprivate init(
    _ core: consuming HandshakeCore, peer: ProvenProfile, pairSecret: PairSecret?,
    sending output: inout [UInt8]
  ) throws(ProtocolFailure) {
    var body: [UInt8] = []
    try core.seal(try core.identity().profile.bytes, into: &body)
    try core.mixIdentity()
    if let pairSecret { try core.mix(pairSecret.key, as: .pair) }
    try core.sealResponse(.ofInitiator, into: &body)
    output.append(frame: .authentication, body: body.span)
    self.core = core
    self.peer = peer
  }

  consuming func receive(_ body: Span<UInt8>) throws(ProtocolFailure) -> EstablishedSession {
    var core = core
    try core.openResponse(.secondOfResponder, body)
    return try core.establish(peer: peer)
  }
}

extension DialSetup.Target {
  var mode: HandshakeMode {
    switch self {
    case .known: .known
    case .firstContact: .pair
    }
  }

  var pin: Pin? {
    switch self {
    case .known(let pin): pin
    case .firstContact: nil
    }
  }

  var floor: KeyAgreementGroup? {
    switch self {
    case .known(let pin): pin.floor
    case .firstContact(_, _, let floor, _): floor
    }
  }
}

extension IdentityKeys {
  /// The checks that a profile needs whose key is proven: form, name, not our own keys, signature.
  ///
  /// All of them are E_IDENT. That no other contact has its keys is looked up by the driver.
  func proveOther(_ bytes: [UInt8], named name: PeerName) throws(ProtocolFailure) -> ProvenProfile {
    guard let claimed = try? Profile(parsing: bytes.span), claimed.name == name,
      claimed.ikDH != profile.ikDH, claimed.ikSig != profile.ikSig
    else { throw ProtocolFailure(.ident) }
    do {
      return try ProvenProfile(verifying: claimed)
    } catch {
      throw ProtocolFailure(error, as: .ident)
    }
  }
}

extension [UInt8] {
  /// Appends a whole frame; `body` has the length of a handshake message, which always fits.
  mutating func append(frame type: FrameType, body: Span<UInt8>) {
    append(bigEndian: UInt16(truncatingIfNeeded: body.count + 1))
    append(type.rawValue)
    append(copying: body)
  }
}
