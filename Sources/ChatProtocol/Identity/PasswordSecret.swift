package import Cryptography
package import Wire

/// Why a password cannot be used.
package enum PasswordError: Error {
  case empty
  /// More than 128 bytes after normalisation.
  case tooLong
  /// A control character.
  case control
  case notUTF8
  case cryptography(CryptographyError)
}

/// `PRS`: what Argon2id makes of a password and two names, computed before any packet arrives.
package final class PasswordSecret: Sendable {
  package let key: Secret<PasswordRelatedString>

  package init(_ key: consuming Secret<PasswordRelatedString>) {
    self.key = key
  }

  /// Argon2id13 over the normalised password, 64 MiB, 3 passes; about a tenth of a second.
  ///
  /// It blocks: call it on a thread of its own, one at a time. The order of the names does not
  /// matter. PROTOCOL 1.2.
  package static func derive(
    password: borrowing SecretBuffer, names first: PeerName, _ second: PeerName
  ) throws(PasswordError) -> PasswordSecret {
    let salt = salt(first, second)
    let normalised = try PasswordRules.normalise(password)
    do {
      let region = try GuardedRegion(byteCount: PasswordRelatedString.byteCount)
      var key = try Secret<PasswordRelatedString>(in: region)
      try normalised.withBytes { (normalised) throws(CryptographyError) in
        try Argon2id.derive(
          password: normalised, salt: salt.span, cost: .password, into: &key)
      }
      return PasswordSecret(key)
    } catch {
      throw .cryptography(error)
    }
  }

  /// The first 16 bytes of SHA-256("prs salt" | u16 length, name | u16 length, name), the names in
  /// bytewise order.
  package static func salt(_ first: PeerName, _ second: PeerName) -> [UInt8] {
    let names = [first.utf8, second.utf8].sorted { $0.lexicographicallyPrecedes($1) }
    var input = Label.bytes("prs salt")
    for name in names {
      input.append(bigEndian: UInt16(truncatingIfNeeded: name.count))
      input += name
    }
    return [UInt8](SHA256Hash.hash(input.span).prefix(Argon2id.saltByteCount))
  }
}
