import Cryptography
import SessionLog
import Wire

/// A log key, a root and a witness key that are the same in every run.
final class LogFixture: Sendable {
  let region: GuardedRegion
  let secret: Secret<LogSecretKey>
  let root: Secret<ChainRoot>
  let witness: Secret<WitnessKey>
  let publicKey: [UInt8]

  init(seed: UInt8 = 7) throws {
    region = try GuardedRegion(byteCount: 8192 + LogVerifier.guardedByteCount + LogSurvey.guardedByteCount)
    let (first, second, third) = (Self.bytes(seed), Self.bytes(seed &+ 1), Self.bytes(seed &+ 2))
    secret = try Secret(copying: first.span, in: region)
    root = try Secret(copying: second.span, in: region)
    witness = try Secret(copying: third.span, in: region)
    publicKey = try X25519.publicKey(of: secret)
  }

  private static func bytes(_ value: UInt8) -> [UInt8] { [UInt8](repeating: value, count: 32) }

  static func time(_ second: Int) -> UnixTime {
    UnixTime(milliseconds: 1_763_640_000_000 + UInt64(second) * 1000)
  }

  func header(text: LogTextMode = .sealed, random: UInt8 = 1) throws -> LogHeader {
    let log = try require(LogIdentifier(random: [UInt8](repeating: random, count: 8), publicKey: publicKey))
    return LogHeader(
      time: "", version: 1, log: log, session: [UInt8](repeating: 9, count: 32), segment: 1, previous: nil,
      me: "alice", myIdentifier: [UInt8](repeating: 5, count: 32), peer: "bob",
      peerIdentifier: [UInt8](repeating: 6, count: 32), witness: .off, text: text, segmentKey: nil,
      deviceRecord: nil, deviceProof: nil, wrappedKeys: [])
  }

  func chain(text: LogTextMode = .sealed, random: UInt8 = 1) throws -> LogChain {
    try LogChain(
      header: header(text: text, random: random), at: Self.time(0), root: root,
      in: GuardedRegion(byteCount: 4096)
    ) { (bound) throws(CryptographyError) in
      try LogKeyWrapping.seal(root, witness, to: publicKey, boundTo: bound, in: region)
    }
  }

  static func message(_ direction: LogDirection, _ ordinal: UInt64, _ text: String) -> LogEntry {
    .message(
      LoggedMessage(
        direction: direction, ordinal: ordinal,
        identifier: [UInt8](repeating: UInt8(truncatingIfNeeded: ordinal), count: 16),
        commitmentKey: [UInt8](repeating: 3, count: 32), text: Array(text.utf8)))
  }

  /// The entries of a conversation with every kind that is written.
  static var conversation: [LogEntry] {
    [
      message(.sent, 1, "first"),
      .acknowledgement(ordinal: 1, peerRecord: 1, peerTag: .init(repeating: 4, count: 32)),
      message(.received, 1, "hi alice — got it"), .rekey(epoch: 1),
      message(.sent, 2, "third \"quoted\" \\ back\n"),
      message(.received, 2, ""), .close(why: .bye, sent: 2, received: 2),
    ]
  }

  /// A log as bytes.
  func log(_ entries: [LogEntry] = conversation, text: LogTextMode = .sealed, random: UInt8 = 1) throws
    -> [UInt8]
  {
    var chain = try chain(text: text, random: random)
    var bytes = chain.line
    for (index, entry) in entries.enumerated() {
      _ = try chain.append(entry, at: Self.time(index + 1))
      bytes += chain.line
    }
    return bytes
  }

  /// What a check of these bytes finds, all passes, as the checker of files does it.
  func check(
    _ bytes: [UInt8], texts: Bool = false, chunk: Int = 1 << 18, isBeingWritten: Bool = false,
    knownHeader: [UInt8]? = nil
  ) throws
    -> LogReport
  {
    let opening: LogOpening
    do {
      opening = try LogOpening(
        beginning: bytes.span.extracting(0..<min(bytes.count, 1 << 20)), fileSize: bytes.count)
    } catch {
      return LogReport(error.finding)
    }
    guard opening.fits(publicKey: publicKey, profileIdentifier: [UInt8](repeating: 5, count: 32)) else {
      return LogReport(Finding(.wrongKey), header: opening.header)
    }
    let region = try GuardedRegion(
      byteCount: LogVerifier.guardedByteCount + LogSurvey.guardedByteCount + 4096)
    let root: Secret<ChainRoot>
    do {
      // Thousands of checks share a header that is known to open; opening it costs more than all the rest.
      root =
        opening.line == knownHeader
        ? try Secret(copying: self.root, in: region) : try opening.unlock(with: secret, in: region)
    } catch {
      return LogReport(Finding(.tag, record: 0, line: 1, offset: 0), header: opening.header)
    }
    var verifier = try LogVerifier(opening, root: root, in: region, wishes: .init(texts: texts))
    Self.feed(bytes, from: LogVerifier.start(opening), chunk: chunk) { verifier.consume($0) }
    var report = verifier.finish(isBeingWritten: isBeingWritten)
    guard verifier.needsSurvey else { return report }
    var ahead = LogLookAhead(after: verifier)
    Self.feed(bytes, from: 0, chunk: chunk) { ahead.consume($0) }
    report.finding = ahead.answer
    report.records = ahead.lines
    var survey = try LogSurvey(opening, root: root, in: region, lines: ahead.lines)
    Self.feed(bytes, from: 0, chunk: chunk) {
      survey.consume($0)
      return true
    }
    report.intact = survey.finish()
    return report
  }

  /// The texts of a log, opened.
  func texts(_ bytes: [UInt8]) throws -> [[UInt8]] {
    let opening = try LogOpening(beginning: bytes.span, fileSize: bytes.count)
    let root = try opening.unlock(with: secret, in: region)
    var survey = try LogSurvey(opening, root: root, in: region, lines: lines(bytes).count, showing: true)
    var found: [[UInt8]] = []
    survey.consume(bytes.span) { record in
      if record.isAuthentic, case .message(_, _, let text?, _) = record.content { found.append(text) }
    }
    return found
  }

  private static func feed(_ bytes: [UInt8], from start: Int, chunk: Int, _ body: (Span<UInt8>) -> Bool) {
    var position = start
    while position < bytes.count {
      let end = min(bytes.count, position + chunk)
      guard body(bytes.span.extracting(position..<end)) else { return }
      position = end
    }
  }
}

struct NotThere: Error {}

func require<T>(_ value: T?) throws -> T {
  guard let value else { throw NotThere() }
  return value
}

/// The lines of a log, each with its newline; the last may have none.
func lines(_ bytes: [UInt8]) -> [[UInt8]] {
  var lines: [[UInt8]] = []
  var current: [UInt8] = []
  for byte in bytes {
    current.append(byte)
    if byte == 0x0A {
      lines.append(current)
      current = []
    }
  }
  return current.isEmpty ? lines : lines + [current]
}
