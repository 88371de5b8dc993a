@_spi(_Unicode) import Swift

/// Unicode normalisation as the standard library does it.
///
/// This file alone uses the standard library's unofficial interface for it.
package enum UnicodeForm {
  /// Normalization Form C of `text`.
  package static func composed(_ text: String) -> String {
    // ASCII is its own composed form, and nearly every name is ASCII.
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
    return text._nfc.reduce(into: "") { $0.unicodeScalars.append($1) }
  }

  /// Whether `text` is, scalar for scalar, its own Normalization Form C.
  package static func isComposed(_ text: String) -> Bool {
    // `==` would treat canonically equivalent strings as equal, so the bytes are compared.
    composed(text).utf8.elementsEqual(text.utf8)
  }
}
