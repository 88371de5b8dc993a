package import ChatProtocol
package import Cryptography
internal import Places
package import Wire

/// The random secret of a profile under which a dialler counts its guesses, so that the counts on the
/// disk test no password.
package enum GuessCountKey: SecretPurpose { package static let byteCount = 32 }

/// One's own identity as it stands in the home: the keys, and the secret that belongs to them.
package final class OwnIdentity: Sendable {
  package let keys: IdentityKeys
  package let guessCountKey: Secret<GuessCountKey>
  /// Made by this very call; there was none before.
  package let isNew: Bool

  init(keys: IdentityKeys, guessCountKey: consuming Secret<GuessCountKey>, isNew: Bool) {
    self.keys = keys
    self.guessCountKey = guessCountKey
    self.isNew = isNew
  }

  package var profile: Profile { keys.profile }

  /// The identity as `secure_chat id` prints it and as `identity` in a users file takes it: base64url
  /// of the 193 bytes.
  package var text: String { IdentityText.encode(keys.profile) }
}

/// The file `identity` of a profile, 0600: the profile, and the keys that prove it.
///
///     identity 1
///     profile <base64url of the 193 bytes>
///     plain <hex of the X25519 key, the Ed25519 seed and the secret of the guess counts>
///     check <SHA-256 of all before>
///
/// The third line is the place of a form that is wrapped under a passphrase (`argon2id ...`); a file that
/// has it is told from a damaged one already.
package enum IdentityFile {
  private static let kind = "identity"
  private static let sizeLimit = 4096
  private static let regionByteCount = 256
  private static let secretByteCount =
    IdentityAgreementKey.byteCount + IdentitySigningSeed.byteCount + GuessCountKey.byteCount

  /// Loads the identity of a user, or makes it where the profile has none, with the log key pair beside it.
  ///
  /// Two processes that start at once make one identity. A damaged file, one that others can read, and
  /// contacts whose identity is gone are refused, never remade. It blocks on the disk.
  package static func loadOrMake(
    _ name: PeerName, in folders: HomeFolders, entropy: any EntropySource = SystemEntropy.shared
  ) throws(HomeFailure) -> OwnIdentity {
    let profile = folders.profile(name)
    try HomeFailure.ofPlace { () throws(PlaceError) in try Folder.create(profile.contacts) }
    return try ProfileLock.hold(profile) { () throws(HomeFailure) in
      ProfileLock.sweep(profile.folder, only: ["identity", "guesses", "guesses-dialled"])
      ProfileLock.sweep(profile.contacts)
      let identity: OwnIdentity
      if let loaded = try load(name, from: profile) {
        identity = loaded
      } else {
        identity = try make(name, in: profile, entropy: entropy)
      }
      try IdentityLogKey.make(for: identity.profile, in: profile)
      return identity
    }
  }

  /// The profile of a user of this home; nil where the user has none. The keys are not kept.
  package static func publicProfile(
    of name: PeerName, in folders: HomeFolders
  ) throws(HomeFailure) -> Profile? {
    let path = folders.profile(name).identity
    guard let text = try HomeText.read(path, kind: kind, limit: sizeLimit) else { return nil }
    guard text.count >= 1 else { throw text.damaged }
    return try text.value(0, IdentityText.profile)
  }

  private static func load(_ name: PeerName, from profile: ProfilePath) throws(HomeFailure) -> OwnIdentity? {
    guard let text = try HomeText.read(profile.identity, kind: kind, limit: sizeLimit) else { return nil }
    if text.keys == ["profile", "argon2id"] { throw .passphraseNeeded(path: profile.identity) }
    try text.require(keys: ["profile", "plain"])
    try text.requireSecret(1, byteCount: secretByteCount)
    let written = try text.value(0, IdentityText.profile)
    let region = try HomeFailure.ofMemory { () throws(CryptographyError) in
      try GuardedRegion(byteCount: regionByteCount)
    }
    let agreementKey: Secret<IdentityAgreementKey> = try text.secret(1, in: region)
    let signingSeed: Secret<IdentitySigningSeed> = try text.secret(1, offset: 32, in: region)
    let guessCountKey: Secret<GuessCountKey> = try text.secret(1, offset: 64, in: region)
    let keys = try keys(written.name, agreementKey, signingSeed)
    // The keys make the profile anew, signature included: a file whose parts do not fit is damaged.
    guard keys.profile == written, written.name == name else { throw text.damaged }
    return OwnIdentity(keys: keys, guessCountKey: guessCountKey, isNew: false)
  }

  private static func make(
    _ name: PeerName, in profile: ProfilePath, entropy: any EntropySource
  ) throws(HomeFailure) -> OwnIdentity {
    // Pins made under a lost identity are worth nothing without it; a new one beside them would only
    // hide the loss until every contact has refused it.
    let contacts = try HomeFailure.ofPlace { () throws(PlaceError) in try Folder.entries(profile.contacts) }
    guard !contacts.contains(where: { !$0.name.hasPrefix(".") }) else {
      throw .identityMissing(path: profile.identity)
    }
    let region = try HomeFailure.ofMemory { () throws(CryptographyError) in
      try GuardedRegion(byteCount: regionByteCount)
    }
    let agreementKey = try HomeFailure.ofMemory { () throws(CryptographyError) in
      try Secret<IdentityAgreementKey>.random(in: region, from: entropy)
    }
    let signingSeed = try HomeFailure.ofMemory { () throws(CryptographyError) in
      try Secret<IdentitySigningSeed>.random(in: region, from: entropy)
    }
    let guessCountKey = try HomeFailure.ofMemory { () throws(CryptographyError) in
      try Secret<GuessCountKey>.random(in: region, from: entropy)
    }
    let keys = try keys(name, agreementKey, signingSeed)
    var text = try HomeTextWriter(kind: kind, capacity: sizeLimit)
    try text.line("profile", IdentityText.encode(keys.profile))
    try text.beginSecretLine("plain")
    try text.secret(keys.agreementKey)
    try text.secret(keys.signingSeed)
    try text.secret(guessCountKey)
    try text.endSecretLine()
    try text.replace(profile.identity)
    return OwnIdentity(keys: keys, guessCountKey: guessCountKey, isNew: true)
  }

  private static func keys(
    _ name: PeerName, _ agreementKey: consuming Secret<IdentityAgreementKey>,
    _ signingSeed: consuming Secret<IdentitySigningSeed>
  ) throws(HomeFailure) -> IdentityKeys {
    do throws(CryptographyError) {
      return try IdentityKeys(name: name, agreementKey: agreementKey, signingSeed: signingSeed)
    } catch {
      throw HomeFailure(error)
    }
  }
}
