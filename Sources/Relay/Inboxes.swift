import Wire

// Inboxes and key packages: what strangers leave for an owner, and take (GROUPS 2.4 and 3.2).
extension RelayEngine {
  func put(_ put: RelayInboxPut, by link: LiveLink, at now: RelayInstant) {
    guard put.body.count <= limits.objectBodyLimit else { return refuse(put.request, .tooLarge, to: link) }
    let bodyHash = primitives.hash(put.body.span)
    let puzzle = RelayPuzzle.bytes(pseudonym: put.pseudonym, bodyHash: bodyHash, nonce: put.nonce)
    guard RelayPuzzle.isSolved(by: primitives.hash(puzzle.span)) else {
      return refuse(put.request, .puzzle, to: link)
    }
    guard begin(link, byteCount: put.body.count) else {
      return refuse(put.request, .rate, retryAfter: 1000, to: link)
    }
    with(put.pseudonym, .put(link, put, bodyHash: bodyHash), at: now)
  }

  func put(
    _ put: RelayInboxPut, bodyHash: [UInt8], by link: LiveLink, in mailbox: LiveMailbox, at now: RelayInstant
  ) {
    if let (reason, wait) = refusal(ofStrangersAt: mailbox, at: now) {
      end(link, byteCount: put.body.count)
      return refuse(put.request, reason, retryAfter: wait, to: link)
    }
    add(.putItem(mailbox, link, put, bodyHash: bodyHash, at: now.time), to: mailbox)
  }

  /// Why a stranger may not use an inbox just now, and for how many milliseconds; nil where it may.
  private func refusal(
    ofStrangersAt mailbox: LiveMailbox, at now: RelayInstant
  ) -> (reason: RelayRefusalReason, retryAfter: UInt32)? {
    if mailbox.phase == .broken { return (.storageFailed, 0) }
    // A group's log is nobody's inbox.
    guard mailbox.phase == .ready, mailbox.row.slot == 0 else { return (.unknownMailbox, 0) }
    return mailbox.strangers.take(at: now.moment).map { (.rate, $0) }
  }

  /// Sends an owner's link the items that wait, no more at a time than one object's size unless it is one.
  func pumpItems(_ link: LiveLink) {
    guard let mailbox = link.mailbox, !link.isReadingItems, let last = mailbox.row.items.last,
      let next = mailbox.row.items.first(where: { $0.item > link.itemCursor }),
      link.itemsUnderWay.isEmpty || link.itemByteCount + next.byteCount <= RelayInboxPut.largestBody
    else { return }
    link.isReadingItems = true
    read(
      .items(link, through: last.item),
      .items(
        mailbox: mailbox.pseudonym, after: link.itemCursor,
        byteCount: RelayInboxPut.largestBody - min(link.itemByteCount, RelayInboxPut.largestBody)))
  }

  func deliver(_ items: [RelayInboxItem], through: UInt64, to link: LiveLink) {
    link.isReadingItems = false
    guard let mailbox = link.mailbox, link.stage != .closed else { return }
    if items.isEmpty { link.itemCursor = max(link.itemCursor, through) }
    for item in items where item.item > link.itemCursor {
      guard mailbox.row.items.contains(where: { $0.item == item.item }), !mailbox.deleting.contains(item.item)
      else {
        link.itemCursor = item.item
        continue
      }
      guard link.itemsUnderWay.isEmpty || link.itemByteCount + item.body.count <= RelayInboxPut.largestBody
      else { return }
      link.itemCursor = item.item
      link.itemsUnderWay[item.item] = item.body.count
      link.itemByteCount += item.body.count
      send(.inboxItem(item), to: link)
    }
    pumpItems(link)
  }

  /// INBOX_ACK: only of what the link was sent, so that deletions are as bounded as deliveries.
  func acknowledge(_ item: UInt64, by link: LiveLink, in mailbox: LiveMailbox, at now: RelayInstant) {
    guard link.itemsUnderWay[item] != nil else { return }
    for owner in mailbox.links {
      if let byteCount = owner.itemsUnderWay.removeValue(forKey: item) { owner.itemByteCount -= byteCount }
    }
    if let waiting = mailbox.row.items.first(where: { $0.item == item }), !mailbox.deleting.contains(item) {
      mailbox.deleting.insert(item)
      add(.deleteItem(mailbox, waiting), to: mailbox)
    }
    for owner in mailbox.links { pumpItems(owner) }
  }

  func put(_ put: RelayKeyPackagePut, by link: LiveLink, in mailbox: LiveMailbox) {
    guard mailbox.row.slot == 0 else { return refuse(put.request, .unknownMailbox, to: link) }
    guard begin(link, byteCount: put.body.count) else {
      return refuse(put.request, .rate, retryAfter: 1000, to: link)
    }
    add(.putKeyPackage(mailbox, link, put), to: mailbox)
  }

  func take(_ take: RelayKeyPackageTake, by link: LiveLink, at now: RelayInstant) {
    guard begin(link, byteCount: 0) else { return refuse(take.request, .rate, retryAfter: 1000, to: link) }
    with(take.pseudonym, .take(KeyPackageTaker(link: link, request: take.request)), at: now)
  }

  func take(_ taker: KeyPackageTaker, in mailbox: LiveMailbox, at now: RelayInstant) {
    if let (reason, wait) = refusal(ofStrangersAt: mailbox, at: now) {
      end(taker.link, byteCount: 0)
      return refuse(taker.request, reason, retryAfter: wait, to: taker.link)
    }
    mailbox.takes.append(taker)
    if mailbox.takes.count == 1 { lookForKeyPackage(in: mailbox) }
  }

  /// One taker at a time: two readings could find the same key package.
  private func lookForKeyPackage(in mailbox: LiveMailbox) {
    read(.keyPackage(mailbox), .keyPackage(mailbox: mailbox.pseudonym))
  }

  func nextTaker(in mailbox: LiveMailbox) {
    guard !mailbox.takes.isEmpty else { return }
    mailbox.takes.removeFirst()
    if !mailbox.takes.isEmpty { lookForKeyPackage(in: mailbox) }
  }

  /// The store found a key package for the first taker; it is given once it is gone from there.
  func give(
    _ keyPackage: RelayKeptKeyPackage?, in mailbox: LiveMailbox, or reason: RelayRefusalReason = .nothingThere
  ) {
    guard let taker = mailbox.takes.first else { return }
    guard let keyPackage else {
      end(taker.link, byteCount: 0)
      refuse(taker.request, reason, to: taker.link)
      return nextTaker(in: mailbox)
    }
    guard !keyPackage.isLastResort else {
      end(taker.link, byteCount: 0)
      send(.keyPackage(RelayKeyPackage(request: taker.request, body: keyPackage.body)), to: taker.link)
      return nextTaker(in: mailbox)
    }
    add(.takeKeyPackage(mailbox, taker, keyPackage), to: mailbox)
  }
}
