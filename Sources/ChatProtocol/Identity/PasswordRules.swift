package import Cryptography
import Wire

/// RFC 8265's OpaqueString, but just these rules: PROTOCOL 1.2.
package enum PasswordRules {
  /// The longest password in bytes, after normalisation.
  static let longestPassword = 128

  /// Non-ASCII spaces become U+0020, then NFC; no controls, not empty, at most 128 bytes.
  ///
  /// An ASCII password never leaves guarded memory. NFC of any other makes a `String` for the length
  /// of this call (stated in the threat model).
  package static func normalise(
    _ password: borrowing SecretBuffer
  ) throws(PasswordError) -> SecretBuffer {
    guard !password.isEmpty else { throw .empty }
    // Normalisation never makes a text more than three times shorter.
    guard password.count <= 12 * longestPassword else { throw .tooLong }
    if password.withBytes({ bytes in bytes.indices.allSatisfy { bytes[$0] < 0x80 } }) {
      return try password.withBytes { (bytes) throws(PasswordError) in try accept(bytes) }
    }
    let decoded = password.withBytes { bytes in
      String(validating: [UInt8](copying: bytes), as: UTF8.self)
    }
    guard let decoded else { throw .notUTF8 }
    var spaced = String.UnicodeScalarView()
    for scalar in decoded.unicodeScalars {
      let isSpace = scalar.properties.generalCategory == .spaceSeparator
      spaced.append(isSpace ? " " : scalar)
    }
    let composed = Array(UnicodeForm.composed(String(spaced)).utf8)
    return try accept(composed.span)
  }

  /// Copies a normalised password into guarded memory if it is one.
  private static func accept(_ bytes: Span<UInt8>) throws(PasswordError) -> SecretBuffer {
    guard bytes.count <= longestPassword else { throw .tooLong }
    guard !hasControl(bytes) else { throw .control }
    do {
      var buffer = try SecretBuffer(capacity: longestPassword)
      try buffer.append(bytes)
      return buffer
    } catch {
      throw .cryptography(error)
    }
  }

  /// Category Cc in UTF-8: U+0000 to U+001F, U+007F, and U+0080 to U+009F as C2 80 to C2 9F.
  private static func hasControl(_ bytes: Span<UInt8>) -> Bool {
    for index in bytes.indices {
      let byte = bytes[index]
      if byte < 0x20 || byte == 0x7f { return true }
      if byte == 0xc2, index + 1 < bytes.count, bytes[index + 1] < 0xa0 { return true }
    }
    return false
  }
}
