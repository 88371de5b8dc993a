import Cryptography
import Wire

/// What both sides of all modes carry from message to message.
struct HandshakeCore: ~Copyable {
  let context: HandshakeContext
  /// Nil at a side that has none: who dials a relay.
  private let ownIdentity: IdentityKeys?
  let role: Role
  let mode: HandshakeMode
  let region: GuardedRegion
  var symmetric: SymmetricState
  /// `e`, this side's private X25519 key of this run.
  private var ephemeral: Secret<EphemeralKey>
  /// Empty until `drawShare`.
  private(set) var share: [UInt8] = []
  private(set) var challenge: [UInt8] = []
  /// What RESP (at I) or INIT (at R) brought.
  var peerShare: [UInt8] = []
  var peerChallenge: [UInt8] = []
  var group = KeyAgreementGroup.x25519MLKEM768
  var cipher = CipherSuite.aes256CBCHMACCRC32

  /// Starts the symmetric state; in modes K and R with the first 129 bytes of R's profile, as pinned at I and own
  /// at R.
  static func start(
    context: HandshakeContext, identity: IdentityKeys?, role: Role, mode: HandshakeMode, responder: Profile?
  ) throws(ProtocolFailure) -> HandshakeCore {
    do {
      return try HandshakeCore(
        context: context, identity: identity, role: role, mode: mode, responder: responder)
    } catch {
      throw ProtocolFailure(error, as: .state)
    }
  }

  private init(
    context: HandshakeContext, identity: IdentityKeys?, role: Role, mode: HandshakeMode, responder: Profile?
  ) throws(CryptographyError) {
    let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    var symmetric = try SymmetricState(mode: mode, in: region)
    if let trace = context.trace { symmetric.trace = trace }
    if let responder { symmetric.mixHash(responder.signedBytes.span) }
    let ephemeral = try Secret<EphemeralKey>(in: region)
    self.context = context
    ownIdentity = identity
    self.role = role
    self.mode = mode
    self.region = region
    self.symmetric = symmetric
    self.ephemeral = ephemeral
  }

  /// Draws this side's challenge and `e`.
  mutating func drawShare() throws(ProtocolFailure) {
    do {
      challenge = context.entropy.publicBytes(count: HandshakeSize.challenge)
      ephemeral = try Secret<EphemeralKey>.random(in: region, from: context.entropy)
      share = try X25519.publicKey(of: ephemeral)
    } catch {
      throw ProtocolFailure(error, as: .state)
    }
  }

  /// ee = X(e_I, e_R).
  mutating func mixEphemerals() throws(ProtocolFailure) {
    try Self.mix(private: ephemeral, public: peerShare, as: .ee, into: &symmetric)
  }

  /// X(own e, the other's identity key): `es` at I, `se` at R.
  mutating func mixEphemeral(withIdentity agreementKey: [UInt8]) throws(ProtocolFailure) {
    try Self.mix(
      private: ephemeral, public: agreementKey, as: role == .initiator ? .es : .se, into: &symmetric)
  }

  /// X(own identity key, the other's e): `se` at I, `es` at R.
  mutating func mixIdentity() throws(ProtocolFailure) {
    try Self.mix(
      private: try identity().agreementKey, public: peerShare, as: role == .initiator ? .se : .es,
      into: &symmetric)
  }

  /// This side's own keys. E_STATE where it has none, which no mode asks for.
  func identity() throws(ProtocolFailure) -> IdentityKeys {
    guard let ownIdentity else { throw ProtocolFailure(.state) }
    return ownIdentity
  }

  /// Seals one part of the message that is being made.
  mutating func seal(_ plaintext: [UInt8], into body: inout [UInt8]) throws(ProtocolFailure) {
    do {
      try symmetric.seal(plaintext.span, as: role, appendingTo: &body)
    } catch {
      throw ProtocolFailure(error, as: .state)
    }
  }

  /// Opens one part of the message that came.
  mutating func open(
    _ sealed: Span<UInt8>, plaintextByteCount: Int
  ) throws(ProtocolFailure) -> [UInt8] {
    do {
      return try symmetric.open(sealed, from: role.other, plaintextByteCount: plaintextByteCount)
    } catch {
      throw ProtocolFailure(error, as: .auth)
    }
  }

  /// Seals the answer to the other side's challenge.
  mutating func sealResponse(
    _ label: ResponseLabel, into body: inout [UInt8]
  ) throws(ProtocolFailure) {
    let response: [UInt8]
    do {
      response = try symmetric.response(label, to: peerChallenge)
    } catch {
      throw ProtocolFailure(error, as: .state)
    }
    try seal(response, into: &body)
  }

  /// Opens and compares the answer to this side's challenge.
  mutating func openResponse(
    _ label: ResponseLabel, _ sealed: Span<UInt8>
  ) throws(ProtocolFailure) {
    let expected: [UInt8]
    do {
      expected = try symmetric.response(label, to: challenge)
    } catch {
      throw ProtocolFailure(error, as: .auth)
    }
    let response = try open(sealed, plaintextByteCount: Self.responseByteCount)
    do {
      try ConstantTime.requireEqual(response.span, expected.span)
    } catch {
      throw ProtocolFailure(error, as: .auth)
    }
  }

  /// Mixes a secret that is already here: the pair secret, the password exchange's key.
  mutating func mix<Purpose: SecretPurpose>(
    _ secret: borrowing Secret<Purpose>, as name: MixedSecret
  ) throws(ProtocolFailure) {
    do {
      try symmetric.mixKey(secret, as: name)
    } catch {
      throw ProtocolFailure(error, as: .state)
    }
  }

  /// MixKey of one X25519 result; E_DH where it is zero.
  private static func mix<Purpose: SecretPurpose>(
    private key: borrowing Secret<Purpose>, public share: [UInt8], as name: MixedSecret,
    into symmetric: inout SymmetricState
  ) throws(ProtocolFailure) {
    do {
      var point = try Secret<AgreedPoint>(in: symmetric.region)
      try X25519.sharedSecret(private: key, public: share.span, into: &point)
      try symmetric.mixKey(point, as: name)
    } catch {
      throw ProtocolFailure(error, as: .dh)
    }
  }

  /// A proven handshake's keys; the state is used up.
  consuming func establish(peer: ProvenProfile) throws(ProtocolFailure) -> EstablishedSession {
    do {
      return try EstablishedSession(self, peer: peer)
    } catch {
      throw ProtocolFailure(error, as: .state)
    }
  }

  static let responseByteCount = 32
  static let sealedProfileByteCount = SymmetricState.sealedByteCount(Profile.byteCount)
}

extension HandshakeCore {
  /// This side's half of CPace under `password`, with a fresh scalar; `session` is h after RESP.
  func exchange(
    under password: borrowing Secret<PasswordRelatedString>, channel: [UInt8], session: [UInt8]
  ) throws(ProtocolFailure) -> CPaceExchange {
    do {
      return try CPaceExchange(
        password: password, channel: channel, session: session, in: region,
        from: context.entropy)
    } catch {
      throw ProtocolFailure(error, as: .state)
    }
  }

  /// What takes the place of a secret that is not known, so that the work stays the same.
  func randomSecret<Purpose: SecretPurpose>(
    _: Purpose.Type
  ) throws(ProtocolFailure) -> Secret<Purpose> {
    do {
      return try Secret<Purpose>.random(in: region, from: context.entropy)
    } catch {
      throw ProtocolFailure(error, as: .state)
    }
  }

  /// CPace's channel identifier: "pair" and both names, the dialling side's first, as raw bytes.
  static func channel(initiator: [UInt8], responder: [UInt8]) -> [UInt8] {
    CPace.lengthValueJoined([Label.bytes("pair"), initiator, responder])
  }
}

/// `ISK`.
enum PasswordSessionKey: SecretPurpose {
  static let byteCount = CPace.sessionKeyByteCount
}
