internal import Cryptography
internal import SessionLog

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

  /// Lends the secret, to be written under another passphrase.
  func withSecret<R: ~Copyable, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
    try secret.withBytes(body)
  }

  /// Opens a log's chain; throws `notAuthentic` where the header was changed or the key is another's.
  func unlock(_ opening: LogOpening, in region: GuardedRegion) throws(CryptographyError) -> Secret<ChainRoot>
  {
    try opening.unlock(with: secret, in: region)
  }
}
