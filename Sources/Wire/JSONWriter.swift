/// Writes one JSON object on one line, `"v":1` first; for events on standard output.
///
/// Everything that could move a terminal's cursor or turn its text round is escaped, so that a line is safe
/// to look at and unchanged once it is decoded.
package struct JSONWriter: Sendable {
  private var bytes = Array(#"{"v":1"#.utf8)

  package init() {}

  package init(event: String) {
    self.init()
    write("event", event)
  }

  package mutating func write(_ key: String, _ value: String) {
    beginMember(key)
    Self.appendString(value.utf8.span, to: &bytes)
  }

  /// A string or null.
  package mutating func write(_ key: String, _ value: String?) {
    if let value { write(key, value) } else { writeNull(key) }
  }

  /// A string of bytes that are UTF-8; any that are not become U+FFFD.
  package mutating func write(_ key: String, utf8 value: [UInt8]) {
    guard value.span.isValidUTF8 else { return write(key, String(decoding: value, as: UTF8.self)) }
    beginMember(key)
    Self.appendString(value.span, to: &bytes)
  }

  package mutating func write(_ key: String, _ value: Bool) {
    beginMember(key)
    bytes.append(contentsOf: (value ? "true" : "false").utf8)
  }

  package mutating func write(_ key: String, _ value: some BinaryInteger) {
    beginMember(key)
    bytes.append(contentsOf: String(value).utf8)
  }

  package mutating func write(_ key: String, _ values: [String]) {
    beginMember(key)
    bytes.append(UInt8(ascii: "["))
    for (index, value) in values.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      Self.appendString(value.utf8.span, to: &bytes)
    }
    bytes.append(UInt8(ascii: "]"))
  }

  package mutating func write(_ key: String, _ values: [Int]) {
    writeList(key, values.map(String.init))
  }

  /// A list of pairs, each the first and the last of a range.
  package mutating func write(_ key: String, _ ranges: [ClosedRange<Int>]) {
    writeList(key, ranges.map { "[\($0.lowerBound),\($0.upperBound)]" })
  }

  private mutating func writeList(_ key: String, _ values: [String]) {
    beginMember(key)
    bytes.append(contentsOf: "[\(values.joined(separator: ","))]".utf8)
  }

  package mutating func write(_ key: String, _ time: UnixTime) {
    write(key, time.rfc3339)
  }

  package mutating func writeNull(_ key: String) {
    beginMember(key)
    bytes.append(contentsOf: "null".utf8)
  }

  /// The whole line, its newline included.
  package consuming func line() -> [UInt8] {
    bytes.append(contentsOf: "}\n".utf8)
    return bytes
  }

  /// Appends valid UTF-8 as a JSON string: `\"`, `\\`, `\n`, `\u` and four lower-case digits for the other
  /// controls, U+007F to U+009F and what steers the direction of text, all else as it is (LOG 3, form S).
  package static func appendString(_ text: Span<UInt8>, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    var plainStart = 0
    var index = 0
    while index < text.count {
      guard let (scalar, byteCount) = escaped(text, at: index) else {
        index += 1
        continue
      }
      output.append(copying: text.extracting(plainStart..<index))
      appendEscape(scalar, to: &output)
      index += byteCount
      plainStart = index
    }
    output.append(copying: text.extracting(plainStart..<text.count))
    output.append(UInt8(ascii: "\""))
  }

  /// The code point at `index` and its bytes, if it must be escaped.
  private static func escaped(_ text: Span<UInt8>, at index: Int) -> (UInt32, Int)? {
    let byte = text[index]
    switch byte {
    case 0..<0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"), 0x7f:
      return (UInt32(byte), 1)
    case 0xc2, 0xd8:
      guard index + 1 < text.count else { return nil }
      let scalar = UInt32(byte & 0x1f) << 6 | UInt32(text[index + 1] & 0x3f)
      return scalar < 0xa0 || scalar == 0x61c ? (scalar, 2) : nil
    case 0xe2:
      guard index + 2 < text.count else { return nil }
      let scalar = 0x2000 | UInt32(text[index + 1] & 0x3f) << 6 | UInt32(text[index + 2] & 0x3f)
      return switch scalar {
      case 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069: (scalar, 3)
      default: nil
      }
    default: return nil
    }
  }

  private static func appendEscape(_ scalar: UInt32, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\\"))
    switch scalar {
    case 0x22, 0x5c: output.append(UInt8(truncatingIfNeeded: scalar))
    case 0x0a: output.append(UInt8(ascii: "n"))
    default:
      output.append(UInt8(ascii: "u"))
      for shift: UInt32 in [12, 8, 4, 0] {
        output.append(Hex.digit(UInt8(truncatingIfNeeded: scalar >> shift & 0x0f)))
      }
    }
  }

  private mutating func beginMember(_ key: String) {
    bytes.append(UInt8(ascii: ","))
    Self.appendString(key.utf8.span, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
  }
}
