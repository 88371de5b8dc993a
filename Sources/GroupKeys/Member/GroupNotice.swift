package import Wire

/// What members are told, each from a commit, a signed envelope or a presence.
package enum GroupNotice: Hashable, Sendable {
  /// A commit of `by` added somebody.
  case invited(Profile, by: Profile)
  /// Who was added has come.
  case joined(Profile)
  /// Who was a member left, as it had asked for itself.
  case left(Profile)
  case removed(Profile, by: Profile)
  /// `by` could not reach these; they are invited when they come.
  case offline([PeerName], by: Profile)
  /// Presence; not of oneself.
  case online(PeerName, Bool)
  /// Another epoch, and so other keys.
  case renewed(epoch: UInt64)
  /// What the relay held was read: own work begins.
  case settled
  /// Somebody could not be added after all: the key package is of no use in this group.
  case notInvited(Profile)
  /// `by` could not apply the commit that filled this slot, and says so to all.
  case badCommitReported(slot: UInt64, by: Profile)
}

/// What the relay or a member did and must not; `sequence` is the entry's place in the log.
package enum GroupMisdeed: Hashable, Sendable {
  // The relay's
  /// The entry does not follow from those before it.
  case chainBroken(sequence: UInt64)
  /// The relay shows less, or another past, than what was read before.
  case rolledBack(read: GroupPosition, shown: GroupPosition)
  /// Entries after `read` are gone: what they held is lost for this member.
  case forgotten(read: UInt64, floor: UInt64)
  /// A receipt whose signature or place is wrong.
  case badReceipt(sequence: UInt64)
  /// An entry came again.
  case doubled(sequence: UInt64)
  // Between the members
  /// What this member has seen is not what this one has: the relay shows two pasts. Nothing is sent any more.
  case fork(with: PeerName, sequence: UInt64)
  /// Messages of this sender never came.
  case missing(from: PeerName, first: UInt64, count: UInt64)
  /// The sender's message does not follow from its last one.
  case senderChainBroken(PeerName, senderSequence: UInt64)
  /// A message that was read before came again.
  case replay(PeerName?, sequence: UInt64)
  /// A signature does not hold, or an envelope is not its sender's.
  case badSignature(PeerName?, sequence: UInt64)
  /// Nobody's key opens it, or nothing of sense is in it.
  case garbage(PeerName?, sequence: UInt64)
  /// A commit that breaks a rule; it was not applied.
  case badCommit(PeerName?, slot: UInt64, GroupError)
  /// A commit takes the place of one that was applied here: it was not applied.
  case secondCommit(slot: UInt64, sequence: UInt64)
  /// A proposal that breaks a rule; it is not committed.
  case badProposal(PeerName?, sequence: UInt64)
}

/// How a member's part in a group ended.
package enum GroupEnd: Hashable, Sendable {
  case left
  /// By whom, where the committer is known.
  case removed(by: Profile)
  /// The state is ahead of the store: begin again from what is stored.
  case storeFailed
}
