package import Wire

/// What happened outside of a `GroupMember`: its driver says it, with the time.
package enum GroupEvent: Sendable {
  /// A link to the group's relay stands and took this member's HELLO.
  case up(RelayWelcome)
  /// The link is gone; everything of it that was under way is lost.
  case down
  /// A frame of the relay on the link that is up.
  case answer(RelayAnswer)
  /// What `GroupAction.store` asked for is durable.
  case stored(StoreTicket)
  /// It could not be stored: the member ends here, and goes on later from what was stored before.
  case storeFailed
  /// A text of one's own: UTF-8, and 32 random bytes for the log's commitment.
  case send(id: MessageID, text: [UInt8], f: [UInt8])
  /// Members to add, as soon as a commit wins its place.
  case invite([GroupInvitee])
  /// Those that were to be invited and could not be reached: everybody in the group is told.
  case nameOffline([PeerName])
  /// Another member to remove.
  case kick(PeerName)
  /// This member goes; `GroupAction.ended` follows when another one has committed it.
  case leave
}

/// Why a verb was not taken; nothing was changed.
package enum GroupVerbRefusal: Error, Hashable, Sendable {
  /// This member's part in the group is over, or its store failed.
  case ended
  /// It saw a fork (or leaves) and sends nothing any more.
  case silenced
  /// Above `GroupMemberLimits.textByteCount`, not UTF-8, or an `f` that is not 32 bytes.
  case textNotFit
  /// The texts that wait reach `GroupMemberLimits.outboxCount` or `outboxByteCount`.
  case outboxFull
  /// The invitee's key package, or the certificate in it, is refused.
  case notInvitable(PeerName, GroupError)
  /// A member, or somebody who is being invited, has this name.
  case nameTaken(PeerName)
  case noSuchMember(PeerName)
  case notAdmin
  /// More invitations wait than `GroupMemberLimits.wantedCount`.
  case tooMany
}

/// Somebody to be added.
package struct GroupInvitee: Hashable, Sendable {
  /// As the inviter has it pinned; the certificate in the key package must be of just this one.
  package let profile: Profile
  /// A KeyPackage of RFC 9420 on the wire, at most `GroupMemberLimits.keyPackageByteCount`.
  package let keyPackage: [UInt8]
  /// Where the invitation goes: bytes of the driver, which come back in `GroupAction.invitation`.
  package let inbox: [UInt8]

  package init(profile: Profile, keyPackage: [UInt8], inbox: [UInt8]) {
    self.profile = profile
    self.keyPackage = keyPackage
    self.inbox = inbox
  }
}
