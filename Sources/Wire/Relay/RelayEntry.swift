/// An entry of a mailbox's log, as the relay keeps it and hands it out (ENTRY).
package struct RelayEntry: Hashable, Sendable {
  static let headByteCount = 65
  /// Bytes of a commit's entry that are not its body, the most that there are.
  package static let largestOverhead = headByteCount + RelayCommit.byteCount

  /// From 1, without gaps.
  package let sequence: UInt64
  package let id: MessageID
  /// The relay's clock when it took the entry.
  package let time: UnixTime
  /// The chain with this entry, 32 bytes (`RelaySignedBytes.chain`).
  package let chain: [UInt8]
  package let content: RelayContent
  package let body: [UInt8]

  package init(
    sequence: UInt64, id: MessageID, time: UnixTime, chain: [UInt8], content: RelayContent, body: [UInt8]
  ) {
    self.sequence = sequence
    self.id = id
    self.time = time
    self.chain = chain
    self.content = content
    self.body = body
  }

  init(parsing frame: Span<UInt8>) throws(RelayFrameError) {
    guard frame.count >= Self.headByteCount, let kind = RelayKind(rawValue: frame[8]) else {
      throw .malformed
    }
    sequence = frame.bigEndianUInt64(at: 0)
    guard sequence != 0 else { throw .malformed }
    id = frame.messageID(at: 9)
    time = UnixTime(milliseconds: frame.bigEndianUInt64(at: 25))
    chain = frame.bytes(at: 33, count: 32)
    content = try RelayContent(kind: kind, parsing: frame, at: Self.headByteCount)
    body = [UInt8](copying: frame.extracting(droppingFirst: Self.headByteCount + content.byteCount))
  }

  /// Bytes of the whole frame's body, which are what credit is counted in.
  package var frameByteCount: Int { Self.headByteCount + content.byteCount + body.count }

  func append(to bytes: inout [UInt8]) {
    bytes.append(bigEndian: sequence)
    bytes.append(content.kind.rawValue)
    bytes += id.bytes
    bytes.append(bigEndian: time.milliseconds)
    bytes += chain
    content.commit?.append(to: &bytes)
    bytes += body
  }
}

/// SUBSCRIBE: entries from a number on, and those that come, as far as the credit goes.
package struct RelaySubscribe: Hashable, Sendable {
  /// The first number that is wanted; below the floor the floor counts.
  package let from: UInt64
  /// Bytes of ENTRY bodies that may be under way; takes the place of what was left of earlier credit.
  package let credit: UInt32

  package init(from: UInt64, credit: UInt32) {
    self.from = from
    self.credit = credit
  }

  init(parsing body: Span<UInt8>) throws(RelayFrameError) {
    try body.require(count: 12)
    from = body.bigEndianUInt64(at: 0)
    credit = body.bigEndianUInt32(at: 8)
  }

  var body: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: from)
    bytes.append(bigEndian: credit)
    return bytes
  }
}

/// RANGE: entries once more, both ends counted.
package struct RelayRange: Hashable, Sendable {
  package let request: UInt32
  package let from: UInt64
  package let through: UInt64

  package init(request: UInt32, from: UInt64, through: UInt64) {
    self.request = request
    self.from = from
    self.through = through
  }

  init(parsing body: Span<UInt8>) throws(RelayFrameError) {
    try body.require(count: 20)
    request = body.bigEndianUInt32(at: 0)
    from = body.bigEndianUInt64(at: 4)
    through = body.bigEndianUInt64(at: 12)
  }

  var body: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: request)
    bytes.append(bigEndian: from)
    bytes.append(bigEndian: through)
    return bytes
  }
}
