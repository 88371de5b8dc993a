package import Cryptography
package import Wire

/// A profile whose signature has been verified: the owner of `ikSig` put it beside this `ikDH`.
///
/// It says nothing about any conversation; only a handshake proves that the peer holds `ikDH`.
package struct ProvenProfile: Hashable, Sendable {
  package let profile: Profile

  /// Verifies the Ed25519 signature over "profile" and the first 129 bytes (PROTOCOL 1.2).
  ///
  /// Throws `.notAuthentic`, also for small-order keys and for S of L or above.
  package init(verifying profile: Profile) throws(CryptographyError) {
    let message = Label.bytes("profile") + profile.signedBytes
    try Ed25519.verify(
      profile.signature.span, of: message.span, publicKey: profile.ikSig.span)
    self.profile = profile
  }

  package var name: PeerName { profile.name }

  /// SHA-256 of the first 129 bytes: what logs and paths use.
  package var profileID: [UInt8] { SHA256Hash.hash(profile.signedBytes.span) }

  /// Two profiles are the same when these 129 bytes are; the signature is not compared.
  package func isSameIdentity(as other: ProvenProfile) -> Bool {
    profile.signedBytes == other.profile.signedBytes
  }
}
