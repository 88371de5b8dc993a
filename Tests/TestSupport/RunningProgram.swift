import CPlatform
import Foundation
import Synchronization

/// A program that a test started, on pipes or on a terminal of its own; killed when the test lets go.
package final class RunningProgram: Sendable {
  package enum Ending: Hashable, Sendable {
    case exited(Int32)
    case signalled(Int32)
  }

  /// How its three streams are laid.
  package enum Streams: Sendable {
    /// Pipes; standard input stays open until `closeInput`.
    case pipes
    /// Pipes, and these bytes as the whole of standard input.
    case input([UInt8])
    /// A pseudo-terminal of so many columns, as a person would have.
    case terminal(columns: Int)
  }

  package let name: String
  /// Standard output; on a terminal the screen, where standard error goes too.
  package let output: Gathered
  /// Standard error; on a terminal the same as `output`.
  package let errors: Gathered
  package let processID: Int32
  private let inputEnd: Mutex<Int32>
  private let ending: Watched<Ending?>

  /// Descriptors are made and marked one program at a time, so that none inherits another's pipe.
  private static let starting = Mutex(())

  /// Makes and marks a descriptor while no program starts that would inherit it.
  package static func whileNoneStarts(_ body: () -> Int32) -> Int32 { starting.withLock { _ in body() } }

  package init(
    _ path: String, _ arguments: [String], environment: [String: String], folder: String,
    streams: Streams = .pipes, name: String? = nil
  ) throws {
    self.name = name ?? (path as NSString).lastPathComponent
    // Writing to a program that has ended is a failed write here, not the end of the tests.
    _ = signal(SIGPIPE, SIG_IGN)
    let laid = try RunningProgram.starting.withLock { _ in
      try Laid(path, arguments, environment, folder, streams)
    }
    processID = laid.processID
    output = Gathered(reading: laid.outputEnd)
    errors = laid.errorEnd.map { Gathered(reading: $0) } ?? output
    inputEnd = Mutex(laid.inputEnd)
    let ending = Watched<Ending?>(nil)
    self.ending = ending
    let processID = laid.processID
    Thread.detachNewThread {
      var information = siginfo_t()
      // Not reaped yet: the number stays this process's until `ending` is set.
      while waitid(P_PID, id_t(processID), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
      ending.change {
        var status: Int32 = 0
        while waitpid(processID, &status, 0) < 0, errno == EINTR {}
        $0 = status & 0x7F == 0 ? .exited((status >> 8) & 0xFF) : .signalled(status & 0x7F)
      }
    }
    if case .input(let bytes) = streams {
      // A full pipe must not hold the test, so the bytes go in from a thread of their own.
      Thread.detachNewThread { [self] in
        write(bytes)
        closeInput()
      }
    }
  }

  deinit {
    send(SIGKILL)
    closeInput()
  }

  /// Writes to standard input, or types on the terminal.
  package func write(_ bytes: [UInt8]) {
    let descriptor = inputEnd.withLock { $0 }
    guard descriptor >= 0 else { return }
    var offset = 0
    while offset < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress! + offset, $0.count - offset)
      }
      if count > 0 { offset += count } else if errno != EINTR { return }
    }
  }

  package func write(_ text: String) { write(Array(text.utf8)) }

  package func closeInput() {
    inputEnd.withLock {
      if $0 >= 0 { close($0) }
      $0 = -1
    }
  }

  /// Sends a signal, unless the program has ended.
  package func send(_ signal: Int32) {
    ending.change { if $0 == nil { kill(processID, signal) } }
  }

  package var isRunning: Bool { ending.value == nil }

  /// Waits for its end and for the last of its output.
  package func ending(within seconds: Double = 60) async throws -> Ending {
    guard let result = await ending.wait(within: seconds, { $0 }) else {
      throw ProgramFailure("\(name) has not ended after \(seconds) s\n" + transcript)
    }
    // A child that still holds the pipe must not hold the test for longer than this.
    _ = await output.end(within: 5)
    _ = await errors.end(within: 5)
    return result
  }

  /// Everything it wrote, for a failure's text.
  package var transcript: String {
    errors === output
      ? "--- \(name), screen:\n\(output.text)\n---"
      : "--- \(name), standard output:\n\(output.text)\n--- \(name), standard error:\n\(errors.text)\n---"
  }

  /// Waits until standard output (or the screen) holds the words after the offset; returns the offset after them.
  @discardableResult
  package func shows(
    _ words: String, after start: Int = 0, within seconds: Double = 60
  ) async throws -> Int {
    guard let position = await output.position(after: words, from: start, within: seconds) else {
      throw ProgramFailure("\(name) does not show \(words.debugDescription)\n" + transcript)
    }
    return position
  }

  /// Waits until standard error holds the words.
  package func complains(_ words: String, within seconds: Double = 60) async throws {
    guard await errors.position(after: words, from: 0, within: seconds) != nil else {
      throw ProgramFailure("\(name) does not say \(words.debugDescription)\n" + transcript)
    }
  }
}

/// The descriptors of a started program.
private struct Laid {
  let processID: pid_t
  let inputEnd: Int32
  let outputEnd: Int32
  let errorEnd: Int32?

  init(
    _ path: String, _ arguments: [String], _ environment: [String: String], _ folder: String,
    _ streams: RunningProgram.Streams
  ) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Signals as a login shell gives them, whatever the test runner ignores or blocks.
    var every = sigset_t()
    sigfillset(&every)
    posix_spawnattr_setsigdefault(&attributes, &every)
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    // POSIX_SPAWN_SETSID: a session of its own, so that the terminal becomes its controlling one.
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | 0x80))
    var closeAfterwards: [Int32] = []
    defer { for end in closeAfterwards { close(end) } }
    switch streams {
    case .pipes, .input:
      let (input, output, errors) = (try Pipe(), try Pipe(), try Pipe())
      posix_spawn_file_actions_adddup2(&actions, input.readEnd, 0)
      posix_spawn_file_actions_adddup2(&actions, output.writeEnd, 1)
      posix_spawn_file_actions_adddup2(&actions, errors.writeEnd, 2)
      closeAfterwards = [input.readEnd, output.writeEnd, errors.writeEnd]
      (inputEnd, outputEnd, errorEnd) = (input.writeEnd, output.readEnd, errors.readEnd)
    case .terminal(let columns):
      let terminal = try PseudoTerminal(columns: columns)
      posix_spawn_file_actions_addopen(&actions, 0, terminal.path, O_RDWR, 0)
      posix_spawn_file_actions_adddup2(&actions, 0, 1)
      posix_spawn_file_actions_adddup2(&actions, 0, 2)
      (inputEnd, outputEnd, errorEnd) = (terminal.descriptor, try duplicate(terminal.descriptor), nil)
    }
    // The test process holds sockets without close-on-exec, which would stay open in the program.
    _ = sc_close_from(&actions, 3)
    let argumentPointers = (["env", "-C", folder, path] + arguments).map { strdup($0) } + [nil]
    let environmentPointers = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer {
      let pointers = argumentPointers + environmentPointers
      for index in pointers.indices { free(pointers[index]) }
    }
    // env enters the folder and becomes the program: posix_spawn itself cannot change folders everywhere.
    var processID: pid_t = 0
    let code = posix_spawn(
      &processID, "/usr/bin/env", &actions, &attributes, argumentPointers, environmentPointers)
    guard code == 0 else { throw ProgramFailure("\(path): \(String(cString: strerror(code)))") }
    self.processID = processID
  }
}

private struct Pipe {
  let readEnd: Int32
  let writeEnd: Int32

  init() throws {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw ProgramFailure("pipe: \(errno)") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    (readEnd, writeEnd) = (ends[0], ends[1])
  }
}

private func duplicate(_ descriptor: Int32) throws -> Int32 {
  let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
  guard copy >= 0 else { throw ProgramFailure("dup: \(errno)") }
  return copy
}

/// A pseudo-terminal: the end that a terminal emulator holds, and the path of the other.
package struct PseudoTerminal: Sendable {
  package let descriptor: Int32
  package let path: String

  package init(columns: Int) throws {
    descriptor = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    guard descriptor >= 0 else { throw ProgramFailure("/dev/ptmx: \(errno)") }
    // ioctl_tty(2): TIOCSPTLCK unlocks, TIOCGPTN tells the number, TIOCSWINSZ sets the size.
    var unlocked: Int32 = 0
    var number: UInt32 = 0
    var size = winsize(ws_row: 24, ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    guard ioctl(descriptor, 0x4004_5431, &unlocked) == 0,
      ioctl(descriptor, 0x8004_5430, &number) == 0,
      ioctl(descriptor, 0x5414, &size) == 0
    else { throw ProgramFailure("pseudo-terminal: \(errno)") }
    path = "/dev/pts/\(number)"
  }
}
