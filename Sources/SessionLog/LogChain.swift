package import Cryptography
package import Wire

/// Where a record stands: what an ACK tells the other party.
package struct LogPosition: Hashable, Sendable {
  package var record: Int
  /// The chain tag, 32 bytes.
  package var tag: [UInt8]

  package init(record: Int, tag: [UInt8]) {
    self.record = record
    self.tag = tag
  }
}

/// Why the writer refuses an entry; each is a fault of this program, never of a peer or a disk.
package enum LogChainError: Error, Equatable, Sendable {
  case alreadyClosed
  /// The entry's ordinal, epoch or counts do not follow from those before it (docs/LOG_FORMAT.md, "Rules").
  case outOfSequence
  /// A value that has no form in a line: a wrong length, a text too long or not UTF-8.
  case noForm
  case cryptography(CryptographyError)
}

/// The writer's side of one segment: entries in, lines out, the keys of earlier records gone.
///
/// It touches no file and no clock. A line that was made counts as written: a caller whose write fails ends the
/// segment, since its state has moved on and cannot go back.
package struct LogChain: ~Copyable {
  package let header: LogHeader
  /// The number of the next record.
  package private(set) var nextRecord = 1
  /// The last ordinals of the session in each direction.
  package private(set) var sent: UInt64
  package private(set) var received: UInt64
  package private(set) var isClosed = false
  /// The line made last, with its newline.
  package var line: [UInt8] { writer.bytes }

  private var keys: ChainKeys
  private var tag = [UInt8].digest
  private var acknowledged: UInt64 = 0
  private var epoch: UInt64 = 0
  private var writer = LineWriter()
  private var time = TimeFormatter()
  private var payload: [UInt8] = []
  private var plain: [UInt8] = []
  private var sealed: [UInt8] = []

  /// Guarded bytes that one chain needs.
  package static let guardedByteCount = ChainKeys.byteCount

  /// Makes the header line; `line` holds it then.
  ///
  /// - Parameters:
  ///   - header: everything but the time and the wrapped keys, which are made here.
  ///   - root: R0; the caller wipes it once `seal` has wrapped it.
  ///   - seal: wraps R0 | K_wit to the log key, bound to the bytes that it is lent; 112 bytes.
  package init(
    header: LogHeader, at now: UnixTime, root: borrowing Secret<ChainRoot>, in region: GuardedRegion,
    sealingKeysWith seal: (Span<UInt8>) throws(CryptographyError) -> [UInt8]
  ) throws(LogChainError) {
    var header = header
    var time = TimeFormatter()
    let stamp = time.text(now)
    header.time = String(decoding: stamp.bytes, as: UTF8.self)
    guard Self.hasForm(header) else { throw .noForm }
    var writer = LineWriter()
    HeaderLine.writeBound(header, time: stamp, to: &writer)
    do throws(CryptographyError) {
      header.wrappedKeys = try seal(writer.bytes.span)
      guard Base64Form.wrappedKeysLength == (header.wrappedKeys.count * 8 + 5) / 6 else { throw .wrongLength }
      HeaderLine.writeWrapped(header.wrappedKeys.span, to: &writer)
      keys = try ChainKeys(root: root, header: writer.bytes.span, in: region)
    } catch {
      throw .cryptography(error)
    }
    self.header = header
    self.time = time
    self.writer = writer
    sent = UInt64(header.previous?.sent ?? 0)
    received = UInt64(header.previous?.received ?? 0)
    finishLine(payload: false)
  }

  /// Adds one record; `line` holds it then, ready to be written in one piece.
  package mutating func append(_ entry: LogEntry, at now: UnixTime) throws(LogChainError) -> LogPosition {
    guard !isClosed else { throw .alreadyClosed }
    let stamp = time.text(now)
    switch entry {
    case .message(let message):
      try appendMessage(message, stamp)
    case .acknowledgement(let ordinal, let record, let peerTag):
      guard ordinal > acknowledged, ordinal <= sent else { throw .outOfSequence }
      guard peerTag.count == 32, record <= HeaderLine.largestNumber else { throw .noForm }
      begin(stamp)
      RecordLine.writeAcknowledgement(
        ordinal: Int(ordinal), peerRecord: Int(record), peerTag: peerTag.span, to: &writer)
      acknowledged = ordinal
      finishLine(payload: false)
    case .rekey(let next):
      guard next > epoch else { throw .outOfSequence }
      guard next <= UInt64(HeaderLine.largestInteger) else { throw .noForm }
      begin(stamp)
      RecordLine.writeRekey(epoch: Int(next), to: &writer)
      epoch = next
      finishLine(payload: false)
    case .close(let why, let out, let `in`):
      guard out == sent, `in` == received else { throw .outOfSequence }
      begin(stamp)
      RecordLine.writeClose(why, sent: Int(out), received: Int(`in`), to: &writer)
      isClosed = true
      finishLine(payload: false)
    }
    return LogPosition(record: nextRecord - 1, tag: tag)
  }

  /// The position of the record made last.
  package var last: LogPosition { LogPosition(record: nextRecord - 1, tag: tag) }

  /// Adds a record of any kind, right or wrong, with a right tag: what only a faulty or hostile writer makes.
  ///
  /// - Parameters:
  ///   - body: the covered bytes from the kind on, for instance `rekey","epoch":1`.
  ///   - payload: the bytes after the tag's comma, in kinds that have them.
  package mutating func appendUncheckedForTestsOnly(
    body: String, payload: String?, at now: UnixTime
  ) -> LogPosition {
    begin(time.text(now))
    writer.put(Array(body.utf8))
    self.payload = Array((payload ?? "").utf8)
    finishLine(payload: payload != nil)
    return last
  }

  private mutating func appendMessage(_ message: LoggedMessage, _ stamp: LogTimeText) throws(LogChainError) {
    let next = (message.direction == .sent ? sent : received) + 1
    guard message.ordinal == next else { throw .outOfSequence }
    guard next <= UInt64(HeaderLine.largestInteger), message.identifier.count == 16,
      message.commitmentKey.count == 32, message.text.count <= SegmentLimits.textBytes,
      message.text.span.isValidUTF8
    else { throw .noForm }
    do throws(CryptographyError) {
      try makePayload(message)
    } catch {
      throw .cryptography(error)
    }
    let hash = SHA256Hash.hash(payload.span)
    var commitment = [UInt8].digest
    var span = commitment.mutableSpan
    HMACSHA256.authenticate(message.text.span, key: message.commitmentKey.span, into: &span)
    begin(stamp)
    RecordLine.writeMessage(
      message.direction, ordinal: Int(next), identifier: message.identifier.span,
      commitment: commitment.span, payloadHash: hash.span, to: &writer)
    switch message.direction {
    case .sent: sent = next
    case .received: received = next
    }
    finishLine(payload: true)
  }

  private mutating func makePayload(_ message: LoggedMessage) throws(CryptographyError) {
    payload.removeAll(keepingCapacity: true)
    switch header.text {
    case .sealed:
      try seal(message)
      payload.append(contentsOf: MessagePayload.sealedKey)
      let sealed = sealed
      Base64URL.append(sealed.span, to: &payload)
    case .plain:
      payload.append(contentsOf: MessagePayload.plainKey)
      Base64URL.append(message.commitmentKey.span, to: &payload)
      payload.append(contentsOf: MessagePayload.plainText)
      CanonicalString.write(message.text.span, into: &payload)
    }
    payload.append(0x22)
  }

  private mutating func seal(_ message: LoggedMessage) throws(CryptographyError) {
    // The buffers are taken out while the keys are lent, so that they are neither copied nor shared.
    var (plain, sealed): ([UInt8], [UInt8]) = ([], [])
    swap(&plain, &self.plain)
    swap(&sealed, &self.sealed)
    let number = nextRecord
    try keys.withSealKey { (key) throws(CryptographyError) in
      try MessagePayload.seal(
        text: message.text.span, commitmentKey: message.commitmentKey.span, number: number, key: key,
        plain: &plain, into: &sealed)
    }
    swap(&plain, &self.plain)
    swap(&sealed, &self.sealed)
  }

  private mutating func begin(_ stamp: LogTimeText) {
    writer.begin()
    RecordLine.writeBeginning(number: nextRecord, time: stamp, to: &writer)
  }

  /// Tags what stands in the buffer, ends the line and moves the keys on.
  private mutating func finishLine(payload hasPayload: Bool) {
    var leaf = [UInt8].digest
    LeafHash.compute(writer.bytes.span, into: &leaf)
    keys.prepareTagKey()
    var next = [UInt8].digest
    keys.tag(of: leaf, after: tag, into: &next)
    keys.wipeTagKey()
    tag = next
    RecordLine.writeTag(next.span, to: &writer)
    if hasPayload {
      writer.put(byte: 0x2C)
      writer.put(payload)
    }
    writer.put(byte: 0x7D)
    writer.put(byte: 0x0A)
    // Line 0 sets the number of the next record itself.
    if keys.number > 0 { nextRecord += 1 }
    keys.advance()
  }

  private static func hasForm(_ header: LogHeader) -> Bool {
    let previous = header.previous
    return header.segment > 0 && (previous == nil) == (header.segment == 1)
      && HeaderLine.nameBytes.contains(header.me.utf8.count)
      && HeaderLine.nameBytes.contains(header.peer.utf8.count)
      && header.session.count == 32 && header.myIdentifier.count == 32 && header.peerIdentifier.count == 32
      && (header.witness == .signed) == (header.segmentKey != nil)
      && (header.deviceRecord == nil) == (header.deviceProof == nil)
      && (previous.map { ($0.torn == 0) == ($0.tornHash == nil) && $0.tag.count == 32 } ?? true)
  }
}

/// Writes times as lines hold them, keeping the part that changes once a second.
struct TimeFormatter {
  private var second: UInt64?
  private var text = [UInt8](repeating: 0, count: LogTime.length)

  mutating func text(_ time: UnixTime) -> LogTimeText {
    let next = time.milliseconds / 1000
    if next != second {
      text = Array(time.rfc3339.utf8)
      second = next
    }
    let millisecond = Int(time.milliseconds % 1000)
    text[20] = 0x30 + UInt8(millisecond / 100)
    text[21] = 0x30 + UInt8(millisecond / 10 % 10)
    text[22] = 0x30 + UInt8(millisecond % 10)
    return LogTimeText(bytes: text)
  }
}
