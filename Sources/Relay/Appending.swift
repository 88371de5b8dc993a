import Wire

// APPEND: what becomes an entry, and what is answered instead (GROUPS 3.2, F1).
extension RelayEngine {
  enum Judgement {
    /// It becomes the mailbox's next entry.
    case fits
    /// It was answered, or the store is asked about it.
    case done
    /// Only after the batch under way, or once there is room.
    case wait
  }

  func append(_ append: RelayAppend, by link: LiveLink, in mailbox: LiveMailbox, at now: RelayInstant) {
    guard append.body.count <= limits.entryBodyLimit else {
      return refuse(append.request, .tooLarge, to: link)
    }
    if let wait = link.appends.take(at: now.moment) {
      return refuse(append.request, .rate, retryAfter: wait, to: link)
    }
    let bodyHash = primitives.hash(append.body.span)
    if let commit = append.content.commit {
      let signed = RelaySignedBytes.epoch(
        pseudonym: mailbox.pseudonym, slot: commit.slot, nextKey: commit.nextKey, bodyHash: bodyHash)
      guard primitives.isSigned(signed, commit.signature, link.key) else {
        return refuse(append.request, .badSignature, to: link)
      }
    }
    guard begin(link, byteCount: append.body.count) else {
      return refuse(append.request, .rate, retryAfter: 1000, to: link)
    }
    mailbox.queue.append(PendingAppend(link: link, key: link.key, append: append, bodyHash: bodyHash))
    enqueue(mailbox)
  }

  /// Judges an append by what is durable and what the batch would make of it.
  func judge(_ pending: PendingAppend, in mailbox: LiveMailbox, batch: Batch, at now: RelayInstant)
    -> Judgement
  {
    let id = pending.append.id
    if let placement = mailbox.recent[id] ?? pending.standing?.0.placement {
      mailbox.remember(id, placement, count: limits.recentCount)
      receipt(placement, for: pending, in: mailbox)
      return .done
    }
    if mailbox.batchIDs.contains(id) { return .wait }
    if let reason = misfit(pending, of: mailbox.latest) {
      // What the batch makes of the mailbox holds only once it is stored.
      if mailbox.hasBatchedCommit { return .wait }
      guard let (standing, generation) = pending.standing,
        reason != .taken || generation == mailbox.generation
      else {
        lookUp(pending, in: mailbox)
        return .done
      }
      guard reason == .taken, isReplacement(pending, by: standing, of: mailbox) else {
        answer(pending, reason, standing)
        return .done
      }
    }
    return makeRoom(for: pending, in: mailbox, batch: batch, at: now)
  }

  private enum Misfit {
    case oldKey
    case later
    case taken
    case replacesNothing
  }

  /// Why an append is not simply the next one; nil where it is.
  private func misfit(_ pending: PendingAppend, of mailbox: RelayMailbox) -> Misfit? {
    if let commit = pending.append.content.commit {
      if commit.slot < mailbox.slot { return .taken }
      if commit.slot > mailbox.slot { return .later }
      if commit.replaces != RelayCommit.replacesNothing { return .replacesNothing }
    }
    return pending.key == mailbox.key ? nil : .oldKey
  }

  /// Asks the store whether the id is known already, and who has the slot.
  private func lookUp(_ pending: PendingAppend, in mailbox: LiveMailbox) {
    mailbox.uses += 1
    read(
      .standing(pending, mailbox, generation: mailbox.generation),
      .standing(
        mailbox: mailbox.pseudonym, id: pending.append.id, slot: pending.append.content.commit?.slot))
  }

  /// Whether a commit for a slot that is taken may take the place of the one that has it: somebody reported that
  /// one, this names it, and its author had the key of that slot.
  private func isReplacement(_ pending: PendingAppend, by standing: RelayStanding, of mailbox: LiveMailbox)
    -> Bool
  {
    guard let commit = pending.append.content.commit, standing.isOpen, let hash = standing.winnerHash else {
      return false
    }
    return commit.replaces == hash && standing.key == pending.key
      && mailbox.row.slot - commit.slot <= limits.reopenHorizon
  }

  private func answer(_ pending: PendingAppend, _ reason: Misfit, _ standing: RelayStanding) {
    switch reason {
    case .oldKey: refuse(pending, .notNewestKey)
    case .later: refuse(pending, .slotIsNotNext)
    case .replacesNothing: refuse(pending, .nothingThere)
    case .taken:
      // The one that had the slot may be below the floor.
      guard let winner = standing.winner else { return refuse(pending, .nothingThere) }
      counters.conflicts += 1
      end(pending.link, byteCount: pending.byteCount)
      send(.conflict(RelayConflict(request: pending.append.request, winner: winner)), to: pending.link)
    }
  }

  /// Rates and quotas of what would become an entry.
  private func makeRoom(
    for pending: PendingAppend, in mailbox: LiveMailbox, batch: Batch, at now: RelayInstant
  ) -> Judgement {
    let byteCount = entryByteCount(pending.append)
    guard byteCount <= limits.mailboxByteCount,
      storedByteCount + batch.byteCount + byteCount <= limits.storeByteCount
    else {
      refuse(pending, .quota)
      return .done
    }
    let excess = mailbox.latest.entryByteCount + byteCount - limits.mailboxByteCount
    if excess > 0 {
      // A tenth more than is needed, so that not each append trims.
      startTrim(of: mailbox, byteCount: excess + limits.mailboxByteCount / 10)
      return .wait
    }
    // Those that come back from a batch have paid already.
    guard !isRetrying else { return .fits }
    if let wait = mailbox.rate.take(at: now.moment) {
      refuse(pending, .rate, retryAfter: wait)
      return .done
    }
    if pending.append.content.commit != nil, let wait = mailbox.commits.take(at: now.moment) {
      refuse(pending, .rate, retryAfter: wait)
      return .done
    }
    return .fits
  }

  func entryByteCount(_ append: RelayAppend) -> Int {
    RelayEntry(
      sequence: 1, id: append.id, time: UnixTime(milliseconds: 0), chain: [], content: append.content,
      body: append.body
    ).frameByteCount
  }

  /// The entry that an append becomes behind `mailbox`.
  func entry(_ pending: PendingAppend, after mailbox: RelayMailbox, at now: RelayInstant) -> RelayEntry {
    let sequence = mailbox.head + 1
    let chained = RelaySignedBytes.chain(
      after: mailbox.chain, sequence: sequence, bodyHash: pending.bodyHash)
    return RelayEntry(
      sequence: sequence, id: pending.append.id, time: now.time, chain: primitives.hash(chained.span),
      content: pending.append.content, body: pending.append.body)
  }

  /// Gives the receipt of an entry that is durable. The signature is the same each time, as Ed25519's are.
  func receipt(_ placement: RelayPlacement, for pending: PendingAppend, in mailbox: LiveMailbox) {
    end(pending.link, byteCount: pending.byteCount)
    guard pending.link.stage != .closed else { return }
    let signed = RelaySignedBytes.receipt(
      pseudonym: mailbox.pseudonym, term: term, sequence: placement.sequence, chain: placement.chain,
      level: .durable, kind: placement.kind, slot: placement.slot)
    guard let signature = primitives.sign(signed) else {
      return refuse(pending.append.request, .storageFailed, retryAfter: 1000, to: pending.link)
    }
    send(
      .receipt(
        RelayReceipt(
          request: pending.append.request, term: term, sequence: placement.sequence, chain: placement.chain,
          level: .durable, kind: placement.kind, slot: placement.slot, signature: signature)),
      to: pending.link)
  }

  func refuse(_ pending: PendingAppend, _ reason: RelayRefusalReason, retryAfter: UInt32 = 0) {
    end(pending.link, byteCount: pending.byteCount)
    refuse(pending.append.request, reason, retryAfter: retryAfter, to: pending.link)
  }

  func refuseAll(of mailbox: LiveMailbox, _ reason: RelayRefusalReason) {
    let queue = mailbox.queue
    mailbox.queue = []
    mailbox.returned = 0
    for pending in queue { refuse(pending, reason, retryAfter: 1000) }
  }

  /// BAD_COMMIT: looks the slot up first, then has it opened.
  func judge(_ bad: RelayBadCommit, of link: LiveLink, in mailbox: LiveMailbox) {
    mailbox.uses += 1
    read(
      .badCommit(link, bad, mailbox, generation: mailbox.generation),
      .standing(mailbox: mailbox.pseudonym, id: nil, slot: bad.slot))
  }

  func judge(
    _ bad: RelayBadCommit, of link: LiveLink, in mailbox: LiveMailbox, standing: RelayStanding,
    generation: UInt64
  ) {
    var reason: RelayRefusalReason?
    if standing.winner == nil || standing.winnerHash != bad.bodyHash || bad.slot >= mailbox.row.slot
      || mailbox.row.slot - bad.slot > limits.reopenHorizon
    {
      reason = .nothingThere
    } else if standing.key != link.key {
      // Who cannot apply a commit is still in the epoch that it ended.
      reason = .notNewestKey
    }
    if reason != nil || standing.isOpen {
      end(link, byteCount: 0)
      if let reason {
        refuse(bad.request, reason, to: link)
      } else {
        send(.accepted(request: bad.request), to: link)
      }
    } else {
      add(.reopen(mailbox, link, bad, generation: generation), to: mailbox)
    }
  }
}
