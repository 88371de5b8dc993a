import Glibc

/// One of the three descriptors that every program is started with, or one that was named.
package struct StandardStream: Hashable, Sendable {
  package let descriptor: Int32

  package init(descriptor: Int32) { self.descriptor = descriptor }

  package static let input = StandardStream(descriptor: STDIN_FILENO)
  package static let output = StandardStream(descriptor: STDOUT_FILENO)
  package static let error = StandardStream(descriptor: STDERR_FILENO)

  package var isTerminal: Bool { isatty(descriptor) == 1 }
}

/// A stream that could not be read or written, with the system's error number.
package struct StreamError: Error, Equatable, Sendable {
  package let errorNumber: Int32

  package init(errorNumber: Int32) { self.errorNumber = errorNumber }

  /// The reader of a pipe is gone.
  package var isBrokenPipe: Bool { errorNumber == EPIPE }

  /// The system's words for it, "No space left on device".
  package var description: String { unsafe String(cString: strerror(errorNumber)) }
}

/// Writes to a stream from a thread of its own, whole and in order.
package actor StreamWriter {
  private let stream: StandardStream
  private let thread = BlockingThread()
  private var failure: StreamError?

  package init(_ stream: StandardStream) { self.stream = stream }

  nonisolated package var unownedExecutor: UnownedSerialExecutor {
    unsafe thread.asUnownedSerialExecutor()
  }

  /// Returns when the system has every byte. After a failure nothing more is written, and each call
  /// throws that failure again.
  package func write(_ bytes: [UInt8]) throws(StreamError) {
    if let failure { throw failure }
    do {
      try Self.writeAll(bytes, to: stream)
    } catch {
      failure = error
      throw error
    }
  }

  /// The same on the caller's thread: for a last word before the process ends.
  package static func writeAll(_ bytes: [UInt8], to stream: StandardStream) throws(StreamError) {
    var done = 0
    while done < bytes.count {
      let from = done
      let count = unsafe bytes.withUnsafeBytes { buffer in
        let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[from...])
        return unsafe Glibc.write(stream.descriptor, rest.baseAddress, rest.count)
      }
      if count >= 0 {
        done += count
      } else if errno == EAGAIN {
        // Somebody else made the descriptor non-blocking.
        var wait = pollfd(fd: stream.descriptor, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&wait, 1, -1)
      } else if errno != EINTR {
        throw StreamError(errorNumber: errno)
      }
    }
  }
}

/// Reads a stream from a thread of its own, as bytes come.
package actor StreamReader {
  package enum Chunk: Equatable, Sendable {
    case bytes([UInt8])
    case endOfInput
    /// ``interrupt()`` was called while nothing was there to read.
    case interrupted
  }

  private let stream: StandardStream
  private let thread = BlockingThread()
  private let wakeUp: WakeUpPipe

  package init(_ stream: StandardStream) throws(StreamError) {
    self.stream = stream
    wakeUp = try WakeUpPipe()
  }

  nonisolated package var unownedExecutor: UnownedSerialExecutor {
    unsafe thread.asUnownedSerialExecutor()
  }

  /// Waits for input and returns what is there, at most `limit` bytes.
  package func read(atMost limit: Int = 65_536) throws(StreamError) -> Chunk {
    while true {
      switch try wakeUp.wait(for: stream.descriptor) {
      case .wokenUp: return .interrupted
      case .readable: break
      }
      var bytes = [UInt8](repeating: 0, count: limit)
      let count = unsafe bytes.withUnsafeMutableBytes {
        unsafe Glibc.read(stream.descriptor, $0.baseAddress, limit)
      }
      if count > 0 { return .bytes(Array(bytes[..<count])) }
      // A terminal that went away reads as EIO: nothing more will come.
      if count == 0 || errno == EIO { return .endOfInput }
      if errno != EINTR && errno != EAGAIN { throw StreamError(errorNumber: errno) }
    }
  }

  /// Lets a read that waits return ``Chunk/interrupted``; the stream is free for somebody else then.
  nonisolated package func interrupt() { wakeUp.wake() }
}

/// A pipe whose only purpose is to end a wait in `poll`.
final class WakeUpPipe: Sendable {
  enum Found { case readable, wokenUp }

  private let readEnd: Int32
  private let writeEnd: Int32

  init() throws(StreamError) {
    let pipe = try PrivatePipe()
    readEnd = pipe.readEnd
    writeEnd = pipe.writeEnd
    for end in [readEnd, writeEnd] { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
  }

  deinit {
    close(readEnd)
    close(writeEnd)
  }

  func wake() {
    var byte: UInt8 = 1
    _ = unsafe Glibc.write(writeEnd, &byte, 1)
  }

  func wait(for descriptor: Int32) throws(StreamError) -> Found {
    while true {
      var entries = [
        pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0),
      ]
      let ready = unsafe poll(&entries, 2, -1)
      if ready < 0 {
        guard errno == EINTR else { throw StreamError(errorNumber: errno) }
        continue
      }
      if entries[1].revents != 0 {
        var bytes = [UInt8](repeating: 0, count: 64)
        _ = unsafe Glibc.read(readEnd, &bytes, 64)
        return .wokenUp
      }
      if entries[0].revents != 0 { return .readable }
    }
  }
}

/// A pipe that no child process inherits.
struct PrivatePipe {
  let readEnd: Int32
  let writeEnd: Int32

  init() throws(StreamError) {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { throw StreamError(errorNumber: errno) }
    (readEnd, writeEnd) = (ends[0], ends[1])
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
  }
}
