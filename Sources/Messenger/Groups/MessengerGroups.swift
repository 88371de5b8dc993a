package import Wire

// Groups, as the commands see them.
extension Messenger {
  /// Connects every group that this user is a member of, and the inbox; returns when that has begun.
  ///
  /// `relay` becomes the one that new groups of this profile use. Without a group, an invitation or a relay
  /// nothing is made on the disk and nothing is dialled.
  package func openGroups(relay: RelayAddress?) async throws(MessengerFailure) {
    throw .group(.relayNeeded)
  }

  /// Makes a group at the profile's relay and invites; returns when the relay has stored it.
  package func createGroup(
    _ name: GroupName, inviting names: [PeerName]
  ) async throws(MessengerFailure) -> GroupInvited {
    throw .group(.relayNeeded)
  }

  /// All groups and invitations of this user, by name; also before ``openGroups(relay:)``.
  package func groups() async throws(MessengerFailure) -> [GroupSummary] { [] }

  /// Adds members; returns when the relay has stored it.
  package func invite(
    _ names: [PeerName], to group: GroupName
  ) async throws(MessengerFailure) -> GroupInvited {
    throw .group(.noSuchGroup(group))
  }

  /// Removes a member; returns when the relay has stored it.
  package func kick(_ name: PeerName, from group: GroupName) async throws(MessengerFailure) {
    throw .group(.noSuchGroup(group))
  }

  /// Says goodbye; returns when the relay has stored it.
  package func leave(_ group: GroupName) async throws(MessengerFailure) {
    throw .group(.noSuchGroup(group))
  }

  /// Takes an invitation up, the only one where `group` is nil; returns when the group is connected.
  package func join(_ group: GroupName?) async throws(MessengerFailure) -> GroupSummary {
    throw .group(.notInvited(group))
  }

  /// Takes a text of at most 65,471 bytes of UTF-8 and returns when it is stored here; `accepted` follows.
  package func send(
    _ text: [UInt8], toGroup group: GroupName
  ) async throws(MessengerFailure) -> OutgoingID {
    throw .group(.noSuchGroup(group))
  }

  /// Whether somebody is online in any common group; nil where there is none.
  package func presence(of name: PeerName) async -> Bool? { nil }
}
