import Wire

/// What the engine holds of a mailbox while somebody uses it.
final class LiveMailbox {
  enum Phase {
    /// The store could not say; it is asked again when somebody wants it.
    case unknown
    /// The store is being asked for it.
    case loading
    /// There is none; somebody may open it.
    case absent
    /// A change that makes or forgets it is being stored.
    case changing
    case ready
    /// The store has less of it than receipts were given for: no number may be given again.
    case broken
  }

  let pseudonym: [UInt8]
  var phase = Phase.loading
  /// What is durable.
  var row: RelayMailbox
  /// What is durable once the batch under way is.
  var proposed: RelayMailbox?

  var links: [LiveLink] = []
  var lastLinkNumber: UInt32 = 0
  /// What waits until it is loaded; bounded by `waitingPerLink` and `waitingByteCount`.
  var waiting: [Waiting] = []
  /// Appends that wait for a batch; bounded in the same way.
  var queue: [PendingAppend] = []
  var isQueued = false
  /// Frames of the batch that was just stored, until they are handed out.
  var fresh: [RelayFrame] = []
  /// How many of the queue's first appends come back from a batch that found known ids.
  var returned = 0
  /// Ids in the batch under way, and whether a commit is in it.
  var batchIDs: Set<MessageID> = []
  var hasBatchedCommit = false
  /// Rises when a commit or a reopening became durable: what was read of slots before is out of date.
  var generation: UInt64 = 0
  var isTrimming = false

  /// Who waits for a key package; the first one's is being looked for.
  var takes: [KeyPackageTaker] = []
  /// Items whose deletion is under way.
  var deleting: Set<UInt64> = []
  /// Things under way that name this mailbox and are not in a list above.
  var uses = 0

  /// Frames of the newest entries; bounded by `cacheByteCount` for all mailboxes.
  var cache: [UInt64: RelayFrame] = [:]
  /// Where the newest ids stand; bounded by `recentCount`.
  private(set) var recent: [MessageID: RelayPlacement] = [:]
  private var recentOrder: [MessageID] = []
  private var recentOldest = 0

  var rate: TokenBucket
  var commits: TokenBucket
  var strangers: TokenBucket

  init(_ pseudonym: [UInt8], limits: RelayLimits, at now: Moment) {
    self.pseudonym = pseudonym
    row = RelayMailbox(opening: pseudonym, key: [])
    rate = TokenBucket(limits.mailboxRate, at: now)
    commits = TokenBucket(everySeconds: limits.commitSeconds, burst: limits.commitBurst, at: now)
    strangers = TokenBucket(limits.strangerRate, at: now)
  }

  /// Whether it may leave memory without anybody noticing.
  var isIdle: Bool {
    links.isEmpty && waiting.isEmpty && queue.isEmpty && takes.isEmpty && proposed == nil && uses == 0
      && !isTrimming && phase != .changing && phase != .loading && phase != .broken
  }

  /// What the next change of the batch builds on.
  var latest: RelayMailbox { proposed ?? row }

  func remember(_ id: MessageID, _ placement: RelayPlacement, count: Int) {
    guard count > 0, recent.updateValue(placement, forKey: id) == nil else { return }
    if recentOrder.count < count {
      recentOrder.append(id)
    } else {
      recent[recentOrder[recentOldest]] = nil
      recentOrder[recentOldest] = id
      recentOldest = (recentOldest + 1) % recentOrder.count
    }
  }

  /// A number for a new link that no live one has.
  func nextLinkNumber() -> UInt32 {
    repeat {
      lastLinkNumber &+= 1
    } while lastLinkNumber == 0 || links.contains { $0.number == lastLinkNumber }
    return lastLinkNumber
  }
}

/// What waits until its mailbox is loaded.
enum Waiting {
  case hello(LiveLink, RelayMembership)
  case put(LiveLink, RelayInboxPut, bodyHash: [UInt8])
  case take(KeyPackageTaker)
  case expiry(RelayExpiry)
}

struct KeyPackageTaker {
  let link: LiveLink
  let request: UInt32
}

/// An append that waits for its place in a batch.
struct PendingAppend {
  let link: LiveLink
  /// The key of the link when the append came.
  let key: [UInt8]
  let append: RelayAppend
  let bodyHash: [UInt8]
  /// What the store said of it, if it did not just fit, and at which generation of its mailbox.
  var standing: (RelayStanding, generation: UInt64)?

  var byteCount: Int { append.body.count }
}
