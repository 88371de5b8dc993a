internal import Wire

/// Bounds and times of a group's member (docs/GROUPS.md).
package enum GroupMemberLimits {
  // Sizes
  /// Bytes of one text, so that the log's line "NAME: text" fits 65,536.
  package static let textByteCount = 65_471
  /// Own texts that wait, and their bytes.
  package static let outboxCount = 1_000
  package static let outboxByteCount = 4 << 20
  package static let keyPackageByteCount = 8 << 10
  /// Whole GroupContext extension.
  package static let descriptionByteCount = 64 << 10
  package static let relayCount = 8
  package static let adminCount = 1_024
  package static let addressByteCount = 300
  /// Members that one commit adds.
  package static let addsOfACommit = 32
  /// Members that wait to be added or removed.
  package static let wantedCount = 4_096
  /// Names in one envelope "offline".
  package static let namesOfANotice = 512
  /// Epochs and places in a log that an invitation may begin at: nobody gets there, and no sum runs over.
  package static let largestNumber: UInt64 = 1 << 48
  // What is remembered
  /// Chain values of the relay's log that `seen` is compared with.
  package static let rememberedChains = 4_096
  package static let rememberedIDs = 1_024
  /// Numbers of one sender that never came and may still come.
  package static let missingNumbers = 256
  /// Sealings of one own message.
  package static let attempts = 8
  /// Small stores before the whole state is written again.
  package static let recentBeforeState = 1_024
  /// Own entries that came before their receipts.
  package static let receiptsAhead = 64
  /// Actions that wait for a store before `isBusy` asks for no more.
  package static let waitingActions = 512
  /// Misdeeds that are named on one link.
  package static let misdeedsOfALink = 256
  package static let pastEpochs = 4
  // Times (F8, GROUPS 2.4)
  package static let quiet = Duration.seconds(1)
  package static let longestSettling = Duration.seconds(5)
  /// Without an answer for so long the link is of no use.
  package static let answerPatience = Duration.seconds(30)
  package static let retryAfter = Duration.seconds(1)
  /// The lowest member online commits what others asked for within this.
  package static let firstCommitWithin = Duration.seconds(2)
  /// The next one after this, and each later one after twice as long.
  package static let nextCommitAfter = Duration.seconds(4)
  package static let longestCommitDelay = Duration.seconds(256)
  /// A link whose rate is used up is tried again after this, or when the relay says.
  package static let afterRate = Duration.milliseconds(200)
  /// A joiner renews its keys after 1 to 30 s.
  package static let joinerUpdateAfter = Duration.seconds(1)
  package static let joinerUpdateWithin = Duration.seconds(29)
  package static let presenceEvery = Duration.seconds(15)
  package static let silence = Duration.seconds(40)
}
