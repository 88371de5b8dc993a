import CPlatform
import Glibc

/// Files that change as a whole or not at all: a crash at any instant leaves the old or the new one.
///
/// The bytes go to a file beside, mode 0600, which is synced and renamed; then the folder is synced.
package enum AtomicFile {
  /// Puts the bytes in the place of whatever file the path names.
  ///
  /// Two writers never mix their bytes; where one must not undo the other, both hold a `FileLock`.
  package static func replace(_ path: String, with bytes: Span<UInt8>) throws(PlaceError) {
    let (temporary, file) = try temporary(beside: path)
    do throws(PlaceError) {
      try file.write(bytes)
      try file.synchronize()
      guard unsafe rename(temporary, path) == 0 else { throw PlaceError(code: errno, path: path) }
    } catch {
      _ = unsafe unlink(temporary)
      throw error
    }
    try Folder.synchronize(holding: path)
  }

  package static func replace(_ path: String, with bytes: [UInt8]) throws(PlaceError) {
    try replace(path, with: bytes.span)
  }

  /// Makes a new file that holds the bytes, and hands it out open for appending.
  ///
  /// The file beside is `.<name>.new`, so callers hold a lock on the folder (LOG 2); one that a crash
  /// left there is replaced. Throws `.alreadyExists` rather than replace the file itself.
  package static func createNew(_ path: String, with bytes: Span<UInt8>) throws(PlaceError) -> OpenFile {
    let (folder, name) = Folder.split(path)
    let beside = folder + "/." + name + ".new"
    guard unsafe unlink(beside) == 0 || errno == ENOENT else { throw PlaceError(code: errno, path: beside) }
    // Opened under its final name, so that errors of later writes name the file people know.
    let file = try OpenFile.createNew(beside).renamed(path)
    do throws(PlaceError) {
      try file.write(bytes)
      try file.synchronize()
      try renameToNew(beside, path)
    } catch {
      _ = unsafe unlink(beside)
      throw error
    }
    try Folder.synchronize(folder)
    return file
  }

  private static func renameToNew(_ from: String, _ to: String) throws(PlaceError) {
    if unsafe sc_rename_new(from, to) == 0 { return }
    guard errno == EINVAL || errno == ENOSYS else { throw PlaceError(code: errno, path: to) }
    // Some file systems (NFS among them) cannot rename so; a link refuses to replace as well.
    guard unsafe link(from, to) == 0 else { throw PlaceError(code: errno, path: to) }
    _ = unsafe unlink(from)
  }

  private static func temporary(beside path: String) throws(PlaceError) -> (String, OpenFile) {
    let (folder, name) = Folder.split(path)
    var attempts = 0
    while true {
      let number = UInt32.random(in: .min ... .max)
      let temporary = folder + "/." + name + "." + String(number, radix: 16) + ".tmp"
      do throws(PlaceError) {
        return (temporary, try OpenFile.createNew(temporary))
      } catch {
        attempts += 1
        guard error.fault == .alreadyExists, attempts < 100 else { throw error }
      }
    }
  }
}

extension OpenFile {
  /// The same open file, named by another path in errors.
  fileprivate func renamed(_ path: String) throws(PlaceError) -> OpenFile {
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    guard copy >= 0 else { throw PlaceError(code: errno, path: path) }
    return OpenFile(adopting: copy, path: path)
  }
}
