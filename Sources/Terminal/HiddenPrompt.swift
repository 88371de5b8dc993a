import CPlatform
import Glibc

/// Asks for a secret: what is typed is not shown, and goes straight into memory that the caller lends.
///
/// Echo is off before the prompt appears, so nothing typed at the sight of it is ever shown; what was
/// typed before is dropped. Echo comes back on every way out: ENTER, ^C, ^D, SIGTERM, and while ^Z has
/// the program stopped. It blocks its thread.
package enum HiddenPrompt {
  /// The signals that must not leave a terminal without echo. SIGTTOU is not among them: a program in
  /// the background is to be stopped before it changes anything.
  private static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGTSTP]

  /// Prints the prompt, reads a line and returns its length in bytes, the newline not counted.
  ///
  /// A line longer than the buffer is `.tooLong`. After a signal echo is back and the signal has been
  /// sent again for its former action; where the program lives on, `.interrupted` is thrown. The buffer
  /// may hold a part of the line then; the caller wipes it.
  package static func read(
    _ prompt: String, input: Int32 = STDIN_FILENO, output: Int32 = STDERR_FILENO,
    into buffer: inout MutableSpan<UInt8>
  ) throws(TerminalError) -> Int {
    let attributes = try TerminalAttributes(of: input)
    while true {
      switch try ask(prompt, attributes, input, output, &buffer) {
      case .line(let count):
        return count
      case .signal(let number):
        sc_raise(number)
        guard number == SIGTSTP else { throw .interrupted(signal: number) }
      // Stopped and going on by now: the question is asked anew.
      }
    }
  }

  private enum Outcome {
    case line(Int)
    case signal(Int32)
  }

  /// One asking; on return echo is back and the former signal actions hold again.
  private static func ask(
    _ prompt: String, _ attributes: TerminalAttributes, _ input: Int32, _ output: Int32,
    _ buffer: inout MutableSpan<UInt8>
  ) throws(TerminalError) -> Outcome {
    let catcher = try SignalCatcher(signals)
    try attributes.withoutEcho.apply(to: input, droppingInput: true)
    defer {
      try? attributes.apply(to: input)
      // The handlers stay until the echo is back.
      extendLifetime(catcher)
    }
    TerminalScreen.write(Array(prompt.utf8), to: output)
    return try readLine(input, catcher, &buffer)
  }

  private static func readLine(
    _ input: Int32, _ catcher: borrowing SignalCatcher, _ buffer: inout MutableSpan<UInt8>
  ) throws(TerminalError) -> Outcome {
    var count = 0
    var isTooLong = false
    // One byte at a time, so that no read takes more than this line and none is copied twice.
    var byte: UInt8 = 0
    defer { unsafe withUnsafeMutablePointer(to: &byte) { unsafe explicit_bzero($0, 1) } }
    while true {
      var waiting = [
        pollfd(fd: input, events: Int16(POLLIN), revents: 0),
        pollfd(fd: catcher.readEnd, events: Int16(POLLIN), revents: 0),
      ]
      guard unsafe poll(&waiting, 2, -1) >= 0 || errno == EINTR else { throw .failed(code: errno) }
      if let number = catcher.next() { return .signal(number) }
      guard waiting[0].revents != 0 else { continue }
      let result = unsafe Glibc.read(input, &byte, 1)
      if result < 0 {
        if errno == EINTR || errno == EAGAIN { continue }
        // The terminal is gone (EIO), or this program is not in its foreground.
        throw errno == EIO ? .endOfInput : .failed(code: errno)
      }
      guard result > 0 else { throw .endOfInput }
      if byte == UInt8(ascii: "\n") { break }
      if count < buffer.count {
        buffer[count] = byte
        count += 1
      } else {
        isTooLong = true
      }
    }
    if isTooLong { throw .tooLong(limit: buffer.count) }
    return .line(count)
  }
}
