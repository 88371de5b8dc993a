import Wire

/// A change that is no append, with what hangs on it.
enum Operation {
  case open(LiveMailbox, key: [UInt8], at: UnixTime)
  case reopen(LiveMailbox, LiveLink, RelayBadCommit, generation: UInt64)
  case putItem(LiveMailbox, LiveLink, RelayInboxPut, bodyHash: [UInt8], at: UnixTime)
  case deleteItem(LiveMailbox, RelayWaitingItem)
  case putKeyPackage(LiveMailbox, LiveLink, RelayKeyPackagePut)
  case takeKeyPackage(LiveMailbox, KeyPackageTaker, RelayKeptKeyPackage)
  case trim(LiveMailbox, RelayTrim, itemsThrough: UInt64)
  case forget(LiveMailbox)

  var mailbox: LiveMailbox {
    switch self {
    case .open(let mailbox, _, _), .reopen(let mailbox, _, _, _), .putItem(let mailbox, _, _, _, _),
      .deleteItem(let mailbox, _), .putKeyPackage(let mailbox, _, _), .takeKeyPackage(let mailbox, _, _),
      .trim(let mailbox, _, _), .forget(let mailbox):
      mailbox
    }
  }
}

/// The changes that are being stored, and what is to be done when they are.
struct Batch {
  enum Item {
    case append(PendingAppend, LiveMailbox, RelayEntry)
    case operation(Operation)
  }

  let ticket: RelayTicket
  var changes: [RelayChange] = []
  /// One for each change.
  var items: [Item] = []
  var byteCount = 0
  var mailboxes: [LiveMailbox] = []
}

// Group commit: one batch at a time, and the next takes all that came meanwhile (GROUPS 0, decision 7).
extension RelayEngine {
  func enqueue(_ mailbox: LiveMailbox) {
    guard !mailbox.isQueued, mailbox.phase == .ready, !mailbox.queue.isEmpty else { return }
    mailbox.isQueued = true
    queued.append(mailbox)
  }

  func add(_ operation: Operation, to mailbox: LiveMailbox) {
    mailbox.uses += 1
    operations.append(operation)
  }

  private func hasRoom(_ batch: Batch) -> Bool {
    batch.changes.count < max(1, limits.batchCount) && batch.byteCount < max(1, limits.batchByteCount)
  }

  /// Makes the next batch, if there is none under way.
  func compose(at now: RelayInstant) {
    guard batch == nil, !operations.isEmpty || !queued.isEmpty else { return }
    var batch = Batch(ticket: newTicket())
    composeOperations(into: &batch, at: now)
    let mailboxes = queued
    queued = []
    for mailbox in mailboxes {
      mailbox.isQueued = false
      if mailbox.phase == .ready, !mailbox.isTrimming, !isRetrying || mailbox.returned > 0, hasRoom(batch) {
        composeAppends(of: mailbox, into: &batch, at: now)
      }
      // What is left comes after what others have in their queues.
      if !mailbox.isTrimming { enqueue(mailbox) }
    }
    isRetrying = false
    guard !batch.changes.isEmpty else { return }
    act(.store(batch.changes, batch.ticket))
    self.batch = batch
  }

  private func composeAppends(of mailbox: LiveMailbox, into batch: inout Batch, at now: RelayInstant) {
    // A share of the batch, so that one mailbox does not keep the others out.
    let share = max(1, limits.batchCount / 4)
    let limit = isRetrying ? mailbox.returned : min(share, mailbox.queue.count)
    let queue = mailbox.queue
    mailbox.returned = 0
    var taken = 0
    composing: while taken < limit, hasRoom(batch) {
      let pending = queue[taken]
      switch judge(pending, in: mailbox, batch: batch, at: now) {
      case .wait: break composing
      case .done: taken += 1
      case .fits:
        taken += 1
        var latest = touch(mailbox, in: &batch)
        let entry = entry(pending, after: latest, at: now)
        latest.head = entry.sequence
        latest.chain = entry.chain
        latest.entryByteCount += entry.frameByteCount
        if let commit = entry.content.commit {
          latest.slot = commit.slot + 1
          latest.key = commit.nextKey
          mailbox.hasBatchedCommit = true
        }
        mailbox.proposed = latest
        mailbox.batchIDs.insert(entry.id)
        batch.changes.append(.append(mailbox: mailbox.pseudonym, entry, bodyHash: pending.bodyHash))
        batch.items.append(.append(pending, mailbox, entry))
        batch.byteCount += entry.frameByteCount
      }
    }
    // Judging has no way to change the queue.
    mailbox.queue.removeFirst(taken)
  }

  private func touch(_ mailbox: LiveMailbox, in batch: inout Batch) -> RelayMailbox {
    if let proposed = mailbox.proposed { return proposed }
    batch.mailboxes.append(mailbox)
    mailbox.proposed = mailbox.row
    return mailbox.row
  }

  private func composeOperations(into batch: inout Batch, at now: RelayInstant) {
    let waiting = operations
    operations = []
    for (index, operation) in waiting.enumerated() {
      guard hasRoom(batch) else {
        operations += waiting[index...]
        return
      }
      switch operation.mailbox.phase {
      case .ready, .changing: compose(operation, into: &batch)
      // It is being read again, after a batch that failed.
      case .loading: operations.append(operation)
      case .unknown, .absent, .broken:
        operation.mailbox.uses -= 1
        abandon(operation, at: now)
      }
    }
  }

  private func compose(_ operation: Operation, into batch: inout Batch) {
    let mailbox = operation.mailbox
    var latest = mailbox.latest
    let change: RelayChange
    switch operation {
    case .open(_, let key, let time):
      latest = RelayMailbox(opening: mailbox.pseudonym, key: key)
      change = .open(mailbox: mailbox.pseudonym, key: key, at: time)
    case .reopen(_, let link, let bad, let generation):
      guard generation == mailbox.generation, !mailbox.hasBatchedCommit else {
        mailbox.uses -= 1
        return judge(bad, of: link, in: mailbox)
      }
      change = .reopen(mailbox: mailbox.pseudonym, slot: bad.slot)
    case .putItem(_, let link, let put, let bodyHash, let time):
      if latest.items.contains(where: { $0.bodyHash == bodyHash }) {
        // The same object again; where it is in this very batch its answer waits.
        guard mailbox.row.items.contains(where: { $0.bodyHash == bodyHash }) else {
          operations.append(operation)
          return
        }
        finish(operation, link, byteCount: put.body.count)
        return send(.accepted(request: put.request), to: link)
      }
      let byteCount = latest.items.reduce(put.body.count) { $0 + $1.byteCount }
      guard latest.items.count < limits.inboxItemCount, byteCount <= limits.inboxByteCount,
        storedByteCount + batch.byteCount + put.body.count <= limits.storeByteCount
      else {
        finish(operation, link, byteCount: put.body.count)
        return refuse(put.request, .quota, to: link)
      }
      latest.lastItem += 1
      latest.items.append(
        RelayWaitingItem(item: latest.lastItem, byteCount: put.body.count, bodyHash: bodyHash))
      batch.byteCount += put.body.count
      change = .putItem(
        mailbox: mailbox.pseudonym, RelayInboxItem(item: latest.lastItem, body: put.body),
        bodyHash: bodyHash, at: time)
    case .deleteItem(_, let item):
      latest.items.removeAll { $0.item == item.item }
      change = .deleteItem(mailbox: mailbox.pseudonym, item: item.item)
    case .putKeyPackage(_, _, let put):
      batch.byteCount += put.body.count
      change = .putKeyPackage(
        mailbox: mailbox.pseudonym, isLastResort: put.isLastResort, body: put.body,
        keeping: limits.keyPackageCount)
    case .takeKeyPackage(_, _, let kept):
      change = .deleteKeyPackage(mailbox: mailbox.pseudonym, number: kept.number)
    case .trim(_, let trim, let itemsThrough):
      latest.floor = max(latest.floor, trim.floor)
      latest.entryByteCount = max(0, latest.entryByteCount - trim.entryByteCount)
      latest.items.removeAll { $0.item <= itemsThrough }
      change = .trim(mailbox: mailbox.pseudonym, floor: trim.floor, itemsThrough: itemsThrough)
    case .forget:
      change = .forget(mailbox: mailbox.pseudonym)
    }
    _ = touch(mailbox, in: &batch)
    mailbox.proposed = latest
    batch.changes.append(change)
    batch.items.append(.operation(operation))
  }

  /// An operation that needs no change after all.
  private func finish(_ operation: Operation, _ link: LiveLink, byteCount: Int) {
    operation.mailbox.uses -= 1
    end(link, byteCount: byteCount)
  }

  /// The batch found ids that are there already: their appends get the receipts of then, the others go first into
  /// the next batch, and nothing else with them, so that known ids cannot hold them off again and again.
  func takeBack(_ batch: Batch, known: [Int: RelayPlacement], at now: RelayInstant) {
    guard known.keys.contains(where: { batch.items.indices.contains($0) }) else {
      return abandon(batch, at: now)
    }
    var operations: [Operation] = []
    var appends: [ObjectIdentifier: [PendingAppend]] = [:]
    for (index, item) in batch.items.enumerated() {
      switch item {
      case .operation(let operation): operations.append(operation)
      case .append(let pending, let mailbox, _):
        if let placement = known[index] {
          mailbox.remember(pending.append.id, placement, count: limits.recentCount)
          receipt(placement, for: pending, in: mailbox)
        } else {
          appends[ObjectIdentifier(mailbox), default: []].append(pending)
        }
      }
    }
    self.operations = operations + self.operations
    for mailbox in batch.mailboxes {
      let returned = appends[ObjectIdentifier(mailbox)] ?? []
      mailbox.proposed = nil
      mailbox.batchIDs = []
      mailbox.hasBatchedCommit = false
      mailbox.queue = returned + mailbox.queue
      mailbox.returned = returned.count
      enqueue(mailbox)
    }
    isRetrying = !appends.isEmpty
  }
}
