import CPlatform
import Glibc
import Synchronization

/// Signals as bytes of a pipe while a prompt has the terminal in its hands; the former actions come back.
///
/// A pipe and not EINTR: in a program of many threads the signal may interrupt another one.
struct SignalCatcher: ~Copyable {
  private static let writeEnd = Atomic<Int32>(-1)

  /// The end to poll and read.
  let readEnd: Int32
  private let writeEnd: Int32
  private var former: [(number: Int32, action: sigaction)] = []

  init(_ numbers: [Int32]) throws(TerminalError) {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { throw .failed(code: errno) }
    readEnd = ends[0]
    writeEnd = ends[1]
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    SignalCatcher.writeEnd.store(writeEnd, ordering: .sequentiallyConsistent)
    for number in numbers {
      var action = sigaction()
      // 1: ignored before (nohup), so it stays ignored.
      if unsafe sc_catch_signal(number, SignalCatcher.handler, &action) == 0 {
        former.append((number, action))
      }
    }
  }

  deinit {
    for (number, action) in former {
      var action = action
      _ = unsafe sigaction(number, &action, nil)
    }
    SignalCatcher.writeEnd.store(-1, ordering: .sequentiallyConsistent)
    // One that came at the last moment goes to its former action: none is swallowed.
    while let number = next() { sc_raise(number) }
    _ = close(readEnd)
    _ = close(writeEnd)
  }

  /// The next signal that came, or nil.
  borrowing func next() -> Int32? {
    var byte: UInt8 = 0
    return unsafe read(readEnd, &byte, 1) == 1 ? Int32(byte) : nil
  }

  private static let handler: @convention(c) (Int32) -> Void = { number in
    let savedError = errno
    let end = SignalCatcher.writeEnd.load(ordering: .sequentiallyConsistent)
    var byte = UInt8(truncatingIfNeeded: number)
    if end >= 0 { _ = unsafe write(end, &byte, 1) }
    errno = savedError
  }
}
