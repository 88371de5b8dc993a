internal import GRDB
internal import Wire

/// Carries out a batch inside one transaction.
struct RelayWriter {
  private let database: Database
  /// The row ids of the batch's mailboxes.
  private var rows: [[UInt8]: Int64] = [:]

  init(_ database: Database) {
    self.database = database
  }

  /// The appends whose ids are there already.
  mutating func known(_ changes: [RelayChange]) throws -> [Int: RelayPlacement] {
    var known: [Int: RelayPlacement] = [:]
    for (index, change) in changes.enumerated() {
      guard case .append(let mailbox, let entry, _) = change, let row = try existing(mailbox) else {
        continue
      }
      known[index] = try RelayReader(database).placement(of: entry.id, row: row)
    }
    return known
  }

  mutating func carryOut(_ change: RelayChange) throws {
    switch change {
    case .open(let mailbox, let key, let time):
      try execute(
        "INSERT INTO mailboxes (pseudonym, key, chain, opened) VALUES (?, ?, ?, ?)",
        [mailbox.blob, key.blob, RelaySignedBytes.chainStart.blob, time.stored])
      let row = database.lastInsertedRowID
      rows[mailbox] = row
      try execute("INSERT INTO keys (mailbox, slot, key) VALUES (?, 0, ?)", [row, key.blob])
    case .append(let mailbox, let entry, let bodyHash):
      try append(entry, bodyHash: bodyHash, to: row(mailbox))
    case .reopen(let mailbox, let slot):
      try execute(
        "UPDATE entries SET is_open = 1 WHERE mailbox = ? AND slot = ? AND in_force = 1",
        [row(mailbox), stored(slot)])
      try requireOneChange("no commit is in force in that slot")
    case .putItem(let mailbox, let item, let bodyHash, let time):
      let (row, number) = (try row(mailbox), try stored(item.item))
      try execute(
        "INSERT INTO items (mailbox, item, time, body_hash, body) VALUES (?, ?, ?, ?, ?)",
        [row, number, time.stored, bodyHash.blob, item.body.blob])
      try execute("UPDATE mailboxes SET last_item = ? WHERE id = ? AND last_item < ?", [number, row, number])
      try requireOneChange("an item's number does not rise")
    case .deleteItem(let mailbox, let item):
      try execute("DELETE FROM items WHERE mailbox = ? AND item = ?", [row(mailbox), stored(item)])
    case .putKeyPackage(let mailbox, let isLastResort, let body, let keeping):
      try put(keyPackage: body, isLastResort: isLastResort, keeping: keeping, row: row(mailbox))
    case .deleteKeyPackage(let mailbox, let number):
      try execute(
        "DELETE FROM key_packages WHERE mailbox = ? AND number = ?", [row(mailbox), stored(number)])
      try requireOneChange("the key package is gone")
    case .trim(let mailbox, let floor, let itemsThrough):
      try trim(row: row(mailbox), floor: floor, itemsThrough: itemsThrough)
    case .forget(let mailbox):
      let row = try row(mailbox)
      try execute("DELETE FROM keys WHERE mailbox = ?", [row])
      try execute("DELETE FROM mailboxes WHERE id = ? AND head = 0 AND last_item = 0", [row])
      try requireOneChange("a mailbox that was used is not forgotten")
      rows[mailbox] = nil
    }
  }

  private mutating func append(_ entry: RelayEntry, bodyHash: [UInt8], to row: Int64) throws {
    let commit = entry.content.commit
    if let commit, commit.replaces != RelayCommit.replacesNothing {
      let slot = try stored(commit.slot)
      try execute(
        "UPDATE entries SET in_force = 0 WHERE mailbox = ? AND slot >= ? AND in_force = 1", [row, slot])
      try execute("DELETE FROM keys WHERE mailbox = ? AND slot > ?", [row, slot])
      try execute("UPDATE mailboxes SET slot = ? WHERE id = ?", [slot, row])
    }
    try execute(
      """
      INSERT INTO entries (mailbox, sequence, id, kind, time, size, chain, slot, replaces, next_key, signature,
        body_hash, in_force, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        row, stored(entry.sequence), entry.id.bytes.blob, Int64(entry.content.kind.rawValue),
        entry.time.stored,
        entry.frameByteCount, entry.chain.blob, commit.map { try stored($0.slot) }, commit?.replaces.blob,
        commit?.nextKey.blob, commit?.signature.blob, bodyHash.blob, commit == nil ? 0 : 1, entry.body.blob,
      ])
    try execute(
      "UPDATE mailboxes SET head = ?, chain = ?, bytes = bytes + ? WHERE id = ? AND head = ? - 1",
      [
        stored(entry.sequence), entry.chain.blob, entry.frameByteCount, row, stored(entry.sequence),
      ])
    try requireOneChange("an entry is not the next one")
    guard let commit else { return }
    let slot = try stored(commit.slot)
    try execute(
      "UPDATE mailboxes SET slot = ? + 1, key = ? WHERE id = ? AND slot = ?",
      [slot, commit.nextKey.blob, row, slot])
    try requireOneChange("a commit is not for the next slot")
    try execute(
      "INSERT INTO keys (mailbox, slot, key) VALUES (?, ? + 1, ?)", [row, slot, commit.nextKey.blob])
  }

  private func put(keyPackage body: [UInt8], isLastResort: Bool, keeping: Int, row: Int64) throws {
    try execute(
      "INSERT INTO key_packages (mailbox, is_last_resort, body) VALUES (?, ?, ?)",
      [row, isLastResort ? 1 : 0, body.blob])
    try execute(
      """
      DELETE FROM key_packages WHERE mailbox = ?1 AND is_last_resort = ?2 AND number NOT IN (
        SELECT number FROM key_packages WHERE mailbox = ?1 AND is_last_resort = ?2
        ORDER BY number DESC LIMIT ?3)
      """, [row, isLastResort ? 1 : 0, isLastResort ? 1 : max(0, keeping)])
  }

  private func trim(row: Int64, floor: UInt64, itemsThrough: UInt64) throws {
    let floor = try stored(floor)
    let freed =
      try Int64.fetchOne(
        database, sql: "SELECT sum(size) FROM entries WHERE mailbox = ? AND sequence < ?",
        arguments: [row, floor]) ?? 0
    try execute("DELETE FROM entries WHERE mailbox = ? AND sequence < ?", [row, floor])
    try execute(
      "UPDATE mailboxes SET floor = max(floor, ?), bytes = bytes - ? WHERE id = ?", [floor, freed, row])
    // A key is of use as long as the commit that ended its epoch can still be read.
    try execute(
      """
      DELETE FROM keys WHERE mailbox = ?1 AND slot < coalesce(
        (SELECT min(slot) FROM entries WHERE mailbox = ?1 AND in_force = 1),
        (SELECT slot FROM mailboxes WHERE id = ?1))
      """, [row])
    try execute("DELETE FROM items WHERE mailbox = ? AND item <= ?", [row, stored(itemsThrough)])
  }

  private mutating func row(_ mailbox: [UInt8]) throws -> Int64 {
    guard let row = try existing(mailbox) else { throw RelayStoreFailure.damaged("there is no such mailbox") }
    return row
  }

  private mutating func existing(_ mailbox: [UInt8]) throws -> Int64? {
    if let row = rows[mailbox] { return row }
    let row = try RelayReader(database).row(mailbox)
    rows[mailbox] = row
    return row
  }

  private func execute(_ sql: String, _ arguments: StatementArguments) throws {
    try database.cachedStatement(sql: sql).execute(arguments: arguments)
  }

  private func requireOneChange(_ otherwise: String) throws {
    guard database.changesCount == 1 else { throw RelayStoreFailure.damaged(otherwise) }
  }
}

/// SQLite's integers have a sign; what does not fit is refused rather than bent.
func stored(_ number: UInt64) throws(RelayStoreFailure) -> Int64 {
  guard let number = Int64(exactly: number) else { throw .damaged("a number is too large") }
  return number
}

extension UnixTime {
  var stored: Int64 { Int64(clamping: milliseconds) }
}
