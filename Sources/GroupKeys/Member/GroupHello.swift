package import Wire

/// What a member shows the relay: that it knows the epoch's key of a mailbox, and nothing of who it is (GROUPS 3.5, L3).
package struct GroupHello: Sendable {
  /// 32 bytes.
  package let pseudonym: [UInt8]
  /// The epoch's Ed25519 key, 32 bytes.
  package let key: [UInt8]
  let keys: EpochKeys

  /// Signs with the epoch's key; 64 bytes.
  package func sign(_ message: Span<UInt8>) throws(GroupError) -> [UInt8] {
    try keys.relaySignature([UInt8](copying: message))
  }

  /// HELLO for the link whose transcript hash is `th`.
  package func membership(th: [UInt8]) throws(GroupError) -> RelayMembership {
    let message = RelaySignedBytes.authentication(th: th, pseudonym: pseudonym)
    return RelayMembership(pseudonym: pseudonym, key: key, signature: try keys.relaySignature(message))
  }
}
