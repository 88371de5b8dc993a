internal import GRDB
internal import Places
internal import Synchronization
package import Wire

/// What a relay keeps, in SQLite (GROUPS 3.4): one transaction a batch, synced when it returns.
///
/// All calls block on the disk. `store` is for one thread at a time; `read` may run beside it and beside itself.
package final class RelayDatabase: Sendable {
  private let pool: DatabasePool
  /// Held as long as the database is open: two relays that number one mailbox would give two receipts for a place.
  private let lock: Mutex<FileLock?>

  /// Opens or makes the store in `folder`, which is made with mode 0700 where it is missing.
  ///
  /// `now` dates a new store: its term is that second, so that it is above the term of any store that was lost.
  /// `largestByteCount` bounds the file, in bytes; what has no room then fails with `.full`. Throws `.busy` where
  /// another process has it open, `.newerForm` where a later version made it.
  package init(folder: String, at now: UnixTime, largestByteCount: Int? = nil) throws(RelayStoreFailure) {
    do {
      try Folder.create(folder)
      let path = folder + "/relay.sqlite"
      lock = Mutex(try FileLock(file: folder + "/relay.lock", patience: .none))
      // Made here, so that SQLite makes its other files with the same mode.
      try OpenFile.forReadingAndWriting(path).status().requirePrivate(path: path)
      pool = try StoreFile.openForReaders(path)
      try pool.writeWithoutTransaction { database in
        if let largestByteCount {
          let pageSize = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 4096
          try database.execute(sql: "PRAGMA max_page_count = \(max(1, largestByteCount / pageSize))")
        }
      }
      try pool.write { try RelayTables.bringUpToDate($0, at: now) }
    } catch {
      throw RelayStoreFailure(error)
    }
  }

  /// What the store holds, for the engine's start.
  package func summary() throws(RelayStoreFailure) -> RelayStoreSummary {
    try reading { database in
      let term = try Int64.fetchOne(database, sql: "SELECT term FROM relay") ?? 0
      let counts = try Row.fetchOne(
        database,
        sql: """
          SELECT count(*) AS mailboxes, coalesce(sum(head + 1 - floor), 0) AS entries,
            coalesce(sum(bytes), 0) AS bytes FROM mailboxes
          """)
      let items = try Int.fetchOne(database, sql: "SELECT coalesce(sum(length(body)), 0) FROM items") ?? 0
      return RelayStoreSummary(
        term: UInt64(clamping: term), mailboxCount: counts?["mailboxes"] ?? 0,
        entryCount: counts?["entries"] ?? 0, byteCount: (counts?["bytes"] ?? 0) + items)
    }
  }

  /// Bytes of the file without its write-ahead log.
  package func fileByteCount() throws(RelayStoreFailure) -> Int {
    try reading { database in
      try (Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0)
        * (Int.fetchOne(database, sql: "PRAGMA page_size") ?? 0)
    }
  }

  /// Says that this store is an older state than one that gave receipts, as a restored copy is: a higher term.
  ///
  /// The store cannot see that by itself; its operator knows.
  package func raiseTerm(at now: UnixTime) throws(RelayStoreFailure) {
    do {
      try pool.write { database in
        try database.execute(
          sql: "UPDATE relay SET term = max(term + 1, ?)", arguments: [RelayTables.term(at: now)])
      }
    } catch {
      throw RelayStoreFailure(error)
    }
  }

  /// Does all changes or none; durable when it returns.
  package func store(_ changes: [RelayChange]) throws(RelayStoreFailure) -> RelayStored {
    do {
      return try pool.write { database in
        var writer = RelayWriter(database)
        let known = try writer.known(changes)
        guard known.isEmpty else { return .known(known) }
        for change in changes { try writer.carryOut(change) }
        return .all
      }
    } catch {
      throw RelayStoreFailure(error)
    }
  }

  package func read(_ query: RelayQuery) throws(RelayStoreFailure) -> RelayReading {
    try reading { database in try RelayReader(database).answer(query) }
  }

  /// Puts everything into the one file and closes it; what is asked afterwards fails.
  package func close() throws(RelayStoreFailure) {
    do {
      _ = try pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
      try pool.close()
      lock.withLock { $0 = nil }
    } catch {
      throw RelayStoreFailure(error)
    }
  }

  private func reading<Value>(_ read: (Database) throws -> Value) throws(RelayStoreFailure) -> Value {
    do {
      return try pool.read(read)
    } catch {
      throw RelayStoreFailure(error)
    }
  }
}

extension RelayStoreFailure {
  init(_ error: any Error) {
    switch error {
    case let failure as RelayStoreFailure: self = failure
    case let error as PlaceError where error.fault == .inUse: self = .busy
    case let error as PlaceError where error.fault == .noSpace: self = .full
    case let error as PlaceError: self = .failed(error.description)
    case let error as DatabaseError:
      // Only what SQLite says: the statement's arguments are pseudonyms.
      let words = error.message ?? error.resultCode.description
      switch error.resultCode {
      case .SQLITE_FULL: self = .full
      case .SQLITE_BUSY, .SQLITE_LOCKED: self = .busy
      case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_CONSTRAINT, .SQLITE_MISMATCH: self = .damaged(words)
      case _: self = .failed(words)
      }
    case _: self = .failed("\(error)")
    }
  }
}
