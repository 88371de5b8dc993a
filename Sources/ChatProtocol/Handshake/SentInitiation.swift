import Cryptography
import Wire

/// INIT is sent, in any mode; RESP must come. What comes after RESP is the mode's own.
struct SentInitiation: ~Copyable {
  private var core: HandshakeCore
  private let initiation: Initiation
  private let offers: [KeyAgreementGroup: any GroupOffer]

  /// Makes INIT and appends its frame to `output`.
  ///
  /// `responder`: whose profile this side knows, in the modes that prove it.
  init(
    _ mode: HandshakeMode, to responder: Profile?, as identity: IdentityKeys?, in context: HandshakeContext,
    sending output: inout [UInt8]
  ) throws(ProtocolFailure) {
    let policy = context.policy
    var core = try HandshakeCore.start(
      context: context, identity: identity, role: .initiator, mode: mode, responder: responder)
    try core.drawShare()
    var offers: [KeyAgreementGroup: any GroupOffer] = [:]
    for group in policy.offeredGroups {
      guard let suite = GroupSuite.of(group) else { throw ProtocolFailure(.policy) }
      do {
        offers[group] = try suite.makeOffer(core.region, context.entropy)
      } catch {
        throw ProtocolFailure(error, as: .state)
      }
    }
    let initiation: Initiation
    do {
      initiation = try Initiation(
        mode: mode, groups: policy.offeredGroups, ciphers: policy.offeredCiphers,
        challenge: core.challenge, ephemeral: core.share,
        encapsulationKey: offers[.x25519MLKEM768]?.share ?? [],
        finiteFieldShare: offers[.x25519FFDHE3072]?.share ?? [])
    } catch {
      throw ProtocolFailure(.state)
    }
    var body = initiation.clearBytes
    core.symmetric.mixHash(body.span)
    if let responder {
      try core.mixEphemeral(withIdentity: responder.ikDH)
      try core.seal([], into: &body)
    }
    output.append(frame: .initiation, body: body.span)
    self.core = core
    self.initiation = initiation
    self.offers = offers
  }

  /// This dial's `e_I`: while it is unanswered, an INIT that carries it is a reflection.
  var share: [UInt8] { core.share }

  /// RESP, with the length of one of the groups on offer.
  var gate: FrameGate { .response(to: initiation.groups, mode: initiation.mode) }

  /// What both sides have after RESP; in the modes that prove R, its answer to the challenge has been checked.
  consuming func receive(
    _ body: Span<UInt8>, floor: KeyAgreementGroup?
  ) throws(ProtocolFailure) -> HandshakeCore {
    var core = core
    let response: Response
    do {
      response = try Response(parsing: body, answering: initiation)
    } catch {
      throw ProtocolFailure(.proto)
    }
    guard let offer = offers[response.group] else { throw ProtocolFailure(.proto) }
    if let floor, response.group.strength < floor.strength {
      throw ProtocolFailure(.downgrade)
    }
    guard response.ephemeral != core.share, response.challenge != core.challenge else {
      throw ProtocolFailure(.reflect)
    }
    core.group = response.group
    core.cipher = response.cipher
    core.peerShare = response.ephemeral
    core.peerChallenge = response.challenge
    let clear = response.clearByteCount
    core.symmetric.mixHash(body.extracting(first: clear))
    try core.mixEphemerals()
    do {
      try offer.accept(response.share.span, into: &core.symmetric)
    } catch {
      throw ProtocolFailure(error, as: .dh)
    }
    if initiation.mode.knowsResponder {
      try core.openResponse(.firstOfResponder, body.extracting(droppingFirst: clear))
    }
    return core
  }
}
