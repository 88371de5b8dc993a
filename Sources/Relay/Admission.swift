import Wire

// HELLO and WELCOME (GROUPS 3.5, L3 and L4).
extension RelayEngine {
  func greet(_ hello: RelayHello, by link: LiveLink, at now: RelayInstant) {
    if link.requests.take(at: now.moment) != nil { return close(link, .flood, at: now) }
    switch hello {
    case .guest:
      guard link.mailbox == nil else { return close(link, .unauthenticated, at: now) }
      link.stage = .guest
      send(.welcome(welcome(link, to: nil)), to: link)
    case .member(let membership):
      // The signature covers the link's own hash: it is of no use on another link.
      let signed = RelaySignedBytes.authentication(th: link.th, pseudonym: membership.pseudonym)
      guard link.mailbox.map({ $0.pseudonym == membership.pseudonym }) ?? true,
        primitives.isSigned(signed, membership.signature, membership.key)
      else { return close(link, .unauthenticated, at: now) }
      link.stage = .greeting
      with(membership.pseudonym, .hello(link, membership), at: now)
    }
  }

  /// Judges a HELLO whose signature is right, now that its mailbox is known.
  func admit(_ link: LiveLink, _ membership: RelayMembership, to mailbox: LiveMailbox, at now: RelayInstant) {
    guard link.stage == .greeting else { return }
    switch mailbox.phase {
    case .unknown, .loading, .changing: mailbox.waiting.append(.hello(link, membership))
    case .broken: close(link, .storageFailed, at: now)
    case .absent:
      guard primitives.hash(membership.key.span) == mailbox.pseudonym else {
        return close(link, .unauthenticated, at: now)
      }
      guard storedMailboxCount < limits.mailboxCount else {
        return close(link, .tooManyMailboxes, at: now)
      }
      // Counted at once, so that many at a time are not too many.
      storedMailboxCount += 1
      mailbox.phase = .changing
      mailbox.waiting.append(.hello(link, membership))
      add(.open(mailbox, key: membership.key, at: now.time), to: mailbox)
    case .ready where mailbox.row.key == membership.key: welcome(link, membership, to: mailbox, at: now)
    case .ready:
      mailbox.uses += 1
      read(
        .registration(link, membership, mailbox),
        .isRegistered(mailbox: mailbox.pseudonym, key: membership.key))
    }
  }

  /// Lets a link in whose key is registered.
  func welcome(_ link: LiveLink, _ membership: RelayMembership, to mailbox: LiveMailbox, at now: RelayInstant)
  {
    guard link.stage == .greeting else { return }
    link.key = membership.key
    link.stage = .member
    if link.mailbox == nil {
      guard mailbox.links.count < limits.linksPerMailbox else { return close(link, .tooManyLinks, at: now) }
      link.mailbox = mailbox
      link.number = mailbox.nextLinkNumber()
      mailbox.links.append(link)
      send(.welcome(welcome(link, to: mailbox)), to: link)
      tell(mailbox, link: link.number, isUp: true)
    } else {
      send(.welcome(welcome(link, to: mailbox)), to: link)
    }
    takeHeld(of: link, at: now)
    pumpItems(link)
  }

  private func welcome(_ link: LiveLink, to mailbox: LiveMailbox?) -> RelayWelcome {
    RelayWelcome(
      term: term, floor: mailbox?.row.floor ?? 0, head: mailbox?.row.head ?? 0,
      chain: mailbox?.row.chain ?? RelaySignedBytes.chainStart, slot: mailbox?.row.slot ?? 0,
      link: link.number, others: mailbox?.links.map(\.number).filter { $0 != link.number }.sorted() ?? [],
      entryLimit: UInt32(clamping: limits.entryBodyLimit),
      objectLimit: UInt32(clamping: limits.objectBodyLimit),
      creditLimit: UInt32(clamping: limits.creditByteCount))
  }

  /// Carries `waiting` out when the mailbox is known, which may be now.
  func with(_ pseudonym: [UInt8], _ waiting: Waiting, at now: RelayInstant) {
    if let mailbox = mailboxes[pseudonym] {
      switch mailbox.phase {
      case .unknown:
        mailbox.waiting.append(waiting)
        load(mailbox)
      case .loading, .changing: mailbox.waiting.append(waiting)
      case .absent, .ready, .broken: run(waiting, in: mailbox, at: now)
      }
      return
    }
    evictIdle()
    let mailbox = LiveMailbox(pseudonym, limits: limits, at: now.moment)
    mailboxes[pseudonym] = mailbox
    mailbox.waiting.append(waiting)
    load(mailbox)
  }

  func load(_ mailbox: LiveMailbox) {
    mailbox.phase = .loading
    read(.mailbox(mailbox), .mailbox(mailbox.pseudonym))
  }

  func run(_ waiting: Waiting, in mailbox: LiveMailbox, at now: RelayInstant) {
    if mailbox.phase == .changing {
      mailbox.waiting.append(waiting)
      return
    }
    switch waiting {
    case .hello(let link, let membership): admit(link, membership, to: mailbox, at: now)
    case .put(let link, let put, let bodyHash):
      self.put(put, bodyHash: bodyHash, by: link, in: mailbox, at: now)
    case .take(let taker): take(taker, in: mailbox, at: now)
    case .expiry(let expiry): trim(expiry, in: mailbox)
    }
  }

  /// The mailbox is known now, or known better: goes on with what waited for it.
  func resume(_ mailbox: LiveMailbox, at now: RelayInstant) {
    let waiting = mailbox.waiting
    mailbox.waiting = []
    for one in waiting { run(one, in: mailbox, at: now) }
    enqueue(mailbox)
  }

  /// The store said what it has of a mailbox.
  func loaded(_ row: RelayMailbox?, of mailbox: LiveMailbox, at now: RelayInstant) {
    if let row {
      // Whoever lost what was receipted must not number on: two receipts for one place would be proof against it.
      let isLess = row.head < mailbox.row.head || row.slot < mailbox.row.slot && row.head == mailbox.row.head
      mailbox.row = row
      mailbox.phase = isLess ? .broken : .ready
    } else {
      mailbox.phase = mailbox.row.head > 0 ? .broken : .absent
    }
    mailbox.generation += 1
    if mailbox.phase != .ready {
      for link in mailbox.links { close(link, .storageFailed, at: now) }
      refuseAll(of: mailbox, .storageFailed)
    }
    resume(mailbox, at: now)
    for link in mailbox.links {
      pump(link, at: now)
      pumpItems(link)
    }
  }

  /// Lets mailboxes that nobody uses leave memory, when there are many: all at once, so that it costs little each.
  private func evictIdle() {
    guard mailboxes.count >= links.count + max(1, limits.idleMailboxCount) else { return }
    for (pseudonym, mailbox) in mailboxes where mailbox.isIdle {
      // What the cache has of it leaves in its turn.
      mailboxes[pseudonym] = nil
    }
  }
}
