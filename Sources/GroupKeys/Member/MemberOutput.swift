internal import Wire

/// What a member has decided: what may go at once, and what waits until what it follows from is stored.
struct MemberOutput {
  private var actions: [GroupAction] = []
  private var taken = 0
  /// Waits for the next store.
  private var waiting: [GroupAction] = []
  /// Waits for the store that is under way.
  private var following: [GroupAction] = []
  private var ticket: StoreTicket?
  private var tickets: UInt64 = 0
  private(set) var hasEnded = false

  /// What the next store is to hold.
  var needsState = false
  var needsRecent = false
  /// Small stores since the whole state was written.
  private(set) var recentCount = 0
  private var outbox: [MessageID] = []
  private var sent: [MessageID] = []
  private var received: [GroupText] = []
  private var invitations: [GroupSentInvitation] = []

  var isStoring: Bool { ticket != nil }
  var isFull: Bool { waiting.count + following.count >= GroupMemberLimits.waitingActions }

  mutating func next() -> GroupAction? {
    guard taken < actions.count else { return nil }
    defer {
      taken += 1
      if taken == actions.count {
        actions.removeAll(keepingCapacity: true)
        taken = 0
      }
    }
    return actions[taken]
  }

  /// At once: nothing that it says could be taken back by a crash.
  mutating func perform(_ action: GroupAction) {
    if !hasEnded { actions.append(action) }
  }

  /// When everything up to here is stored.
  mutating func afterStore(_ action: GroupAction) {
    if !hasEnded { waiting.append(action) }
  }

  mutating func deliver(_ text: GroupText) {
    needsRecent = true
    received.append(text)
    afterStore(.deliver(text))
  }

  mutating func keep(_ row: GroupOutboxRow) {
    needsRecent = true
    if !outbox.contains(row.id) { outbox.append(row.id) }
  }

  mutating func forget(_ id: MessageID) {
    needsRecent = true
    outbox.removeAll { $0 == id }
    sent.append(id)
  }

  mutating func invite(_ invitation: GroupSentInvitation) {
    needsState = true
    invitations.append(invitation)
    afterStore(.invitation(invitation))
  }

  mutating func stored(_ ticket: StoreTicket) {
    guard ticket == self.ticket else { return }
    self.ticket = nil
    actions += following
    following = []
  }

  /// Lets go of everything that waits; what was decided before stands.
  mutating func end(_ end: GroupEnd) {
    guard !hasEnded else { return }
    (waiting, following, ticket) = ([], [], nil)
    perform(.ended(end))
    hasEnded = true
  }

  /// Whether the whole state is to be stored now; nil where nothing is, because nothing changed or a store is under way.
  mutating func beginStore() -> Bool? {
    guard !hasEnded, ticket == nil else { return nil }
    guard needsState || needsRecent else {
      actions += waiting
      waiting = []
      return nil
    }
    return needsState || recentCount >= GroupMemberLimits.recentBeforeState
  }

  /// Asks for the store of a change; `row` gives the outbox's rows as they are.
  mutating func store(_ change: GroupChange, row: (MessageID) -> GroupOutboxRow?) {
    recentCount = change.state == nil ? recentCount + 1 : 0
    var change = change
    change.outbox = outbox.compactMap(row)
    (change.sent, change.received, change.invitations) = (sent, received, invitations)
    (needsState, needsRecent, outbox, sent, received, invitations) = (false, false, [], [], [], [])
    tickets += 1
    let ticket = StoreTicket(number: tickets)
    self.ticket = ticket
    (following, waiting) = (waiting, [])
    perform(.store(change, ticket))
  }
}

/// Own messages in their order.
struct MemberOutbox {
  private(set) var rows: [GroupOutboxRow] = []
  private(set) var byteCount = 0

  var count: Int { rows.count }
  var first: GroupOutboxRow? { rows.first }

  subscript(id: MessageID) -> GroupOutboxRow? { rows.first { $0.id == id } }

  mutating func append(_ row: GroupOutboxRow) {
    rows.append(row)
    byteCount += row.body.count
  }

  mutating func update(_ row: GroupOutboxRow) {
    guard let index = rows.firstIndex(where: { $0.id == row.id }) else { return }
    rows[index] = row
  }

  mutating func remove(_ id: MessageID) {
    guard let index = rows.firstIndex(where: { $0.id == id }) else { return }
    byteCount -= rows.remove(at: index).body.count
  }

  /// The row that was sealed into this entry, and what its envelope was.
  func sealed(into entry: [UInt8]) -> (row: GroupOutboxRow, attempt: GroupAttempt)? {
    // One message is under way at a time: it is the first, unless a relay kept several versions back.
    for row in rows {
      if row.attempts.isEmpty { return nil }
      if let attempt = row.attempts.first(where: { $0.entry == entry }) { return (row, attempt) }
    }
    return nil
  }
}

/// The chain values of the last entries, to compare with what others have seen.
struct RememberedChains {
  private var first: UInt64 = 0
  private var values: [[UInt8]] = []

  mutating func remember(_ position: GroupPosition) {
    if values.isEmpty || position.sequence != first + UInt64(values.count) {
      (first, values) = (position.sequence, [])
    }
    values.append(position.chain)
    if values.count >= 2 * GroupMemberLimits.rememberedChains {
      first += UInt64(values.count - GroupMemberLimits.rememberedChains)
      values.removeFirst(values.count - GroupMemberLimits.rememberedChains)
    }
  }

  subscript(sequence: UInt64) -> [UInt8]? {
    guard sequence >= first, sequence - first < UInt64(values.count) else { return nil }
    return values[Int(sequence - first)]
  }
}

/// The ids of the last messages, to know one that comes again.
struct RememberedIDs {
  private(set) var ordered: [MessageID] = []
  private var known: Set<MessageID> = []
  /// How many were added since the whole state was written.
  var fresh = 0

  func contains(_ id: MessageID) -> Bool { known.contains(id) }

  mutating func remember(_ id: MessageID) {
    guard known.insert(id).inserted else { return }
    ordered.append(id)
    fresh += 1
    if ordered.count >= 2 * GroupMemberLimits.rememberedIDs {
      let surplus = ordered.count - GroupMemberLimits.rememberedIDs
      for old in ordered.prefix(surplus) { known.remove(old) }
      ordered.removeFirst(surplus)
    }
  }
}
