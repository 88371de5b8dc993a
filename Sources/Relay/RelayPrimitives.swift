/// The cryptography that a relay needs, handed in: this room has none, so that none of it can open a message.
package struct RelayPrimitives: Sendable {
  /// SHA-256, 32 bytes.
  package let hash: @Sendable (Span<UInt8>) -> [UInt8]
  /// Whether `signature` (64 bytes) is Ed25519 by `key` (32 bytes) over `message`.
  package let isSigned: @Sendable (_ message: [UInt8], _ signature: [UInt8], _ key: [UInt8]) -> Bool
  /// Ed25519 by the relay's ik_sig, 64 bytes; nil if it cannot.
  package let sign: @Sendable (_ message: [UInt8]) -> [UInt8]?

  package init(
    hash: @escaping @Sendable (Span<UInt8>) -> [UInt8],
    isSigned: @escaping @Sendable (_ message: [UInt8], _ signature: [UInt8], _ key: [UInt8]) -> Bool,
    sign: @escaping @Sendable (_ message: [UInt8]) -> [UInt8]?
  ) {
    self.hash = hash
    self.isSigned = isSigned
    self.sign = sign
  }
}
