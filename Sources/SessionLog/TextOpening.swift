internal import Cryptography
internal import Wire

/// Opens the text of a message record and proves it against the commitment in the covered bytes.
struct TextOpening {
  private var sealed: [UInt8] = []
  private var plain: [UInt8] = []
  private var commitment: [UInt8] = []

  /// The text, or nil where it does not open, is wrongly padded, is not UTF-8, or is not what `m` commits to.
  ///
  /// The payload's hash and form must have been judged right; `keys` must stand at this record.
  mutating func open(
    _ line: Span<UInt8>, _ form: LogLine, mode: LogTextMode, payloads: inout PayloadCheck,
    keys: inout ChainKeys
  ) -> [UInt8]? {
    guard case .message(_, _, let commitmentStart, _) = form.body, let range = form.payload else {
      return nil
    }
    let payload = line.extracting(range)
    commitment.removeAll(keepingCapacity: true)
    Base64Form.decode(line, from: commitmentStart, count: Base64Form.digestLength, into: &commitment)
    var text: [UInt8] = []
    var expected = [UInt8].digest
    var key = [UInt8].digest
    switch mode {
    case .plain:
      guard let (start, bytes) = payloads.plainParts(payload, keeping: true) else { return nil }
      key.removeAll(keepingCapacity: true)
      Base64Form.decode(payload, from: start, count: Base64Form.digestLength, into: &key)
      text = bytes
    case .sealed:
      guard let range = PayloadCheck.sealedRange(payload) else { return nil }
      sealed.removeAll(keepingCapacity: true)
      Base64Form.decode(payload, from: range.lowerBound, count: range.count, into: &sealed)
      defer { MessagePayload.wipe(&plain) }
      guard Self.unseal(sealed, form.number, &keys, &plain), let range = MessagePayload.textRange(plain.span)
      else { return nil }
      key = Array(plain[..<MessagePayload.keyBytes])
      text = Array(plain[range])
      guard text.span.isValidUTF8 else { return nil }
    }
    var span = expected.mutableSpan
    HMACSHA256.authenticate(text.span, key: key.span, into: &span)
    return (try? ConstantTime.requireEqual(expected.span, commitment.span)) == nil ? nil : text
  }

  private static func unseal(
    _ sealed: [UInt8], _ number: Int, _ keys: inout ChainKeys, _ plain: inout [UInt8]
  ) -> Bool {
    do throws(CryptographyError) {
      try keys.withSealKey { (key) throws(CryptographyError) in
        try MessagePayload.open(sealed.span, number: number, key: key, into: &plain)
      }
      return true
    } catch {
      return false
    }
  }
}
