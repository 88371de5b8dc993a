/// Canonical base64url (RFC 4648 section 5, no padding) inside a line: checked and read in place.
///
/// Canonical means that the unused low bits of the last character are zero, so that one value has one spelling.
enum Base64Form {
  /// Characters of 16, 32 and 112 bytes.
  static let identifierLength = 22
  static let digestLength = 43
  static let wrappedKeysLength = 150

  private static let alphabet: [UInt8] = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  /// The six bits of a character, or 255.
  private static let values: [UInt8] = {
    var table = [UInt8](repeating: 255, count: 256)
    for (value, character) in alphabet.enumerated() { table[Int(character)] = UInt8(value) }
    return table
  }()

  /// Whether `count` characters from `start` are canonical base64url; the caller has checked the bounds.
  static func isCanonical(_ line: Span<UInt8>, from start: Int, count: Int) -> Bool {
    guard count % 4 != 1 else { return false }
    let table = values
    var seen: UInt8 = 0
    for index in start..<(start + count) { seen |= table[Int(line[index])] }
    guard seen < 64 else { return false }
    return count % 4 == 0 || table[Int(line[start + count - 1])] & unusedBits(count) == 0
  }

  /// How many bytes `count` characters stand for.
  static func byteCount(ofCharacters count: Int) -> Int { count / 4 * 3 + max(0, count % 4 - 1) }

  /// Reads characters that `isCanonical` has accepted, appending their bytes.
  static func decode(_ line: Span<UInt8>, from start: Int, count: Int, into bytes: inout [UInt8]) {
    let table = values
    var bits: UInt32 = 0
    var held = 0
    for index in start..<(start + count) {
      bits = bits << 6 | UInt32(table[Int(line[index])] & 63)
      held += 6
      if held >= 8 {
        held -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(held)))
      }
    }
  }

  /// The bits of the last character that no byte fills.
  private static func unusedBits(_ count: Int) -> UInt8 {
    switch count % 4 {
    case 2: 15
    case 3: 3
    default: 0
    }
  }
}
