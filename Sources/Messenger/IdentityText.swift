internal import ChatProtocol
internal import Cryptography
package import Wire

/// A whole profile as text: base64url without padding of its 193 bytes (PROTOCOL 1.2).
package enum IdentityText {
  package static func encode(_ profile: Profile) -> String {
    Base64URL.encode(profile.bytes)
  }

  /// The profile that a text says, its form checked and nothing more; nil where it says none.
  static func profile(_ text: String) -> Profile? {
    guard let bytes = try? Base64URL.decode(canonical: text) else { return nil }
    return try? Profile(parsing: bytes.span)
  }

  /// The profile of a user as others gave it: the form, then the name, then the signature.
  static func proven(_ text: String, of name: PeerName) throws(IdentityTextProblem) -> ProvenProfile {
    guard let bytes = try? Base64URL.decode(canonical: text), let profile = try? Profile(parsing: bytes.span)
    else { throw .notAProfile }
    guard profile.name == name else { throw .anotherName(profile.name) }
    do throws(CryptographyError) {
      return try ProvenProfile(verifying: profile)
    } catch {
      throw .notAuthentic
    }
  }
}
