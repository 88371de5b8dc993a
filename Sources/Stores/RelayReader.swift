internal import GRDB
internal import Wire

/// Answers the engine's queries inside one transaction.
struct RelayReader {
  private let database: Database

  init(_ database: Database) {
    self.database = database
  }

  /// Entries of one look for what is too old, so that no transaction deletes for long.
  private static let trimCount = 5_000

  func answer(_ query: RelayQuery) throws -> RelayReading {
    switch query {
    case .mailbox(let mailbox): .mailbox(try self.mailbox(mailbox))
    case .isRegistered(let mailbox, let key):
      .isRegistered(
        try first(
          """
          SELECT 1 FROM keys WHERE mailbox = (SELECT id FROM mailboxes WHERE pseudonym = ?) AND key = ? LIMIT 1
          """, [mailbox.blob, key.blob]) != nil)
    case .entries(let mailbox, let from, let through, let byteCount):
      .entries(try entries(of: mailbox, from: from, through: through, byteCount: byteCount))
    case .standing(let mailbox, let id, let slot): .standing(try standing(mailbox, id: id, slot: slot))
    case .items(let mailbox, let after, let byteCount):
      .items(try items(of: mailbox, after: after, byteCount: byteCount))
    case .keyPackage(let mailbox): .keyPackage(try keyPackage(of: mailbox))
    case .oldest(let mailbox, let byteCount): .oldest(try oldest(of: mailbox, byteCount: byteCount))
    case .expired(let before, let unused, let after, let count):
      .expired(try expired(before: before, unused: unused, after: after, count: count))
    }
  }

  func row(_ mailbox: [UInt8]) throws -> Int64? {
    try first("SELECT id FROM mailboxes WHERE pseudonym = ?", [mailbox.blob])?["id"]
  }

  func placement(of id: MessageID, row: Int64) throws -> RelayPlacement? {
    try first(
      "SELECT sequence, chain, kind, slot FROM entries WHERE mailbox = ? AND id = ?", [row, id.bytes.blob]
    ).map { found in
      RelayPlacement(
        sequence: try found.number("sequence"), chain: try found.blob("chain"), kind: try found.kind(),
        slot: try found.optionalNumber("slot") ?? 0)
    }
  }

  private func mailbox(_ pseudonym: [UInt8]) throws -> RelayMailbox? {
    guard let found = try first("SELECT * FROM mailboxes WHERE pseudonym = ?", [pseudonym.blob]) else {
      return nil
    }
    let row: Int64 = found["id"]
    let items = try Row.fetchAll(
      database,
      sql: "SELECT item, length(body) AS size, body_hash FROM items WHERE mailbox = ? ORDER BY item",
      arguments: [row])
    return RelayMailbox(
      pseudonym: pseudonym, key: try found.blob("key"), slot: try found.number("slot"),
      floor: try found.number("floor"), head: try found.number("head"), chain: try found.blob("chain"),
      entryByteCount: Int(clamping: try found.number("bytes")), lastItem: try found.number("last_item"),
      items: try items.map {
        RelayWaitingItem(
          item: try $0.number("item"), byteCount: Int(clamping: try $0.number("size")),
          bodyHash: try $0.blob("body_hash"))
      })
  }

  private func entries(of mailbox: [UInt8], from: UInt64, through: UInt64, byteCount: Int) throws
    -> [RelayEntry]
  {
    let cursor = try Row.fetchCursor(
      try database.cachedStatement(
        sql: """
          SELECT * FROM entries WHERE mailbox = (SELECT id FROM mailboxes WHERE pseudonym = ?)
            AND sequence BETWEEN ? AND ? ORDER BY sequence
          """),
      arguments: [mailbox.blob, Int64(clamping: from), Int64(clamping: through)])
    var entries: [RelayEntry] = []
    var total = 0
    while let row = try cursor.next() {
      let entry = try row.entry()
      total += entry.frameByteCount
      if !entries.isEmpty, total > byteCount { break }
      entries.append(entry)
    }
    return entries
  }

  private func standing(_ mailbox: [UInt8], id: MessageID?, slot: UInt64?) throws -> RelayStanding {
    var standing = RelayStanding()
    guard let row = try row(mailbox) else { return standing }
    if let id { standing.placement = try placement(of: id, row: row) }
    guard let slot, let slot = Int64(exactly: slot) else { return standing }
    if let winner = try first(
      "SELECT * FROM entries WHERE mailbox = ? AND slot = ? AND in_force = 1", [row, slot])
    {
      standing.winner = try winner.entry()
      standing.winnerHash = try winner.blob("body_hash")
      standing.isOpen = try winner.number("is_open") == 1
    }
    standing.key = try first("SELECT key FROM keys WHERE mailbox = ? AND slot = ?", [row, slot])?.blob("key")
    return standing
  }

  private func items(of mailbox: [UInt8], after: UInt64, byteCount: Int) throws -> [RelayInboxItem] {
    let cursor = try Row.fetchCursor(
      try database.cachedStatement(
        sql: """
          SELECT item, body FROM items WHERE mailbox = (SELECT id FROM mailboxes WHERE pseudonym = ?)
            AND item > ? ORDER BY item
          """), arguments: [mailbox.blob, Int64(clamping: after)])
    var items: [RelayInboxItem] = []
    var total = 0
    while let row = try cursor.next() {
      let item = RelayInboxItem(item: try row.number("item"), body: try row.blob("body"))
      total += item.body.count
      if !items.isEmpty, total > byteCount { break }
      items.append(item)
    }
    return items
  }

  private func keyPackage(of mailbox: [UInt8]) throws -> RelayKeptKeyPackage? {
    try first(
      """
      SELECT number, is_last_resort, body FROM key_packages
      WHERE mailbox = (SELECT id FROM mailboxes WHERE pseudonym = ?) ORDER BY is_last_resort, number LIMIT 1
      """, [mailbox.blob]
    ).map { found in
      RelayKeptKeyPackage(
        number: try found.number("number"), isLastResort: try found.number("is_last_resort") == 1,
        body: try found.blob("body"))
    }
  }

  private func oldest(of mailbox: [UInt8], byteCount: Int) throws -> RelayTrim? {
    guard let row = try row(mailbox), let from = try first("SELECT floor FROM mailboxes WHERE id = ?", [row])
    else { return nil }
    let cursor = try Row.fetchCursor(
      database, sql: "SELECT sequence, size FROM entries WHERE mailbox = ? ORDER BY sequence LIMIT ?",
      arguments: [row, Self.trimCount])
    var (freed, last): (Int, UInt64?) = (0, nil)
    while freed < byteCount, let entry = try cursor.next() {
      freed += Int(clamping: try entry.number("size"))
      last = try entry.number("sequence")
    }
    guard let last else { return nil }
    return RelayTrim(from: try from.number("floor"), floor: last + 1, entryByteCount: freed)
  }

  private func expired(before: UnixTime, unused: UnixTime, after: [UInt8], count: Int) throws -> [RelayExpiry]
  {
    let found = try Row.fetchAll(
      database,
      sql: """
        SELECT m.*, (SELECT max(item) FROM items i WHERE i.mailbox = m.id AND i.time < ?1) AS old_item,
          m.head = 0 AND m.last_item = 0 AND m.opened < ?2
            AND NOT EXISTS (SELECT 1 FROM key_packages k WHERE k.mailbox = m.id) AS is_unused
        FROM mailboxes m WHERE m.pseudonym > ?3 AND (is_unused OR old_item IS NOT NULL OR EXISTS (
          SELECT 1 FROM entries e WHERE e.mailbox = m.id AND e.sequence = m.floor AND e.time < ?1))
        ORDER BY m.pseudonym LIMIT ?4
        """, arguments: [before.stored, unused.stored, after.blob, count])
    return try found.map { row in
      let (id, from): (Int64, UInt64) = (row["id"], try row.number("floor"))
      let cursor = try Row.fetchCursor(
        database, sql: "SELECT sequence, size, time FROM entries WHERE mailbox = ? ORDER BY sequence LIMIT ?",
        arguments: [id, Self.trimCount])
      var (freed, floor) = (0, from)
      while let entry = try cursor.next(), try entry.number("time") < UInt64(before.stored) {
        freed += Int(clamping: try entry.number("size"))
        floor = try entry.number("sequence") + 1
      }
      return RelayExpiry(
        mailbox: try row.blob("pseudonym"), trim: RelayTrim(from: from, floor: floor, entryByteCount: freed),
        itemsThrough: try row.optionalNumber("old_item") ?? 0, isUnused: try row.number("is_unused") == 1)
    }
  }

  private func first(_ sql: String, _ arguments: StatementArguments) throws -> Row? {
    try Row.fetchOne(database.cachedStatement(sql: sql), arguments: arguments)
  }
}

// What stands in a column must be what was written there; anything else is damage, not a trap.
extension Row {
  fileprivate func number(_ column: String) throws -> UInt64 {
    guard let number = try optionalNumber(column) else { throw RelayStoreFailure.damaged(column) }
    return number
  }

  fileprivate func optionalNumber(_ column: String) throws -> UInt64? {
    let value: DatabaseValue = self[column]
    switch value.storage {
    case .null: return nil
    case .int64(let number) where number >= 0: return UInt64(number)
    case .int64, .double, .string, .blob: throw RelayStoreFailure.damaged(column)
    }
  }

  fileprivate func blob(_ column: String) throws -> [UInt8] {
    guard let bytes = bytes(column) else { throw RelayStoreFailure.damaged(column) }
    return bytes
  }

  fileprivate func kind() throws -> RelayKind {
    guard let kind = RelayKind(rawValue: UInt8(clamping: try number("kind"))) else {
      throw RelayStoreFailure.damaged("kind")
    }
    return kind
  }

  fileprivate func entry() throws -> RelayEntry {
    let content: RelayContent
    switch try kind() {
    case .application: content = .application
    case .proposal: content = .proposal
    case .commit:
      content = .commit(
        RelayCommit(
          slot: try number("slot"), replaces: try blob("replaces"), nextKey: try blob("next_key"),
          signature: try blob("signature")))
    }
    guard let id = MessageID(try blob("id")) else { throw RelayStoreFailure.damaged("id") }
    return RelayEntry(
      sequence: try number("sequence"), id: id, time: UnixTime(milliseconds: try number("time")),
      chain: try blob("chain"), content: content, body: try blob("body"))
  }
}

extension MessageID {
  /// Reads exactly the 16 bytes that `bytes` writes.
  fileprivate init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    let span = bytes.span
    self.init(stream: span.bigEndianUInt64(at: 0), number: span.bigEndianUInt64(at: 8))
  }
}
