/// Why bytes are not a user's name.
package enum NameError: Error, Hashable, Sendable {
  case empty
  /// Above 63 bytes of UTF-8.
  case tooLong
  case notUTF8
  /// Not in Normalization Form C.
  case notComposed
  /// A control, format, private-use or noncharacter code point, or a line or paragraph separator.
  case forbiddenCodePoint(UInt32)
  case spaceAtEnd
  /// "joiner", or a name that begins with "room ".
  case keptForRooms
  /// The 64-byte field's length byte or filler is wrong.
  case wrongField
}

/// A user's name: 1 to 63 bytes of composed UTF-8 that cannot disguise itself (PROTOCOL 1.2).
///
/// Names are compared byte by byte; case counts.
package struct PeerName: Hashable, Sendable, CustomStringConvertible {
  package static let maximumByteCount = 63
  /// Bytes of a name's field in a message: a length, the name, zeros.
  package static let fieldByteCount = 64

  package let text: String
  package let utf8: [UInt8]

  package init(_ text: String) throws(NameError) {
    self.text = text
    utf8 = Array(text.utf8)
    try Self.check(text, byteCount: utf8.count)
  }

  package init(utf8 bytes: Span<UInt8>) throws(NameError) {
    guard !bytes.isEmpty else { throw .empty }
    guard bytes.count <= Self.maximumByteCount else { throw .tooLong }
    utf8 = [UInt8](copying: bytes)
    guard let text = String(validating: utf8, as: UTF8.self) else { throw .notUTF8 }
    self.text = text
    try Self.check(text, byteCount: utf8.count)
  }

  /// Reads the 64-byte field: a length byte, the name, zeros to the end.
  package init(field: Span<UInt8>) throws(NameError) {
    guard field.count == Self.fieldByteCount else { throw .wrongField }
    let length = Int(field[0])
    guard length <= Self.maximumByteCount, field.extracting(droppingFirst: 1 + length).isAllZero else {
      throw .wrongField
    }
    try self.init(utf8: field.extracting(1..<1 + length))
  }

  /// The 64-byte field of a message.
  package var field: [UInt8] {
    [UInt8(utf8.count)] + utf8 + [UInt8](repeating: 0, count: Self.maximumByteCount - utf8.count)
  }

  package var description: String { text }

  package static func == (left: PeerName, right: PeerName) -> Bool {
    left.utf8 == right.utf8
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(utf8)
  }

  private static func check(_ text: String, byteCount: Int) throws(NameError) {
    guard byteCount > 0 else { throw .empty }
    guard byteCount <= maximumByteCount else { throw .tooLong }
    let scalars = text.unicodeScalars
    for scalar in scalars where isForbidden(scalar) {
      throw .forbiddenCodePoint(scalar.value)
    }
    for end in [scalars.first, scalars.last] where end?.properties.generalCategory == .spaceSeparator {
      throw .spaceAtEnd
    }
    guard UnicodeForm.isComposed(text) else { throw .notComposed }
    guard text != "joiner", !text.utf8.starts(with: "room ".utf8) else { throw .keptForRooms }
  }

  private static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.properties.isNoncharacterCodePoint { return true }
    return switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .lineSeparator, .paragraphSeparator: true
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
      .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .letterNumber, .otherNumber,
      .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
      .initialPunctuation, .finalPunctuation, .otherPunctuation, .mathSymbol, .currencySymbol,
      .modifierSymbol, .otherSymbol, .spaceSeparator, .unassigned:
      false
    @unknown default: true
    }
  }
}
