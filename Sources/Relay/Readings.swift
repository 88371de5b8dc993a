import Wire

/// What a reading is for.
enum Reading {
  case mailbox(LiveMailbox)
  case registration(LiveLink, RelayMembership, LiveMailbox)
  case entries(LiveLink, from: UInt64)
  case standing(PendingAppend, LiveMailbox, generation: UInt64)
  case badCommit(LiveLink, RelayBadCommit, LiveMailbox, generation: UInt64)
  case items(LiveLink, through: UInt64)
  case keyPackage(LiveMailbox)
  case oldest(LiveMailbox)
  case sweep
}

// Readings that the store is asked for: so many at a time, the others in the order in which they were wanted.
extension RelayEngine {
  func read(_ reading: Reading, _ query: RelayQuery) {
    // Bounded: two a link for delivery, `waitingPerLink` for its requests, one a mailbox.
    readsWaiting.append((reading, query))
    startReads()
  }

  func startReads() {
    while readsUnderWay.count < max(1, limits.readsAtOnce), oldestRead < readsWaiting.count {
      let (reading, query) = readsWaiting[oldestRead]
      oldestRead += 1
      let ticket = newTicket()
      readsUnderWay[ticket] = reading
      act(.read(query, ticket))
    }
    if oldestRead == readsWaiting.count || oldestRead > 4096 {
      readsWaiting.removeFirst(oldestRead)
      oldestRead = 0
    }
  }

  /// Goes on with what was read; false if it is not what was asked for.
  func take(_ reading: RelayReading, for asked: Reading, at now: RelayInstant) -> Bool {
    switch (asked, reading) {
    case (.mailbox(let mailbox), .mailbox(let row)): loaded(row, of: mailbox, at: now)
    case (.registration(let link, let membership, let mailbox), .isRegistered(let isRegistered)):
      mailbox.uses -= 1
      // It may have become the newest meanwhile.
      if isRegistered || mailbox.row.key == membership.key {
        welcome(link, membership, to: mailbox, at: now)
      } else {
        close(link, .unauthenticated, at: now)
      }
    case (.entries(let link, let from), .entries(let entries)):
      deliver(entries, from: from, to: link, at: now)
    case (.standing(var pending, let mailbox, let generation), .standing(let standing)):
      mailbox.uses -= 1
      pending.standing = (standing, generation)
      mailbox.queue.insert(pending, at: mailbox.returned)
      enqueue(mailbox)
    case (.badCommit(let link, let bad, let mailbox, let generation), .standing(let standing)):
      mailbox.uses -= 1
      judge(bad, of: link, in: mailbox, standing: standing, generation: generation)
    case (.items(let link, let through), .items(let items)): deliver(items, through: through, to: link)
    case (.keyPackage(let mailbox), .keyPackage(let keyPackage)): give(keyPackage, in: mailbox)
    case (.oldest(let mailbox), .oldest(let trim)): self.trim(trim, in: mailbox)
    case (.sweep, .expired(let expired)): sweep(expired, at: now)
    case (.mailbox, _), (.registration, _), (.entries, _), (.standing, _), (.badCommit, _), (.items, _),
      (.keyPackage, _), (.oldest, _), (.sweep, _):
      return false
    }
    return true
  }

  /// The store could not read.
  func fail(_ asked: Reading, at now: RelayInstant) {
    switch asked {
    case .mailbox(let mailbox):
      for link in mailbox.links { close(link, .storageFailed, at: now) }
      refuseAll(of: mailbox, .storageFailed)
      let waiting = mailbox.waiting
      mailbox.waiting = []
      mailbox.phase = .unknown
      for one in waiting {
        switch one {
        case .hello(let link, _): close(link, .storageFailed, at: now)
        case .put(let link, let put, _):
          end(link, byteCount: put.body.count)
          refuse(put.request, .storageFailed, retryAfter: 1000, to: link)
        case .take(let taker):
          end(taker.link, byteCount: 0)
          refuse(taker.request, .storageFailed, retryAfter: 1000, to: taker.link)
        case .expiry: break
        }
      }
    case .registration(let link, _, let mailbox):
      mailbox.uses -= 1
      close(link, .storageFailed, at: now)
    case .entries(let link, _):
      link.isReading = false
      close(link, .storageFailed, at: now)
    case .standing(let pending, let mailbox, _):
      mailbox.uses -= 1
      refuse(pending, .storageFailed, retryAfter: 1000)
    case .badCommit(let link, let bad, let mailbox, _):
      mailbox.uses -= 1
      end(link, byteCount: 0)
      refuse(bad.request, .storageFailed, retryAfter: 1000, to: link)
    case .items(let link, _):
      link.isReadingItems = false
      close(link, .storageFailed, at: now)
    case .keyPackage(let mailbox): give(nil, in: mailbox, or: .storageFailed)
    case .oldest(let mailbox): trim(nil, in: mailbox)
    case .sweep: isSweeping = false
    }
  }
}
