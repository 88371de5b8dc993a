internal import Terminal

/// Where the program's words go: verdicts and texts to standard output, everything else to standard error.
package struct LogConsole {
  /// Payload, whole lines; false where it cannot be written, or the reader is gone.
  package var payload: ([UInt8]) -> Bool
  /// A line for people.
  package var notice: (String) -> Void
  /// Whether a person can be asked for a passphrase.
  package var canAsk: Bool

  /// The terminal of standard error; nil where it is none.
  var progress: ProgressTerminal?

  package init(
    payload: @escaping ([UInt8]) -> Bool, notice: @escaping (String) -> Void, canAsk: Bool,
    progress: ProgressTerminal? = nil
  ) {
    self.payload = payload
    self.notice = notice
    self.canAsk = canAsk
    self.progress = progress
  }

  /// The three descriptors that the program was started with.
  package static var standard: LogConsole {
    LogConsole(
      payload: { bytes in (try? StreamWriter.writeAll(bytes, to: .output)) != nil },
      notice: { line in try? StreamWriter.writeAll(Array((line + "\n").utf8), to: .error) },
      canAsk: TerminalScreen.canAsk, progress: .standardError)
  }

  /// Text that a person asked for; with `--json` standard output holds JSON alone.
  func help(_ text: String, isJSON: Bool) throws(LogProblem) {
    if isJSON { notice(text) } else { try print(text) }
  }

  func print(_ line: String) throws(LogProblem) { try write(Array((line + "\n").utf8)) }

  /// Payload without which the exit status would promise too much.
  func write(_ bytes: [UInt8]) throws(LogProblem) {
    guard payload(bytes) else { throw LogSentences.outputFailed }
  }
}
