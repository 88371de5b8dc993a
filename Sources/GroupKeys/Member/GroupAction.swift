package import Wire

/// What a `GroupMember` wants done; its driver does it, in this order.
package enum GroupAction: Sendable {
  /// The epoch's key changed: say HELLO again on the link, before what follows.
  case hello(GroupHello)
  case subscribe(from: UInt64)
  case append(RelayAppend)
  case badCommit(RelayBadCommit)
  case ephemeral([UInt8])
  /// One transaction; `GroupEvent.stored` answers. There is never a second one under way.
  case store(GroupChange, StoreTicket)
  /// A text to show; it stands in the store already.
  case deliver(GroupText)
  case notice(GroupNotice)
  /// A text of one's own stands in the relay's log. It may come again after a restart.
  case accepted(MessageID, GroupPosition)
  /// A text of one's own that the relay takes under no circumstances; it is given up.
  case refused(MessageID, RelayRefusalReason)
  /// An invitation to put into an inbox; it stands in the store until the driver takes it out.
  case invitation(GroupSentInvitation)
  case misdeed(GroupMisdeed)
  /// The link is of no use any more: close it, and come again after a while.
  case closeLink
  /// This member's part is over; nothing follows.
  case ended(GroupEnd)
}

/// Names one transaction.
package struct StoreTicket: Hashable, Sendable {
  package let number: UInt64
}

/// A place in the relay's log.
package struct GroupPosition: Hashable, Sendable {
  package var term: UInt64
  /// The last entry that was read; 0 before the first.
  package var sequence: UInt64
  /// The chain there, 32 bytes.
  package var chain: [UInt8]

  package init(term: UInt64, sequence: UInt64, chain: [UInt8]) {
    self.term = term
    self.sequence = sequence
    self.chain = chain
  }
}

/// What changes in one transaction: public bytes, and secrets still in guarded memory.
package struct GroupChange: Sendable {
  /// The whole state; takes the place of the last one, and of the `recent` beside it.
  package var state: GroupSnapshot?
  /// What changed since the last `state`, a small part; takes the place of the last `recent`.
  package var recent: GroupSnapshot?
  /// What was read of the relay's log; it is in `recent` and `state` too.
  package var position: GroupPosition
  /// Own messages that wait, new or changed; they hold texts.
  package var outbox: [GroupOutboxRow] = []
  /// Own messages that are done.
  package var sent: [MessageID] = []
  /// Texts that `deliver` is going to name; not shown yet.
  package var received: [GroupText] = []
  /// Invitations that `invitation` is going to name; the driver takes them out when they are delivered.
  package var invitations: [GroupSentInvitation] = []
}

/// An own message that waits for its place in the log.
package struct GroupOutboxRow: Hashable, Sendable {
  /// The order of the rows, which is their order in the group.
  package let senderSequence: UInt64
  package let id: MessageID
  package let type: UInt8
  package let body: [UInt8]
  package let f: [UInt8]
  package let sentAt: UnixTime
  /// How it was sealed and maybe sent before: hash of the entry's body 32, hash of the envelope 32 each.
  package var attempts: [GroupAttempt] = []

  package init(
    senderSequence: UInt64, id: MessageID, type: UInt8, body: [UInt8], f: [UInt8], sentAt: UnixTime,
    attempts: [GroupAttempt] = []
  ) {
    self.senderSequence = senderSequence
    self.id = id
    self.type = type
    self.body = body
    self.f = f
    self.sentAt = sentAt
    self.attempts = attempts
  }
}

/// One sealing of an own message.
package struct GroupAttempt: Hashable, Sendable {
  /// SHA-256 of the entry's body.
  package let entry: [UInt8]
  /// SHA-256 of the envelope in it.
  package let envelope: [UInt8]

  package init(entry: [UInt8], envelope: [UInt8]) {
    self.entry = entry
    self.envelope = envelope
  }
}

/// A text of another member, proven by its author's signature.
package struct GroupText: Hashable, Sendable {
  package let id: MessageID
  package let profile: Profile
  package let text: [UInt8]
  /// 32 bytes for the log's commitment.
  package let f: [UInt8]
  /// What the author's clock said.
  package let sentAt: UnixTime
  package let senderSequence: UInt64
  /// Where it stands in the relay's log.
  package let sequence: UInt64
  /// Whether it may have been shown before: the driver sets it after a restart.
  package var again = false

  package var author: PeerName { profile.name }

  package init(
    id: MessageID, profile: Profile, text: [UInt8], f: [UInt8], sentAt: UnixTime, senderSequence: UInt64,
    sequence: UInt64, again: Bool = false
  ) {
    self.id = id
    self.profile = profile
    self.text = text
    self.f = f
    self.sentAt = sentAt
    self.senderSequence = senderSequence
    self.sequence = sequence
    self.again = again
  }
}

/// A sealed invitation and where it goes.
package struct GroupSentInvitation: Hashable, Sendable {
  package let profile: Profile
  /// What `GroupInvitee` had.
  package let inbox: [UInt8]
  package let sealed: [UInt8]

  package init(profile: Profile, inbox: [UInt8], sealed: [UInt8]) {
    self.profile = profile
    self.inbox = inbox
    self.sealed = sealed
  }

  package var to: PeerName { profile.name }
}
