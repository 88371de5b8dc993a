package import Cryptography
internal import SessionLog

/// A passphrase, in guarded memory, that several calls may read.
package final class Passphrase: Sendable {
  private let bytes: SecretBuffer

  /// Takes the bytes over; they are to be UTF-8 in Normalization Form C.
  package init(_ bytes: consuming SecretBuffer) { self.bytes = bytes }

  package func withBytes<R: ~Copyable, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
    try bytes.withBytes(body)
  }
}

/// A whole log key: what reading a log needs.
package final class LogKeyPair: Sendable {
  package let publicKey: LogPublicKey
  /// Whether the file holds the secret without a passphrase.
  package let isPlain: Bool
  private let secret: Secret<LogSecretKey>

  init(publicKey: LogPublicKey, isPlain: Bool, secret: consuming Secret<LogSecretKey>) {
    self.publicKey = publicKey
    self.isPlain = isPlain
    self.secret = secret
  }

  /// Opens a log's chain; throws `notAuthentic` where the header was changed or the key is another's.
  func unlock(_ opening: LogOpening, in region: GuardedRegion) throws(CryptographyError) -> Secret<ChainRoot>
  {
    try opening.unlock(with: secret, in: region)
  }
}
