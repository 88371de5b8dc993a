import Wire

// What follows when a batch is durable, or is not.
extension RelayEngine {
  func settle(_ batch: Batch, at now: RelayInstant) {
    for mailbox in batch.mailboxes {
      if let proposed = mailbox.proposed { mailbox.row = proposed }
      close(mailbox)
    }
    for item in batch.items {
      switch item {
      case .append(let pending, let mailbox, let entry):
        let placement = RelayPlacement(entry)
        mailbox.remember(entry.id, placement, count: limits.recentCount)
        counters.appends += 1
        counters.entries += 1
        counters.receivedByteCount += entry.frameByteCount
        storedByteCount += entry.frameByteCount
        receipt(placement, for: pending, in: mailbox)
        // The one time that it is encoded, for however many links.
        let frame = RelayAnswer.entry(entry).frame
        mailbox.fresh.append(frame)
        cache(frame, sequence: entry.sequence, of: mailbox)
      case .operation(let operation):
        operation.mailbox.uses -= 1
        settle(operation, at: now)
      }
    }
    for mailbox in batch.mailboxes {
      handOut(mailbox, at: now)
      enqueue(mailbox)
    }
  }

  /// The batch under way has nothing to do with the mailbox any more.
  private func close(_ mailbox: LiveMailbox) {
    mailbox.proposed = nil
    mailbox.batchIDs = []
    if mailbox.hasBatchedCommit {
      mailbox.hasBatchedCommit = false
      mailbox.generation += 1
    }
  }

  private func settle(_ operation: Operation, at now: RelayInstant) {
    switch operation {
    case .open(let mailbox, _, _):
      counters.mailboxes += 1
      mailbox.phase = .ready
      resume(mailbox, at: now)
    case .reopen(let mailbox, let link, let bad, _):
      counters.badCommits += 1
      mailbox.generation += 1
      end(link, byteCount: 0)
      send(.accepted(request: bad.request), to: link)
    case .putItem(let mailbox, let link, let put, _, _):
      counters.receivedByteCount += put.body.count
      storedByteCount += put.body.count
      end(link, byteCount: put.body.count)
      send(.accepted(request: put.request), to: link)
      for owner in mailbox.links { pumpItems(owner) }
    case .deleteItem(let mailbox, let item):
      storedByteCount -= item.byteCount
      mailbox.deleting.remove(item.item)
    case .putKeyPackage(_, let link, let put):
      end(link, byteCount: put.body.count)
      send(.accepted(request: put.request), to: link)
    case .takeKeyPackage(let mailbox, let taker, let kept):
      end(taker.link, byteCount: 0)
      send(.keyPackage(RelayKeyPackage(request: taker.request, body: kept.body)), to: taker.link)
      nextTaker(in: mailbox)
    case .trim(let mailbox, let trim, _):
      counters.entries -= Int(clamping: trim.floor - trim.from)
      storedByteCount -= trim.entryByteCount
      mailbox.isTrimming = false
      enqueue(mailbox)
    case .forget(let mailbox):
      counters.mailboxes -= 1
      storedMailboxCount -= 1
      mailbox.phase = .absent
      resume(mailbox, at: now)
    }
  }

  /// The batch failed: each request hears so, and what became of the mailboxes is read again, since a store may have
  /// stored what it could not confirm.
  func abandon(_ batch: Batch, at now: RelayInstant) {
    for mailbox in batch.mailboxes { close(mailbox) }
    for item in batch.items {
      switch item {
      case .append(let pending, _, _): refuse(pending, .storageFailed, retryAfter: 1000)
      case .operation(let operation):
        operation.mailbox.uses -= 1
        abandon(operation, at: now)
      }
    }
    for mailbox in batch.mailboxes where mailbox.phase != .loading { load(mailbox) }
  }

  func abandon(_ operation: Operation, at now: RelayInstant) {
    switch operation {
    case .open(let mailbox, _, _):
      storedMailboxCount -= 1
      // They would only try to open it again.
      let waiting = mailbox.waiting
      mailbox.waiting = []
      for one in waiting {
        if case .hello(let link, _) = one {
          close(link, .storageFailed, at: now)
        } else {
          mailbox.waiting.append(one)
        }
      }
    case .reopen(_, let link, let bad, _):
      end(link, byteCount: 0)
      refuse(bad.request, .storageFailed, retryAfter: 1000, to: link)
    case .putItem(_, let link, let put, _, _):
      end(link, byteCount: put.body.count)
      refuse(put.request, .storageFailed, retryAfter: 1000, to: link)
    case .deleteItem(let mailbox, let item):
      mailbox.deleting.remove(item.item)
    case .putKeyPackage(_, let link, let put):
      end(link, byteCount: put.body.count)
      refuse(put.request, .storageFailed, retryAfter: 1000, to: link)
    case .takeKeyPackage(let mailbox, let taker, _):
      end(taker.link, byteCount: 0)
      refuse(taker.request, .storageFailed, retryAfter: 1000, to: taker.link)
      nextTaker(in: mailbox)
    case .trim(let mailbox, _, _):
      mailbox.isTrimming = false
      // They waited for the room that was not made.
      refuseAll(of: mailbox, .storageFailed)
    case .forget: break
    }
  }
}
