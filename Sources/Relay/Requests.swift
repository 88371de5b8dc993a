import Wire

// What each frame of a client does.
extension RelayEngine {
  /// Keeps a frame until the link's HELLO is answered.
  func hold(_ request: RelayRequest, byteCount: Int, of link: LiveLink, at now: RelayInstant) {
    link.heldByteCount += byteCount
    guard link.held.count < limits.heldFrames, link.heldByteCount <= limits.heldByteCount else {
      return close(link, .flood, at: now)
    }
    link.held.append(request)
  }

  /// Takes the frames that were held, until one of them is a HELLO that has to wait in turn.
  func takeHeld(of link: LiveLink, at now: RelayInstant) {
    let held = link.held
    link.held = []
    link.heldByteCount = 0
    for (index, request) in held.enumerated() {
      switch link.stage {
      case .closed: return
      case .greeting:
        link.held += held[index...]
        return
      case .fresh, .guest, .member: take(request, from: link, at: now)
      }
    }
  }

  func take(_ request: RelayRequest, from link: LiveLink, at now: RelayInstant) {
    switch (link.stage, request) {
    case (.closed, _), (.greeting, _): return
    case (_, .hello(let hello)): greet(hello, by: link, at: now)
    case (.fresh, _): close(link, .unauthenticated, at: now)
    case (_, .inboxPut(let put)):
      if let wait = link.requests.take(at: now.moment) {
        return refuse(put.request, .rate, retryAfter: wait, to: link)
      }
      self.put(put, by: link, at: now)
    case (_, .keyPackageTake(let take)):
      if let wait = link.requests.take(at: now.moment) {
        return refuse(take.request, .rate, retryAfter: wait, to: link)
      }
      self.take(take, by: link, at: now)
    case (.guest, _): close(link, .unauthenticated, at: now)
    case (.member, let request):
      guard let mailbox = link.mailbox else { return close(link, .unauthenticated, at: now) }
      take(request, from: link, in: mailbox, at: now)
    }
  }

  private func take(
    _ request: RelayRequest, from link: LiveLink, in mailbox: LiveMailbox, at now: RelayInstant
  ) {
    switch request {
    case .hello, .inboxPut, .keyPackageTake:
      // Taken by everybody's part above.
      return
    case .append(let append): self.append(append, by: link, in: mailbox, at: now)
    case .subscribe(let subscribe):
      // It has no number to be refused by.
      if link.requests.take(at: now.moment) != nil { return close(link, .flood, at: now) }
      self.subscribe(subscribe, by: link, at: now)
    case .credit(let bytes):
      link.credit = min(link.credit + Int(bytes), limits.creditByteCount)
      pump(link, at: now)
    case .range(let range):
      if let wait = link.requests.take(at: now.moment) {
        return refuse(range.request, .rate, retryAfter: wait, to: link)
      }
      guard link.ranges.count < limits.rangesPerLink else {
        return refuse(range.request, .rate, retryAfter: 1000, to: link)
      }
      link.ranges.append(range)
      pump(link, at: now)
    case .ephemeral(let body):
      guard link.ephemerals.take(at: now.moment) == nil else { return }
      let others = mailbox.links.filter { $0 !== link && $0.isWritable }.map(\.id)
      guard !others.isEmpty else { return }
      act(.send(RelayAnswer.ephemeral(link: link.number, body: body).frame, to: others))
    case .inboxAcknowledgement(let item): acknowledge(item, by: link, in: mailbox, at: now)
    case .keyPackagePut(let put):
      if let wait = link.requests.take(at: now.moment) {
        return refuse(put.request, .rate, retryAfter: wait, to: link)
      }
      self.put(put, by: link, in: mailbox)
    case .badCommit(let bad):
      if let wait = link.requests.take(at: now.moment) {
        return refuse(bad.request, .rate, retryAfter: wait, to: link)
      }
      guard begin(link, byteCount: 0) else { return refuse(bad.request, .rate, retryAfter: 1000, to: link) }
      judge(bad, of: link, in: mailbox)
    }
  }

  /// Counts a request that will wait for the store; false if it may not.
  func begin(_ link: LiveLink, byteCount: Int) -> Bool {
    guard link.waiting < limits.waitingPerLink, waitingByteCount + byteCount <= limits.waitingByteCount else {
      return false
    }
    link.waiting += 1
    waitingByteCount += byteCount
    return true
  }

  /// The request waits no longer.
  func end(_ link: LiveLink, byteCount: Int) {
    link.waiting -= 1
    waitingByteCount -= byteCount
  }
}
