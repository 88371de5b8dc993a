// What a relay keeps, as values: the relay's engine asks for it, a store carries it out, and neither knows the
// other. Nothing here names a database.

/// A mailbox without its entries: what the relay must know to go on with it.
package struct RelayMailbox: Hashable, Sendable {
  /// 32 bytes.
  package var pseudonym: [UInt8]
  /// The newest registered key, 32 bytes.
  package var key: [UInt8]
  /// The slot that the next commit is for.
  package var slot: UInt64
  /// The lowest number that is still kept; one above the head where nothing is.
  package var floor: UInt64
  /// The highest number given.
  package var head: UInt64
  /// The chain at the head, 32 bytes.
  package var chain: [UInt8]
  /// Bytes of all entries that are kept, as `RelayEntry.frameByteCount` counts them.
  package var entryByteCount: Int
  /// The highest number that an inbox item ever had.
  package var lastItem: UInt64
  /// The items that wait, rising by number.
  package var items: [RelayWaitingItem]

  package init(
    pseudonym: [UInt8], key: [UInt8], slot: UInt64, floor: UInt64, head: UInt64, chain: [UInt8],
    entryByteCount: Int, lastItem: UInt64, items: [RelayWaitingItem]
  ) {
    self.pseudonym = pseudonym
    self.key = key
    self.slot = slot
    self.floor = floor
    self.head = head
    self.chain = chain
    self.entryByteCount = entryByteCount
    self.lastItem = lastItem
    self.items = items
  }

  /// A mailbox that nothing is in yet.
  package init(opening pseudonym: [UInt8], key: [UInt8]) {
    self.init(
      pseudonym: pseudonym, key: key, slot: 0, floor: 1, head: 0, chain: RelaySignedBytes.chainStart,
      entryByteCount: 0, lastItem: 0, items: [])
  }
}

/// An inbox item that waits for its owner, without its body.
package struct RelayWaitingItem: Hashable, Sendable {
  package let item: UInt64
  package let byteCount: Int
  /// SHA-256 of its body: the same object is not kept twice.
  package let bodyHash: [UInt8]

  package init(item: UInt64, byteCount: Int, bodyHash: [UInt8]) {
    self.item = item
    self.byteCount = byteCount
    self.bodyHash = bodyHash
  }
}

/// Where an entry stands: all that its receipt says of it.
package struct RelayPlacement: Hashable, Sendable {
  package let sequence: UInt64
  /// 32 bytes.
  package let chain: [UInt8]
  package let kind: RelayKind
  /// Zero unless a commit's.
  package let slot: UInt64

  package init(sequence: UInt64, chain: [UInt8], kind: RelayKind, slot: UInt64) {
    self.sequence = sequence
    self.chain = chain
    self.kind = kind
    self.slot = slot
  }

  package init(_ entry: RelayEntry) {
    self.init(
      sequence: entry.sequence, chain: entry.chain, kind: entry.content.kind, slot: entry.content.slot)
  }
}

/// One thing that a store does. Those of a batch are done in their order, all or none.
package enum RelayChange: Hashable, Sendable {
  /// A new mailbox, its key registered for slot 0.
  case open(mailbox: [UInt8], key: [UInt8], at: UnixTime)
  /// The mailbox's next entry. A commit moves its slot on and registers its next key; one that replaces another
  /// puts all commits from its slot on out of force first, with the keys after that slot.
  case append(mailbox: [UInt8], RelayEntry, bodyHash: [UInt8])
  /// The commit in force in `slot` may be replaced.
  case reopen(mailbox: [UInt8], slot: UInt64)
  case putItem(mailbox: [UInt8], RelayInboxItem, bodyHash: [UInt8], at: UnixTime)
  case deleteItem(mailbox: [UInt8], item: UInt64)
  /// Puts a key package in; of more than `keeping` the oldest go. A last resort takes the place of the former.
  case putKeyPackage(mailbox: [UInt8], isLastResort: Bool, body: [UInt8], keeping: Int)
  case deleteKeyPackage(mailbox: [UInt8], number: UInt64)
  /// Deletes entries below `floor` and items up to `item`, and the keys that only those entries needed.
  case trim(mailbox: [UInt8], floor: UInt64, itemsThrough: UInt64)
  /// Forgets a mailbox that was never used.
  case forget(mailbox: [UInt8])
}

/// What became of a batch.
package enum RelayStored: Hashable, Sendable {
  /// All of it is durable.
  case all
  /// Nothing was done, since these appends have ids that the mailbox has already: the change's index in the batch,
  /// and where the entry of that id stands. No index is missing.
  case known([Int: RelayPlacement])
}

/// What an engine asks of a store.
package enum RelayQuery: Hashable, Sendable {
  case mailbox([UInt8])
  /// Whether `key` is one of the mailbox's registered keys.
  case isRegistered(mailbox: [UInt8], key: [UInt8])
  /// Entries in order, one at least if there is one, then as long as they have no more than `byteCount` in all.
  case entries(mailbox: [UInt8], from: UInt64, through: UInt64, byteCount: Int)
  /// What an append is judged by that did not just fit: whether its id is known; for a commit, who has its slot.
  case standing(mailbox: [UInt8], id: MessageID?, slot: UInt64?)
  /// Items after one, in order, one at least if there is one, then no more than `byteCount` in all.
  case items(mailbox: [UInt8], after: UInt64, byteCount: Int)
  /// The oldest key package, the last resort if there is no other.
  case keyPackage(mailbox: [UInt8])
  /// How far the floor must rise to free `byteCount`.
  case oldest(mailbox: [UInt8], byteCount: Int)
  /// Up to `count` mailboxes behind `after` (in the order of pseudonyms) that have something from before `time`, or
  /// were opened before `unused` and never used.
  case expired(before: UnixTime, unused: UnixTime, after: [UInt8], count: Int)
}

/// A store's answer to the query of the same name.
package enum RelayReading: Hashable, Sendable {
  case mailbox(RelayMailbox?)
  case isRegistered(Bool)
  case entries([RelayEntry])
  case standing(RelayStanding)
  case items([RelayInboxItem])
  case keyPackage(RelayKeptKeyPackage?)
  case oldest(RelayTrim?)
  case expired([RelayExpiry])
}

/// What an append is judged by.
package struct RelayStanding: Hashable, Sendable {
  /// The entry of that id.
  package var placement: RelayPlacement?
  /// The commit in force in that slot, the SHA-256 of its body, and whether it may be replaced.
  package var winner: RelayEntry?
  package var winnerHash: [UInt8]?
  package var isOpen = false
  /// The key that is registered for that slot.
  package var key: [UInt8]?

  package init() {}
}

package struct RelayKeptKeyPackage: Hashable, Sendable {
  package let number: UInt64
  package let isLastResort: Bool
  package let body: [UInt8]

  package init(number: UInt64, isLastResort: Bool, body: [UInt8]) {
    self.number = number
    self.isLastResort = isLastResort
    self.body = body
  }
}

/// From where to where a floor may rise, and the bytes of entries that this frees.
package struct RelayTrim: Hashable, Sendable {
  package let from: UInt64
  package let floor: UInt64
  package let entryByteCount: Int

  package init(from: UInt64, floor: UInt64, entryByteCount: Int) {
    self.from = from
    self.floor = floor
    self.entryByteCount = entryByteCount
  }
}

/// What of a mailbox is too old.
package struct RelayExpiry: Hashable, Sendable {
  package let mailbox: [UInt8]
  package let trim: RelayTrim
  /// The highest item that is too old; 0 for none.
  package let itemsThrough: UInt64
  /// It was never used and may be forgotten.
  package let isUnused: Bool

  package init(mailbox: [UInt8], trim: RelayTrim, itemsThrough: UInt64, isUnused: Bool) {
    self.mailbox = mailbox
    self.trim = trim
    self.itemsThrough = itemsThrough
    self.isUnused = isUnused
  }
}

/// What a store says of itself when it is opened.
package struct RelayStoreSummary: Hashable, Sendable {
  /// Which numbering this is; a new store begins above every older one.
  package var term: UInt64
  package var mailboxCount: Int
  package var entryCount: Int
  /// Bytes of the store on the disk.
  package var byteCount: Int

  package init(term: UInt64, mailboxCount: Int = 0, entryCount: Int = 0, byteCount: Int = 0) {
    self.term = term
    self.mailboxCount = mailboxCount
    self.entryCount = entryCount
    self.byteCount = byteCount
  }
}

/// Why a store did not do what it was asked.
package enum RelayStoreFailure: Error, Hashable, Sendable {
  /// No room on the disk.
  case full
  /// Another program has it open.
  case busy
  /// It was written by a later version, with this number of its form.
  case newerForm(UInt64)
  /// It contradicts itself, or what was asked of it; its own words.
  case damaged(String)
  /// The system's or the database's words.
  case failed(String)
}
