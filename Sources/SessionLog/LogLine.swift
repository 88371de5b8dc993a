package import Wire

/// One line that has the form of a record: its numbers, and where its parts stand in the line.
///
/// Offsets are used rather than values, so that checking a log copies nothing.
package struct LogLine: Sendable, Equatable {
  package enum Body: Sendable, Equatable {
    case open
    case message(LogDirection, ordinal: Int, commitmentStart: Int, payloadHashStart: Int)
    case acknowledgement(ordinal: Int, peerRecord: Int)
    case checkpoint(size: Int, payloadHashStart: Int)
    case cosignature(of: Int, payloadHashStart: Int)
    case peerHead(size: Int, payloadHashStart: Int)
    case redaction(of: Int, length: Int)
    case rekey(epoch: Int)
    case close(why: LogCloseReason, sent: Int, received: Int)
    case head(size: Int)
  }

  package var number: Int
  package var body: Body
  /// Where the 24 bytes of the time begin.
  package var timeStart: Int
  /// Where the number's digits end; they begin at byte 5.
  package var numberEnd: Int
  /// The bytes that the tag covers: those before `,"h":`.
  package var coveredCount: Int
  /// Where the 43 characters of the tag begin.
  package var tagStart: Int
  /// The bytes that are judged by their own hash; nil in kinds without.
  package var payload: Range<Int>?

  static let numberStart = 5
}

/// The forms of all lines but the header, matched byte by byte.
enum RecordLine {
  private static let beginning = Array(#"{"n":"#.utf8)
  private static let time = Array(#","t":""#.utf8)
  private static let kind = Array(#"","k":""#.utf8)
  private static let tag = Array(#","h":""#.utf8)

  private static let message = Array(#"msg","d":""#.utf8)
  private static let sent = Array(#"out","q":"#.utf8)
  private static let received = Array(#"in","q":"#.utf8)
  private static let identifier = Array(#","id":""#.utf8)
  private static let commitment = Array(#"","m":""#.utf8)
  private static let payloadHash = Array(#"","x":""#.utf8)
  private static let acknowledgement = Array(#"ack","q":"#.utf8)
  private static let peerRecord = Array(#","pn":"#.utf8)
  private static let peerTag = Array(#","ph":""#.utf8)
  private static let checkpoint = Array(#"ckpt","size":"#.utf8)
  private static let root = Array(#","root":""#.utf8)
  private static let cosignature = Array(#"cosig","of":"#.utf8)
  private static let numberHash = Array(#","x":""#.utf8)
  private static let peerHead = Array(#"peer","log":""#.utf8)
  private static let size = Array(#"","size":"#.utf8)
  private static let redaction = Array(#"redact","of":"#.utf8)
  private static let length = Array(#","len":"#.utf8)
  private static let rekey = Array(#"rekey","epoch":"#.utf8)
  private static let close = Array(#"close","why":""#.utf8)
  private static let closeSent = Array(#"","out":"#.utf8)
  private static let closeReceived = Array(#","in":"#.utf8)
  private static let head = Array(#"head","log":""#.utf8)
  private static let headWhy = Array(#"","why":""#.utf8)
  private static let headReasons = ["adopt", "open", "ckpt", "close", "redact", "prune"].map {
    Array(($0 + "\"").utf8)
  }
  private static let closings = LogCloseReason.allCases.map { ($0, Array($0.rawValue.utf8)) }

  private static let largestNumber = HeaderLine.largestNumber
  private static let largestInteger = HeaderLine.largestInteger

  /// Reads a whole line without its newline; nil if it has the form of no record.
  static func read(_ line: Span<UInt8>) -> LogLine? {
    var reader = LineReader(to: line.count)
    guard reader.take(beginning, of: line),
      let number = reader.takeNumber(of: line, atMost: largestNumber)
    else { return nil }
    let numberEnd = reader.position
    guard reader.take(time, of: line), let timeStart = reader.takeTime(of: line), reader.take(kind, of: line),
      let body = takeBody(line, &reader)
    else {
      if number == 0, case .header(_, let layout) = HeaderLine.read(line) {
        return LogLine(
          number: 0, body: .open, timeStart: HeaderLine.beginning.count, numberEnd: numberEnd,
          coveredCount: layout.coveredCount, tagStart: layout.tagStart, payload: nil)
      }
      return nil
    }
    let coveredCount = reader.position
    guard reader.take(tag, of: line), let tagStart = reader.takeDigest(of: line), reader.take(0x22, of: line),
      line.count > reader.position, line[line.count - 1] == 0x7D
    else { return nil }
    var payload: Range<Int>?
    if body.hasPayload {
      guard reader.take(0x2C, of: line), reader.position < line.count else { return nil }
      payload = reader.position..<(line.count - 1)
    } else if reader.position != line.count - 1 {
      return nil
    }
    return LogLine(
      number: number, body: body, timeStart: timeStart, numberEnd: numberEnd, coveredCount: coveredCount,
      tagStart: tagStart, payload: payload)
  }

  private static func takeBody(_ line: Span<UInt8>, _ reader: inout LineReader) -> LogLine.Body? {
    guard reader.position < line.count else { return nil }
    switch line[reader.position] {
    case 0x6D: return takeMessage(line, &reader)  // m
    case 0x61:  // a
      guard reader.take(acknowledgement, of: line),
        let ordinal = reader.takeNumber(of: line, atMost: largestInteger),
        reader.take(peerRecord, of: line),
        let record = reader.takeNumber(of: line, atMost: largestNumber),
        takeQuoted(peerTag, line, &reader) != nil
      else { return nil }
      return .acknowledgement(ordinal: ordinal, peerRecord: record)
    case 0x63: return takeCheckpointCosignatureOrClose(line, &reader)  // c
    case 0x70: return takePeerHead(line, &reader)  // p
    case 0x72: return takeRedactionOrRekey(line, &reader)  // r
    case 0x68: return takeHead(line, &reader)  // h
    default: return nil
    }
  }

  private static func takeMessage(_ line: Span<UInt8>, _ reader: inout LineReader) -> LogLine.Body? {
    guard reader.take(message, of: line) else { return nil }
    let direction: LogDirection
    if reader.take(sent, of: line) {
      direction = .sent
    } else if reader.take(received, of: line) {
      direction = .received
    } else {
      return nil
    }
    guard let ordinal = reader.takeNumber(of: line, atMost: largestInteger),
      reader.take(identifier, of: line),
      reader.takeBase64(of: line, count: Base64Form.identifierLength) != nil,
      reader.take(commitment, of: line), let commitmentStart = reader.takeDigest(of: line),
      let hashStart = takeQuoted(payloadHash, line, &reader)
    else { return nil }
    return .message(
      direction, ordinal: ordinal, commitmentStart: commitmentStart, payloadHashStart: hashStart)
  }

  private static func takeCheckpointCosignatureOrClose(
    _ line: Span<UInt8>, _ reader: inout LineReader
  ) -> LogLine.Body? {
    if reader.take(close, of: line) { return takeClose(line, &reader) }
    if reader.take(checkpoint, of: line) {
      guard let size = reader.takeNumber(of: line, atMost: largestNumber),
        takeQuoted(root, line, &reader) != nil, let hashStart = takeQuoted(numberHash, line, &reader)
      else { return nil }
      return .checkpoint(size: size, payloadHashStart: hashStart)
    }
    guard reader.take(cosignature, of: line),
      let size = reader.takeNumber(of: line, atMost: largestNumber),
      let hashStart = takeQuoted(numberHash, line, &reader)
    else { return nil }
    return .cosignature(of: size, payloadHashStart: hashStart)
  }

  private static func takeClose(_ line: Span<UInt8>, _ reader: inout LineReader) -> LogLine.Body? {
    for (why, spelling) in closings {
      var attempt = reader
      guard attempt.take(spelling, of: line), attempt.take(closeSent, of: line) else { continue }
      guard let sent = attempt.takeNumber(of: line, atMost: largestInteger),
        attempt.take(closeReceived, of: line),
        let received = attempt.takeNumber(of: line, atMost: largestInteger)
      else { return nil }
      reader = attempt
      return .close(why: why, sent: sent, received: received)
    }
    return nil
  }

  private static func takePeerHead(_ line: Span<UInt8>, _ reader: inout LineReader) -> LogLine.Body? {
    guard reader.take(peerHead, of: line), reader.takeLogIdentifier(of: line) != nil,
      reader.take(size, of: line),
      let size = reader.takeNumber(of: line, atMost: largestNumber), takeQuoted(root, line, &reader) != nil,
      let hashStart = takeQuoted(numberHash, line, &reader)
    else { return nil }
    return .peerHead(size: size, payloadHashStart: hashStart)
  }

  private static func takeRedactionOrRekey(_ line: Span<UInt8>, _ reader: inout LineReader) -> LogLine.Body? {
    if reader.take(redaction, of: line) {
      guard let record = reader.takeNumber(of: line, atMost: largestNumber), reader.take(length, of: line),
        let count = reader.takeNumber(of: line, atMost: SegmentLimits.lineBytes), count > 0
      else { return nil }
      return .redaction(of: record, length: count)
    }
    guard reader.take(rekey, of: line), let epoch = reader.takeNumber(of: line, atMost: largestInteger)
    else { return nil }
    return .rekey(epoch: epoch)
  }

  private static func takeHead(_ line: Span<UInt8>, _ reader: inout LineReader) -> LogLine.Body? {
    guard reader.take(head, of: line), reader.takeLogIdentifier(of: line) != nil, reader.take(size, of: line),
      let size = reader.takeNumber(of: line, atMost: largestNumber), reader.take(root, of: line),
      reader.takeDigest(of: line) != nil, reader.take(headWhy, of: line)
    else { return nil }
    for reason in headReasons where reader.take(reason, of: line) { return .head(size: size) }
    return nil
  }

  /// A key with a digest in quotes.
  private static func takeQuoted(_ key: [UInt8], _ line: Span<UInt8>, _ reader: inout LineReader) -> Int? {
    guard reader.take(key, of: line), let start = reader.takeDigest(of: line), reader.take(0x22, of: line)
    else { return nil }
    return start
  }

  // MARK: Writing

  static func writeBeginning(number: Int, time stamp: LogTimeText, to line: inout LineWriter) {
    line.put(beginning)
    line.put(number: number)
    line.put(time)
    line.put(time: stamp)
    line.put(kind)
  }

  static func writeMessage(
    _ direction: LogDirection, ordinal: Int, identifier id: Span<UInt8>, commitment mac: Span<UInt8>,
    payloadHash hash: Span<UInt8>, to line: inout LineWriter
  ) {
    line.put(message)
    switch direction {
    case .sent: line.put(sent)
    case .received: line.put(received)
    }
    line.put(number: ordinal)
    line.put(identifier)
    line.put(base64: id)
    line.put(commitment)
    line.put(base64: mac)
    line.put(payloadHash)
    line.put(base64: hash)
    line.put(byte: 0x22)
  }

  static func writeAcknowledgement(
    ordinal: Int, peerRecord record: Int, peerTag mac: Span<UInt8>, to line: inout LineWriter
  ) {
    line.put(acknowledgement)
    line.put(number: ordinal)
    line.put(peerRecord)
    line.put(number: record)
    line.put(peerTag)
    line.put(base64: mac)
    line.put(byte: 0x22)
  }

  static func writeRekey(epoch: Int, to line: inout LineWriter) {
    line.put(rekey)
    line.put(number: epoch)
  }

  static func writeClose(_ why: LogCloseReason, sent: Int, received: Int, to line: inout LineWriter) {
    line.put(close)
    line.put(Array(why.rawValue.utf8))
    line.put(closeSent)
    line.put(number: sent)
    line.put(closeReceived)
    line.put(number: received)
  }

  /// Writes the tag; what follows is the payload with its comma, if any, and the closing brace.
  static func writeTag(_ mac: Span<UInt8>, to line: inout LineWriter) {
    line.put(tag)
    line.put(base64: mac)
    line.put(byte: 0x22)
  }
}

extension LogLine.Body {
  /// Whether a payload follows the tag.
  var hasPayload: Bool {
    switch self {
    case .message, .checkpoint, .cosignature, .peerHead: true
    case .open, .acknowledgement, .redaction, .rekey, .close, .head: false
    }
  }
}

/// The sizes at which a segment, a line and a text end.
package enum SegmentLimits {
  /// A line with its newline: 1 MiB.
  package static let lineBytes = 1 << 20
  /// Records of one segment; the next record opens a new one.
  package static let records = 1_000_000
  /// Bytes of one segment: 256 MiB.
  package static let bytes = 256 << 20
  /// A text, in bytes of UTF-8: 64 KiB.
  package static let textBytes = 65_536
  /// Unsynced bytes at which a writer waits for the disk, so that a torn tail always fits one line: 512 KiB.
  package static let unsyncedBytes = 512 << 10
}
