internal import ChatProtocol
package import Wire

/// What the profiles of one home know of the users of a file.
///
/// A users file is often shared by several users of one computer, so one profile's pins do not speak for all.
package struct HomeKnowledge: Sendable {
  enum Standing: Sendable {
    case unknown
    /// Paired here; the other side has not yet shown that it stored its pin.
    case unconfirmed
    /// Confirmed; `isPinned`: by a stored pin, else by the file's `identity` alone.
    case known(Profile, isPinned: Bool)
    /// The file's `identity` is another than the pin's.
    case contradicted
  }

  struct Local: Sendable {
    let name: PeerName
    let own: Profile
    /// Of every other user of the file.
    let standings: [PeerName: Standing]
  }

  /// The users of the file who have a profile in the home.
  let locals: [Local]

  /// Reads identities and pins; no passphrase is needed. It blocks on the disk.
  package init(of file: UsersFile, in folders: HomeFolders) throws(HomeFailure) {
    var locals: [Local] = []
    for name in try folders.profileNames() where file.entry(named: name) != nil {
      guard let own = try IdentityFile.publicProfile(of: name, in: folders) else { continue }
      let contacts = Contacts(profile: folders.profile(name), own: own, users: file)
      var standings: [PeerName: Standing] = [:]
      for entry in file.others(than: name) {
        standings[entry.name] = HomeKnowledge.standing(try contacts.contact(named: entry.name))
      }
      locals.append(Local(name: name, own: own, standings: standings))
    }
    self.locals = locals
  }

  /// Whether a user has a profile in the home.
  package func isOwn(_ name: PeerName) -> Bool { locals.contains { $0.name == name } }

  /// The users of the home who have a confirmed pin of NAME.
  package func pinners(of name: PeerName) -> [PeerName] {
    locals.compactMap { local in
      if case .known(_, isPinned: true)? = local.standings[name] { return local.name }
      return nil
    }
  }

  private static func standing(_ contact: Contact?) -> Standing {
    guard let contact else { return .unknown }
    if contact.differsFromUsersFile { return .contradicted }
    guard contact.pin.standing == .confirmed else { return .unconfirmed }
    let isPinned = contact.origin != .usersFile
    return .known(contact.pin.profile.profile, isPinned: isPinned)
  }
}
