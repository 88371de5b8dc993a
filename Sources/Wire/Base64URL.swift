/// Why text is not canonical base64url.
package enum Base64URLError: Error, Hashable, Sendable {
  /// A character outside the alphabet; padding is outside it too.
  case wrongCharacter
  /// No bytes encode to this many characters.
  case wrongLength
  /// The unused bits of the last character are not zero.
  case notCanonical
}

/// base64url without padding (RFC 4648 section 5), in its one canonical spelling.
package enum Base64URL {
  package static func encode(_ bytes: Span<UInt8>) -> String {
    var characters: [UInt8] = []
    characters.reserveCapacity((bytes.count * 4 + 2) / 3)
    append(bytes, to: &characters)
    return String(decoding: characters, as: UTF8.self)
  }

  package static func encode(_ bytes: [UInt8]) -> String {
    encode(bytes.span)
  }

  /// Appends the characters of `bytes` as ASCII.
  package static func append(_ bytes: Span<UInt8>, to output: inout [UInt8]) {
    let letters = alphabet
    let whole = bytes.count / 3
    let start = output.count
    output.append(contentsOf: repeatElement(0, count: whole * 4))
    var target = output.mutableSpan
    for group in 0..<whole {
      let (from, to) = (group * 3, start + group * 4)
      let bits = UInt32(bytes[from]) << 16 | UInt32(bytes[from + 1]) << 8 | UInt32(bytes[from + 2])
      target[to] = letters[Int(bits >> 18)]
      target[to + 1] = letters[Int(bits >> 12 & 63)]
      target[to + 2] = letters[Int(bits >> 6 & 63)]
      target[to + 3] = letters[Int(bits & 63)]
    }
    let rest = whole * 3
    switch bytes.count - rest {
    case 1:
      output.append(letters[Int(bytes[rest] >> 2)])
      output.append(letters[Int(bytes[rest] & 3) << 4])
    case 2:
      let bits = UInt32(bytes[rest]) << 8 | UInt32(bytes[rest + 1])
      output.append(letters[Int(bits >> 10)])
      output.append(letters[Int(bits >> 4 & 63)])
      output.append(letters[Int(bits & 15) << 2])
    default: break
    }
  }

  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  package static func decode(canonical text: String) throws(Base64URLError) -> [UInt8] {
    let characters = Array(text.utf8)
    return try decode(canonical: characters.span)
  }

  /// Reads ASCII characters; refuses padding, spaces, and unused bits that are not zero.
  package static func decode(canonical text: Span<UInt8>) throws(Base64URLError) -> [UInt8] {
    guard text.count % 4 != 1 else { throw .wrongLength }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3 + 2)
    var (bits, bitCount): (UInt32, UInt32) = (0, 0)
    for index in text.indices {
      guard let six = value(text[index]) else { throw .wrongCharacter }
      bits = (bits << 6 | six) & 0xffff
      bitCount += 6
      if bitCount >= 8 {
        bitCount -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> bitCount))
      }
    }
    guard bits & ((1 << bitCount) - 1) == 0 else { throw .notCanonical }
    return bytes
  }

  private static func value(_ character: UInt8) -> UInt32? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "-"): 62
    case UInt8(ascii: "_"): 63
    default: nil
    }
  }
}
