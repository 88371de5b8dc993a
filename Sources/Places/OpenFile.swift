import Glibc

/// An open file, closed when its last holder lets go; safe to use from several threads.
///
/// Interrupted calls are made again and short ones are continued. Nothing here follows a symbolic
/// link in the last part of a path, and no open waits for the other end of a FIFO.
package final class OpenFile: Sendable {
  package let path: String
  let descriptor: Int32

  init(adopting descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  /// Takes over a descriptor of any kind (a pipe, `/dev/full`), to show how calls on it are continued or fail.
  package static func forTestsOnly(adopting descriptor: Int32, path: String) -> OpenFile {
    OpenFile(adopting: descriptor, path: path)
  }

  deinit { _ = close(descriptor) }

  /// Opens a regular file for reading; anything else is `.notARegularFile`.
  ///
  /// `followingLinks` is for files that people name, never for those of a home.
  package static func forReading(_ path: String, followingLinks: Bool = false) throws(PlaceError) -> OpenFile
  {
    let file = try open(path, O_RDONLY | O_NONBLOCK, mode: 0, following: followingLinks)
    try file.requireRegular()
    return file
  }

  /// The open descriptor that another program handed over (`--password-fd`); nil where it is not open.
  ///
  /// It is closed with the last holder, so nobody else may hold it.
  package static func inherited(_ descriptor: Int32) -> OpenFile? {
    guard descriptor >= 0, fcntl(descriptor, F_GETFD) >= 0 else { return nil }
    return OpenFile(adopting: descriptor, path: "descriptor \(descriptor)")
  }

  /// Makes a file that did not exist, mode 0600, for writing at its end and for reading.
  ///
  /// Throws `.alreadyExists` rather than open what stands there.
  package static func createNew(_ path: String) throws(PlaceError) -> OpenFile {
    try open(path, O_RDWR | O_APPEND | O_CREAT | O_EXCL, mode: 0o600)
  }

  /// Opens a regular file, made with mode 0600 where there is none: for locks and counters.
  package static func forReadingAndWriting(_ path: String) throws(PlaceError) -> OpenFile {
    let file = try open(path, O_RDWR | O_CREAT | O_NONBLOCK, mode: 0o600)
    try file.requireRegular()
    return file
  }

  /// Opens a folder, for `synchronize` and for locks.
  package static func folder(_ path: String) throws(PlaceError) -> OpenFile {
    try open(path, O_RDONLY | O_DIRECTORY, mode: 0)
  }

  static func open(
    _ path: String, _ flags: Int32, mode: mode_t, following: Bool = false
  ) throws(PlaceError) -> OpenFile {
    let flags = flags | O_CLOEXEC | O_NOCTTY | (following ? 0 : O_NOFOLLOW)
    while true {
      let descriptor = unsafe Glibc.open(path, flags, mode)
      if descriptor >= 0 { return OpenFile(adopting: descriptor, path: path) }
      guard errno == EINTR else { throw failure(path) }
    }
  }

  /// What the system says about the file that is open, not about what the path names by now.
  package func status() throws(PlaceError) -> FileStatus {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw failure() }
    return FileStatus(status)
  }

  private func requireRegular() throws(PlaceError) {
    guard try status().kind == .regular else { throw PlaceError(.notARegularFile, path: path) }
  }

  /// Reads from where the last read ended; the count is short only at the end of the file.
  package func read(into buffer: inout MutableSpan<UInt8>) throws(PlaceError) -> Int {
    unsafe try fill(&buffer) { unsafe Glibc.read($0, $1, $2) }
  }

  /// Reads from an offset and moves nothing; the count is short only at the end of the file.
  package func read(at offset: Int64, into buffer: inout MutableSpan<UInt8>) throws(PlaceError) -> Int {
    var position = offset
    return unsafe try fill(&buffer) { descriptor, address, count in
      let result = unsafe pread(descriptor, address, count, off_t(position))
      if result > 0 { position += Int64(result) }
      return result
    }
  }

  private func fill(
    _ buffer: inout MutableSpan<UInt8>, _ call: (Int32, UnsafeMutableRawPointer, Int) -> Int
  ) throws(PlaceError) -> Int {
    var total = 0
    var code: Int32 = 0
    unsafe buffer.withUnsafeMutableBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      while total < bytes.count {
        let result = unsafe call(descriptor, base + total, bytes.count - total)
        if result > 0 {
          total += result
        } else if result == 0 {
          return
        } else if errno != EINTR {
          code = errno
          return
        }
      }
    }
    guard code == 0 else { throw PlaceError(code: code, path: path) }
    return total
  }

  /// Writes all the bytes, in one call where the system takes them so.
  package func write(_ bytes: Span<UInt8>) throws(PlaceError) {
    var code: Int32 = 0
    unsafe bytes.withUnsafeBytes { bytes in
      guard var address = bytes.baseAddress else { return }
      var left = bytes.count
      while left > 0 {
        let result = unsafe Glibc.write(descriptor, address, left)
        if result > 0 {
          unsafe address += result
          left -= result
        } else if result == 0 {
          code = ENOSPC
          return
        } else if errno != EINTR {
          code = errno
          return
        }
      }
    }
    guard code == 0 else { throw PlaceError(code: code, path: path) }
  }

  package func write(_ bytes: [UInt8]) throws(PlaceError) {
    try write(bytes.span)
  }

  /// Waits until what was written, and the size that reading it needs, is on the disk (fdatasync).
  package func synchronizeContents() throws(PlaceError) {
    while fdatasync(descriptor) != 0 {
      guard errno == EINTR else { throw failure() }
    }
  }

  /// Waits until contents and metadata are on the disk (fsync); for a folder, its names.
  package func synchronize() throws(PlaceError) {
    while fsync(descriptor) != 0 {
      guard errno == EINTR else { throw failure() }
    }
  }

  /// Takes the lock (flock) if nobody holds it, and says whether it did; closing the file frees it.
  package func tryLock(_ kind: FileLock.Kind = .exclusive) throws(PlaceError) -> Bool {
    while flock(descriptor, kind.operation | LOCK_NB) != 0 {
      guard errno == EINTR else {
        if errno == EWOULDBLOCK { return false }
        throw failure()
      }
    }
    return true
  }

  /// Takes the lock (flock) and waits for it as long as it takes.
  package func lock(_ kind: FileLock.Kind = .exclusive) throws(PlaceError) {
    while flock(descriptor, kind.operation) != 0 {
      guard errno == EINTR else { throw failure() }
    }
  }

  /// Frees the lock before the file is closed.
  package func unlock() {
    _ = flock(descriptor, LOCK_UN)
  }

  private func failure() -> PlaceError { PlaceError(code: errno, path: path) }

  private static func failure(_ path: String) -> PlaceError { PlaceError(code: errno, path: path) }
}
