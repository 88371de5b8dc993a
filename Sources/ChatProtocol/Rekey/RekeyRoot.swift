package import Cryptography
import Wire

/// `RK` between two rekeys, and what every rekey of its session starts from; PROTOCOL 1.8.
///
/// A rekey consumes it: I makes a `RekeyOffer` of it, R a `RekeyReply`, and only what both have confirmed
/// gives the next one. A step that throws leaves none.
package struct RekeyRoot: ~Copyable {
  private let key: Secret<RootKey>
  let facts: RekeyFacts
  /// How many rekeys of this session are complete.
  package let epoch: UInt32

  package init(_ key: consuming Secret<RootKey>, epoch: UInt32 = 0, facts: RekeyFacts) {
    self.key = key
    self.epoch = epoch
    self.facts = facts
  }

  /// The number of the epoch that the next rekey begins.
  var nextEpoch: UInt32 { epoch &+ 1 }

  var region: GuardedRegion { key.region }

  /// `o = HKDF(salt RK, ikm the four secrets, info "ku" | t | session id, 96)`; who calls it drops
  /// the old root.
  borrowing func derive(
    from input: borrowing Secret<RekeyInput>, digest: [UInt8]
  ) throws(CryptographyError) -> RekeyedKeys {
    let region = region
    var output = try Secret<RekeyOutput>(in: region)
    let info = Label.bytes("ku") + digest + facts.sessionID
    key.withBytes { salt in
      input.withBytes { input in
        output.withMutableBytes {
          HKDF.derive(salt: salt, inputKey: input, info: info.span, into: &$0)
        }
      }
    }
    return try RekeyedKeys(
      output, digest: digest, epoch: nextEpoch, facts: facts, in: region)
  }

  /// For known answers alone.
  package borrowing func withKeyForTestsOnly<R>(_ body: (Span<UInt8>) -> R) -> R {
    key.withBytes(body)
  }
}

/// What does not change from rekey to rekey in a session.
package struct RekeyFacts: Sendable {
  let role: Role
  let identity: IdentityKeys
  /// The other side's `ik_dh`, proven in the handshake.
  let peerKey: [UInt8]
  /// The handshake's, for the whole session.
  let sessionID: [UInt8]

  package init(role: Role, identity: IdentityKeys, peerKey: [UInt8], sessionID: [UInt8]) {
    self.role = role
    self.identity = identity
    self.peerKey = peerKey
    self.sessionID = sessionID
  }
}

/// What one rekey gives; not to be relied on before the other side has confirmed it.
package struct RekeyedKeys: ~Copyable {
  package let root: RekeyRoot
  package let sendingKey: Secret<SendingChainKey>
  package let receivingKey: Secret<ReceivingChainKey>
  let confirmation: RekeyConfirmation

  fileprivate init(
    _ output: borrowing Secret<RekeyOutput>, digest: [UInt8], epoch: UInt32, facts: RekeyFacts,
    in region: GuardedRegion
  ) throws(CryptographyError) {
    let (chainI, chainR) = (32..<64, 64..<96)
    let (sending, receiving) =
      switch facts.role {
      case .initiator: (chainI, chainR)
      case .responder: (chainR, chainI)
      }
    let key = try Secret<RootKey>(in: region) { output.copy(0..<32, into: &$0) }
    let sendingKey = try Secret<SendingChainKey>(in: region) { output.copy(sending, into: &$0) }
    let receivingKey = try Secret<ReceivingChainKey>(in: region) { output.copy(receiving, into: &$0) }
    confirmation = try RekeyConfirmation(root: key, digest: digest, in: region)
    root = RekeyRoot(key, epoch: epoch, facts: facts)
    self.sendingKey = sendingKey
    self.receivingKey = receivingKey
  }
}

/// `confirm = HMAC(Expand(RK', "ku confirm", 32), role byte of its sender | t)`.
struct RekeyConfirmation: ~Copyable {
  private let key: Secret<RekeyConfirmationKey>
  private let digest: [UInt8]

  fileprivate init(
    root: borrowing Secret<RootKey>, digest: [UInt8], in region: GuardedRegion
  ) throws(CryptographyError) {
    var key = try Secret<RekeyConfirmationKey>(in: region)
    HKDF.expand(root, info: Label.bytes("ku confirm").span, into: &key)
    self.key = key
    self.digest = digest
  }

  /// What the side with this role sends.
  func tag(of role: Role) -> [UInt8] {
    HMACSHA256.authenticate([role.rawValue].span, digest.span, key: key)
  }

  /// Throws E_KU unless `tag` is what the side with this role sends.
  func require(_ tag: [UInt8], of role: Role) throws(ProtocolFailure) {
    try checking(as: .ku) { () throws(CryptographyError) in
      try HMACSHA256.verify(tag.span, of: [role.rawValue].span, digest.span, key: key)
    }
  }
}

extension Secret where Purpose == RekeyOutput {
  fileprivate borrowing func copy(_ range: Range<Int>, into target: inout MutableSpan<UInt8>) {
    withBytes { target.copy($0.extracting(range)) }
  }
}

/// The four secrets of a rekey, each written to its place as it is agreed on.
struct RekeyAgreement: ~Copyable {
  private(set) var input: Secret<RekeyInput>

  init(in region: GuardedRegion) throws(ProtocolFailure) {
    input = try checking(as: .state) { () throws(CryptographyError) in
      try Secret<RekeyInput>(in: region)
    }
  }

  /// Which X25519 result, by its place.
  enum Point: Int {
    case bothEphemerals = 0
    case ephemeralOfInitiator = 32
    case ephemeralOfResponder = 64
  }

  /// X(key, share); E_DH where it is zero.
  mutating func agree<Purpose: SecretPurpose>(
    _ point: Point, _ key: borrowing Secret<Purpose>, _ share: [UInt8]
  ) throws(ProtocolFailure) {
    try checking(as: .dh) { () throws(CryptographyError) in
      try input.withMutableBytes { (bytes) throws(CryptographyError) in
        var place = bytes._mutatingExtracting(point.rawValue..<point.rawValue + X25519.byteCount)
        try X25519.sharedSecret(private: key, public: share.span, into: &place)
      }
    }
  }

  /// Lets `fill` write the KEM's secret; E_DH for a key that FIPS 203 refuses.
  mutating func encapsulate<R>(
    _ fill: (inout MutableSpan<UInt8>) throws(CryptographyError) -> R
  ) throws(ProtocolFailure) -> R {
    try checking(as: .dh) { () throws(CryptographyError) in
      try input.withMutableBytes { (bytes) throws(CryptographyError) in
        var place = bytes._mutatingExtracting(96..<96 + MLKEM768.sharedSecretByteCount)
        return try fill(&place)
      }
    }
  }
}
