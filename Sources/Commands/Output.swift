import Terminal

/// Standard output for payload, standard error for everything else.
///
/// With `--json` standard output holds events alone: help goes to standard error, a failure to both.
actor Output {
  nonisolated let isJSON: Bool
  nonisolated let isQuiet: Bool
  nonisolated let paint: Paint
  private let payloadWriter = StreamWriter(.output)
  private let noticeWriter = StreamWriter(.error)

  init(json: Bool, quiet: Bool, paint: Paint) {
    isJSON = json
    isQuiet = quiet
    self.paint = paint
  }

  /// A line of payload. Returns when the system has it, which is late where nobody reads the pipe.
  func payload(_ line: String) async throws(Failure) {
    try await payload(bytes: Array((line + "\n").utf8))
  }

  /// Payload as it is.
  func payload(bytes: [UInt8]) async throws(Failure) {
    do {
      try await payloadWriter.write(bytes)
    } catch {
      throw Sentences.outputFailed(error)
    }
  }

  /// What a person may want to know; not with `--quiet`.
  func notice(_ text: String) async {
    if !isQuiet { await say(text) }
  }

  /// What a person has to know. A standard error that is gone is nobody's to tell.
  func say(_ text: String) async {
    let shown =
      StandardStream.error.isTerminal
      ? Wrapping.wrap(text, columns: TerminalScreen.columns(of: StandardStream.error.descriptor)) : text
    try? await noticeWriter.write(Array((shown + "\n").utf8))
  }

  func help(_ text: String) async throws(Failure) {
    if isJSON { await say(text) } else { try await payload(text) }
  }

  func report(_ failure: Failure) async {
    if isJSON { try? await payload(bytes: JSONEvents.error(failure)) }
    guard failure.exit != .interrupted || !failure.message.isEmpty else { return }
    await say(Sentences.printed(failure, paint: paint))
  }
}
