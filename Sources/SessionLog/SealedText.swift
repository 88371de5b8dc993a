internal import Cryptography

/// The payload of a message record: the text with the key of its commitment, sealed or plain.
enum MessagePayload {
  static let sealedKey = Array(#""c":""#.utf8)
  static let plainKey = Array(#""f":""#.utf8)
  static let plainText = Array(#"","text":""#.utf8)
  static let removedKey = Array(#""r":""#.utf8)

  /// f takes 32 bytes, the seal's tag 16.
  static let keyBytes = 32
  static let overhead = 48
  static let padding = 64
  static let nonce = [UInt8](repeating: 0, count: 12)

  /// The bytes of a padded text: 0x80 and zeros up to a multiple of 64.
  static func paddedCount(_ count: Int) -> Int { (count / padding + 1) * padding }

  /// The associated data of record n: its number in ASCII decimal.
  static func associated(_ number: Int) -> [UInt8] { Array(String(number).utf8) }

  /// c: f and the padded text under E_n, into `sealed`; `plain` is scratch that is wiped.
  static func seal(
    text: Span<UInt8>, commitmentKey: Span<UInt8>, number: Int, key: borrowing Secret<RecordSealKey>,
    plain: inout [UInt8], into sealed: inout [UInt8]
  ) throws(CryptographyError) {
    let count = keyBytes + paddedCount(text.count)
    resize(&plain, to: count)
    resize(&sealed, to: count + 16)
    var whole = plain.mutableSpan
    whole.copy(commitmentKey, at: 0)
    whole.copy(text, at: keyBytes)
    whole[keyBytes + text.count] = 0x80
    var filler = whole._mutatingExtracting(droppingFirst: keyBytes + text.count + 1)
    filler.update(repeating: 0)
    defer { wipe(&plain) }
    var output = sealed.mutableSpan
    try ChaCha20Poly1305.seal(
      plain.span, key: key, nonce: nonce.span, authenticating: associated(number).span, into: &output)
  }

  /// Opens c into `plain`: f in its first 32 bytes, then the padded text.
  static func open(
    _ sealed: Span<UInt8>, number: Int, key: borrowing Secret<RecordSealKey>, into plain: inout [UInt8]
  ) throws(CryptographyError) {
    resize(&plain, to: sealed.count - 16)
    var output = plain.mutableSpan
    try ChaCha20Poly1305.open(
      sealed, key: key, nonce: nonce.span, authenticating: associated(number).span, into: &output)
  }

  /// The range of the text in what `open` has written, or nil where the padding is wrong.
  static func textRange(_ plain: Span<UInt8>) -> Range<Int>? {
    var end = plain.count - 1
    while end >= keyBytes, plain[end] == 0 { end -= 1 }
    guard end >= keyBytes, plain[end] == 0x80 else { return nil }
    // Never more padding than needed: a text has one padded form.
    guard paddedCount(end - keyBytes) == plain.count - keyBytes, end - keyBytes <= SegmentLimits.textBytes
    else { return nil }
    return keyBytes..<end
  }

  static func wipe(_ bytes: inout [UInt8]) {
    var span = bytes.mutableSpan
    span.update(repeating: 0)
  }

  private static func resize(_ bytes: inout [UInt8], to count: Int) {
    if bytes.count > count {
      bytes.removeLast(bytes.count - count)
    } else {
      bytes.append(contentsOf: repeatElement(0, count: count - bytes.count))
    }
  }
}
