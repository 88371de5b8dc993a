/// A place in a line that moves on over tokens: each `take` matches its token whole, or answers that it does not.
///
/// No JSON is parsed anywhere in the log: a line has one possible spelling, and is matched against it byte by byte.
struct LineReader {
  /// The next byte to read.
  private(set) var position: Int
  /// One past the last byte.
  let end: Int

  init(from position: Int = 0, to end: Int) {
    self.position = position
    self.end = end
  }

  mutating func take(_ literal: [UInt8], of line: Span<UInt8>) -> Bool {
    guard end - position >= literal.count else { return false }
    for index in 0..<literal.count where line[position + index] != literal[index] { return false }
    position += literal.count
    return true
  }

  mutating func take(_ byte: UInt8, of line: Span<UInt8>) -> Bool {
    guard position < end, line[position] == byte else { return false }
    position += 1
    return true
  }

  /// N and I: `0`, or digits without a leading zero, at most `limit`.
  mutating func takeNumber(of line: Span<UInt8>, atMost limit: Int) -> Int? {
    let start = position
    var value = 0
    var index = position
    while index < end {
      let digit = line[index] &- 0x30
      guard digit < 10 else { break }
      value = value * 10 + Int(digit)
      guard value <= limit else { return nil }
      index += 1
    }
    let count = index - start
    guard count > 0, count == 1 || line[start] != 0x30 else { return nil }
    position = index
    return value
  }

  /// X, A and `w`: exactly `count` characters of canonical base64url; returns where they begin.
  mutating func takeBase64(of line: Span<UInt8>, count: Int) -> Int? {
    guard end - position >= count, Base64Form.isCanonical(line, from: position, count: count) else {
      return nil
    }
    defer { position += count }
    return position
  }

  /// L: 32 lower-case hex digits; returns where they begin.
  mutating func takeLogIdentifier(of line: Span<UInt8>) -> Int? {
    guard end - position >= 32 else { return nil }
    for index in position..<(position + 32) {
      switch line[index] {
      case 0x30...0x39, 0x61...0x66: continue
      default: return nil
      }
    }
    defer { position += 32 }
    return position
  }

  /// T: `YYYY-MM-DDThh:mm:ss.mmmZ`, 24 bytes; returns where it begins.
  mutating func takeTime(of line: Span<UInt8>) -> Int? {
    let start = position
    guard end - start >= LogTime.length, LogTime.isForm(line, at: start) else { return nil }
    position += LogTime.length
    return start
  }

  /// S: a string in its canonical spelling, up to but not over the closing quote.
  mutating func takeString(
    of line: Span<UInt8>, bytes allowed: ClosedRange<Int>, keeping: Bool, into text: inout [UInt8]
  ) -> Bool {
    guard
      let (quote, count) = CanonicalString.read(
        line, from: position, end: end, text: &text, keeping: keeping),
      allowed.contains(count)
    else { return false }
    position = quote
    return true
  }
}

/// The time stamp of a record (token T): its form, and its order.
enum LogTime {
  static let length = 24
  private static let pattern = Array("0000-00-00T00:00:00.000Z".utf8)

  static func isForm(_ line: Span<UInt8>, at start: Int) -> Bool {
    for index in 0..<length {
      let byte = line[start + index]
      if pattern[index] == 0x30 {
        guard byte &- 0x30 < 10 else { return false }
      } else {
        guard byte == pattern[index] else { return false }
      }
    }
    func two(_ at: Int) -> Int { Int(line[start + at] - 0x30) * 10 + Int(line[start + at + 1] - 0x30) }
    return (1...12).contains(two(5)) && (1...31).contains(two(8)) && two(11) <= 23 && two(14) <= 59
      && two(17) <= 59
  }

  /// A number that orders times as they stand: their 17 digits.
  static func order(_ line: Span<UInt8>, at start: Int) -> Int {
    var value = 0
    for index in 0..<length where pattern[index] == 0x30 {
      value = value * 10 + Int(line[start + index] - 0x30)
    }
    return value
  }
}
