internal import Cryptography
internal import Places

/// What keeps a profile, a contact or a count of guesses from being read or written: the file, and why.
///
/// Every case is this side's own (E_STATE): nothing that a peer sends leads here.
package enum HomeFailure: Error, Hashable, Sendable {
  /// The file is not what this program wrote; it is never remade nor taken for absent.
  case damaged(path: String)
  /// A later version of this program wrote the file.
  case laterVersion(path: String)
  /// The profile folder holds contacts, and the identity that they belong to is gone.
  case identityMissing(path: String)
  /// The keys are locked with a passphrase, and none was given.
  case passphraseNeeded(path: String)
  /// The passphrase does not open the file.
  case wrongPassphrase(path: String)
  /// Another process changed the file while a new one was made; nothing was written.
  case changedMeanwhile(path: String)
  /// Users other than the owner can read or write the file; `mode` is its permission bits.
  case openToOthers(path: String, mode: UInt32)
  case ownedByAnother(path: String)
  /// Another process keeps the profile's lock.
  case inUse(path: String)
  case noSpace(path: String)
  case readOnly(path: String)
  case notPermitted(path: String)
  /// Any other failure of the system, in its own words.
  case failed(path: String, message: String)
  /// No folder for the home can be derived from the environment.
  case noHome
  /// The system gives no guarded memory, or a library refused to work.
  case memory

  /// Sorts a file system's failure by what its reader can do about it.
  init(_ error: PlaceError) {
    self =
      switch error.fault {
      case .openToOthers(let mode): .openToOthers(path: error.path, mode: mode)
      case .ownedByAnother: .ownedByAnother(path: error.path)
      case .inUse: .inUse(path: error.path)
      case .noSpace: .noSpace(path: error.path)
      case .readOnly: .readOnly(path: error.path)
      case .notPermitted: .notPermitted(path: error.path)
      case .nowhere: .noHome
      case .tooLarge: .damaged(path: error.path)
      case .notFound, .alreadyExists, .notARegularFile, .notAFolder, .symbolicLink, .pathTooLong, .failed:
        .failed(path: error.path, message: HomeFailure.words(error))
      }
  }

  init(_ error: CryptographyError) {
    // No check of a peer's value happens here: what fails is memory or a library.
    self = .memory
  }

  /// The failure as a sentence's parts: a path, and what was wrong with it.
  package var problem: StorageProblem {
    switch self {
    case .damaged(let path):
      StorageProblem(path: path, why: "it is damaged; put a backup in its place", errorNumber: 0)
    case .laterVersion(let path):
      StorageProblem(path: path, why: "a later version of this program wrote it", errorNumber: 0)
    case .identityMissing(let path):
      StorageProblem(
        path: path,
        why: "it is gone, and the contacts beside it belong to it; put a backup in its place, "
          + "or move the whole folder away to begin anew",
        errorNumber: 0)
    case .passphraseNeeded(let path):
      StorageProblem(path: path, why: "it is locked with a passphrase", errorNumber: 0)
    case .wrongPassphrase(let path):
      StorageProblem(path: path, why: "the passphrase does not open it", errorNumber: 0)
    case .changedMeanwhile(let path):
      StorageProblem(
        path: path, why: "another program changed it meanwhile; nothing was written", errorNumber: 0)
    case .openToOthers(let path, let mode):
      StorageProblem(
        path: path,
        why: "others can read or write it (mode \(String(mode, radix: 8))); run: chmod 600 \(path)",
        errorNumber: 0)
    case .ownedByAnother(let path):
      StorageProblem(path: path, why: "it belongs to another user", errorNumber: 0)
    case .inUse(let path):
      StorageProblem(path: path, why: "another process keeps it locked", errorNumber: 0)
    case .noSpace(let path):
      StorageProblem(path: path, why: "the disk is full", errorNumber: 0)
    case .readOnly(let path):
      StorageProblem(path: path, why: "the file system is read-only", errorNumber: 0)
    case .notPermitted(let path):
      StorageProblem(path: path, why: "permission denied", errorNumber: 0)
    case .failed(let path, let message):
      StorageProblem(path: path, why: message, errorNumber: 0)
    case .noHome:
      StorageProblem(path: "~", why: "no home folder is known; name one with --home", errorNumber: 0)
    case .memory:
      StorageProblem(path: "", why: "the system gives no guarded memory", errorNumber: 0)
    }
  }

  /// Runs what needs guarded memory or randomness.
  static func ofMemory<R: ~Copyable>(_ body: () throws(CryptographyError) -> R) throws(HomeFailure) -> R {
    do throws(CryptographyError) {
      return try body()
    } catch {
      throw HomeFailure(error)
    }
  }

  /// Runs what needs the file system.
  static func ofPlace<R: ~Copyable>(_ body: () throws(PlaceError) -> R) throws(HomeFailure) -> R {
    do throws(PlaceError) {
      return try body()
    } catch {
      throw HomeFailure(error)
    }
  }

  private static func words(_ error: PlaceError) -> String {
    switch error.fault {
    case .symbolicLink: "it is a symbolic link"
    case .notARegularFile: "it is not a regular file"
    case .notAFolder: "it is not a folder"
    case .pathTooLong: "the path is too long"
    case .notFound, .alreadyExists, .notPermitted, .openToOthers, .ownedByAnother, .tooLarge, .inUse,
      .noSpace,
      .readOnly, .nowhere, .failed:
      error.systemMessage.isEmpty ? "it failed" : error.systemMessage
    }
  }
}
