internal import Cryptography

/// base64url between guarded places: a secret in a file never passes through ordinary memory.
enum SecretText {
  /// Appends the characters of a secret.
  static func append(
    base64 bytes: Span<UInt8>, to text: inout SecretBuffer
  ) throws(CryptographyError) {
    var index = 0
    while index < bytes.count {
      let taken = min(3, bytes.count - index)
      var group: UInt32 = 0
      for offset in 0..<3 { group = group << 8 | (offset < taken ? UInt32(bytes[index + offset]) : 0) }
      for place in 0...taken { try text.append([character(group >> UInt32(18 - 6 * place))].span) }
      index += 3
    }
  }

  /// Reads canonical base64url that fills `output` exactly; false where it is not that.
  static func decode(_ text: Span<UInt8>, into output: inout MutableSpan<UInt8>) -> Bool {
    guard text.count == (output.count * 8 + 5) / 6 else { return false }
    var bits: UInt32 = 0
    var held: UInt32 = 0
    var written = 0
    for index in text.indices {
      guard let six = value(text[index]) else { return false }
      bits = (bits << 6 | six) & 0xFFFF
      held += 6
      if held >= 8 {
        held -= 8
        output[written] = UInt8(truncatingIfNeeded: bits >> held)
        written += 1
      }
    }
    return written == output.count && bits & ((1 << held) - 1) == 0
  }

  private static func character(_ bits: UInt32) -> UInt8 {
    let six = UInt8(bits & 63)
    if six < 26 { return 0x41 + six }
    if six < 52 { return 0x61 + six - 26 }
    if six < 62 { return 0x30 + six - 52 }
    return six == 62 ? 0x2D : 0x5F
  }

  private static func value(_ character: UInt8) -> UInt32? {
    switch character {
    case 0x41...0x5A: UInt32(character - 0x41)
    case 0x61...0x7A: UInt32(character - 0x61) + 26
    case 0x30...0x39: UInt32(character - 0x30) + 52
    case 0x2D: 62
    case 0x5F: 63
    default: nil
    }
  }
}
