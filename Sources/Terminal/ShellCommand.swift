import CPlatform
import Glibc

/// A line for `/bin/sh` that somebody configured, run with bytes from elsewhere as its whole standard input.
///
/// The bytes never become part of the line, of an argument or of a variable: they stand in a file in memory
/// from which the command reads. It runs in a session of its own, so that it cannot reach this program's
/// terminal, and what it starts ends with it where it has to be ended.
package struct ShellCommand: Sendable {
  package struct Limits: Sendable {
    /// After so long it is told to end (SIGTERM).
    package var milliseconds = 60_000
    /// After so long again it is killed.
    package var patienceMilliseconds = 1000
    /// Bytes of its output that are kept; the rest is read and dropped.
    package var outputBytes = 16_384

    package init() {}
  }

  package enum Ending: Hashable, Sendable {
    case exited(Int32)
    case signalled(Int32)
    case tookTooLong
    /// It was told to end by a ``StopSwitch``.
    case stopped
  }

  package struct Outcome: Sendable {
    package let ending: Ending
    /// What it wrote to standard output and standard error.
    package let output: [UInt8]
    package let isOutputCut: Bool
  }

  package let line: String

  package init(_ line: String) { self.line = line }

  /// Runs it to its end; blocks as long as it takes.
  ///
  /// Throws where it could not be started, with the system's number.
  package func run(
    input: [UInt8], variables: [(name: String, value: String)], limits: Limits, stop: StopSwitch
  ) throws(StreamError) -> Outcome {
    let pipe = try PrivatePipe()
    defer { close(pipe.readEnd) }
    _ = fcntl(pipe.readEnd, F_SETFL, O_NONBLOCK)
    let child: (processID: Int32, errorNumber: Int32)
    do {
      defer { close(pipe.writeEnd) }
      let file = try MemoryFile(input)
      // `--`: a line that begins with `-` is no option of the shell.
      child = ChildStart(
        path: "/bin/sh", arguments: ["-c", "--", line], variables: variables, input: file.descriptor,
        output: pipe.writeEnd, errors: .descriptor(pipe.writeEnd), isApart: true
      ).spawn()
    }
    guard child.errorNumber == 0 else { throw StreamError(errorNumber: child.errorNumber) }
    var run = try CommandRun(child.processID, output: pipe.readEnd, limits)
    return run.wait(stop)
  }
}

/// Ends every ``ShellCommand`` that was started with it, now and from now on.
package final class StopSwitch: Sendable {
  /// Readable from ``stop()`` on, since nobody ever reads it.
  fileprivate let readEnd: Int32
  private let writeEnd: Int32

  package init() throws(StreamError) {
    let pipe = try PrivatePipe()
    readEnd = pipe.readEnd
    writeEnd = pipe.writeEnd
    _ = fcntl(writeEnd, F_SETFL, O_NONBLOCK)
  }

  deinit {
    close(readEnd)
    close(writeEnd)
  }

  package func stop() {
    var byte: UInt8 = 1
    _ = unsafe write(writeEnd, &byte, 1)
  }
}

/// Bytes as a file that has no name; the descriptor goes with this value.
private struct MemoryFile: ~Copyable {
  let descriptor: Int32

  init(_ bytes: [UInt8]) throws(StreamError) {
    let descriptor = unsafe sc_memory_file("message")
    guard descriptor >= 0 else { throw StreamError(errorNumber: errno) }
    do throws(StreamError) {
      try StreamWriter.writeAll(bytes, to: StandardStream(descriptor: descriptor))
    } catch {
      close(descriptor)
      throw error
    }
    lseek(descriptor, 0, SEEK_SET)
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }
}

/// A command that runs: its end, its output and its time are waited for together.
private struct CommandRun {
  private let processID: Int32
  /// Readable once it has ended.
  private let end: Int32
  private let output: Int32
  private let limits: ShellCommand.Limits
  private var gathered: [UInt8] = []
  private var isCut = false
  private var isOutputOpen = true

  init(_ processID: Int32, output: Int32, _ limits: ShellCommand.Limits) throws(StreamError) {
    self.processID = processID
    self.output = output
    self.limits = limits
    end = sc_process_descriptor(processID)
    guard end >= 0 else {
      let errorNumber = errno
      kill(-processID, SIGKILL)
      _ = ChildStart.reap(processID)
      throw StreamError(errorNumber: errorNumber)
    }
  }

  mutating func wait(_ stop: StopSwitch) -> ShellCommand.Outcome {
    var ended: ShellCommand.Ending?
    var deadline: ContinuousClock.Instant? = .now + .milliseconds(limits.milliseconds)
    while true {
      var entries = [
        pollfd(fd: end, events: Int16(POLLIN), revents: 0),
        pollfd(fd: isOutputOpen ? output : -1, events: Int16(POLLIN), revents: 0),
        pollfd(fd: ended == nil ? stop.readEnd : -1, events: Int16(POLLIN), revents: 0),
      ]
      let ready = unsafe poll(&entries, nfds_t(entries.count), Self.milliseconds(until: deadline))
      guard ready >= 0 || errno == EINTR else {
        kill(-processID, SIGKILL)
        break
      }
      if entries[1].revents != 0 { gather() }
      if entries[0].revents != 0 { break }
      let isStopped = entries[2].revents != 0
      guard isStopped || deadline.map({ $0 <= .now }) ?? false else { continue }
      if ended == nil {
        ended = isStopped ? .stopped : .tookTooLong
        kill(-processID, SIGTERM)
        deadline = .now + .milliseconds(limits.patienceMilliseconds)
      } else {
        kill(-processID, SIGKILL)
        deadline = nil
      }
    }
    // Its number, and so its group's, is nobody else's before it is reaped.
    if ended != nil { kill(-processID, SIGKILL) }
    if isOutputOpen { gather() }
    close(end)
    let status = ChildStart.reap(processID) ?? 0
    let own: ShellCommand.Ending =
      status & 0x7F == 0 ? .exited((status >> 8) & 0xFF) : .signalled(status & 0x7F)
    return ShellCommand.Outcome(ending: ended ?? own, output: gathered, isOutputCut: isCut)
  }

  /// At least 0, rounded up; -1: no end.
  private static func milliseconds(until deadline: ContinuousClock.Instant?) -> Int32 {
    guard let deadline else { return -1 }
    let left = max(.zero, ContinuousClock.now.duration(to: deadline))
    let (seconds, attoseconds) = left.components
    return Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
  }

  /// Takes what stands in the pipe; a bounded number of times, so that one who writes without end is left to
  /// the time limit.
  private mutating func gather() {
    var bytes = [UInt8](repeating: 0, count: 16_384)
    for _ in 0..<16 {
      let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(output, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      if count < 0, errno == EAGAIN { return }
      guard count > 0 else {
        isOutputOpen = false
        return
      }
      let room = max(0, limits.outputBytes - gathered.count)
      gathered += bytes[..<min(room, count)]
      if count > room { isCut = true }
    }
  }
}
