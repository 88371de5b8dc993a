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
      guard record.flags.contains(.mayIgnore) else { throw .malformed }
      self = .ignorable(type: record.type)
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

  /// Bytes of the body; nil for texts (see `TextMessage`) and `ignorable`.
  package var bodyCount: Int? {
    switch self {
    case .text, .ignorable: nil
    case .acknowledgement: Acknowledgement.byteCount
    case .ping, .pong: 8
    case .close: Closing.byteCount
    case .alert: 1
    case .rekey(.begin): RekeyMessage.beginByteCount
    case .rekey(.answer): RekeyMessage.answerByteCount
    case .rekey(.finish): RekeyMessage.finishByteCount
    case .synchronisation: Synchronisation.byteCount
    }
  }

  /// The size of the record that carries this; nil for texts and `ignorable`.
  package var size: RecordSize? {
    bodyCount.flatMap(RecordSize.init(holding:))
  }

  /// Writes the whole inner plaintext, which is all of `inner`, its last four bytes zero for the CRC32.
  ///
  /// Returns whether it was written: texts are written by `TextMessage`, and `inner` must have room.
  @discardableResult
  package func write(into inner: inout MutableSpan<UInt8>) -> Bool {
    guard let type, let bodyCount, inner.count >= RecordSize.overhead + bodyCount else { return false }
    InnerRecord.writeFrame(type: type, flags: [], bodyCount: bodyCount, into: &inner)
    writeBody(into: &inner, at: InnerRecord.headByteCount)
    return true
  }

  /// The body's bytes; nil for texts and `ignorable`.
  package var bytes: [UInt8]? {
    guard let bodyCount else { return nil }
    var bytes = [UInt8](repeating: 0, count: bodyCount)
    var span = bytes.mutableSpan
    writeBody(into: &span, at: 0)
    return bytes
  }

  private func writeBody(into output: inout MutableSpan<UInt8>, at start: Int) {
    switch self {
    case .text, .ignorable: break
    case .acknowledgement(let acknowledgement):
      output.store(bigEndian: acknowledgement.count, at: start)
      output.store(bigEndian: acknowledgement.position?.record ?? UInt64.max, at: start + 8)
      if let position = acknowledgement.position {
        output.copy(position.tag.span, at: start + 16)
      } else {
        for index in start + 16..<start + Acknowledgement.byteCount { output[index] = 0 }
      }
    case .ping(let token), .pong(let token):
      output.store(bigEndian: token, at: start)
    case .close(let closing):
      output[start] = closing.reason.rawValue
      output.store(bigEndian: closing.sent, at: start + 1)
      output.store(bigEndian: closing.received, at: start + 9)
    case .alert(let code):
      output[start] = code.rawValue
    case .rekey(.begin(let epoch, let ephemeral, let encapsulationKey)):
      output.store(bigEndian: epoch, at: start)
      output.copy(ephemeral.span, at: start + 4)
      output.copy(encapsulationKey.span, at: start + 36)
    case .rekey(.answer(let epoch, let ephemeral, let ciphertext, let confirmation)):
      output.store(bigEndian: epoch, at: start)
      output.copy(ephemeral.span, at: start + 4)
      output.copy(ciphertext.span, at: start + 36)
      output.copy(confirmation.span, at: start + 1124)
    case .rekey(.finish(let epoch, let confirmation)):
      output.store(bigEndian: epoch, at: start)
      output.copy(confirmation.span, at: start + 4)
    case .synchronisation(let known):
      output.store(bigEndian: known.stream, at: start)
      output.store(bigEndian: known.number, at: start + 8)
      output.store(bigEndian: known.headSize, at: start + 16)
      output.copy(known.headRoot.span, at: start + 24)
    }
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
    case .rekey1 where body.count == Self.beginByteCount:
      self = .begin(
        epoch: body.bigEndianUInt32(at: 0), ephemeral: part(4..<36), encapsulationKey: part(36..<1220))
    case .rekey2 where body.count == Self.answerByteCount:
      self = .answer(
        epoch: body.bigEndianUInt32(at: 0), ephemeral: part(4..<36), ciphertext: part(36..<1124),
        confirmation: part(1124..<1156))
    case .rekey3 where body.count == Self.finishByteCount:
      self = .finish(epoch: body.bigEndianUInt32(at: 0), confirmation: part(4..<36))
    case .rekey1, .rekey2, .rekey3: throw .rekey
    case .text, .acknowledgement, .ping, .pong, .close, .alert, .synchronisation: throw .malformed
    }
  }
}
