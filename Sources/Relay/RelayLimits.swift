import Wire

/// What a relay grants (GROUPS 3.2). Each is a setting of its operator; these are the defaults.
package struct RelayLimits: Sendable {
  /// How long an entry is kept, in seconds.
  package var keepSeconds: Int64 = 30 * 24 * 3600
  /// Bytes of entries of one mailbox; the oldest go first.
  package var mailboxByteCount = 256 << 20
  /// Bytes of one entry.
  package var entryByteCount = 72 << 10
  /// Bytes of one object that is kept whole: a Welcome, a ratchet tree.
  package var objectByteCount = RelayInboxPut.largestBody
  /// Appends a second in one mailbox, and how many at once.
  package var mailboxRate = Rate(perSecond: 50, burst: 200)
  /// Appends a second of one link.
  package var linkRate = Rate(perSecond: 10, burst: 40)
  /// One commit in so many seconds in one mailbox, after a short burst.
  package var commitSeconds: Int64 = 5
  package var commitBurst = 10
  /// What one inbox holds.
  package var inboxByteCount = 10 << 20
  package var inboxItemCount = 1000
  /// One-time key packages of one inbox.
  package var keyPackageCount = 32
  /// Links of one address.
  package var linksPerAddress = 64

  // What follows is no promise to clients; it bounds what strangers can make the relay hold and do.

  /// Links at all, and of one mailbox.
  package var linkCount = 8192
  package var linksPerMailbox = 4096
  /// Mailboxes in the store. One that was used is never forgotten, since its numbers must not be given again.
  package var mailboxCount = 10_000
  /// Bytes of entries and items in the store, of all mailboxes.
  package var storeByteCount = 16 << 30
  /// Bytes of ENTRY bodies that may be under way to one link.
  package var creditByteCount = 1 << 20
  /// All other requests of one link: HELLO, RANGE, inbox, key packages, BAD_COMMIT.
  package var requestRate = Rate(perSecond: 20, burst: 100)
  /// EPHEMERALs of one link; what is above is dropped.
  package var ephemeralRate = Rate(perSecond: 20, burst: 100)
  /// Frames of any kind of one link; more ends it.
  package var frameRate = Rate(perSecond: 2000, burst: 4000)
  /// Items put into one inbox, and key packages taken from it, by anybody.
  package var strangerRate = Rate(perSecond: 5, burst: 50)
  /// Requests of one link that wait for the store, and RANGEs that wait for their turn.
  package var waitingPerLink = 64
  package var rangesPerLink = 4
  /// Frames of one link that wait until its HELLO is answered, and their bytes.
  package var heldFrames = 64
  package var heldByteCount = 2 << 20
  /// Bytes of all requests that wait for the store.
  package var waitingByteCount = 64 << 20
  /// Readings that the store has at a time.
  package var readsAtOnce = 8
  /// Bytes of one reading of entries.
  package var readByteCount = 256 << 10
  /// Changes of one batch, and the bytes in them.
  package var batchCount = 512
  package var batchByteCount = 4 << 20
  /// Bytes of the newest entries that are held in memory, of all mailboxes.
  package var cacheByteCount = 16 << 20
  /// Ids of the newest entries that are held in memory, of one mailbox.
  package var recentCount = 512
  /// Mailboxes without a link that are held in memory.
  package var idleMailboxCount = 1024
  /// Seconds until HELLO.
  package var helloSeconds: Int64 = 10
  /// Seconds between two looks at what is too old.
  package var sweepSeconds: Int64 = 60
  /// Seconds after which a mailbox that was never used is forgotten.
  package var unusedSeconds: Int64 = 24 * 3600
  /// How far back a slot opens again, in slots.
  package var reopenHorizon: UInt64 = 16

  package struct Rate: Sendable {
    package var perSecond: Int
    package var burst: Int

    package init(perSecond: Int, burst: Int) {
      self.perSecond = perSecond
      self.burst = burst
    }
  }

  package init() {}

  /// An entry's body at most, whatever the setting: its ENTRY must be a frame.
  var entryBodyLimit: Int {
    min(max(0, entryByteCount), RelayFrame.largestBody - RelayEntry.largestOverhead - 4)
  }

  var objectBodyLimit: Int { min(max(0, objectByteCount), RelayInboxPut.largestBody) }
}
