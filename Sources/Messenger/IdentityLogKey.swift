internal import LogFiles
internal import Places
internal import Wire

/// The key pair of the session logs, made with the identity (LOG 2).
enum IdentityLogKey {
  /// Makes the pair where there is none, or where the one there belongs to an earlier identity.
  ///
  /// A damaged public file is refused: a new pair in its place would hide the loss.
  static func make(for profile: Profile, in place: ProfilePath) throws(HomeFailure) {
    do throws(LogFailure) {
      if FileStatus.exists(place.logPublicKey),
        try LogKeyFile.readPublic(place.logPublicKey).profile == profile.bytes
      {
        return
      }
      _ = try LogKeyFile.make(for: profile, at: place)
    } catch {
      switch error {
      case .place(let error): throw HomeFailure(error)
      case .badKeyFile(let path): throw .damaged(path: path)
      default: throw .failed(path: place.logPublicKey, message: "the log key could not be made")
      }
    }
  }
}
