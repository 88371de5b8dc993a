internal import Places
package import Wire

/// The offer to run `users harden`, made once a profile: when its owner knows everybody of the users file.
package enum HardeningOffer {
  /// Whether the offer is due now; from then on it is not, which the profile remembers. It blocks on the disk.
  ///
  /// What cannot be read or remembered makes no offer: it would come again and again.
  package static func take(_ users: UsersFile, me: PeerName, in folders: HomeFolders) -> Bool {
    let profile = folders.profile(me)
    guard FileStatus.exists(profile.identity), !FileStatus.exists(profile.hardeningOffered),
      !UsersFile.isExample(users.path), users.entries.count > 1,
      let hardening = try? UsersFileHardening(users.path, in: folders), hardening.left.isEmpty,
      !hardening.taken.isEmpty
    else { return false }
    return (try? AtomicFile.replace(profile.hardeningOffered, with: Array("users harden\n".utf8))) != nil
  }
}
