package import Cryptography
package import Wire

/// The long-term keys of one profile, in one guarded region, and the profile that they prove.
///
/// It is shared by every connection of a profile and never changes; PROTOCOL 1.2.
package final class IdentityKeys: Sendable {
  package let agreementKey: Secret<IdentityAgreementKey>
  package let signingSeed: Secret<IdentitySigningSeed>
  package let profile: Profile

  /// Makes a new identity: two fresh keys and the profile signed by them.
  ///
  /// Throws `.guardedMemoryExhausted` or `.underlyingLibraryFailed`.
  package static func generate(
    name: PeerName, entropy: any EntropySource
  ) throws(CryptographyError) -> IdentityKeys {
    let region = try GuardedRegion(byteCount: 64)
    let agreementKey = try Secret<IdentityAgreementKey>.random(in: region, from: entropy)
    let signingSeed = try Secret<IdentitySigningSeed>.random(in: region, from: entropy)
    return try IdentityKeys(name: name, agreementKey: agreementKey, signingSeed: signingSeed)
  }

  /// Takes keys that are already in guarded memory and signs the profile of `name` with them.
  ///
  /// Ed25519 is deterministic, so the same keys and name give the same 193 bytes every time.
  package init(
    name: PeerName,
    agreementKey: consuming Secret<IdentityAgreementKey>,
    signingSeed: consuming Secret<IdentitySigningSeed>
  ) throws(CryptographyError) {
    let ikDH = try X25519.publicKey(of: agreementKey)
    let ikSig = try Ed25519.publicKey(of: signingSeed)
    let message =
      Label.bytes("profile") + Profile.signedBytes(ikDH: ikDH, ikSig: ikSig, name: name)
    let signature = try Ed25519.sign(message.span, seed: signingSeed)
    do {
      profile = try Profile(ikDH: ikDH, ikSig: ikSig, name: name, signature: signature)
    } catch {
      throw .underlyingLibraryFailed
    }
    self.agreementKey = agreementKey
    self.signingSeed = signingSeed
  }
}
