import Cryptography
import Wire

// The accepting side, one struct a state, one consuming verb each; PROTOCOL 1.4. A verb that throws
// has used its state up, so that what failed cannot go on.

/// INIT of a user, in mode K or P.
enum ResponderHandshake {
  enum Next: ~Copyable {
    case pairingRequest(AwaitingPairingRequest)
    case authentication(AwaitingAuthentication)
  }

  static func receive(
    initiation body: Span<UInt8>, _ setup: AcceptSetup, sending output: inout [UInt8]
  ) throws(ProtocolFailure) -> Next {
    let core = try AnsweredInitiation.receive(
      body, as: setup.context.identity, in: setup.context.handshake, refusal: setup.refusal, sending: &output)
    guard core.mode.knowsResponder else { return .pairingRequest(AwaitingPairingRequest(core: core)) }
    return .authentication(AwaitingAuthentication(core: core, pairing: nil))
  }
}

extension AcceptSetup {
  /// Why an INIT of this mode is not taken now.
  fileprivate func refusal(_ mode: HandshakeMode) -> ChatErrorCode? {
    switch mode {
    case .known: nil
    case .pair: takesFirstContact ? nil : .policy
    // Relay links go to relays.
    case .relay: .policy
    }
  }
}

/// Mode P: RESP is sent; PAIR1 must come.
struct AwaitingPairingRequest: ~Copyable {
  fileprivate var core: HandshakeCore

  consuming func receive(
    _ body: Span<UInt8>
  ) throws(ProtocolFailure) -> AwaitingPairingAnswer {
    var core = core
    // CPace's sid is h after RESP: before PAIR1 moves it on.
    let passwordSession = core.symmetric.hash
    let opened = try core.open(
      body, plaintextByteCount: PeerName.fieldByteCount + CPace.shareByteCount)
    let field = [UInt8](opened.prefix(PeerName.fieldByteCount))
    let claimed = ClaimedName(field: field, name: try? PeerName(field: field.span))
    return AwaitingPairingAnswer(
      core: core, claimed: claimed, passwordSession: passwordSession,
      share: [UInt8](opened.dropFirst(PeerName.fieldByteCount)))
  }
}

/// Mode P: which password goes with the claimed name is being looked up.
struct AwaitingPairingAnswer: ~Copyable {
  fileprivate var core: HandshakeCore
  let claimed: ClaimedName
  fileprivate let passwordSession: [UInt8]
  fileprivate let share: [UInt8]

  /// Makes the exchange under the password, or under a random one: same work, same bytes.
  consuming func answer(
    _ answer: PairingAnswer
  ) throws(ProtocolFailure) -> AwaitingGuessSpent {
    let (share, claimed, passwordSession) = (share, claimed, passwordSession)
    let core = core
    let identity = try core.identity().profile
    var password = try core.randomSecret(PasswordRelatedString.self)
    if let known = answer.password, let name = claimed.name, name != identity.name {
      try checking(as: .state) { () throws(CryptographyError) in
        try password.copy(from: known.key)
      }
    }
    let exchange = try core.exchange(
      under: password,
      channel: HandshakeCore.channel(initiator: claimed.rawName, responder: identity.name.utf8),
      session: passwordSession)
    let ownShare = exchange.share
    let key: Secret<PasswordSessionKey>
    do {
      key = try exchange.sessionKey(as: .responder, peerShare: share)
    } catch {
      throw ProtocolFailure(error, as: .pake)
    }
    return AwaitingGuessSpent(
      core: core, key: key, share: ownShare,
      pairing: PairingRun(claimed: claimed, floor: answer.floor, purpose: answer.purpose))
  }
}

/// What R knows of a first contact from PAIR1 on.
struct PairingRun {
  let claimed: ClaimedName
  let floor: KeyAgreementGroup?
  let purpose: PairingPurpose
}

/// Mode P: the guess is being written; PAIR2 is sent only when it is durable.
struct AwaitingGuessSpent: ~Copyable {
  fileprivate var core: HandshakeCore
  fileprivate let key: Secret<PasswordSessionKey>
  fileprivate let share: [UInt8]
  fileprivate let pairing: PairingRun

  consuming func guessSpent(
    sending output: inout [UInt8]
  ) throws(ProtocolFailure) -> AwaitingAuthentication {
    var core = core
    var body: [UInt8] = []
    try core.seal(share, into: &body)
    try core.mix(key, as: .password)
    try core.seal(try core.identity().profile.bytes, into: &body)
    try core.mixIdentity()
    try core.sealResponse(.firstOfResponder, into: &body)
    output.append(frame: .pair2, body: body.span)
    return AwaitingAuthentication(core: core, pairing: pairing)
  }
}

/// RESP (K) or PAIR2 (P) is sent; AUTH must come.
struct AwaitingAuthentication: ~Copyable {
  fileprivate var core: HandshakeCore
  /// Nil in mode K.
  let pairing: PairingRun?

  enum Next: ~Copyable {
    case contact(AwaitingContact)
    case keyOwner(AwaitingKeyOwner)
  }

  consuming func receive(_ body: Span<UInt8>) throws(ProtocolFailure) -> Next {
    var core = core
    let first = HandshakeCore.sealedProfileByteCount
    let profile = try core.open(
      body.extracting(first: first), plaintextByteCount: Profile.byteCount)
    let sealedResponse = [UInt8](copying: body.extracting(droppingFirst: first))
    guard let pairing else {
      return .contact(
        AwaitingContact(core: core, claimed: profile, sealedResponse: sealedResponse))
    }
    try core.mixEphemeral(withIdentity: [UInt8](profile[1..<33]))
    try core.openResponse(.ofInitiator, sealedResponse.span)
    guard let name = pairing.claimed.name else { throw ProtocolFailure(.ident) }
    let peer = try core.identity().proveOther(profile, named: name)
    return .keyOwner(AwaitingKeyOwner(core: core, peer: peer, pairing: pairing))
  }
}

/// Mode K: whether the key in AUTH is pinned is being looked up.
struct AwaitingContact: ~Copyable {
  fileprivate var core: HandshakeCore
  fileprivate let claimed: [UInt8]
  fileprivate let sealedResponse: [UInt8]

  var agreementKey: [UInt8] { [UInt8](claimed[1..<33]) }

  /// Makes FIN; an unknown key goes on with a random pair secret and fails as a wrong one does.
  consuming func answer(
    _ pin: Pin?, sending output: inout [UInt8]
  ) throws(ProtocolFailure) -> EstablishedSession {
    let (agreementKey, claimed, sealedResponse) = (agreementKey, claimed, sealedResponse)
    var core = core
    try core.mixEphemeral(withIdentity: agreementKey)
    var secret = try core.randomSecret(PairPreSharedKey.self)
    if let pin {
      try checking(as: .state) { () throws(CryptographyError) in
        try secret.copy(from: pin.secret.key)
      }
    }
    try core.mix(secret, as: .pair)
    try core.openResponse(.ofInitiator, sealedResponse.span)
    guard let pin else { throw ProtocolFailure(.auth) }
    let peer = try pin.requireSame(claimed)
    guard core.group.strength >= pin.floor.strength else { throw ProtocolFailure(.downgrade) }
    return try core.confirm(peer, sending: &output)
  }
}

/// Mode P: AUTH holds; whether another contact owns one of its keys is being looked up.
struct AwaitingKeyOwner: ~Copyable {
  fileprivate var core: HandshakeCore
  let peer: ProvenProfile
  let pairing: PairingRun

  /// Makes FIN, which is withheld until the pin is stored.
  consuming func keysAreFree(
    sending output: inout [UInt8]
  ) throws(ProtocolFailure) -> EstablishedSession {
    let core = core
    if let floor = pairing.floor, core.group.strength < floor.strength {
      throw ProtocolFailure(.downgrade)
    }
    return try core.confirm(peer, sending: &output)
  }
}

extension HandshakeCore {
  /// Makes FIN and the session's keys.
  fileprivate consuming func confirm(
    _ peer: ProvenProfile, sending output: inout [UInt8]
  ) throws(ProtocolFailure) -> EstablishedSession {
    var body: [UInt8] = []
    try sealResponse(.secondOfResponder, into: &body)
    output.append(frame: .finish, body: body.span)
    return try establish(peer: peer)
  }
}

extension Pin {
  /// The proven profile of a contact that comes back: its 129 bytes are the pin's, and its signature
  /// is the pin's or verifies.
  fileprivate func requireSame(_ claimed: [UInt8]) throws(ProtocolFailure) -> ProvenProfile {
    guard let profile = try? Profile(parsing: claimed.span),
      profile.signedBytes == self.profile.profile.signedBytes
    else { throw ProtocolFailure(.ident) }
    if profile.signature == self.profile.profile.signature { return self.profile }
    do {
      return try ProvenProfile(verifying: profile)
    } catch {
      throw ProtocolFailure(error, as: .ident)
    }
  }
}

extension ClaimedName {
  /// The bytes that stand for the name in CPace's channel: the name's own, or the whole field of a
  /// claim that is none, which fails in the same way.
  var rawName: [UInt8] { name?.utf8 ?? field }
}
