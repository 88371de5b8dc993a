import Wire

/// Says which frame of which mailbox leaves the cache next.
struct CachedFrame {
  let mailbox: LiveMailbox
  let sequence: UInt64
  let byteCount: Int
}

// ENTRYs: to each link in order, as far as its credit goes (GROUPS 3.2).
extension RelayEngine {
  func subscribe(_ subscribe: RelaySubscribe, by link: LiveLink, at now: RelayInstant) {
    link.subscription = subscribe.from
    link.credit = min(Int(subscribe.credit), limits.creditByteCount)
    link.needed = 0
    pump(link, at: now)
  }

  /// Hands what was just stored to all links that have everything before it; the others are brought on.
  func handOut(_ mailbox: LiveMailbox, at now: RelayInstant) {
    let fresh = mailbox.fresh
    mailbox.fresh = []
    let first = mailbox.row.head + 1 - UInt64(fresh.count)
    for (frame, sequence) in zip(fresh, first...) {
      var receivers: [RelayLinkID] = []
      for link in mailbox.links
      where link.subscription == sequence && link.ranges.isEmpty && link.credit >= frame.body.count {
        link.credit -= frame.body.count
        link.subscription = sequence + 1
        receivers.append(link.id)
      }
      guard !receivers.isEmpty else { continue }
      counters.deliveries += receivers.count
      counters.deliveredByteCount += receivers.count * frame.body.count
      act(.send(frame, to: receivers))
    }
    for link in mailbox.links { pump(link, at: now) }
  }

  /// Sends a link what it wants and has the credit for, out of the cache, else out of the store.
  func pump(_ link: LiveLink, at now: RelayInstant) {
    guard let mailbox = link.mailbox, link.stage == .member || link.stage == .greeting else { return }
    while let next = next(for: link, in: mailbox) {
      if let frame = mailbox.cache[next] {
        guard deliver(frame, sequence: next, to: link) else { return }
        continue
      }
      // One reading a link; none that could bring nothing.
      guard !link.isReading, link.credit > 0, link.credit >= link.needed else { return }
      link.isReading = true
      let through = min(link.ranges.first?.through ?? mailbox.row.head, mailbox.row.head)
      read(
        .entries(link, from: next),
        .entries(
          mailbox: mailbox.pseudonym, from: next, through: through,
          byteCount: min(link.credit, limits.readByteCount)))
      return
    }
  }

  /// The number that a link is to get next, if it is there; ends ranges that have come to their end.
  private func next(for link: LiveLink, in mailbox: LiveMailbox) -> UInt64? {
    while let range = link.ranges.first {
      let next = max(range.from, mailbox.row.floor)
      if next <= min(range.through, mailbox.row.head) {
        link.ranges[0] = RelayRange(request: range.request, from: next, through: range.through)
        return next
      }
      link.ranges.removeFirst()
      send(.rangeEnd(request: range.request), to: link)
    }
    guard let subscription = link.subscription else { return nil }
    let next = max(subscription, mailbox.row.floor)
    guard next <= mailbox.row.head else { return nil }
    link.subscription = next
    return next
  }

  /// Sends an entry if the credit goes so far.
  private func deliver(_ frame: RelayFrame, sequence: UInt64, to link: LiveLink) -> Bool {
    guard link.credit >= frame.body.count else {
      link.needed = frame.body.count
      return false
    }
    link.credit -= frame.body.count
    link.needed = 0
    link.advance(past: sequence)
    counters.deliveries += 1
    counters.deliveredByteCount += frame.body.count
    act(.send(frame, to: [link.id]))
    return true
  }

  /// The store read entries for a link, which may want others by now.
  func deliver(_ entries: [RelayEntry], from: UInt64, to link: LiveLink, at now: RelayInstant) {
    link.isReading = false
    guard let mailbox = link.mailbox, link.stage != .closed else { return }
    if entries.isEmpty, next(for: link, in: mailbox) == from {
      // The mailbox says that it has this entry, and the store has it not.
      counters.storeFailures += 1
      return close(link, .storageFailed, at: now)
    }
    for entry in entries {
      guard next(for: link, in: mailbox) == entry.sequence,
        deliver(RelayAnswer.entry(entry).frame, sequence: entry.sequence, to: link)
      else { break }
    }
    pump(link, at: now)
  }

  func cache(_ frame: RelayFrame, sequence: UInt64, of mailbox: LiveMailbox) {
    // What an entry costs beside its bytes is counted in.
    let byteCount = frame.body.count + 128
    guard byteCount <= limits.cacheByteCount else { return }
    mailbox.cache[sequence] = frame
    cacheOrder.append(CachedFrame(mailbox: mailbox, sequence: sequence, byteCount: byteCount))
    cacheByteCount += byteCount
    while cacheByteCount > limits.cacheByteCount {
      let oldest = cacheOrder[cacheOldest]
      oldest.mailbox.cache[oldest.sequence] = nil
      cacheByteCount -= oldest.byteCount
      cacheOldest += 1
    }
    if cacheOldest > 1024, cacheOldest > cacheOrder.count / 2 {
      cacheOrder.removeFirst(cacheOldest)
      cacheOldest = 0
    }
  }
}
