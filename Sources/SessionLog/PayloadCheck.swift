internal import Cryptography

/// Judges the payload of one record against the covered bytes, whose tag was right.
struct PayloadCheck {
  enum Answer {
    case right
    /// The hash holds, the form does not: the writer itself was wrong.
    case wrongForm
    /// The hash does not hold.
    case damaged(isDeletedForm: Bool)
  }

  private static let noteKey = Array(#""note":""#.utf8)
  /// A note, in bytes of UTF-8.
  private static let noteBytes = 0...16_384

  private let text: LogTextMode
  private var hash = [UInt8].digest
  private var expected: [UInt8] = []
  private var scratch: [UInt8] = []

  init(_ text: LogTextMode) { self.text = text }

  mutating func judge(_ line: Span<UInt8>, _ form: LogLine) -> Answer {
    guard let payload = form.payload, let hashStart = form.body.payloadHashStart else { return .right }
    let bytes = line.extracting(payload)
    expected.removeAll(keepingCapacity: true)
    Base64Form.decode(line, from: hashStart, count: Base64Form.digestLength, into: &expected)
    var span = hash.mutableSpan
    SHA256Hash.hash(bytes, [UInt8]().span, into: &span)
    guard hash == expected else { return .damaged(isDeletedForm: Self.isDeletedForm(bytes)) }
    if case .message = form.body { return isMessage(bytes) ? .right : .wrongForm }
    return isNote(bytes) ? .right : .wrongForm
  }

  /// `"r":"` and zeros and a quote.
  static func isDeletedForm(_ payload: Span<UInt8>) -> Bool {
    var reader = LineReader(to: payload.count)
    guard reader.take(MessagePayload.removedKey, of: payload), payload.count > reader.position else {
      return false
    }
    for index in reader.position..<(payload.count - 1) where payload[index] != 0x30 { return false }
    return payload[payload.count - 1] == 0x22
  }

  private mutating func isMessage(_ payload: Span<UInt8>) -> Bool {
    switch text {
    case .sealed: Self.sealedRange(payload) != nil
    case .plain: plainParts(payload, keeping: false) != nil
    }
  }

  /// Where the characters of `c` are, if the payload is a sealed text.
  static func sealedRange(_ payload: Span<UInt8>) -> Range<Int>? {
    var reader = LineReader(to: payload.count)
    guard reader.take(MessagePayload.sealedKey, of: payload), payload.count > reader.position,
      payload[payload.count - 1] == 0x22
    else { return nil }
    let count = payload.count - 1 - reader.position
    let bytes = Base64Form.byteCount(ofCharacters: count)
    guard bytes > MessagePayload.overhead, (bytes - MessagePayload.overhead) % MessagePayload.padding == 0,
      bytes <= MessagePayload.overhead + MessagePayload.paddedCount(SegmentLimits.textBytes),
      Base64Form.isCanonical(payload, from: reader.position, count: count)
    else { return nil }
    return reader.position..<(reader.position + count)
  }

  /// Where the characters of `f` begin, if the payload is a plain text; `text` receives it when asked.
  mutating func plainParts(_ payload: Span<UInt8>, keeping: Bool) -> (keyStart: Int, text: [UInt8])? {
    var reader = LineReader(to: payload.count)
    scratch.removeAll(keepingCapacity: true)
    guard reader.take(MessagePayload.plainKey, of: payload), let start = reader.takeDigest(of: payload),
      reader.take(MessagePayload.plainText, of: payload),
      reader.takeString(
        of: payload, bytes: 0...SegmentLimits.textBytes, keeping: keeping, into: &scratch),
      reader.position == payload.count - 1
    else { return nil }
    return (start, keeping ? scratch : [])
  }

  private mutating func isNote(_ payload: Span<UInt8>) -> Bool {
    var reader = LineReader(to: payload.count)
    scratch.removeAll(keepingCapacity: true)
    return reader.take(Self.noteKey, of: payload)
      && reader.takeString(of: payload, bytes: Self.noteBytes, keeping: false, into: &scratch)
      && reader.position == payload.count - 1
  }
}

extension LogLine.Body {
  /// Where the 43 characters of `x` begin.
  var payloadHashStart: Int? {
    switch self {
    case .message(_, _, _, let start), .checkpoint(_, let start), .cosignature(_, let start),
      .peerHead(_, let start):
      start
    case .open, .acknowledgement, .redaction, .rekey, .close, .head: nil
    }
  }
}
