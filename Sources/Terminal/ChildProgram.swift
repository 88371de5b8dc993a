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
    let result = ChildStart(
      path: path, arguments: arguments, input: pipes.input.readEnd, output: pipes.output.writeEnd,
      errors: showsErrors ? .inherited : .dropped
    ).spawn()
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
      guard let status = ChildStart.reap(processID) else { return -1 }
      return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
    }
  }
}
