package import Wire

/// Why something about a group could not be done.
package enum GroupFailure: Sendable {
  /// No group and no invitation of this name. Exit 2.
  case noSuchGroup(GroupName)
  /// This user has another group of this name. Exit 2.
  case nameTaken(GroupName)
  /// No relay was named, and none is known. Exit 2.
  case relayNeeded
  /// Above 65,471 bytes. Exit 2.
  case textTooLong(Int)
  /// Somebody of this name is a member already. Exit 2.
  case alreadyMember(PeerName, GroupName)
  case noSuchMember(PeerName, GroupName)
  /// `join` without a name, and several invitations wait. Exit 2.
  case severalInvitations([GroupName])
  /// The name holds ": ", which separates name and text in a group's log. Exit 2.
  case nameUnfit(PeerName)
  /// The link to the group's relay does not stand at the moment. Exit 3.
  case notConnected(GroupName, address: String)
  /// Exit 3.
  case notOnline(PeerName)
  /// The relay did not take it: quota, rate, size and the like. Exit 9.
  case relayRefused(address: String, why: String)
  /// This user left, was removed, or has not joined yet. Exit 9.
  case notMember(GroupName)
  /// Only an admin removes others. Exit 9.
  case notAdmin(GroupName)
  /// Nobody invited this user. Exit 9.
  case notInvited(GroupName?)
  /// The members were shown two different pasts; this side sends nothing there. Exit 1.
  case forked(GroupName)
  /// What the invitee handed over proves no key of theirs that this user knows. Exit 4.
  case inviteeNotProven(PeerName)
  /// Another program of this profile has the groups open. Exit 1.
  case inUse
}
