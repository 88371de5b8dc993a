internal import Cryptography
internal import LogFiles
internal import Places
internal import Wire

/// The key pair of the session logs, made with the identity (LOG 2).
enum IdentityLogKey {
  /// Makes the pair where there is none, or where the one there belongs to an earlier identity.
  ///
  /// A damaged public file is refused: a new pair in its place would hide the loss.
  ///
  /// - Parameter passphrase: what a new pair is locked with; nil leaves it plain.
  static func make(
    for profile: Profile, in place: ProfilePath, passphrase: Passphrase?, effort: PassphraseEffort,
    entropy: any EntropySource
  ) throws(HomeFailure) {
    do throws(LogFailure) {
      if FileStatus.exists(place.logPublicKey),
        try LogKeyFile.readPublic(place.logPublicKey).profile == profile.bytes
      {
        return
      }
      _ = try LogKeyFile.make(
        for: profile, at: place, passphrase: passphrase, effort: effort, entropy: entropy)
    } catch {
      throw HomeFailure(error, at: place.logPublicKey)
    }
  }
}

extension HomeFailure {
  /// A failure of the log key's files.
  init(_ error: LogFailure, at path: String) {
    self =
      switch error {
      case .place(let error): HomeFailure(error)
      case .badKeyFile(let path): .damaged(path: path)
      case .passphraseNeeded(let path): .passphraseNeeded(path: path)
      case .wrongPassphrase(let path): .wrongPassphrase(path: path)
      case .cryptography(let error): HomeFailure(error)
      case .inUse, .changedOnDisk, .segmentEnded, .chain:
        .failed(path: path, message: "the log key could not be made")
      }
  }
}
