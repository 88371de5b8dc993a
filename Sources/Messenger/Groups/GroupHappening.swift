package import Wire

/// What happened in a group.
package enum GroupHappening: Sendable {
  /// Somebody known invites this user; `join` takes it up.
  case invited(group: GroupName, id: GroupID, by: PeerName, members: [PeerName])
  /// A member was added by another and has not joined yet; its six words.
  case memberInvited(group: GroupName, name: PeerName, words: String, by: PeerName)
  /// A member that was added has come.
  case joined(group: GroupName, name: PeerName, words: String)
  case left(group: GroupName, name: PeerName)
  /// `by` is nil where the remover is no member any more.
  case removed(group: GroupName, name: PeerName, by: PeerName?)
  /// `by` could not reach these; they are invited when they come.
  case offline(group: GroupName, names: [PeerName], by: PeerName)
  case presence(group: GroupName, name: PeerName, online: Bool)
  case message(GroupMessageEvent)
  /// An own text is stored at the relay: "on the relay".
  case accepted(GroupAcceptedEvent)
  /// The relay takes an own text under no circumstances: nobody gets it.
  case refused(group: GroupName, id: OutgoingID, why: String)
  case misdeed(group: GroupName, GroupTrouble)
  /// This user's part in the group is over.
  case ended(group: GroupName, GroupSummary.Standing)
  /// The link to the relay stands, and what came meanwhile was read.
  case connected(group: GroupName, address: String, members: [PeerName])
  /// The link to the relay is down; it is tried again in so many seconds.
  case reconnecting(group: GroupName, address: String, seconds: Int)
  /// The group's log stands here.
  case logged(group: GroupName, path: String)
  /// An invitation that was dropped: nobody known sent it, or it proves nothing.
  case invitationDropped(from: PeerName?)
  /// Something of this side's own disk keeps the group from going on.
  case storageFailed(group: GroupName?, StorageProblem)
}

/// A text of another member; it is in the synced log.
package struct GroupMessageEvent: Sendable {
  package let group: GroupName
  package let groupID: GroupID
  /// The author's 16 bytes for it; unique in the group.
  package let id: MessageID
  /// Proven by the author's signature.
  package let from: PeerName
  /// The author's count of its texts and notices in this group, from 1.
  package let seq: UInt64
  /// Exactly as sent; UTF-8.
  package let text: [UInt8]
  /// When it was logged here.
  package let time: UnixTime
  /// What the author's clock said.
  package let sent: UnixTime
  /// The user compared the author's words.
  package let verified: Bool
  /// It may have been shown before: the program ended in between.
  package let again: Bool

  package init(
    group: GroupName, groupID: GroupID, id: MessageID, from: PeerName, seq: UInt64, text: [UInt8],
    time: UnixTime, sent: UnixTime, verified: Bool, again: Bool
  ) {
    self.group = group
    self.groupID = groupID
    self.id = id
    self.from = from
    self.seq = seq
    self.text = text
    self.time = time
    self.sent = sent
    self.verified = verified
    self.again = again
  }
}

/// The relay stored an own text durably.
package struct GroupAcceptedEvent: Sendable {
  package let group: GroupName
  package let id: OutgoingID
  /// Its place in the relay's log of the group.
  package let seq: UInt64
  /// From ``Messenger/send(_:toGroup:)`` to the receipt; 0 where an earlier run of the program sent it.
  package let milliseconds: Int64

  package init(group: GroupName, id: OutgoingID, seq: UInt64, milliseconds: Int64) {
    self.group = group
    self.id = id
    self.seq = seq
    self.milliseconds = milliseconds
  }
}

/// Something that the relay or a member did and must not.
package enum GroupTrouble: Hashable, Sendable {
  /// The relay's entries do not follow from one another.
  case chainBroken
  /// The relay shows less than it once receipted: an old or a cut log.
  case rolledBack
  /// The relay keeps so many entries no more that this side never saw.
  case forgotten(entries: UInt64)
  /// This member was shown another past than this side.
  case forked(PeerName?)
  /// So many of a member's messages never came.
  case gap(PeerName, missing: UInt64)
  /// An entry that was read before came again.
  case replayed(PeerName?)
  case badSignature(PeerName?)
  /// An entry that nobody's key opens.
  case garbage
  case badReceipt
  /// A commit of this member that breaks the rules of the group.
  case badCommit(PeerName?)
}
