/// What a relay grants (GROUPS 3.2). Each is a setting of its operator; these are the defaults.
package struct RelayLimits: Sendable {
  /// How long an entry is kept, in seconds.
  package var keepSeconds: Int64 = 30 * 24 * 3600
  /// Bytes of entries of one mailbox; the oldest go first.
  package var mailboxByteCount = 256 << 20
  /// Bytes of one entry.
  package var entryByteCount = 72 << 10
  /// Bytes of one object that is kept whole: a Welcome, a ratchet tree.
  package var objectByteCount = 1 << 20
  /// Appends a second in one mailbox, and how many at once.
  package var mailboxRate = Rate(perSecond: 50, burst: 200)
  /// Appends a second of one link.
  package var linkRate = Rate(perSecond: 10, burst: 40)
  /// One commit in so many seconds in one mailbox, after a short burst.
  package var commitSeconds: Int64 = 5
  /// What one inbox holds.
  package var inboxByteCount = 10 << 20
  package var inboxItemCount = 1000
  /// Links of one address.
  package var linksPerAddress = 64

  package struct Rate: Sendable {
    package var perSecond: Int
    package var burst: Int

    package init(perSecond: Int, burst: Int) {
      self.perSecond = perSecond
      self.burst = burst
    }
  }

  package init() {}
}
