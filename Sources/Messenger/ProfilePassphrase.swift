package import Cryptography
package import LogFiles
internal import Places
package import Wire

/// The passphrase of one's own profile: it locks the identity and the log key (PRODUCT "Passwords and passphrases").
package enum ProfilePassphrase {
  package enum State: Sendable {
    case noProfile, unlocked, locked
  }

  /// Whether a user's profile is there, and locked. It blocks on the disk.
  package static func state(of name: PeerName, in folders: HomeFolders) throws(HomeFailure) -> State {
    guard let text = try IdentityFile.read(folders.profile(name)) else { return .noProfile }
    return IdentityFile.isLocked(text) ? .locked : .unlocked
  }

  /// Locks a profile that exists with another passphrase: same keys, new locks. It blocks for some seconds.
  ///
  /// The two files change as one. The new log key is written beside, under a name that holds the check of the new
  /// identity; then the identity is replaced, which is the instant of the change; then the log key is renamed into
  /// its place. Whoever next opens the profile finishes a change whose identity was replaced, and drops one whose
  /// identity was not. A file that another process changed meanwhile is not overwritten (`.changedMeanwhile`).
  ///
  /// - Parameter current: the passphrase until now, where the profile has one.
  /// - Returns: whether the log key was locked too; false where it was moved away.
  @discardableResult
  package static func change(
    of name: PeerName, in folders: HomeFolders, from current: Passphrase?, to new: Passphrase,
    effort: PassphraseEffort = .standard, entropy: any EntropySource = SystemEntropy.shared
  ) throws(HomeFailure) -> Bool {
    let profile = folders.profile(name)
    let before = try ProfileLock.hold(profile) { () throws(HomeFailure) in
      try finishChange(of: profile)
      return try Contents(profile)
    }
    // Out of the lock: it takes seconds, and everybody else may go on.
    guard let text = try IdentityFile.read(profile), text.check == before.identity else {
      throw .changedMeanwhile(path: profile.identity)
    }
    let identity = try IdentityFile.open(text, of: name, at: profile, passphrase: current)
    var logKey: SecretBuffer?
    if before.logKey != nil {
      do throws(LogFailure) {
        logKey = try LogKeyFile.relocked(
          profile.logPrivateKey, current: current, new: new, effort: effort, entropy: entropy)
      } catch {
        throw HomeFailure(error, at: profile.logPrivateKey)
      }
    }
    var locked = try IdentityFile.locked(identity, with: new, effort: effort, entropy: entropy)
    let check = try locked.finish()
    let hasLogKey = before.logKey != nil
    let lock = try ProfileLock.take(profile)
    defer { withExtendedLifetime(lock) {} }
    guard try Contents(profile) == before else { throw .changedMeanwhile(path: profile.identity) }
    do throws(PlaceError) {
      if let logKey {
        try logKey.withBytes { (bytes) throws(PlaceError) in
          try AtomicFile.replace(staged(check, profile), with: bytes)
        }
      }
    } catch {
      throw HomeFailure(error)
    }
    try locked.write(to: profile.identity)
    try finishChange(of: profile)
    return hasLogKey
  }

  /// Brings a change that a crash interrupted to its end, or drops it. Only under the profile's lock.
  static func finishChange(of profile: ProfilePath) throws(HomeFailure) {
    try HomeFailure.ofPlace { () throws(PlaceError) in
      let names = try Folder.entries(profile.folder).filter {
        $0.kind == .regular && $0.name.hasPrefix(stagedBeginning) && $0.name.hasSuffix(stagedEnding)
      }.map { profile.folder + "/" + $0.name }
      guard !names.isEmpty, let text = try? IdentityFile.read(profile) else { return }
      let valid = staged(text.check, profile)
      for name in names {
        if name == valid {
          try Folder.rename(name, to: profile.logPrivateKey)
        } else {
          try Folder.removeFile(name)
        }
      }
    }
  }

  private static let stagedBeginning = ".log-verify.key."
  private static let stagedEnding = ".next"

  private static func staged(_ check: String, _ profile: ProfilePath) -> String {
    profile.folder + "/" + stagedBeginning + check.prefix(16) + stagedEnding
  }

  /// What stands in the two files, by their hashes.
  private struct Contents: Equatable {
    let identity: String
    let logKey: [UInt8]?

    init(_ profile: ProfilePath) throws(HomeFailure) {
      guard let text = try IdentityFile.read(profile) else {
        throw .identityMissing(path: profile.identity)
      }
      identity = text.check
      guard FileStatus.exists(profile.logPrivateKey) else {
        logKey = nil
        return
      }
      let file = try HomeFailure.ofPlace { () throws(PlaceError) in
        try PrivateFile.open(profile.logPrivateKey)
      }
      do throws(GuardedContents.Failure) {
        let bytes = try GuardedContents.read(file, limit: 4096)
        logKey = bytes.withBytes { SHA256Hash.hash($0) }
      } catch {
        throw .damaged(path: profile.logPrivateKey)
      }
    }
  }
}
