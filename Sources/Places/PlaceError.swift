import Glibc

/// What went wrong with a file or a folder: the place, the fault, and the system's own number for it.
package struct PlaceError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The faults that callers tell apart.
  package enum Fault: Hashable, Sendable {
    /// Nothing stands at this path.
    case notFound
    /// Something stands there already, and the call may not replace it.
    case alreadyExists
    /// The system refuses this user the access.
    case notPermitted
    /// A folder, a FIFO, a device or a socket where a file is needed.
    case notARegularFile
    /// A file where a folder is needed.
    case notAFolder
    /// The last part of the path is a symbolic link; links are not followed.
    case symbolicLink
    /// Others than the owner can read or write a file that must be private; `mode` is its permission bits.
    case openToOthers(mode: UInt32)
    /// The file belongs to another user.
    case ownedByAnother
    /// The file holds more than the `limit` in bytes.
    case tooLarge(limit: Int)
    /// The path has more bytes than the `limit` of its use (`sun_path`: 107).
    case pathTooLong(limit: Int)
    /// Another process or another part of this one holds the lock.
    case inUse
    /// The disk, or the user's share of it, is full.
    case noSpace
    /// The file system can be read only.
    case readOnly
    /// No place can be derived: neither a home nor a user's folder is known.
    case nowhere
    /// Any other failure; `PlaceError.code` says which.
    case failed
  }

  package let fault: Fault
  /// The `errno` of the call that failed, 0 where the program itself judged.
  package let code: Int32
  package let path: String

  package init(_ fault: Fault, code: Int32 = 0, path: String) {
    self.fault = fault
    self.code = code
    self.path = path
  }

  /// Sorts the system's number into the fault that callers tell apart.
  package init(code: Int32, path: String) {
    let fault: Fault =
      switch code {
      case ENOENT: .notFound
      case EEXIST, ENOTEMPTY: .alreadyExists
      case EACCES, EPERM: .notPermitted
      case EISDIR, ENXIO, ENODEV: .notARegularFile
      case ENOTDIR: .notAFolder
      case ELOOP: .symbolicLink
      case EFBIG: .tooLarge(limit: 0)
      case ENAMETOOLONG: .pathTooLong(limit: Int(PATH_MAX) - 1)
      case EWOULDBLOCK, EBUSY, ETXTBSY: .inUse
      case ENOSPC, EDQUOT: .noSpace
      case EROFS: .readOnly
      default: .failed
      }
    self.init(fault, code: code, path: path)
  }

  /// The system's own words for `code`, for instance "No space left on device"; empty for 0.
  package var systemMessage: String {
    guard code != 0, let message = unsafe strerror(code) else { return "" }
    return unsafe String(cString: message)
  }

  package var description: String {
    code == 0 ? "\(path): \(fault)" : "\(path): \(systemMessage)"
  }
}
