import CPlatform
import Glibc

/// Another program, started beside this one: its standard output is read line by line, and its standard
/// input stays open and empty until this program ends, so that it can notice.
package actor ChildProgram {
  /// A program that could not be started.
  package struct Failure: Error, Sendable {
    package let path: String
    package let errorNumber: Int32

    /// The system's words for it.
    package var why: String { StreamError(errorNumber: errorNumber).description }
  }

  nonisolated package let processID: Int32
  private let output: StreamReader
  private let input: Int32
  private let waiting = ThreadedWork()
  private var unread: [UInt8] = []
  private var hasEnded = false

  /// Where this very program lies.
  package static var ownPath: String {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe buffer.withUnsafeMutableBytes { buffer in
      guard let start = unsafe buffer.baseAddress?.assumingMemoryBound(to: CChar.self) else { return 0 }
      return unsafe readlink("/proc/self/exe", start, buffer.count)
    }
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : CommandLine.arguments[0]
  }

  /// Where a program of this name lies that was installed with this one.
  package static func sibling(_ name: String) -> String {
    let own = ownPath
    guard let slash = own.lastIndex(of: "/") else { return name }
    return String(own[...slash]) + name
  }

  /// `showsErrors`: its standard error is this program's; else nobody sees it.
  package init(_ path: String, _ arguments: [String], showsErrors: Bool = true) throws(Failure) {
    let pipes: (input: PrivatePipe, output: PrivatePipe)
    do throws(StreamError) {
      pipes = (try PrivatePipe(), try PrivatePipe())
      output = try StreamReader(StandardStream(descriptor: pipes.output.readEnd))
    } catch {
      throw Failure(path: path, errorNumber: error.errorNumber)
    }
    let result = Self.spawn(
      path, arguments, input: pipes.input.readEnd, output: pipes.output.writeEnd, showsErrors: showsErrors)
    close(pipes.input.readEnd)
    close(pipes.output.writeEnd)
    input = pipes.input.writeEnd
    processID = result.processID
    guard result.errorNumber == 0 else {
      close(input)
      close(pipes.output.readEnd)
      throw Failure(path: path, errorNumber: result.errorNumber)
    }
  }

  private static func spawn(
    _ path: String, _ arguments: [String], input: Int32, output: Int32, showsErrors: Bool
  ) -> (processID: Int32, errorNumber: Int32) {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    unsafe posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
    unsafe posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    if !showsErrors {
      unsafe posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
    }
    // Sockets that a library made without close-on-exec are not the other program's.
    unsafe sc_close_from(&actions, STDERR_FILENO + 1)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    var words = unsafe ([path] + arguments).map { unsafe strdup($0) } + [nil]
    defer { for index in unsafe words.indices { unsafe free(words[index]) } }
    var processID: Int32 = -1
    let errorNumber = unsafe posix_spawn(&processID, path, &actions, nil, &words, environ)
    return (processID, errorNumber)
  }

  /// The next line of its standard output; nil at its end.
  package func nextLine() async -> String? {
    while true {
      if let newline = unread.firstIndex(of: 0x0A) {
        let line = String(decoding: unread[..<newline], as: UTF8.self)
        unread.removeFirst(newline + 1)
        return line
      }
      guard !hasEnded else { return nil }
      switch try? await output.read() {
      case .bytes(let bytes): unread += bytes
      case .endOfInput, .interrupted, nil: hasEnded = true
      }
    }
  }

  /// Waits for its end: its exit code, or 128 and the signal that ended it. Called once.
  package func exitCode() async -> Int32 {
    let processID = processID
    return await waiting.run {
      var status: Int32 = 0
      while unsafe waitpid(processID, &status, 0) < 0 {
        guard errno == EINTR else { return -1 }
      }
      return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
    }
  }
}
