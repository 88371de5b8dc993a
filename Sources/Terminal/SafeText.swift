/// Text from elsewhere, made safe to show: nothing in it moves the cursor, changes colours, turns the
/// reading direction, hides, or begins a line of its own.
///
/// Code points of the log's escape set (LOG 3, token S) and a few more that are invisible are shown as
/// `\x1b` (below U+0080) or `\u202e`; bytes that are not UTF-8 as `\xff`. Text into a pipe is passed
/// through untouched instead; this is for eyes only.
package enum SafeText {
  /// The text on one line: a newline is shown as `\n`.
  package static func line(_ text: String) -> String {
    line(utf8: text.utf8)
  }

  /// The text on one line, from bytes that need not be UTF-8.
  package static func line(utf8 bytes: some Sequence<UInt8>) -> String {
    var result = ""
    var marks = 0
    forEachScalar(bytes) { append($0, to: &result, &marks) }
    return result
  }

  /// The lines of a text, split at each newline, every one safe; a final newline makes no empty line.
  ///
  /// The caller puts something of its own before each line after the first, so that none of them can
  /// be taken for another speaker's.
  package static func lines(_ text: String) -> [String] {
    lines(utf8: text.utf8)
  }

  /// The lines of a text, from bytes that need not be UTF-8.
  package static func lines(utf8 bytes: some Sequence<UInt8>) -> [String] {
    var lines: [String] = []
    var current = ""
    var marks = 0
    var isOpen = false
    forEachScalar(bytes) { piece in
      if case .scalar("\n") = piece {
        lines.append(current)
        current = ""
        marks = 0
        isOpen = false
      } else {
        append(piece, to: &current, &marks)
        isOpen = true
      }
    }
    if isOpen || lines.isEmpty { lines.append(current) }
    return lines
  }

  /// True where a code point is never shown as itself.
  package static func isEscaped(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    // LOG 3, token S, without its quote and backslash, which no terminal obeys.
    case 0x00...0x1F, 0x7F...0x9F, 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069:
      true
    // Invisible without being format characters: joiners, fillers, what is set aside for such.
    case 0x034F, 0x115F...0x1160, 0x180B...0x180F, 0x2065, 0x3164, 0xFFA0, 0xFFF0...0xFFF8, 0xE0000...0xE0FFF:
      true
    // Scripts and emoji are spelt with the two joiners.
    case 0x200C...0x200D:
      false
    default:
      scalar.properties.generalCategory == .format && !DisplayWidth.isVisibleFormat(scalar)
    }
  }

  /// Marks that pile up on one letter: more than this many in a row are shown as numbers.
  static let markLimit = 8

  enum Piece {
    case scalar(Unicode.Scalar)
    case invalid(UInt8)
  }

  private static func append(_ piece: Piece, to result: inout String, _ marks: inout Int) {
    switch piece {
    case .invalid(let byte):
      marks = 0
      result += "\\x" + hex(UInt32(byte), digits: 2)
    case .scalar("\n"):
      marks = 0
      result += "\\n"
    case .scalar(let scalar):
      marks = DisplayWidth.isMark(scalar) ? marks + 1 : 0
      if isEscaped(scalar) || marks > markLimit {
        result += escape(scalar)
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
  }

  static func escape(_ scalar: Unicode.Scalar) -> String {
    switch scalar.value {
    case ..<0x80: "\\x" + hex(scalar.value, digits: 2)
    case ..<0x1_0000: "\\u" + hex(scalar.value, digits: 4)
    default: "\\u{" + hex(scalar.value, digits: 5) + "}"
    }
  }

  private static func hex(_ value: UInt32, digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }

  /// Decodes UTF-8 as the standard demands (no overlong forms, no surrogates); each byte that belongs
  /// to no code point is handed out by itself.
  static func forEachScalar(_ bytes: some Sequence<UInt8>, _ body: (Piece) -> Void) {
    var decoder = UTF8Assembler()
    for byte in bytes {
      decoder.take(byte)
      while let piece = decoder.next() { body(piece) }
    }
    decoder.finish()
    while let piece = decoder.next() { body(piece) }
  }
}
