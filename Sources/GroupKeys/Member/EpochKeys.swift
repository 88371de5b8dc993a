internal import Cryptography
package import Wire

/// What opens the outer seal of the entries of one epoch, kept for the epochs whose messages can still be read.
struct EntryKey: Sendable {
  let epoch: UInt64
  /// The first 16 bytes of the epoch's authenticator, which its envelopes repeat.
  let authenticator: [UInt8]
  /// 8 bytes, public: which key an entry is sealed with, and nothing of which epoch.
  let hint: [UInt8]
  let outer: GroupSecret

  static let hintByteCount = 8

  /// Seals an MLS message: hint 8 | nonce 24 | ciphertext and tag.
  func seal(_ message: [UInt8], from entropy: any EntropySource) throws(GroupError) -> [UInt8] {
    let nonce = entropy.publicBytes(count: XChaCha20Sealing.nonceByteCount)
    let sealed = try cryptography { () throws(CryptographyError) in
      try outer.withBytes { (key) throws(CryptographyError) in
        try XChaCha20Sealing.seal(
          message.span, key: key, nonce: nonce.span, authenticating: hint.span)
      }
    }
    return hint + nonce + sealed
  }

  /// The MLS message of an entry whose hint is this key's.
  func open(_ body: [UInt8]) throws(GroupError) -> [UInt8] {
    let head = EntryKey.hintByteCount + XChaCha20Sealing.nonceByteCount
    guard body.count >= head + XChaCha20Sealing.tagByteCount else { throw .malformed(.truncated) }
    return try cryptography { () throws(CryptographyError) in
      try outer.withBytes { (key) throws(CryptographyError) in
        let bytes = body.span
        return try XChaCha20Sealing.open(
          bytes.extracting(head..<bytes.count), key: key,
          nonce: bytes.extracting(EntryKey.hintByteCount..<head), authenticating: hint.span)
      }
    }
  }

  /// The hint of an entry; nil for one too short to have any.
  static func hint(of body: [UInt8]) -> [UInt8]? {
    body.count < hintByteCount ? nil : Array(body[..<hintByteCount])
  }
}

/// What a member derives from one epoch by MLS-Exporter, each with an empty context (docs/GROUPS.md).
struct EpochKeys: Sendable {
  let entry: EntryKey
  /// Ed25519 seed: it speaks for the group at the relay.
  let relay: GroupSecret
  /// Its public key, 32 bytes.
  let relayPublicKey: [UInt8]
  let presence: GroupSecret

  init(of epoch: Epoch, suite: GroupSuite) throws(GroupError) {
    func export(_ label: String) throws(GroupError) -> GroupSecret {
      try epoch.secrets.export(label: label, context: [], byteCount: 32, suite: suite)
    }
    entry = EntryKey(
      epoch: epoch.context.epoch, authenticator: Array(epoch.secrets.authenticator.prefix(16)),
      hint: Array(try export("secure_chat hint").publicBytes.prefix(EntryKey.hintByteCount)),
      outer: try export("secure_chat outer"))
    let seed = try export("secure_chat relay auth")
    relay = seed
    relayPublicKey = try cryptography { () throws(CryptographyError) in
      try EpochKeys.ed25519.signaturePublicKey(of: seed)
    }
    presence = try export("secure_chat presence")
  }

  /// The suite by whose signatures, Ed25519, relays know groups whatever their own suite is.
  static let ed25519 = GroupSuite.x25519AES128

  func relaySignature(_ message: [UInt8]) throws(GroupError) -> [UInt8] {
    try cryptography { () throws(CryptographyError) in
      try EpochKeys.ed25519.sign(message, privateKey: relay)
    }
  }

  /// What APPEND says of a commit that ends this epoch.
  func commit(
    pseudonym: [UInt8], replaces: [UInt8], nextKey: [UInt8], body: [UInt8]
  ) throws(GroupError) -> RelayCommit {
    let signed = RelaySignedBytes.epoch(
      pseudonym: pseudonym, slot: entry.epoch, nextKey: nextKey, bodyHash: SHA256Hash.hash(body.span))
    return RelayCommit(
      slot: entry.epoch, replaces: replaces, nextKey: nextKey, signature: try relaySignature(signed))
  }

  /// Throws unless somebody who knows this epoch's key made the commit for just this place.
  func check(_ commit: RelayCommit, pseudonym: [UInt8], bodyHash: [UInt8]) throws(GroupError) {
    guard commit.slot == entry.epoch else { throw .member(.slotDiffers) }
    let signed = RelaySignedBytes.epoch(
      pseudonym: pseudonym, slot: commit.slot, nextKey: commit.nextKey, bodyHash: bodyHash)
    do throws(CryptographyError) {
      try Ed25519.verify(commit.signature.span, of: signed.span, publicKey: relayPublicKey.span)
    } catch {
      throw .member(.slotSignature)
    }
  }
}

extension RelayReceipt {
  /// Throws `notAuthentic` unless the relay with this profile gave it for this mailbox.
  package func verify(pseudonym: [UInt8], relay: Profile) throws(GroupError) {
    let signed = signedBytes(pseudonym: pseudonym)
    try cryptography { () throws(CryptographyError) in
      try Ed25519.verify(signature.span, of: signed.span, publicKey: relay.ikSig.span)
    }
  }
}
