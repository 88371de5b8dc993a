/// What a record of a relay link says (GROUPS 3.5 L2): the link's own records, or a piece of a frame.
package enum RelayLinkRecord: Hashable, Sendable {
  /// The inner types that frames of a relay have.
  package static let frameTypes: ClosedRange<UInt8> = 64...95

  /// PING, PONG, CLOSE, ALERT, or a type that may be ignored.
  case ownOfLink(RecordBody)
  /// A piece of a frame, or all of it: the bytes of the record's body.
  case frame(type: UInt8, more: Bool)

  /// Reads the body of a record whose head was read with `.relayLink`; SYNC, TEXT, ACK and rekeys do not belong
  /// here.
  package init(_ record: InnerRecord, body: Span<UInt8>) throws(RecordError) {
    if Self.frameTypes.contains(record.type) {
      self = .frame(type: record.type, more: record.flags.contains(.more))
      return
    }
    let parsed = try RecordBody(record, body: body)
    switch parsed {
    case .ping, .pong, .alert, .ignorable: break
    case .close(let closing):
      // There are no texts to count.
      guard closing.sent == 0, closing.received == 0 else { throw .malformed }
    case .text, .acknowledgement, .rekey, .synchronisation: throw .malformed
    }
    self = .ownOfLink(parsed)
  }
}

/// A frame of a relay link, whole, as its records carry it (PROTOCOL 1.7, types 64 to 95).
package struct RelayLinkFrame: Hashable, Sendable {
  /// The longest body, in bytes.
  package static let maximumByteCount = 1 << 20
  /// Bytes of the body in every record of it but the last.
  package static let fragmentByteCount = RecordSize.largestBody

  package let type: UInt8
  package let body: [UInt8]

  /// Refuses a type that is none of a frame, and a body above 1 MiB.
  package init(type: UInt8, body: [UInt8]) throws(RecordError) {
    guard RelayLinkRecord.frameTypes.contains(type), body.count <= Self.maximumByteCount else {
      throw .malformed
    }
    self.type = type
    self.body = body
  }

  /// How many records carry it: one, or one for each 16,360 bytes begun.
  package var fragmentCount: Int {
    max(1, (body.count + Self.fragmentByteCount - 1) / Self.fragmentByteCount)
  }

  /// The size of the record that carries fragment `index`, from 0.
  package func size(ofFragment index: Int) -> RecordSize {
    RecordSize(holding: range(ofFragment: index).count) ?? .bytes16384
  }

  /// Writes the whole inner plaintext of fragment `index`, from 0, into all of `inner`, its last four bytes zero.
  ///
  /// `inner` has the bytes that `size(ofFragment:)` says.
  package func write(fragment index: Int, into inner: inout MutableSpan<UInt8>) {
    let range = range(ofFragment: index)
    InnerRecord.writeFrame(
      rawType: type, flags: index + 1 < fragmentCount ? .more : [], bodyCount: range.count, into: &inner)
    inner.copy(body.span.extracting(range), at: InnerRecord.headByteCount)
  }

  private func range(ofFragment index: Int) -> Range<Int> {
    let start = min(index * Self.fragmentByteCount, body.count)
    return start..<min(start + Self.fragmentByteCount, body.count)
  }
}

/// Puts frames together from the records of a relay link, and refuses every other order of them.
package struct RelayLinkFrameAssembler: Sendable {
  private var begun: UInt8?
  private var body: [UInt8] = []

  package init() {}

  /// Whether a frame has begun and is not whole: nothing but its next piece, or an ALERT, may come.
  package var isInsideFrame: Bool { begun != nil }

  /// Takes a piece; gives the frame when it is whole.
  ///
  /// Throws for a piece of another type, one that is not full although more follow, an empty one after others,
  /// and for more than 1 MiB in all.
  package mutating func take(
    type: UInt8, more: Bool, piece: Span<UInt8>
  ) throws(RecordError) -> RelayLinkFrame? {
    guard begun == nil || begun == type, body.count + piece.count <= RelayLinkFrame.maximumByteCount,
      !more || piece.count == RelayLinkFrame.fragmentByteCount,
      more || begun == nil || !piece.isEmpty
    else { throw .malformed }
    body.append(copying: piece)
    begun = more ? type : nil
    guard !more else { return nil }
    var whole: [UInt8] = []
    swap(&whole, &body)
    return try RelayLinkFrame(type: type, body: whole)
  }
}
