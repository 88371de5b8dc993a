import Cryptography
import Wire

// The accepting side, one struct a state, one consuming verb each; PROTOCOL 1.4. A verb that throws
// has used its state up, so that what failed cannot go on.

/// RESP is made from a whole INIT, in the order of 1.4's checks.
///
/// In mode K nothing is sent and no KEM work is done before INIT's tag verifies. Every refusal is
/// silent.
enum ResponderHandshake {
  enum Next: ~Copyable {
    case pairingRequest(AwaitingPairingRequest)
    case authentication(AwaitingAuthentication)
  }

  static func receive(
    initiation body: Span<UInt8>, _ setup: AcceptSetup, sending output: inout [UInt8]
  ) throws(ProtocolFailure) -> Next {
    let context = setup.context
    let initiation: Initiation
    do {
      initiation = try Initiation(parsing: body)
    } catch {
      throw ProtocolFailure(.proto)
    }
    let choice = try choose(initiation, context.policy)
    if context.outstandingShares.contains(initiation.ephemeral) { throw ProtocolFailure(.reflect) }
    guard initiation.mode == .known || setup.takesFirstContact else {
      throw ProtocolFailure(.policy)
    }
    var core = try HandshakeCore.start(
      context: context, role: .responder, mode: initiation.mode,
      responder: initiation.mode == .known ? context.identity.profile : nil)
    core.group = choice.suite.group
    core.cipher = choice.cipher
    core.peerShare = initiation.ephemeral
    core.peerChallenge = initiation.challenge
    core.symmetric.mixHash(body.extracting(first: initiation.clearByteCount))
    if initiation.mode == .known {
      try core.mixIdentity()
      _ = try core.open(
        body.extracting(droppingFirst: initiation.clearByteCount), plaintextByteCount: 0)
    }
    // Not before: a mode K INIT that proves nothing costs one scalar multiplication.
    try core.drawShare()
    let answer: GroupAnswer
    do {
      answer = try choice.suite.answer(
        initiation.share(of: choice.suite.group).span, core.region, context.entropy,
        context.encapsulation)
    } catch {
      throw ProtocolFailure(error, as: .dh)
    }
    var response: [UInt8]
    do {
      response = try Response(
        group: core.group, cipher: core.cipher, challenge: core.challenge, ephemeral: core.share,
        share: answer.share
      ).clearBytes
    } catch {
      throw ProtocolFailure(.state)
    }
    core.symmetric.mixHash(response.span)
    try core.mixEphemerals()
    do {
      try answer.secret.mix(into: &core.symmetric)
    } catch {
      throw ProtocolFailure(error, as: .state)
    }
    if initiation.mode == .known {
      try core.sealResponse(.firstOfResponder, into: &response)
    }
    output.append(frame: .response, body: response.span)
    switch initiation.mode {
    case .known: return .authentication(AwaitingAuthentication(core: core, pairing: nil))
    case .pair: return .pairingRequest(AwaitingPairingRequest(core: core))
    }
  }

  /// The strongest common group, and the first common cipher in I's order.
  private static func choose(
    _ initiation: Initiation, _ policy: NegotiationPolicy
  ) throws(ProtocolFailure) -> (suite: GroupSuite, cipher: CipherSuite) {
    let groups = initiation.groups.filter { policy.acceptedGroups.contains($0) }
    guard let group = groups.max(by: { $0.strength < $1.strength }),
      let suite = GroupSuite.of(group),
      let cipher = initiation.ciphers.first(where: { policy.acceptedCiphers.contains($0) })
    else { throw ProtocolFailure(.policy) }
    return (suite, cipher)
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
    let identity = core.context.identity.profile
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
    try core.seal(core.context.identity.profile.bytes, into: &body)
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
    let peer = try core.context.identity.proveOther(profile, named: name)
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

extension Initiation {
  /// What INIT carries for a group beside `e_I`.
  fileprivate func share(of group: KeyAgreementGroup) -> [UInt8] {
    switch group {
    case .x25519MLKEM768: encapsulationKey
    case .x25519: []
    case .x25519FFDHE3072: finiteFieldShare
    }
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
