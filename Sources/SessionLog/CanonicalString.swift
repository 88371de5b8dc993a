/// A string of the log in its one spelling (token S of docs/LOG_FORMAT.md).
///
/// `\"`, `\\` and `\n`; `\u` and four lower-case hex digits for every other control character and for those that
/// turn the direction of text or break lines; everything else is raw UTF-8. Since each text has exactly one
/// spelling, a byte that was changed can never spell the same text.
package enum CanonicalString {
  /// Whether a code point is written as `\u` and four digits (or `\n`).
  static func isEscaped(_ point: UInt32) -> Bool {
    switch point {
    case 0x00...0x1F, 0x7F...0x9F, 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }

  /// Appends the spelling of valid UTF-8 `text` to `line`, without the quotes around it.
  static func write(_ text: Span<UInt8>, into line: inout [UInt8]) {
    var index = 0
    while index < text.count {
      let byte = text[index]
      switch byte {
      case 0x22, 0x5C:
        line.append(0x5C)
        line.append(byte)
        index += 1
      case 0x0A:
        line.append(0x5C)
        line.append(0x6E)
        index += 1
      case 0x20..<0x7F:
        line.append(byte)
        index += 1
      default:
        guard let (point, length) = codePoint(text, at: index, end: text.count) else {
          // The callers have checked the text; a stray byte is spelled as the replacement character.
          line.append(contentsOf: [0xEF, 0xBF, 0xBD])
          index += 1
          continue
        }
        if isEscaped(point) {
          line.append(0x5C)
          line.append(0x75)
          for shift: UInt32 in [12, 8, 4, 0] { line.append(hexDigit(UInt8(point >> shift & 15))) }
        } else {
          for offset in 0..<length { line.append(text[index + offset]) }
        }
        index += length
      }
    }
  }

  /// Reads a spelling from `start` up to its closing quote.
  ///
  /// - Returns: where the closing quote stands and how many bytes of UTF-8 the text has, or nil if this is not the
  ///   canonical spelling of any text. `text`, if given, receives the bytes.
  static func read(
    _ line: Span<UInt8>, from start: Int, end: Int, text: inout [UInt8], keeping: Bool
  ) -> (quote: Int, byteCount: Int)? {
    var index = start
    var count = 0
    while index < end {
      let byte = line[index]
      if byte == 0x22 { return (index, count) }
      if byte == 0x5C {
        guard let (value, length) = escape(line, at: index, end: end) else { return nil }
        let size = utf8Length(value)
        if keeping { appendUTF8(value, into: &text) }
        count += size
        index += length
      } else if byte >= 0x20 && byte < 0x7F {
        if keeping { text.append(byte) }
        count += 1
        index += 1
      } else {
        guard let (point, length) = codePoint(line, at: index, end: end), !isEscaped(point) else {
          return nil
        }
        if keeping { for offset in 0..<length { text.append(line[index + offset]) } }
        count += length
        index += length
      }
    }
    return nil
  }

  private static func escape(_ line: Span<UInt8>, at index: Int, end: Int) -> (UInt32, Int)? {
    guard index + 1 < end else { return nil }
    switch line[index + 1] {
    case 0x22: return (0x22, 2)
    case 0x5C: return (0x5C, 2)
    case 0x6E: return (0x0A, 2)
    case 0x75:
      guard index + 6 <= end else { return nil }
      var point: UInt32 = 0
      for offset in 2..<6 {
        switch line[index + offset] {
        case let digit where digit >= 0x30 && digit <= 0x39: point = point << 4 | UInt32(digit - 0x30)
        case let digit where digit >= 0x61 && digit <= 0x66: point = point << 4 | UInt32(digit - 0x61 + 10)
        default: return nil
        }
      }
      return isEscaped(point) && point != 0x0A ? (point, 6) : nil
    default: return nil
    }
  }

  /// The code point at `index` and its length, or nil where the bytes are not UTF-8 (RFC 3629).
  private static func codePoint(_ text: Span<UInt8>, at index: Int, end: Int) -> (UInt32, Int)? {
    let first = UInt32(text[index])
    if first < 0x80 { return (first, 1) }
    let length: Int
    var point: UInt32
    let lowest: UInt32
    switch first {
    case 0xC2...0xDF: (length, point, lowest) = (2, first & 0x1F, 0x80)
    case 0xE0...0xEF: (length, point, lowest) = (3, first & 0x0F, 0x800)
    case 0xF0...0xF4: (length, point, lowest) = (4, first & 0x07, 0x10000)
    default: return nil
    }
    guard index + length <= end else { return nil }
    for offset in 1..<length {
      let byte = UInt32(text[index + offset])
      guard byte & 0xC0 == 0x80 else { return nil }
      point = point << 6 | byte & 0x3F
    }
    guard point >= lowest, point <= 0x10FFFF, !(0xD800...0xDFFF).contains(point) else { return nil }
    return (point, length)
  }

  private static func utf8Length(_ point: UInt32) -> Int { point < 0x80 ? 1 : point < 0x800 ? 2 : 3 }

  /// Appends a code point below U+10000, as every escape is.
  private static func appendUTF8(_ point: UInt32, into text: inout [UInt8]) {
    switch utf8Length(point) {
    case 1: text.append(UInt8(point))
    case 2:
      text.append(0xC0 | UInt8(point >> 6))
      text.append(0x80 | UInt8(point & 0x3F))
    default:
      text.append(0xE0 | UInt8(point >> 12))
      text.append(0x80 | UInt8(point >> 6 & 0x3F))
      text.append(0x80 | UInt8(point & 0x3F))
    }
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x61 + value - 10 }
}
