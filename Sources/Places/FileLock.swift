import Glibc

/// A lock (flock) held on a file or a folder, given back when its last holder lets go.
///
/// It is advisory, belongs to the open file, and ends with the process, so a crash leaves none behind.
package final class FileLock: Sendable {
  package enum Kind: Sendable {
    case shared, exclusive

    var operation: Int32 {
      switch self {
      case .shared: LOCK_SH
      case .exclusive: LOCK_EX
      }
    }
  }

  /// How long to wait for a lock that another holds.
  package enum Patience: Sendable {
    case none
    case milliseconds(Int)
    case forever
  }

  private let file: OpenFile

  /// Locks a file that is made with mode 0600 where there is none.
  ///
  /// Throws `.inUse` when the patience is at its end. It blocks the thread.
  package init(
    file path: String, _ kind: Kind = .exclusive, patience: Patience = .forever
  ) throws(PlaceError) {
    file = try OpenFile.forReadingAndWriting(path)
    try FileLock.take(file, kind, patience)
  }

  /// Locks a folder that exists.
  ///
  /// Throws `.inUse` when the patience is at its end. It blocks the thread.
  package init(
    folder path: String, _ kind: Kind = .exclusive, patience: Patience = .forever
  ) throws(PlaceError) {
    file = try OpenFile.folder(path)
    try FileLock.take(file, kind, patience)
  }

  /// Locks an open file; throws `.inUse` when the patience is at its end.
  package static func take(
    _ file: OpenFile, _ kind: Kind = .exclusive, _ patience: Patience
  ) throws(PlaceError) {
    switch patience {
    case .forever:
      try file.lock(kind)
    case .none:
      guard try file.tryLock(kind) else { throw PlaceError(.inUse, path: file.path) }
    case .milliseconds(let limit):
      // flock has no time-out; a short sleep between tries costs less than a timer signal.
      var waited = 0
      while try !file.tryLock(kind) {
        guard waited < limit else { throw PlaceError(.inUse, path: file.path) }
        SystemClock.sleep(milliseconds: 10)
        waited += 10
      }
    }
  }
}
