internal import CSodium

/// The start of libsodium, once in the life of the process.
enum Libsodium {
  /// Chooses the implementations for this processor; throws `underlyingLibraryFailed` where libsodium cannot work.
  static func start() throws(CryptographyError) {
    guard started else { throw .underlyingLibraryFailed }
  }

  private static let started = sodium_init() >= 0
}
