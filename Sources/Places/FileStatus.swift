import Glibc

/// What the system says about a file: its kind, owner, permissions and size.
package struct FileStatus: Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    case regular, folder, symbolicLink, other
  }

  package let kind: Kind
  /// The permission bits, for instance 0o600.
  package let mode: UInt32
  package let owner: UInt32
  /// The size in bytes.
  package let size: Int64
  /// Device and inode: equal for two names of one file.
  package let device: UInt64
  package let inode: UInt64

  init(_ status: stat) {
    kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .regular
      case S_IFDIR: .folder
      case S_IFLNK: .symbolicLink
      default: .other
      }
    mode = UInt32(status.st_mode & 0o7777)
    owner = status.st_uid
    size = Int64(status.st_size)
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
  }

  /// The status of what stands at a path; a symbolic link is not followed.
  package init(path: String) throws(PlaceError) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { throw PlaceError(code: errno, path: path) }
    self.init(status)
  }

  /// True where anything stands at the path, a link that leads nowhere included.
  package static func exists(_ path: String) -> Bool {
    var status = stat()
    return unsafe lstat(path, &status) == 0
  }

  /// True where users other than the owner have any access.
  package var isOpenToOthers: Bool { mode & 0o077 != 0 }

  package var belongsToThisUser: Bool { owner == geteuid() }

  /// Refuses what others can read or write, and what belongs to another user, as ssh does.
  package func requirePrivate(path: String) throws(PlaceError) {
    guard belongsToThisUser else { throw PlaceError(.ownedByAnother, path: path) }
    guard !isOpenToOthers else { throw PlaceError(.openToOthers(mode: mode), path: path) }
  }
}
