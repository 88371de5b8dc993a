internal import ChatProtocol
internal import Cryptography
internal import Places
package import Wire

/// What `users harden` would take out of a users file, what it leaves there, and why.
///
/// A password goes only where nobody of this home needs it any more; the user's identity takes its place. No
/// copy of the old file is kept, since it would hold the passwords.
package struct UsersFileHardening: Sendable {
  /// Why a password stays.
  package enum Reason: Hashable, Sendable {
    /// Nobody of the file has a profile in this home.
    case nobodyHere
    /// A user of this home has not paired with its user yet.
    case notPinned(by: PeerName)
    /// They paired, and the other side has not yet shown that it stored its pin.
    case notConfirmed(by: PeerName)
    /// Two profiles of this home, or a pin and the file, know another key each.
    case keysDiffer
    /// It is the own one of a user of this home, and these do not know that user's key yet.
    case neededBy([PeerName])
  }

  package struct Taken: Hashable, Sendable {
    package let user: PeerName
    /// As they are written.
    package let keys: [String]
    /// False where the entry has the identity already.
    package let writesIdentity: Bool
  }

  package struct Left: Hashable, Sendable {
    package let user: PeerName
    package let keys: [String]
    package let reason: Reason
  }

  package let path: String
  package let taken: [Taken]
  package let left: [Left]
  private let contents: UsersFileContents
  private let rewrite: UsersFileRewrite

  /// Reads the file and the pins, and changes nothing. It blocks on the disk.
  package init(_ path: String, in folders: HomeFolders) throws(UsersFileHardeningError) {
    do throws(UsersFileError) {
      contents = try UsersFileContents(path, followingLinks: false)
    } catch {
      let isLink = (try? FileStatus(path: path))?.kind == .symbolicLink
      throw isLink ? .symbolicLink(path: path) : .file(error)
    }
    guard contents.status.belongsToThisUser else { throw .home(.ownedByAnother(path: path)) }
    let survey: UsersFileSurvey
    let file: UsersFile
    do throws(UsersFileError) {
      survey = try contents.survey()
      file = try survey.usable()
    } catch {
      throw .file(error)
    }
    let knowledge: HomeKnowledge
    do throws(HomeFailure) {
      knowledge = try HomeKnowledge(of: file, in: folders)
    } catch {
      throw .home(error)
    }
    var keys: [PeerName: [String]] = [:]
    for written in survey.passwords { keys[written.user, default: []].append(written.key) }
    var taken: [Taken] = []
    var left: [Left] = []
    var identities: [Int: UsersFileRewrite.Change] = [:]
    for (index, entry) in file.entries.enumerated() {
      guard let keys = keys[entry.name] else { continue }
      switch knowledge.judge(entry) {
      case .stay(let reason): left.append(Left(user: entry.name, keys: keys, reason: reason))
      case .go(let profile):
        let identity = entry.identity == nil ? IdentityText.encode(profile) : nil
        taken.append(Taken(user: entry.name, keys: keys, writesIdentity: identity != nil))
        identities[index] = UsersFileRewrite.Change(identity: identity)
      }
    }
    self.path = path
    self.taken = taken
    self.left = left
    rewrite = UsersFileRewrite(changes: identities)
  }

  /// Puts the new file in the place of the old one, as a whole or not at all, mode 0600.
  ///
  /// Throws `.file(.changedMeanwhile)` where the file is not the one that was read. It blocks on the disk.
  package func apply() throws(UsersFileHardeningError) {
    let rewritten = try rewritten()
    do throws(HomeFailure) {
      try HomeFailure.ofPlace { () throws(PlaceError) in
        try rewritten.withBytes { (bytes) throws(PlaceError) in try AtomicFile.replace(path, with: bytes) }
      }
    } catch {
      throw .notWritten(error)
    }
  }

  /// The new bytes, from what stands on the disk now.
  private func rewritten() throws(UsersFileHardeningError) -> SecretBuffer {
    do throws(UsersFileError) {
      let now = try UsersFileContents(path, followingLinks: false)
      guard now.isSame(as: contents) else { throw .changedMeanwhile(path: path) }
      let rewritten = try now.withBytes { (bytes) throws(UsersFileError) in
        try rewrite.apply(to: bytes, path: path)
      }
      // What a program could not read must not take the place of what it can.
      try rewritten.withBytes { (bytes) throws(UsersFileError) in
        _ = try UsersFile(parsing: bytes, path: path)
      }
      return rewritten
    } catch {
      throw .file(error)
    }
  }
}

/// Why a users file was not hardened; it stands as it was.
package enum UsersFileHardeningError: Error, Hashable, Sendable {
  /// It cannot be used at all.
  case file(UsersFileError)
  /// The path names a link; replacing it would leave the file behind it as it is.
  case symbolicLink(path: String)
  /// Identities or pins cannot be read, or the file is another user's.
  case home(HomeFailure)
  case notWritten(HomeFailure)
}

extension HomeKnowledge {
  fileprivate enum Judgement {
    case go(Profile)
    case stay(UsersFileHardening.Reason)
  }

  /// Whether the passwords of an entry can go: everybody of this home knows its user's key, and if its user is
  /// of this home, knows everybody else's.
  fileprivate func judge(_ entry: UsersFileEntry) -> Judgement {
    var profile = entry.identity?.profile
    for local in locals {
      let known: Profile
      if local.name == entry.name {
        let strangers = local.standings.filter { !$0.value.isKnown }.map(\.key)
        guard strangers.isEmpty else {
          return .stay(.neededBy(strangers.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }))
        }
        known = local.own
      } else {
        switch local.standings[entry.name] {
        case .known(let pinned, _): known = pinned
        case .unconfirmed: return .stay(.notConfirmed(by: local.name))
        case .contradicted: return .stay(.keysDiffer)
        case .unknown, nil: return .stay(.notPinned(by: local.name))
        }
      }
      if let profile, profile.signedBytes != known.signedBytes { return .stay(.keysDiffer) }
      profile = known
    }
    guard !locals.isEmpty, let profile else { return .stay(.nobodyHere) }
    return .go(profile)
  }
}

extension HomeKnowledge.Standing {
  fileprivate var isKnown: Bool {
    switch self {
    case .known: true
    case .unknown, .unconfirmed, .contradicted: false
    }
  }
}
