internal import CSodium

/// The start of libsodium, once in the life of the process.
enum Libsodium {
  /// Chooses the implementations for this processor; throws `libraryFailed` where libsodium cannot work.
  static func start() throws(CryptographyError) {
    guard started else { throw .libraryFailed }
  }

  private static let started = sodium_init() >= 0
}
