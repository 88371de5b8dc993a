import ChatProtocol
import Cryptography
import GroupKeys
import Wire

/// The key under which the rows of a profile's groups are sealed.
enum GroupStoreKey: SecretPurpose { static let byteCount = 32 }
/// The Ed25519 seed with which a user speaks for its inbox.
enum InboxSeed: SecretPurpose { static let byteCount = 32 }
/// The key under which key packages lie at a relay; contacts get it with the place.
enum InboxPlaceKey: SecretPurpose { static let byteCount = 32 }
/// Both private keys of an identity, on their way through HKDF.
private enum BothIdentityKeys: SecretPurpose { static let byteCount = 64 }
/// Key and nonce of one sealing.
private enum SealingMaterial: SecretPurpose { static let byteCount = 56 }

/// What a profile's identity gives its groups: the seal of everything that they keep, and the inbox.
///
/// All of it is derived from the identity, so that a profile's passphrase covers the groups, too.
final class GroupVault: Sendable {
  private static let nonceByteCount = 24
  private static let tagByteCount = 16

  private let region: GuardedRegion
  private let storeKey: Secret<GroupStoreKey>
  private let inboxSeed: Secret<InboxSeed>
  private let placeKey: Secret<InboxPlaceKey>
  /// The inbox's Ed25519 key, 32 bytes.
  let inboxPublicKey: [UInt8]

  init(_ identity: IdentityKeys) throws(CryptographyError) {
    let region = try GuardedRegion(byteCount: 2 * GuardedRegion.pageByteCount)
    self.region = region
    var both = try Secret<BothIdentityKeys>(in: region)
    identity.signingSeed.withBytes { seed in both.withMutableBytes { $0.copy(seed) } }
    identity.agreementKey.withBytes { key in
      both.withMutableBytes { bytes in for index in key.indices { bytes[32 + index] = key[index] } }
    }
    storeKey = try both.withBytes { (keys) throws(CryptographyError) in
      try Self.derive(keys, "secure_chat/1 group store", in: region)
    }
    inboxSeed = try identity.agreementKey.withBytes { (key) throws(CryptographyError) in
      try Self.derive(key, "secure_chat/1 inbox", in: region)
    }
    placeKey = try identity.agreementKey.withBytes { (key) throws(CryptographyError) in
      try Self.derive(key, "secure_chat/1 inbox place", in: region)
    }
    inboxPublicKey = try Ed25519.publicKey(of: inboxSeed)
  }

  private static func derive<Purpose: SecretPurpose>(
    _ key: Span<UInt8>, _ info: String, in region: GuardedRegion
  ) throws(CryptographyError) -> Secret<Purpose> {
    let info = Array(info.utf8)
    var derived = try Secret<Purpose>(in: region)
    derived.withMutableBytes {
      HKDF.derive(salt: Span(), inputKey: key, info: info.span, into: &$0)
    }
    return derived
  }

  // MARK: The inbox

  /// The inbox's name at every relay, 32 bytes.
  var inboxPseudonym: [UInt8] {
    let key = inboxPublicKey
    return SHA256Hash.hash(key.span)
  }

  var inboxHello: HelloKey {
    HelloKey(pseudonym: inboxPseudonym, publicKey: inboxPublicKey) { [self] bytes in
      try Ed25519.sign(bytes, seed: inboxSeed)
    }
  }

  /// The place key, for contacts: it opens key packages, which are public, and nothing else.
  var sharedPlaceKey: [UInt8] { placeKey.withBytes { [UInt8](copying: $0) } }

  // MARK: Rows

  /// Seals public bytes and secrets; `row` names what it is, so that no row can be put in another's place.
  func seal(_ content: GroupSnapshot, as row: [UInt8]) throws(CryptographyError) -> [UInt8] {
    let nonce = SystemEntropy.shared.publicBytes(count: Self.nonceByteCount)
    let secretCount = content.secrets.reduce(0) { $0 + 4 + $1.byteCount }
    let count = 4 + content.bytes.count + secretCount
    var buffer = try SecretBuffer(capacity: count + Self.tagByteCount)
    try buffer.append(Self.length(content.bytes.count).span)
    try buffer.append(content.bytes.span)
    for secret in content.secrets {
      try buffer.append(Self.length(secret.byteCount).span)
      // A buffer cannot be lent to two closures at once; it is taken up again right after.
      try buffer.appendBytes { (room) throws(CryptographyError) in
        secret.withBytes { room.copy($0) }
        return secret.byteCount
      }
    }
    try buffer.append([UInt8](repeating: 0, count: Self.tagByteCount).span)
    let material = try material(nonce)
    let sealer = try RecordCipher.xchacha20Poly1305.makeSealer(region)
    try buffer.withMutableBytes { (bytes) throws(CryptographyError) in
      try material.withBytes { (material) throws(CryptographyError) in
        try sealer.seal(&bytes, plaintextByteCount: count, keyMaterial: material, authenticating: row.span)
      }
    }
    return nonce + buffer.withBytes { [UInt8](copying: $0) }
  }

  /// Opens what `seal` made as the same row; secrets go into `slab`.
  ///
  /// Throws `.notAuthentic` for anything else.
  func open(
    _ sealed: [UInt8], as row: [UInt8], secretsIn slab: SecretSlab
  ) throws(CryptographyError) -> GroupSnapshot {
    let overhead = Self.nonceByteCount + Self.tagByteCount
    guard sealed.count >= overhead + 4 else { throw .notAuthentic }
    let material = try material(Array(sealed[..<Self.nonceByteCount]))
    let opener = try RecordCipher.xchacha20Poly1305.makeOpener(region)
    var buffer = try SecretBuffer(capacity: sealed.count - overhead)
    try buffer.appendBytes { (room) throws(CryptographyError) in
      try material.withBytes { (material) throws(CryptographyError) in
        try opener.open(
          sealed.span.extracting(droppingFirst: Self.nonceByteCount), keyMaterial: material,
          authenticating: row.span, into: &room)
      }
    }
    return try buffer.withBytes { (bytes) throws(CryptographyError) in
      let publicCount = Int(bytes.bigEndianUInt32(at: 0))
      guard publicCount <= bytes.count - 4 else { throw .notAuthentic }
      var secrets: [GroupSecret] = []
      var position = 4 + publicCount
      while position < bytes.count {
        guard bytes.count - position >= 4 else { throw .notAuthentic }
        let count = Int(bytes.bigEndianUInt32(at: position))
        position += 4
        guard count <= bytes.count - position else { throw .notAuthentic }
        secrets.append(
          try GroupSecret(copying: bytes.extracting(position..<position + count), in: slab))
        position += count
      }
      return GroupSnapshot(
        bytes: [UInt8](copying: bytes.extracting(4..<4 + publicCount)), secrets: secrets)
    }
  }

  /// Seals a row without secrets.
  func seal(_ bytes: [UInt8], as row: [UInt8]) throws(CryptographyError) -> [UInt8] {
    try seal(GroupSnapshot(bytes: bytes, secrets: []), as: row)
  }

  func open(_ sealed: [UInt8], as row: [UInt8]) throws(CryptographyError) -> [UInt8] {
    try open(sealed, as: row, secretsIn: SecretSlab()).bytes
  }

  private func material(_ nonce: [UInt8]) throws(CryptographyError) -> Secret<SealingMaterial> {
    var material = try Secret<SealingMaterial>(in: region)
    storeKey.withBytes { key in material.withMutableBytes { $0.copy(key) } }
    material.withMutableBytes { bytes in
      for index in nonce.indices { bytes[32 + index] = nonce[index] }
    }
    return material
  }

  private static func length(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: UInt32(count))
    return bytes
  }
}
