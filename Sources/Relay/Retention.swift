import Wire

// What is too old or too much goes, the oldest first (GROUPS 3.2, retention).
extension RelayEngine {
  /// Frees so many bytes of a mailbox that has no room for its next entry. Its queue waits.
  func startTrim(of mailbox: LiveMailbox, byteCount: Int) {
    guard !mailbox.isTrimming else { return }
    mailbox.isTrimming = true
    read(.oldest(mailbox), .oldest(mailbox: mailbox.pseudonym, byteCount: byteCount))
  }

  /// The store said how far the floor must rise.
  func trim(_ trim: RelayTrim?, in mailbox: LiveMailbox) {
    guard let trim, trim.from == mailbox.row.floor, trim.floor > trim.from,
      trim.floor <= mailbox.row.head + 1
    else {
      mailbox.isTrimming = false
      // Asked again and again it would say the same.
      return refuseAll(of: mailbox, .quota)
    }
    add(.trim(mailbox, trim, itemsThrough: 0), to: mailbox)
  }

  /// Looks for what is older than it may be, some mailboxes at a time.
  func sweep(after pseudonym: [UInt8], at now: RelayInstant) {
    guard !isSweeping else { return }
    isSweeping = true
    func before(_ seconds: Int64) -> UnixTime {
      let (milliseconds, overflow) = UInt64(clamping: seconds).multipliedReportingOverflow(by: 1000)
      let isLonger = overflow || milliseconds > now.time.milliseconds
      return UnixTime(milliseconds: isLonger ? 0 : now.time.milliseconds - milliseconds)
    }
    read(
      .sweep,
      .expired(
        before: before(limits.keepSeconds), unused: before(limits.unusedSeconds), after: pseudonym,
        count: Self.sweepCount))
  }

  private static let sweepCount = 64

  func sweep(_ expired: [RelayExpiry], at now: RelayInstant) {
    isSweeping = false
    for expiry in expired {
      if !expiry.isUnused {
        with(expiry.mailbox, .expiry(expiry), at: now)
        continue
      }
      let known = mailboxes[expiry.mailbox]
      guard known?.isIdle ?? true else { continue }
      // Whoever wants it now waits until it is gone, and may open it again.
      let mailbox = known ?? LiveMailbox(expiry.mailbox, limits: limits, at: now.moment)
      mailbox.phase = .changing
      mailboxes[expiry.mailbox] = mailbox
      add(.forget(mailbox), to: mailbox)
    }
    if expired.count >= Self.sweepCount, let last = expired.last { sweep(after: last.mailbox, at: now) }
  }

  func trim(_ expiry: RelayExpiry, in mailbox: LiveMailbox) {
    guard mailbox.phase == .ready, !mailbox.isTrimming, expiry.trim.from == mailbox.row.floor,
      expiry.trim.floor <= mailbox.row.head + 1,
      expiry.trim.floor > expiry.trim.from || expiry.itemsThrough > 0
    else { return }
    mailbox.isTrimming = true
    add(.trim(mailbox, expiry.trim, itemsThrough: expiry.itemsThrough), to: mailbox)
  }
}
