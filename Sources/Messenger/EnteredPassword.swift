package import Cryptography

/// A password as it was typed or read, in guarded memory; the bytes are lent, never handed out.
package final class EnteredPassword: Sendable {
  /// Room for what a person types; a password is 128 bytes at most after its rules (PROTOCOL 1.2).
  package static let capacity = 1024

  private let bytes: SecretBuffer

  /// Takes what `fill` writes into a guarded buffer; it returns the count of bytes written.
  package init<E: Error>(
    filledBy fill: (inout MutableSpan<UInt8>) throws(E) -> Int
  ) throws(E) {
    fatalError()
  }

  package func withBytes<R, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
    try bytes.withBytes(body)
  }
}
