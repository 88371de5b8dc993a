/// Bounds that every group is held to, so that nothing a peer sends makes memory or time grow without end.
package enum GroupLimits {
  /// Leaves of a tree, blank ones too.
  package static let leafCount = 1 << 16
  /// Bytes of one message; a Welcome of a large group with its tree is the longest.
  package static let messageByteCount = 16 << 20
  /// Proposals of one commit, and those that wait to be committed.
  package static let proposalCount = 4096
  /// Bytes of all proposals that wait to be committed.
  package static let pendingByteCount = 4 << 20
  /// How far ahead of what was seen a sender's generation may be (RFC 9420, 9.2).
  package static let generationsAhead: UInt32 = 1 << 12
  /// Keys kept for messages that a sender's later ones overtook, a sender.
  package static let keptGenerations = 2048
  /// Commits staged and not adopted.
  package static let stagedCommits = 16
  /// Past epochs whose resumption secrets are kept (RFC 9420, 8.6).
  package static let resumptionEpochs = 256
}
