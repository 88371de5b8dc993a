package import ChatProtocol
package import Cryptography
package import LogFiles
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
/// Under a passphrase the third line is `argon2id <t> <KiB> <salt> <box>`: the same 96 bytes, locked as the log key
/// is (LOG 2), bound to all of the file before the box.
package enum IdentityFile {
  private static let kind = "identity"
  private static let sizeLimit = 4096
  private static let regionByteCount = 512

  /// The three secrets, one after the other.
  private enum AllSecrets: SecretPurpose {
    static let byteCount =
      IdentityAgreementKey.byteCount + IdentitySigningSeed.byteCount + GuessCountKey.byteCount
  }

  /// Loads the identity of a user, or makes it where the profile has none, with the log key pair beside it.
  ///
  /// Two processes that start at once make one identity. A damaged file, one that others can read, and
  /// contacts whose identity is gone are refused, never remade. It blocks on the disk, and with a passphrase for
  /// half a second or so; the profile is not locked meanwhile.
  ///
  /// - Parameter passphrase: opens an identity that is locked, and locks one that is made by this call.
  package static func loadOrMake(
    _ name: PeerName, in folders: HomeFolders, passphrase: Passphrase? = nil,
    effort: PassphraseEffort = .standard, entropy: any EntropySource = SystemEntropy.shared
  ) throws(HomeFailure) -> OwnIdentity {
    let profile = folders.profile(name)
    try HomeFailure.ofPlace { () throws(PlaceError) in try Folder.create(profile.contacts) }
    let found = try ProfileLock.hold(profile) { () throws(HomeFailure) -> Found in
      ProfileLock.sweep(profile.folder, only: ["identity", "guesses", "guesses-dialled"])
      ProfileLock.sweep(profile.contacts)
      try ProfilePassphrase.finishChange(of: profile)
      if let text = try read(profile) { return .stored(text) }
      return .made(try make(name, in: profile, passphrase: passphrase, effort: effort, entropy: entropy))
    }
    let identity: OwnIdentity
    let isLocked: Bool
    switch consume found {
    case .stored(let text):
      isLocked = Self.isLocked(text)
      identity = try open(text, of: name, at: profile, passphrase: passphrase)
    case .made(let made):
      isLocked = passphrase != nil
      identity = made
    }
    try ProfileLock.hold(profile) { () throws(HomeFailure) in
      try IdentityLogKey.make(
        for: identity.profile, in: profile, passphrase: isLocked ? passphrase : nil, effort: effort,
        entropy: entropy)
    }
    return identity
  }

  private enum Found: ~Copyable {
    case stored(HomeText)
    case made(OwnIdentity)
  }

  /// The file as it stands; nil where there is none.
  static func read(_ profile: ProfilePath) throws(HomeFailure) -> HomeText? {
    try HomeText.read(profile.identity, kind: kind, limit: sizeLimit)
  }

  /// Whether the keys of the file are under a passphrase.
  static func isLocked(_ text: borrowing HomeText) -> Bool { text.keys == ["profile", "argon2id"] }

  /// The file's content anew, its keys under a passphrase; with the check that names it.
  static func locked(
    _ identity: OwnIdentity, with passphrase: Passphrase, effort: PassphraseEffort,
    entropy: any EntropySource
  ) throws(HomeFailure) -> HomeTextWriter {
    let region = try region()
    var secrets = try HomeFailure.ofMemory { () throws(CryptographyError) in
      try Secret<AllSecrets>(in: region)
    }
    identity.keys.agreementKey.withBytes { put($0, at: 0, into: &secrets) }
    identity.keys.signingSeed.withBytes { put($0, at: 32, into: &secrets) }
    identity.guessCountKey.withBytes { put($0, at: 64, into: &secrets) }
    var text = try HomeTextWriter(kind: kind, capacity: sizeLimit)
    try text.line("profile", IdentityText.encode(identity.profile))
    try text.lockedLine("argon2id", secrets, under: passphrase, effort: effort, entropy: entropy)
    return text
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

  /// The identity that a file holds; `.passphraseNeeded` and `.wrongPassphrase` for one that is locked.
  static func open(
    _ text: borrowing HomeText, of name: PeerName, at profile: ProfilePath, passphrase: Passphrase?
  ) throws(HomeFailure) -> OwnIdentity {
    let region = try region()
    let secrets: Secret<AllSecrets>
    if isLocked(text) {
      guard let passphrase else { throw .passphraseNeeded(path: profile.identity) }
      secrets = try text.unlocked(1, with: passphrase, in: region)
    } else {
      try text.require(keys: ["profile", "plain"])
      try text.requireSecret(1, byteCount: AllSecrets.byteCount)
      secrets = try text.secret(1, in: region)
    }
    let written = try text.value(0, IdentityText.profile)
    let agreementKey: Secret<IdentityAgreementKey> = try part(of: secrets, at: 0, in: region)
    let signingSeed: Secret<IdentitySigningSeed> = try part(of: secrets, at: 32, in: region)
    let guessCountKey: Secret<GuessCountKey> = try part(of: secrets, at: 64, in: region)
    let keys = try keys(written.name, agreementKey, signingSeed)
    // The keys make the profile anew, signature included: a file whose parts do not fit is damaged.
    guard keys.profile == written, written.name == name else { throw text.damaged }
    return OwnIdentity(keys: keys, guessCountKey: guessCountKey, isNew: false)
  }

  private static func put(_ part: Span<UInt8>, at offset: Int, into secrets: inout Secret<AllSecrets>) {
    secrets.withMutableBytes { all in
      for index in part.indices { all[offset + index] = part[index] }
    }
  }

  private static func part<Purpose: SecretPurpose>(
    of secrets: borrowing Secret<AllSecrets>, at offset: Int, in region: GuardedRegion
  ) throws(HomeFailure) -> Secret<Purpose> {
    try HomeFailure.ofMemory { () throws(CryptographyError) in
      try secrets.withBytes { (bytes) throws(CryptographyError) in
        try Secret<Purpose>(copying: bytes.extracting(offset..<(offset + Purpose.byteCount)), in: region)
      }
    }
  }

  private static func region() throws(HomeFailure) -> GuardedRegion {
    try HomeFailure.ofMemory { () throws(CryptographyError) in
      try GuardedRegion(byteCount: regionByteCount)
    }
  }

  private static func make(
    _ name: PeerName, in profile: ProfilePath, passphrase: Passphrase?, effort: PassphraseEffort,
    entropy: any EntropySource
  ) throws(HomeFailure) -> OwnIdentity {
    // Pins made under a lost identity are worth nothing without it; a new one beside them would only
    // hide the loss until every contact has refused it.
    let contacts = try HomeFailure.ofPlace { () throws(PlaceError) in try Folder.entries(profile.contacts) }
    guard !contacts.contains(where: { !$0.name.hasPrefix(".") }) else {
      throw .identityMissing(path: profile.identity)
    }
    let region = try region()
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
    let identity = OwnIdentity(keys: keys, guessCountKey: guessCountKey, isNew: true)
    if let passphrase {
      // Never plain on the disk, not for a moment.
      try locked(identity, with: passphrase, effort: effort, entropy: entropy).replace(profile.identity)
      return identity
    }
    var text = try HomeTextWriter(kind: kind, capacity: sizeLimit)
    try text.line("profile", IdentityText.encode(keys.profile))
    try text.beginSecretLine("plain")
    try text.secret(keys.agreementKey)
    try text.secret(keys.signingSeed)
    try text.secret(identity.guessCountKey)
    try text.endSecretLine()
    try text.replace(profile.identity)
    return identity
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
