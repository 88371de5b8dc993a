package import Cryptography
internal import Wire

/// Checks one segment as its bytes go by: chunks in, a verdict out, memory flat.
///
/// It is the first pass, and for a log without fault the only one. Where it finds a fault, `LogLookAhead` and
/// `LogSurvey` go over the file again to say what lies behind it.
package struct LogVerifier: ~Copyable {
  /// What is found out beside the verdict.
  package struct Wishes: Sendable {
    /// Open every text and prove it against its commitment.
    package var texts = false
    /// Remember the tags of these records: other segments name them.
    package var tags: Set<Int> = []

    package init(texts: Bool = false, tags: Set<Int> = []) {
      self.texts = texts
      self.tags = tags
    }
  }

  /// What only the rest of the file can answer about a line with an unexpected number.
  enum Question: Sendable {
    /// The line has number `found`, above the one expected: what comes later decides.
    case jump(expected: Int, found: Int)
    /// The line has a number that went by before: is it the same line again?
    case repeated(number: Int, line: [UInt8])
  }

  /// The first fault, before the question about it (if any) is answered.
  struct Fault: Sendable {
    var finding: Finding
    var question: Question?
  }

  private let header: LogHeader
  private let wishes: Wishes
  private var keys: ChainKeys
  private var assembler: LineAssembler
  private var tag: [UInt8]
  private var leaf = [UInt8].digest
  private var expectedTag = [UInt8].digest
  private var storedTag: [UInt8] = []
  private var payloads: PayloadCheck
  private var opening = TextOpening()
  private var rules: RecordRules
  private var redactions = Redactions()
  private var nextRecord = 1
  private var lastTime: Int
  private var lastTimeText: String
  private var commitmentFault: Finding?
  private var clockWarnings: [LogWarning] = []
  private var isSkippingAfterClose = false
  private var skippedAfterClose = 0

  /// The first fault; nothing behind it was looked at.
  private(set) var fault: Fault?
  /// The tags of the records that were wished for, as far as they exist.
  package private(set) var tags: [Int: [UInt8]] = [:]

  /// Clock steps back that are told one by one.
  private static let clockWarningLimit = 100

  /// - Parameter root: what `LogOpening.unlock` gave; feed it the file from behind its first line on.
  package init(
    _ opening: LogOpening, root: borrowing Secret<ChainRoot>, in region: GuardedRegion,
    wishes: Wishes = Wishes()
  ) throws(CryptographyError) {
    var keys = try ChainKeys(
      root: root, header: opening.line.span.extracting(0..<opening.layout.coveredCount), in: region)
    keys.advance()
    self.keys = keys
    header = opening.header
    self.wishes = wishes
    assembler = LineAssembler(at: opening.line.count + 1)
    tag = opening.tag
    payloads = PayloadCheck(opening.header.text)
    rules = RecordRules(opening.header)
    lastTime = LogTime.order(opening.line.span, at: HeaderLine.beginning.count)
    lastTimeText = opening.header.time
    if wishes.tags.contains(0) { tags[0] = tag }
  }

  /// Guarded bytes that one verifier needs.
  package static let guardedByteCount = ChainKeys.byteCount

  /// Where the bytes go on that `consume` wants, in the file.
  package static func start(_ opening: LogOpening) -> Int { opening.line.count + 1 }

  /// Takes the next bytes in; false once nothing more is needed.
  package mutating func consume(_ chunk: Span<UInt8>) -> Bool {
    var position = 0
    if isSkippingAfterClose { return skip(chunk, &position) }
    while true {
      switch assembler.next(in: chunk, from: &position) {
      case .needsMore: return true
      case .inChunk(let range):
        let start = assembler.lineStart
        guard judge(chunk.extracting(range), at: start) else { return false }
        assembler.endLine(count: range.count)
      case .carried:
        let start = assembler.lineStart
        let line = assembler.takeCarried()
        guard judge(line.span, at: start) else { return false }
        assembler.endLine(count: line.count, reusing: line)
      case .tooLong:
        guard rules.closing != nil else {
          fail(.tooLong, at: assembler.lineStart)
          return false
        }
        // Behind a close record it matters whether this is a line or a tail.
        isSkippingAfterClose = true
        return skip(chunk, &position)
      }
    }
  }

  private mutating func skip(_ chunk: Span<UInt8>, _ position: inout Int) -> Bool {
    let start = assembler.lineStart
    if assembler.skipLine(in: chunk, from: &position) {
      fail(.afterClose, at: start)
      return false
    }
    skippedAfterClose += chunk.count
    guard skippedAfterClose < WholeLines.damageLimit else {
      fail(.tooLong, at: start)
      return false
    }
    return true
  }

  // MARK: One line

  /// False at the first fault.
  private mutating func judge(_ line: Span<UInt8>, at start: Int) -> Bool {
    let isClosed = rules.closing != nil
    guard let form = RecordLine.read(line) else {
      fail(isClosed ? .afterClose : .format, at: start)
      return false
    }
    if isClosed {
      guard case .redaction = form.body else {
        fail(.afterClose, at: start)
        return false
      }
    }
    guard form.number == nextRecord else {
      isClosed ? fail(.afterClose, at: start) : failNumber(line, form, at: start)
      return false
    }
    computeTag(line.extracting(0..<form.coveredCount))
    storedTag.removeAll(keepingCapacity: true)
    Base64Form.decode(line, from: form.tagStart, count: Base64Form.digestLength, into: &storedTag)
    guard (try? ConstantTime.requireEqual(expectedTag.span, storedTag.span)) != nil else {
      fail(isClosed ? .afterClose : .tag, at: start)
      return false
    }
    if let code = judgeContent(line, form, at: start) {
      fail(isClosed ? .afterClose : code, at: start)
      return false
    }
    swap(&tag, &storedTag)
    if wishes.tags.contains(nextRecord) { tags[nextRecord] = tag }
    noteTime(line, form)
    nextRecord += 1
    keys.advance()
    return true
  }

  private mutating func computeTag(_ covered: Span<UInt8>) {
    LeafHash.compute(covered, into: &leaf)
    keys.prepareTagKey()
    keys.tag(of: leaf, after: tag, into: &expectedTag)
  }

  /// Payload and rules of a line whose tag is right.
  private mutating func judgeContent(_ line: Span<UInt8>, _ form: LogLine, at start: Int) -> VerdictCode? {
    switch form.body {
    case .open: return .format
    case .head: if !header.isHeadStore { return .format }
    case .message, .acknowledgement, .checkpoint, .cosignature, .peerHead, .redaction, .rekey, .close: break
    }
    var isMessage = false
    if case .message = form.body { isMessage = true }
    switch payloads.judge(line, form) {
    case .right:
      if isMessage, wishes.texts, commitmentFault == nil { openText(line, form, at: start) }
    case .wrongForm: return .format
    case .damaged(let isDeletedForm):
      guard isMessage else { return .text }
      redactions.note(
        nextRecord,
        damage: Redactions.Damage(
          length: form.payload?.count ?? 0, isDeletedForm: isDeletedForm, lineStart: start,
          line: nextRecord + 1))
    }
    guard rules.take(form, redactions: &redactions) else { return .rule }
    redactions.note(nextRecord, payloadLength: isMessage ? form.payload?.count : nil)
    return nil
  }

  private mutating func openText(_ line: Span<UInt8>, _ form: LogLine, at start: Int) {
    guard
      opening.open(line, form, mode: header.text, payloads: &payloads, keys: &keys) == nil
    else { return }
    commitmentFault = Finding(.commitment, record: nextRecord, line: nextRecord + 1, offset: start)
  }

  private mutating func noteTime(_ line: Span<UInt8>, _ form: LogLine) {
    let time = LogTime.order(line, at: form.timeStart)
    if time < lastTime, clockWarnings.count < Self.clockWarningLimit {
      clockWarnings.append(.clock(record: nextRecord))
    }
    lastTime = time
    if case .close = form.body { lastTimeText = HeaderLine.text(line, form.timeStart, LogTime.length) }
  }

  /// A number that is not the one expected: changed, or is another line here?
  private mutating func failNumber(_ line: Span<UInt8>, _ form: LogLine, at start: Int) {
    var covered: [UInt8] = []
    covered.append(contentsOf: line, from: 0, to: LogLine.numberStart)
    covered += Array(String(nextRecord).utf8)
    covered.append(contentsOf: line, from: form.numberEnd, to: form.coveredCount)
    computeTag(covered.span)
    let stored = HeaderLine.digest(line, form.tagStart)
    if (try? ConstantTime.requireEqual(expectedTag.span, stored.span)) != nil {
      return fail(.tag, at: start)
    }
    if form.number > nextRecord {
      fail(.tag, at: start, asking: .jump(expected: nextRecord, found: form.number))
    } else {
      var bytes: [UInt8] = []
      bytes.append(contentsOf: line, from: 0)
      fail(.order, at: start, asking: .repeated(number: form.number, line: bytes))
    }
  }

  private mutating func fail(_ code: VerdictCode, at start: Int, asking question: Question? = nil) {
    guard let (record, damage) = redactions.firstDamage else {
      fault = Fault(
        finding: Finding(code, record: nextRecord, line: nextRecord + 1, offset: start), question: question)
      return
    }
    // A text that nothing explains stands before the line that is wrong.
    fault = Fault(
      finding: Finding(.text, record: record, line: damage.line, offset: damage.lineStart), question: nil)
  }

  // MARK: The end

  /// The report at the end of the file; where `needsSurvey`, without the intact ranges behind the fault.
  ///
  /// - Parameter isBeingWritten: whether a writer holds the lock of the file.
  package mutating func finish(isBeingWritten: Bool) -> LogReport {
    let finding = fault?.finding ?? endFinding(isBeingWritten: isBeingWritten)
    var report = LogReport(finding, header: header)
    report.records = nextRecord
    report.messagesSent = rules.messagesSent
    report.messagesReceived = rules.messagesReceived
    report.headsNotJudged = rules.headsNotJudged
    report.deleted = redactions.deleted
    report.closing = rules.closing
    report.lastTime = lastTimeText
    report.warnings = clockWarnings
    if fault == nil {
      var intact = RecordRanges([0...(nextRecord - 1)])
      for record in redactions.faults.sorted().reversed() { intact.remove(record) }
      report.intact = intact.ranges
    }
    return report
  }

  /// Whether the rest of the file has to be looked at to say what is intact.
  package var needsSurvey: Bool { fault != nil }

  /// The bytes after the last newline: their count and SHA-256, for the segment that comes next to explain.
  package var tail: (count: Int, hash: [UInt8])? {
    let tail = assembler.tail
    return tail.isEmpty ? nil : (tail.count, SHA256Hash.hash(tail.span))
  }

  /// 6 to 9 of "Checking".
  private func endFinding(isBeingWritten: Bool) -> Finding {
    let faults = [redactions.firstFault, commitmentFault].compactMap { $0 }
    if let first = faults.min(by: { ($0.record ?? 0) < ($1.record ?? 0) }) { return first }
    let tailStart = assembler.lineStart
    if assembler.tailCount >= SegmentLimits.lineBytes {
      return Finding(.tooLong, record: nextRecord, line: nextRecord + 1, offset: tailStart)
    }
    let tail = assembler.tail
    if rules.closing != nil {
      if !tail.isEmpty {
        guard Tail.begins(tail.span, record: nextRecord) else {
          return Finding(.afterClose, record: nextRecord, line: nextRecord + 1, offset: tailStart)
        }
        return Finding(.torn, record: nextRecord - 1, offset: tailStart, torn: tail.count)
      }
    } else if isBeingWritten {
      return Finding(.open, record: nextRecord - 1)
    } else if !tail.isEmpty {
      return Finding(.torn, record: nextRecord - 1, offset: tailStart, torn: tail.count)
    } else {
      return Finding(.noClose, record: nextRecord - 1)
    }
    if let record = redactions.firstUnfinished { return Finding(.unfinishedRedaction, record: record) }
    return Finding(.ok)
  }
}
