import ChatProtocol
package import Wire

// Who is let in, and the exchange of contacts.
extension Messenger {
  /// Blocks NAME: its contact may prove its key and is then told so by ALERT 1, its first contacts are those
  /// of an unknown name, and it is not dialled. Live conversations with it end, and show nothing more.
  ///
  /// False where NAME was blocked already.
  package func block(_ name: PeerName) async throws(MessengerFailure) -> Bool {
    guard name != core.options.me else { throw .usage(.dialsItself(name)) }
    let blocked = core.blocked
    let isNew = try await onDisk { () throws(HomeFailure) in try blocked.block(name, at: .now) }
    for session in core.sessions where session.peerName == name {
      session.isMuted = true
      session.close(.bye)
    }
    return isNew
  }

  /// Lets NAME in again; false where it was not blocked.
  package func unblock(_ name: PeerName) async throws(MessengerFailure) -> Bool {
    let blocked = core.blocked
    return try await onDisk { () throws(HomeFailure) in try blocked.unblock(name) }
  }

  /// Since when each blocked name is blocked.
  package func blockedNames() async throws(MessengerFailure) -> [PeerName: UnixTime] {
    let blocked = core.blocked
    return try await onDisk { () throws(HomeFailure) in try blocked.all() }
  }

  /// What importing each profile of a list would come to, in its order; nothing is written.
  package func outlook(of list: ProfileList) async throws(MessengerFailure) -> [ImportOutlook] {
    let contacts = core.contacts
    return try await onDisk { () throws(HomeFailure) in
      var found: [ImportOutlook] = []
      for profile in list.profiles {
        found.append(
          ImportOutlook(
            name: profile.name, words: KeyWords.text(of: profile.profile),
            kind: try contacts.outlook(profile)))
      }
      return found
    }
  }

  /// Pins the profiles of a list as an `identity` of a users file does; stops at the first that cannot be.
  package func takeContacts(of list: ProfileList) async throws(MessengerFailure) {
    let contacts = core.contacts
    let refusal = try await onDisk { () throws(HomeFailure) -> ContactRefusal? in
      for profile in list.profiles {
        if case .refused(let refusal) = try contacts.importProfile(profile, at: .now) { return refusal }
      }
      return nil
    }
    if let refusal { throw .state(refusal.problem) }
  }
}
