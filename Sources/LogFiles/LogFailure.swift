package import Cryptography
package import Places
package import SessionLog

/// Why the log cannot be written or read; after one of these a segment takes nothing more.
package enum LogFailure: Error, Equatable, Sendable {
  /// The disk, or what stands on it.
  case place(PlaceError)
  /// Another program writes this file.
  case inUse(path: String)
  /// The file is not as long as what was written: somebody cut it or added to it. Nothing more is written.
  case changedOnDisk(path: String, expected: Int64, found: Int64)
  /// A key file whose lines are not those of a log key.
  case badKeyFile(path: String)
  /// The key file is under a passphrase, and none was given.
  case passphraseNeeded(path: String)
  /// The passphrase does not open the key file.
  case wrongPassphrase(path: String)
  /// An earlier write or sync failed, or the segment is closed.
  case segmentEnded
  case chain(LogChainError)
  case cryptography(CryptographyError)
}

extension LogFailure {
  /// Runs what can fail at the disk.
  static func atPlace<R: ~Copyable>(_ body: () throws(PlaceError) -> R) throws(LogFailure) -> R {
    do throws(PlaceError) {
      return try body()
    } catch {
      throw .place(error)
    }
  }

  /// Runs what can fail in a library.
  static func inLibrary<R: ~Copyable>(_ body: () throws(CryptographyError) -> R) throws(LogFailure) -> R {
    do throws(CryptographyError) {
      return try body()
    } catch {
      throw .cryptography(error)
    }
  }
}
