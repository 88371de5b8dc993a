// Reading and writing of record bodies; the forms are in the table of PROTOCOL 1.7.

extension RecordBody {
  /// Reads an inner plaintext without its CRC32: head, filler, then the type's own form.
  package init(parsing inner: Span<UInt8>) throws(RecordError) {
    let record = try InnerRecord(parsing: inner)
    try self.init(record, body: inner.extracting(record.bodyRange))
  }

  /// Reads the body of a record whose head was read.
  package init(_ record: InnerRecord, body: Span<UInt8>) throws(RecordError) {
    guard let type = RecordType(rawValue: record.type) else {
      self = .ignorable(type: try Self.ignorableType(record))
      return
    }
    switch type {
    case .text:
      guard body.count >= TextHead.byteCount else { throw .malformed }
      let id = MessageID(stream: body.bigEndianUInt64(at: 0), number: body.bigEndianUInt64(at: 8))
      guard id.number != 0 else { throw .malformed }
      self = .text(
        TextHead(
          id: id, sentAt: UnixTime(milliseconds: body.bigEndianUInt64(at: 16)),
          commitmentKey: [UInt8](copying: body.extracting(24..<56))),
        more: record.flags.contains(.more))
    case .acknowledgement:
      self = .acknowledgement(try Acknowledgement(parsing: body))
    case .ping:
      guard body.count == 8 else { throw .malformed }
      self = .ping(body.bigEndianUInt64(at: 0))
    case .pong:
      guard body.count == 8 else { throw .malformed }
      self = .pong(body.bigEndianUInt64(at: 0))
    case .close:
      guard body.count == Closing.byteCount, let reason = CloseReason(rawValue: body[0]) else {
        throw .malformed
      }
      self = .close(
        Closing(reason: reason, sent: body.bigEndianUInt64(at: 1), received: body.bigEndianUInt64(at: 9)))
    case .alert:
      guard body.count == 1 else { throw .malformed }
      // An ALERT is never answered by one, so a code of a later build must not become an error here.
      self = .alert(AlertCode(rawValue: body[0]) ?? .error)
    case .rekey1, .rekey2, .rekey3:
      self = .rekey(try RekeyMessage(parsing: body, type: type))
    case .synchronisation:
      guard body.count == Synchronisation.byteCount else { throw .malformed }
      self = .synchronisation(
        Synchronisation(
          stream: body.bigEndianUInt64(at: 0), number: body.bigEndianUInt64(at: 8),
          headSize: body.bigEndianUInt64(at: 16), headRoot: [UInt8](copying: body.extracting(24..<56))))
    }
  }

  /// The record's type; nil for `ignorable`, which this build never sends.
  package var type: RecordType? {
    switch self {
    case .text: .text
    case .acknowledgement: .acknowledgement
    case .ping: .ping
    case .pong: .pong
    case .close: .close
    case .alert: .alert
    case .rekey(.begin): .rekey1
    case .rekey(.answer): .rekey2
    case .rekey(.finish): .rekey3
    case .synchronisation: .synchronisation
    case .ignorable: nil
    }
  }

  /// The size of the record that carries this; nil for texts (see `TextMessage`) and `ignorable`.
  package var size: RecordSize? {
    guard let bytes else { return nil }
    return RecordSize(holding: bytes.count)
  }

  /// Writes the whole inner plaintext of `size`, which is all of `inner`, its last four bytes zero.
  ///
  /// Returns whether it was written: texts are written by `TextMessage`, and `inner` must have room.
  @discardableResult
  package func write(into inner: inout MutableSpan<UInt8>) -> Bool {
    guard let type, let bytes, inner.count >= RecordSize.overhead + bytes.count else { return false }
    InnerRecord.writeFrame(type: type, flags: [], bodyCount: bytes.count, into: &inner)
    inner.copy(bytes.span, at: InnerRecord.headByteCount)
    return true
  }

  /// The body's bytes; nil for texts and `ignorable`.
  package var bytes: [UInt8]? {
    var bytes: [UInt8] = []
    switch self {
    case .text, .ignorable:
      return nil
    case .acknowledgement(let acknowledgement):
      bytes.append(bigEndian: acknowledgement.count)
      bytes.append(bigEndian: acknowledgement.position?.record ?? UInt64.max)
      bytes += acknowledgement.position?.tag ?? [UInt8](repeating: 0, count: 32)
    case .ping(let token), .pong(let token):
      bytes.append(bigEndian: token)
    case .close(let closing):
      bytes.append(closing.reason.rawValue)
      bytes.append(bigEndian: closing.sent)
      bytes.append(bigEndian: closing.received)
    case .alert(let code):
      bytes.append(code.rawValue)
    case .rekey(.begin(let epoch, let ephemeral, let encapsulationKey)):
      bytes.append(bigEndian: epoch)
      bytes += ephemeral + encapsulationKey
    case .rekey(.answer(let epoch, let ephemeral, let ciphertext, let confirmation)):
      bytes.append(bigEndian: epoch)
      bytes += ephemeral + ciphertext + confirmation
    case .rekey(.finish(let epoch, let confirmation)):
      bytes.append(bigEndian: epoch)
      bytes += confirmation
    case .synchronisation(let known):
      bytes.append(bigEndian: known.stream)
      bytes.append(bigEndian: known.number)
      bytes.append(bigEndian: known.headSize)
      bytes += known.headRoot
    }
    return bytes
  }

  private static func ignorableType(_ record: InnerRecord) throws(RecordError) -> UInt8 {
    // 64 to 95 belong to relay links and are wrong here whatever their flags say; 0 is no type.
    guard record.flags.contains(.mayIgnore), record.type != 0, !(64...95).contains(record.type) else {
      throw .malformed
    }
    return record.type
  }
}

extension Acknowledgement {
  init(parsing body: Span<UInt8>) throws(RecordError) {
    guard body.count == Self.byteCount else { throw .malformed }
    count = body.bigEndianUInt64(at: 0)
    let record = body.bigEndianUInt64(at: 8)
    let tag = body.extracting(16..<48)
    if record == UInt64.max {
      guard tag.isAllZero else { throw .malformed }
      position = nil
    } else {
      position = LoggedPosition(record: record, tag: [UInt8](copying: tag))
    }
  }
}

extension RekeyMessage {
  init(parsing body: Span<UInt8>, type: RecordType) throws(RecordError) {
    func part(_ range: Range<Int>) -> [UInt8] { [UInt8](copying: body.extracting(range)) }
    switch type {
    case .rekey1 where body.count == 1220:
      self = .begin(
        epoch: body.bigEndianUInt32(at: 0), ephemeral: part(4..<36), encapsulationKey: part(36..<1220))
    case .rekey2 where body.count == 1156:
      self = .answer(
        epoch: body.bigEndianUInt32(at: 0), ephemeral: part(4..<36), ciphertext: part(36..<1124),
        confirmation: part(1124..<1156))
    case .rekey3 where body.count == 36:
      self = .finish(epoch: body.bigEndianUInt32(at: 0), confirmation: part(4..<36))
    case .rekey1, .rekey2, .rekey3: throw .rekey
    case .text, .acknowledgement, .ping, .pong, .close, .alert, .synchronisation: throw .malformed
    }
  }
}
