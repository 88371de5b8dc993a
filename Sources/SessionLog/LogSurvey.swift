package import Cryptography
package import Wire

/// A record as a reader is shown it: what it says, and whether that is proven.
package struct SurveyedRecord: Sendable {
  package enum Content: Sendable {
    case opened
    /// The text is nil where it was deleted, damaged, or does not open.
    case message(LogDirection, ordinal: Int, text: [UInt8]?, isDeleted: Bool)
    case acknowledgement(ordinal: Int, peerRecord: Int)
    case rekey(epoch: Int)
    case close(LogCloseReason)
    /// A record of a kind whose content this version does not judge, by its name in the log.
    case other(String)
    /// A line that has the form of no record.
    case unreadable(byteCount: Int)
  }

  /// The number that the line states; nil where it has no form.
  package var number: Int?
  /// The line, counted from 1.
  package var line: Int
  package var time: String?
  /// Right tag under the key of its own number, after the line before it, and no fault in the payload.
  package var isAuthentic: Bool
  package var content: Content
}

/// Third pass: finds every record that is authentic by itself, however damaged the file around it is.
///
/// A line counts if its tag is right under the key of its own number, with the tag of the line just before
/// (numbered one less) as stored or, failing that, as computed, and if no fault is in its payload.
package struct LogSurvey: ~Copyable {
  private let header: LogHeader
  private let headerTag: [UInt8]
  private var keys: ChainKeys
  private var checkpoints: ChainCheckpoints
  private var wholeLines = WholeLines(passingOver: .max)
  private let numberLimit: Int
  private let isShowing: Bool
  private var lineIndex = 0
  private var payloads: PayloadCheck
  private var opening = TextOpening()
  private var before: Before?
  private var leaf = [UInt8].digest
  private var ranges = RecordRanges([0...0])
  private var damaged: [Int: Int] = [:]
  private var redacted: [Int: Int] = [:]

  /// The line before this one: the tags that it may have given on.
  private struct Before {
    var number: Int
    var stored: [UInt8]
    var computed: [[UInt8]]
  }

  /// Numbers this far above the count of lines are not tried.
  private static let numberSlack = 65_536
  /// Guarded bytes that a survey needs.
  package static let guardedByteCount = ChainKeys.byteCount + ChainCheckpoints.byteCount

  /// Feed it the whole file, from its first byte.
  ///
  /// - Parameters:
  ///   - lines: how many complete lines the file has.
  ///   - showing: whether texts are to be opened for a reader.
  package init(
    _ opening: LogOpening, root: borrowing Secret<ChainRoot>, in region: GuardedRegion, lines: Int,
    showing: Bool = false
  ) throws(CryptographyError) {
    let keys = try ChainKeys(
      root: root, header: opening.line.span.extracting(0..<opening.layout.coveredCount), in: region)
    checkpoints = try ChainCheckpoints(keys, in: region)
    self.keys = keys
    header = opening.header
    headerTag = opening.tag
    payloads = PayloadCheck(opening.header.text)
    numberLimit = lines + Self.numberSlack
    isShowing = showing
  }

  /// Takes the next bytes in; `body` sees each line once its record is judged.
  package mutating func consume<E: Error>(
    _ chunk: Span<UInt8>, _ body: (SurveyedRecord) throws(E) -> Void
  ) throws(E) {
    var position = 0
    while true {
      switch wholeLines.next(in: chunk, from: &position) {
      case .needsMore, .givenUp: return
      case .passedOver: try body(unreadable(byteCount: SegmentLimits.lineBytes))
      case .inChunk(let range):
        let record = judge(chunk.extracting(range))
        wholeLines.endLine(count: range.count)
        try body(record)
      case .carried:
        let line = wholeLines.takeCarried()
        let record = judge(line.span)
        wholeLines.endLine(count: line.count, reusing: line)
        try body(record)
      }
    }
  }

  package mutating func consume(_ chunk: Span<UInt8>) {
    consume(chunk) { _ in }
  }

  /// The runs of authentic records, once the file has gone by.
  package consuming func finish() -> [ClosedRange<Int>] {
    var ranges = ranges
    for (record, length) in damaged where redacted[record] == length { ranges.insert(record) }
    return ranges.ranges
  }

  private mutating func unreadable(byteCount: Int) -> SurveyedRecord {
    before = nil
    lineIndex += 1
    return SurveyedRecord(
      number: nil, line: lineIndex, time: nil, isAuthentic: false, content: .unreadable(byteCount: byteCount))
  }

  private mutating func judge(_ line: Span<UInt8>) -> SurveyedRecord {
    guard let form = RecordLine.read(line) else { return unreadable(byteCount: line.count) }
    defer { lineIndex += 1 }
    let stored = HeaderLine.digest(line, form.tagStart)
    var isAuthentic = false
    if lineIndex == 0 {
      // The opening has proven this line already.
      isAuthentic = true
      before = Before(number: 0, stored: headerTag, computed: [])
    } else {
      isAuthentic = checkTag(line, form, stored)
    }
    var content = describe(form)
    if isAuthentic { isAuthentic = judgePayload(line, form, &content) }
    return SurveyedRecord(
      number: form.number, line: lineIndex + 1,
      time: isShowing ? HeaderLine.text(line, form.timeStart, LogTime.length) : nil,
      isAuthentic: isAuthentic, content: content)
  }

  /// Tries the tag of the line before as stored, then as computed; remembers what this line gives on.
  private mutating func checkTag(_ line: Span<UInt8>, _ form: LogLine, _ stored: [UInt8]) -> Bool {
    let previous = before
    var next = Before(number: form.number, stored: stored, computed: [])
    defer { before = next }
    guard let previous, previous.number + 1 == form.number, form.number <= numberLimit else { return false }
    checkpoints.move(&keys, to: form.number)
    LeafHash.compute(line.extracting(0..<form.coveredCount), into: &leaf)
    keys.prepareTagKey()
    for candidate in [previous.stored] + previous.computed {
      var tag = [UInt8].digest
      keys.tag(of: leaf, after: candidate, into: &tag)
      if (try? ConstantTime.requireEqual(tag.span, stored.span)) != nil {
        next.computed = []
        return true
      }
      // One edited tag has one right value; more candidates than these never come of a real chain.
      if next.computed.count < 2 { next.computed.append(tag) }
    }
    return false
  }

  /// False for a fault in the payload, or one that only a later redact record can explain.
  private mutating func judgePayload(
    _ line: Span<UInt8>, _ form: LogLine, _ content: inout SurveyedRecord.Content
  ) -> Bool {
    if case .redaction(let record, let length) = form.body { redacted[record] = length }
    switch payloads.judge(line, form) {
    case .right:
      if isShowing, case .message(let direction, let ordinal, _, _) = form.body {
        let text = opening.open(line, form, mode: header.text, payloads: &payloads, keys: &keys)
        content = .message(direction, ordinal: ordinal, text: text, isDeleted: false)
      }
      ranges.insert(form.number)
      return true
    case .wrongForm: return false
    case .damaged(let isDeleted):
      guard case .message(let direction, let ordinal, _, _) = form.body else { return false }
      damaged[form.number] = form.payload?.count ?? 0
      content = .message(direction, ordinal: ordinal, text: nil, isDeleted: isDeleted)
      return false
    }
  }

  private func describe(_ form: LogLine) -> SurveyedRecord.Content {
    switch form.body {
    case .open: .opened
    case .message(let direction, let ordinal, _, _):
      .message(direction, ordinal: ordinal, text: nil, isDeleted: false)
    case .acknowledgement(let ordinal, let record): .acknowledgement(ordinal: ordinal, peerRecord: record)
    case .rekey(let epoch): .rekey(epoch: epoch)
    case .close(let why, _, _): .close(why)
    case .checkpoint: .other("ckpt")
    case .cosignature: .other("cosig")
    case .peerHead: .other("peer")
    case .redaction: .other("redact")
    case .head: .other("head")
    }
  }
}
