/// Escapes of JSON strings that were proven well-formed.
enum JSONEscapes {
  /// Gives the decoded bytes of a string's inside, one by one.
  static func decode(_ inside: Span<UInt8>, _ emit: (UInt8) -> Void) {
    var index = 0
    while index < inside.count {
      let byte = inside[index]
      index += 1
      guard byte == UInt8(ascii: "\\"), index < inside.count else {
        emit(byte)
        continue
      }
      let escape = inside[index]
      index += 1
      guard escape == UInt8(ascii: "u") else {
        emit(simple(escape) ?? escape)
        continue
      }
      guard var scalar = unit(inside, at: index) else { return }
      index += 4
      if (0xd800..<0xdc00).contains(scalar), let low = unit(inside, at: index + 2) {
        index += 6
        scalar = 0x10000 + (scalar & 0x3ff) << 10 + (low & 0x3ff)
      }
      // Straight from the scalar: an array of these bytes would be a copy of a password that nobody wipes.
      if let scalar = Unicode.Scalar(scalar), let encoded = UTF8.encode(scalar) {
        for byte in encoded { emit(byte) }
      }
    }
  }

  /// What a two-character escape stands for; nil if there is no such escape.
  static func simple(_ escape: UInt8) -> UInt8? {
    switch escape {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): escape
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "f"): 0x0c
    case UInt8(ascii: "n"): 0x0a
    case UInt8(ascii: "r"): 0x0d
    case UInt8(ascii: "t"): 0x09
    default: nil
    }
  }

  /// Four hexadecimal digits at `index`, in either case; nil if they are not there.
  static func unit(_ bytes: Span<UInt8>, at index: Int) -> UInt32? {
    guard index + 4 <= bytes.count else { return nil }
    var value: UInt32 = 0
    for offset in 0..<4 {
      // Bit 5 makes an ASCII letter lower case; of the digits and signs it turns none into a hex digit.
      let byte = bytes[index + offset]
      let lowered = (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(byte) ? byte | 0x20 : byte
      guard let digit = Hex.value(lowered) else { return nil }
      value = value << 4 | UInt32(digit)
    }
    return value
  }
}
