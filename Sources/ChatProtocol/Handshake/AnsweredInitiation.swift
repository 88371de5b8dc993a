import Cryptography
import Wire

/// RESP is made from a whole INIT of any mode, in the order of 1.4's checks. What comes after RESP is the mode's
/// own.
///
/// In modes K and R nothing is sent and no KEM work is done before INIT's tag verifies. Every refusal is
/// silent.
enum AnsweredInitiation {
  /// Appends RESP's frame to `output` and returns what both sides then have.
  ///
  /// `refusal`: why this mode is not taken here, if it is not; judged after the offers and reflection.
  static func receive(
    _ body: Span<UInt8>, as identity: IdentityKeys, in context: HandshakeContext,
    refusal: (HandshakeMode) -> ChatErrorCode?, sending output: inout [UInt8]
  ) throws(ProtocolFailure) -> HandshakeCore {
    let initiation: Initiation
    do {
      initiation = try Initiation(parsing: body)
    } catch {
      throw ProtocolFailure(.proto)
    }
    let mode = initiation.mode
    let choice = try choose(initiation, context.policy)
    if context.outstandingShares.contains(initiation.ephemeral) { throw ProtocolFailure(.reflect) }
    if let code = refusal(mode) { throw ProtocolFailure(code) }
    var core = try HandshakeCore.start(
      context: context, identity: identity, role: .responder, mode: mode,
      responder: mode.knowsResponder ? identity.profile : nil)
    core.group = choice.suite.group
    core.cipher = choice.cipher
    core.peerShare = initiation.ephemeral
    core.peerChallenge = initiation.challenge
    core.symmetric.mixHash(body.extracting(first: initiation.clearByteCount))
    if mode.knowsResponder {
      try core.mixIdentity()
      _ = try core.open(
        body.extracting(droppingFirst: initiation.clearByteCount), plaintextByteCount: 0)
    }
    // Not before: an INIT of these modes that proves nothing costs one scalar multiplication.
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
    if mode.knowsResponder {
      try core.sealResponse(.firstOfResponder, into: &response)
    }
    output.append(frame: .response, body: response.span)
    return core
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
