internal import GRDB
internal import Places

/// The rows of one user's groups, in SQLite.
///
/// Every `content` and every other blob that says something was sealed before it came here: the file holds no text, no
/// name and no key. What stands beside them is what rows are found by. All calls block on the disk, and are durable
/// when they return; safe to use from several threads.
package final class GroupDatabase: Sendable {
  private let queue: DatabaseQueue

  /// Opens or makes the database at `path`; its folder is made, for the user alone.
  package init(path: String) throws(GroupStoreFailure) {
    do {
      let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
      try Folder.create(folder)
      queue = try StoreFile.open(path, patience: Self.patience)
      try queue.write(Self.makeTables)
    } catch {
      throw GroupStoreFailure(error, path: path)
    }
  }

  /// Opens a database that is there, to read it while another process may write to it; nil where there is none.
  package static func existing(path: String) throws(GroupStoreFailure) -> GroupDatabase? {
    guard FileStatus.exists(path) else { return nil }
    return try GroupDatabase(reading: path)
  }

  private init(reading path: String) throws(GroupStoreFailure) {
    do {
      queue = try StoreFile.open(path, patience: Self.patience)
    } catch {
      throw GroupStoreFailure(error, path: path)
    }
  }

  /// Another process may be writing, or looking, in seconds.
  private static let patience: Double = 5

  // MARK: Reading

  package func groups() throws(GroupStoreFailure) -> [StoredGroup] {
    try read { database in
      try Row.fetchAll(database, sql: "SELECT id, facts, state, recent FROM groups ORDER BY rowid").map {
        StoredGroup(
          id: $0.bytes("id") ?? [], facts: $0.bytes("facts") ?? [], state: $0.bytes("state"),
          recent: $0.bytes("recent"))
      }
    }
  }

  /// The own messages of a group that wait for their place in the log, in their order.
  package func outbox(of group: [UInt8]) throws(GroupStoreFailure) -> [StoredMessage] {
    try messages("outbox", of: group)
  }

  /// The texts of others that were not taken by the user yet, in the order of the log.
  package func received(of group: [UInt8]) throws(GroupStoreFailure) -> [StoredMessage] {
    try messages("received", of: group)
  }

  /// Invitations to others that are not in their inboxes yet, oldest first.
  package func sentInvitations() throws(GroupStoreFailure) -> [StoredItem] { try items("sent_invitations") }

  package func keyPackages() throws(GroupStoreFailure) -> [StoredItem] { try items("key_packages") }

  /// Where contacts have their inboxes.
  package func places() throws(GroupStoreFailure) -> [StoredItem] { try items("places") }

  /// The relays that were used.
  package func relays() throws(GroupStoreFailure) -> [StoredItem] { try items("relays") }

  // MARK: Changing

  /// One transaction: all of it, or nothing.
  package func apply(_ change: StoredGroupChange) throws(GroupStoreFailure) {
    try write { database in
      if let facts = change.facts {
        try database.execute(
          sql: """
            INSERT INTO groups (id, facts) VALUES (?, ?)
            ON CONFLICT (id) DO UPDATE SET facts = excluded.facts
            """, arguments: [change.group.blob, facts.blob])
      }
      if let state = change.state {
        try database.execute(
          sql: "UPDATE groups SET state = ?, recent = NULL WHERE id = ?",
          arguments: [state.blob, change.group.blob])
      }
      if let recent = change.recent {
        try database.execute(
          sql: "UPDATE groups SET recent = ? WHERE id = ?", arguments: [recent.blob, change.group.blob])
      }
      for row in change.outbox { try Self.put(row, into: "outbox", of: change.group, database) }
      for id in change.sent { try Self.remove(id, from: "outbox", of: change.group, database) }
      for row in change.received { try Self.put(row, into: "received", of: change.group, database) }
      for item in change.sentInvitations { try Self.put(item, into: "sent_invitations", database) }
      for id in change.usedKeyPackages { try Self.remove(id, from: "key_packages", database) }
    }
  }

  /// Texts that the user has: they do not come again.
  package func taken(_ ids: [[UInt8]], of group: [UInt8]) throws(GroupStoreFailure) {
    try write { database in
      for id in ids { try Self.remove(id, from: "received", of: group, database) }
    }
  }

  package func put(keyPackages: [StoredItem]) throws(GroupStoreFailure) {
    try write { database in
      for item in keyPackages { try Self.put(item, into: "key_packages", database) }
    }
  }

  package func put(place: StoredItem) throws(GroupStoreFailure) { try put(place, "places") }

  package func put(relay: StoredItem) throws(GroupStoreFailure) { try put(relay, "relays") }

  /// The invitation lies in its inbox.
  package func remove(sentInvitation id: [UInt8]) throws(GroupStoreFailure) {
    try write { database in try Self.remove(id, from: "sent_invitations", database) }
  }

  /// Forgets a group's keys and rows; what its facts say stays.
  package func wipe(group: [UInt8]) throws(GroupStoreFailure) {
    try write { database in
      try database.execute(
        sql: "UPDATE groups SET state = NULL, recent = NULL WHERE id = ?", arguments: [group.blob])
      try database.execute(sql: "DELETE FROM outbox WHERE owner = ?", arguments: [group.blob])
    }
  }

  /// Forgets a group altogether.
  package func remove(group: [UInt8]) throws(GroupStoreFailure) {
    try write { database in
      for table in ["outbox", "received"] {
        try database.execute(sql: "DELETE FROM \(table) WHERE owner = ?", arguments: [group.blob])
      }
      try database.execute(sql: "DELETE FROM groups WHERE id = ?", arguments: [group.blob])
    }
  }

  /// Lets go of the file.
  package func close() throws(GroupStoreFailure) {
    do { try queue.close() } catch { throw GroupStoreFailure(error, path: queue.path) }
  }

  // MARK: Tables

  private static func makeTables(_ database: Database) throws {
    try database.execute(
      sql: """
        CREATE TABLE IF NOT EXISTS groups (id BLOB PRIMARY KEY, facts BLOB NOT NULL, state BLOB, recent BLOB);
        """)
    for table in ["outbox", "received"] {
      try database.execute(
        sql: """
          CREATE TABLE IF NOT EXISTS \(table) (
            owner BLOB NOT NULL, number INTEGER NOT NULL, id BLOB NOT NULL, content BLOB NOT NULL,
            PRIMARY KEY (owner, id));
          """)
    }
    for table in ["sent_invitations", "key_packages", "places", "relays"] {
      try database.execute(
        sql: "CREATE TABLE IF NOT EXISTS \(table) (id BLOB PRIMARY KEY, content BLOB NOT NULL);")
    }
  }

  private static func put(
    _ row: StoredMessage, into table: String, of group: [UInt8], _ database: Database
  ) throws {
    try database.execute(
      sql: "INSERT OR REPLACE INTO \(table) (owner, number, id, content) VALUES (?, ?, ?, ?)",
      arguments: [group.blob, Int64(bitPattern: row.number), row.id.blob, row.content.blob])
  }

  private static func remove(
    _ id: [UInt8], from table: String, of group: [UInt8], _ database: Database
  ) throws {
    try database.execute(
      sql: "DELETE FROM \(table) WHERE owner = ? AND id = ?", arguments: [group.blob, id.blob])
  }

  private static func put(_ item: StoredItem, into table: String, _ database: Database) throws {
    try database.execute(
      sql: "INSERT OR REPLACE INTO \(table) (id, content) VALUES (?, ?)",
      arguments: [item.id.blob, item.content.blob])
  }

  private static func remove(_ id: [UInt8], from table: String, _ database: Database) throws {
    try database.execute(sql: "DELETE FROM \(table) WHERE id = ?", arguments: [id.blob])
  }

  // MARK: Errors

  private func put(_ item: StoredItem, _ table: String) throws(GroupStoreFailure) {
    try write { database in try Self.put(item, into: table, database) }
  }

  private func messages(_ table: String, of group: [UInt8]) throws(GroupStoreFailure) -> [StoredMessage] {
    try read { database in
      try Row.fetchAll(
        database, sql: "SELECT number, id, content FROM \(table) WHERE owner = ? ORDER BY number, rowid",
        arguments: [group.blob]
      ).map {
        StoredMessage(
          number: UInt64(bitPattern: $0["number"]), id: $0.bytes("id") ?? [],
          content: $0.bytes("content") ?? [])
      }
    }
  }

  private func items(_ table: String) throws(GroupStoreFailure) -> [StoredItem] {
    try read { database in
      try Row.fetchAll(database, sql: "SELECT id, content FROM \(table) ORDER BY rowid").map {
        StoredItem(id: $0.bytes("id") ?? [], content: $0.bytes("content") ?? [])
      }
    }
  }

  private func read<Answer>(_ body: (Database) throws -> Answer) throws(GroupStoreFailure) -> Answer {
    do { return try queue.read(body) } catch { throw GroupStoreFailure(error, path: queue.path) }
  }

  private func write(_ body: (Database) throws -> Void) throws(GroupStoreFailure) {
    do { try queue.write(body) } catch { throw GroupStoreFailure(error, path: queue.path) }
  }
}
