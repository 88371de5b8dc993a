import Relay
import Wire

/// A store in memory that does what a database would: all of a batch or nothing.
struct MemoryStore {
  struct Mailbox {
    var row: RelayMailbox
    var entries: [RelayEntry] = []
    var hashes: [UInt64: [UInt8]] = [:]
    /// The sequence of the commit in force, by slot.
    var inForce: [UInt64: UInt64] = [:]
    var open: Set<UInt64> = []
    var keys: [UInt64: [UInt8]]
    var items: [(item: RelayInboxItem, time: UnixTime)] = []
    var keyPackages: [RelayKeptKeyPackage] = []
    var opened: UnixTime
  }

  var mailboxes: [[UInt8]: Mailbox] = [:]
  var lastKeyPackage: UInt64 = 0
  var term: UInt64 = 1

  var summary: RelayStoreSummary {
    RelayStoreSummary(
      term: term, mailboxCount: mailboxes.count,
      entryCount: mailboxes.values.reduce(0) { $0 + $1.entries.count },
      byteCount: mailboxes.values.reduce(0) { $0 + $1.row.entryByteCount })
  }

  /// Changes a copy, so that a failure changes nothing.
  mutating func store(_ changes: [RelayChange]) throws(RelayStoreFailure) -> RelayStored {
    var known: [Int: RelayPlacement] = [:]
    for (index, change) in changes.enumerated() {
      guard case .append(let mailbox, let entry, _) = change else { continue }
      known[index] = mailboxes[mailbox]?.entries.first { $0.id == entry.id }.map { RelayPlacement($0) }
    }
    guard known.isEmpty else { return .known(known) }
    var copy = self
    for change in changes { try copy.carryOut(change) }
    self = copy
    return .all
  }

  private mutating func carryOut(_ change: RelayChange) throws(RelayStoreFailure) {
    switch change {
    case .open(let name, let key, let time):
      guard mailboxes[name] == nil else { throw .damaged("opened twice") }
      mailboxes[name] = Mailbox(row: RelayMailbox(opening: name, key: key), keys: [0: key], opened: time)
    case .append(let name, let entry, let bodyHash):
      guard var mailbox = mailboxes[name], entry.sequence == mailbox.row.head + 1 else {
        throw .damaged("not the next")
      }
      if let commit = entry.content.commit {
        if commit.replaces != RelayCommit.replacesNothing {
          guard let seq = mailbox.inForce[commit.slot], mailbox.hashes[seq] == commit.replaces,
            mailbox.open.contains(commit.slot)
          else { throw .damaged("replaces what is not open") }
          mailbox.inForce = mailbox.inForce.filter { $0.key < commit.slot }
          mailbox.open = mailbox.open.filter { $0 < commit.slot }
          mailbox.keys = mailbox.keys.filter { $0.key <= commit.slot }
        } else if commit.slot != mailbox.row.slot {
          throw .damaged("slot taken")
        }
        guard mailbox.inForce[commit.slot] == nil else { throw .damaged("slot taken") }
        mailbox.inForce[commit.slot] = entry.sequence
        mailbox.row.slot = commit.slot + 1
        mailbox.row.key = commit.nextKey
        mailbox.keys[commit.slot + 1] = commit.nextKey
      }
      mailbox.row.head = entry.sequence
      mailbox.row.chain = entry.chain
      mailbox.row.entryByteCount += entry.frameByteCount
      mailbox.entries.append(entry)
      mailbox.hashes[entry.sequence] = bodyHash
      mailboxes[name] = mailbox
    case .reopen(let name, let slot):
      guard mailboxes[name]?.inForce[slot] != nil else { throw .damaged("nothing to open") }
      mailboxes[name]?.open.insert(slot)
    case .putItem(let name, let item, let bodyHash, let time):
      guard let last = mailboxes[name]?.row.lastItem, item.item > last else { throw .damaged("item") }
      mailboxes[name]?.row.lastItem = item.item
      mailboxes[name]?.row.items.append(
        RelayWaitingItem(item: item.item, byteCount: item.body.count, bodyHash: bodyHash))
      mailboxes[name]?.items.append((item, time))
    case .deleteItem(let name, let item):
      mailboxes[name]?.row.items.removeAll { $0.item == item }
      mailboxes[name]?.items.removeAll { $0.item.item == item }
    case .putKeyPackage(let name, let isLastResort, let body, let keeping):
      lastKeyPackage += 1
      guard var kept = mailboxes[name]?.keyPackages else { throw .damaged("no mailbox") }
      kept.append(RelayKeptKeyPackage(number: lastKeyPackage, isLastResort: isLastResort, body: body))
      let once = kept.filter { !$0.isLastResort }.suffix(keeping)
      mailboxes[name]?.keyPackages = once + kept.filter(\.isLastResort).suffix(1)
    case .deleteKeyPackage(let name, let number):
      guard mailboxes[name]?.keyPackages.contains(where: { $0.number == number }) == true else {
        throw .damaged("given twice")
      }
      mailboxes[name]?.keyPackages.removeAll { $0.number == number }
    case .trim(let name, let floor, let itemsThrough):
      guard var mailbox = mailboxes[name] else { throw .damaged("no mailbox") }
      mailbox.row.entryByteCount -= mailbox.entries.filter { $0.sequence < floor }
        .reduce(0) { $0 + $1.frameByteCount }
      mailbox.entries.removeAll { $0.sequence < floor }
      mailbox.row.floor = max(mailbox.row.floor, floor)
      mailbox.inForce = mailbox.inForce.filter { $0.value >= floor }
      let oldest = mailbox.inForce.keys.min() ?? mailbox.row.slot
      mailbox.keys = mailbox.keys.filter { $0.key >= oldest }
      mailbox.row.items.removeAll { $0.item <= itemsThrough }
      mailbox.items.removeAll { $0.item.item <= itemsThrough }
      mailboxes[name] = mailbox
    case .forget(let name):
      guard let row = mailboxes[name]?.row, row.head == 0, row.lastItem == 0 else { throw .damaged("used") }
      mailboxes[name] = nil
    }
  }

  func read(_ query: RelayQuery) -> RelayReading {
    switch query {
    case .mailbox(let name): return .mailbox(mailboxes[name]?.row)
    case .isRegistered(let name, let key):
      return .isRegistered(mailboxes[name]?.keys.values.contains(key) ?? false)
    case .entries(let name, let from, let through, let byteCount):
      var (found, total): ([RelayEntry], Int) = ([], 0)
      for entry in mailboxes[name]?.entries ?? [] where entry.sequence >= from && entry.sequence <= through {
        total += entry.frameByteCount
        if !found.isEmpty, total > byteCount { break }
        found.append(entry)
      }
      return .entries(found)
    case .standing(let name, let id, let slot):
      var standing = RelayStanding()
      guard let mailbox = mailboxes[name] else { return .standing(standing) }
      standing.placement = mailbox.entries.first { $0.id == id }.map { RelayPlacement($0) }
      if let slot {
        standing.key = mailbox.keys[slot]
        if let winner = mailbox.entries.first(where: { $0.sequence == mailbox.inForce[slot] }) {
          standing.winner = winner
          standing.winnerHash = mailbox.hashes[winner.sequence]
          standing.isOpen = mailbox.open.contains(slot)
        }
      }
      return .standing(standing)
    case .items(let name, let after, let byteCount):
      var (found, total): ([RelayInboxItem], Int) = ([], 0)
      for (item, _) in mailboxes[name]?.items ?? [] where item.item > after {
        total += item.body.count
        if !found.isEmpty, total > byteCount { break }
        found.append(item)
      }
      return .items(found)
    case .keyPackage(let name):
      let kept = mailboxes[name]?.keyPackages ?? []
      return .keyPackage(kept.first { !$0.isLastResort } ?? kept.first)
    case .oldest(let name, let byteCount):
      guard let mailbox = mailboxes[name] else { return .oldest(nil) }
      return .oldest(trim(mailbox) { freed, _ in freed < byteCount })
    case .expired(let before, let unused, let after, let count):
      let names = mailboxes.keys.sorted { $0.lexicographicallyPrecedes($1) }
      let found = names.filter { after.lexicographicallyPrecedes($0) }.compactMap { name -> RelayExpiry? in
        guard let mailbox = mailboxes[name] else { return nil }
        let trim = trim(mailbox) { _, entry in entry.time < before }
        let items = mailbox.items.filter { $0.time < before }.map(\.item.item).max() ?? 0
        let isUnused =
          mailbox.row.head == 0 && mailbox.row.lastItem == 0 && mailbox.keyPackages.isEmpty
          && mailbox.opened < unused
        guard trim != nil || items > 0 || isUnused else { return nil }
        let floor = mailbox.row.floor
        return RelayExpiry(
          mailbox: name, trim: trim ?? RelayTrim(from: floor, floor: floor, entryByteCount: 0),
          itemsThrough: items, isUnused: isUnused)
      }
      return .expired(Array(found.prefix(count)))
    }
  }

  private func trim(_ mailbox: Mailbox, while goesOn: (Int, RelayEntry) -> Bool) -> RelayTrim? {
    var (freed, floor) = (0, mailbox.row.floor)
    for entry in mailbox.entries {
      guard goesOn(freed, entry) else { break }
      freed += entry.frameByteCount
      floor = entry.sequence + 1
    }
    return floor > mailbox.row.floor
      ? RelayTrim(from: mailbox.row.floor, floor: floor, entryByteCount: freed) : nil
  }
}
