import Wire

/// What the engine holds of one link.
final class LiveLink {
  enum Stage {
    /// No HELLO yet.
    case fresh
    /// A HELLO waits for the store; frames are held until it is answered.
    case greeting
    case guest
    case member
    case closed
  }

  let id: RelayLinkID
  let address: String
  /// The hash of the link's handshake, 32 bytes.
  let th: [UInt8]
  var stage = Stage.fresh
  /// Whether an earlier HELLO made it a member.
  var mailbox: LiveMailbox?
  /// The key of the last HELLO.
  var key: [UInt8] = []
  /// Its number in the mailbox.
  var number: UInt32 = 0
  var isWritable = true

  // Bounded by the rates of the limits.
  var frames: TokenBucket
  var requests: TokenBucket
  var appends: TokenBucket
  var ephemerals: TokenBucket

  // Bounded by `heldFrames` and `heldByteCount`.
  var held: [RelayRequest] = []
  var heldByteCount = 0
  /// Requests that wait for the store; bounded by `waitingPerLink`.
  var waiting = 0

  // Delivery of entries. What is under way is bounded by credit, what is read for it by `readByteCount`.
  /// The next entry of the subscription.
  var subscription: UInt64?
  /// Bounded by `rangesPerLink`.
  var ranges: [RelayRange] = []
  var credit = 0
  /// The credit without which reading on is of no use.
  var needed = 0
  var isReading = false

  // Delivery of inbox items. What is under way is bounded by the size of one object.
  var itemCursor: UInt64 = 0
  var itemsUnderWay: [UInt64: Int] = [:]
  var itemByteCount = 0
  var isReadingItems = false

  /// Others that came (true) or went while this link was not writable; bounded by the mailbox's links.
  var presence: [UInt32: Bool] = [:]

  init(_ id: RelayLinkID, address: String, th: [UInt8], limits: RelayLimits, at now: Moment) {
    self.id = id
    self.address = address
    self.th = th
    frames = TokenBucket(limits.frameRate, at: now)
    requests = TokenBucket(limits.requestRate, at: now)
    appends = TokenBucket(limits.linkRate, at: now)
    ephemerals = TokenBucket(limits.ephemeralRate, at: now)
  }

  /// The next entry that it is to get: of its first range, else of its subscription.
  var next: UInt64? { ranges.first?.from ?? subscription }

  /// Counts the entry `sequence` as sent.
  func advance(past sequence: UInt64) {
    if let range = ranges.first {
      ranges[0] = RelayRange(request: range.request, from: sequence + 1, through: range.through)
    } else {
      subscription = sequence + 1
    }
  }
}
