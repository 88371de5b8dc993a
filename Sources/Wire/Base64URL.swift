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
    var index = 0
    while index + 3 <= bytes.count {
      let group = UInt32(bytes[index]) << 16 | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2])
      for shift in stride(from: 18, through: 0, by: -6) { output.append(character(group >> UInt32(shift))) }
      index += 3
    }
    switch bytes.count - index {
    case 1:
      output.append(character(UInt32(bytes[index]) >> 2))
      output.append(character(UInt32(bytes[index]) << 4))
    case 2:
      let pair = UInt32(bytes[index]) << 8 | UInt32(bytes[index + 1])
      output.append(character(pair >> 10))
      output.append(character(pair >> 4))
      output.append(character(pair << 2))
    default: break
    }
  }

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

  private static func character(_ bits: UInt32) -> UInt8 {
    let six = UInt8(bits & 63)
    return switch six {
    case 0..<26: UInt8(ascii: "A") + six
    case 26..<52: UInt8(ascii: "a") + six - 26
    case 52..<62: UInt8(ascii: "0") + six - 52
    case 62: UInt8(ascii: "-")
    default: UInt8(ascii: "_")
    }
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
