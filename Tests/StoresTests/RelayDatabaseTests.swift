import Foundation
import GRDB
import Stores
import TestSupport
import Testing
import Wire

@Suite struct RelayDatabaseTests {
  private let folder: TemporaryFolder
  private let path: String
  private static let now = UnixTime(milliseconds: 1_800_000_000_000)
  private static let mailbox = [UInt8](repeating: 1, count: 32)

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("relay")
  }

  private func open(largestByteCount: Int? = nil, at now: UnixTime = now) throws -> RelayDatabase {
    try RelayDatabase(folder: path, at: now, largestByteCount: largestByteCount)
  }

  private static func key(_ number: UInt8) -> [UInt8] { [UInt8](repeating: number, count: 32) }

  private static func append(
    _ sequence: UInt64, id: UInt64? = nil, commit: RelayCommit? = nil, byteCount: Int = 10, hash: UInt8 = 0,
    time: UInt64 = now.milliseconds
  ) -> RelayChange {
    .append(
      mailbox: mailbox,
      RelayEntry(
        sequence: sequence, id: MessageID(stream: .max, number: id ?? sequence),
        time: UnixTime(milliseconds: time), chain: key(UInt8(truncatingIfNeeded: sequence)),
        content: commit.map { .commit($0) } ?? .application,
        body: [UInt8](repeating: UInt8(truncatingIfNeeded: sequence), count: byteCount)), bodyHash: key(hash))
  }

  private static func commit(_ slot: UInt64, next: UInt8, replaces: [UInt8] = RelayCommit.replacesNothing)
    -> RelayCommit
  {
    RelayCommit(
      slot: slot, replaces: replaces, nextKey: key(next), signature: [UInt8](repeating: 9, count: 64))
  }

  private static let opening = RelayChange.open(mailbox: mailbox, key: key(1), at: now)

  private func row(_ database: RelayDatabase) throws -> RelayMailbox {
    guard case .mailbox(let found) = try database.read(.mailbox(Self.mailbox)) else { throw Wrong() }
    return try #require(found)
  }

  private func entries(_ database: RelayDatabase, from: UInt64 = 1, byteCount: Int = .max) throws -> [UInt64]
  {
    let query = RelayQuery.entries(mailbox: Self.mailbox, from: from, through: .max, byteCount: byteCount)
    guard case .entries(let found) = try database.read(query) else { throw Wrong() }
    return found.map(\.sequence)
  }

  private struct Wrong: Error {}

  @Test func whatIsStoredIsThereAfterReopening() throws {
    let database = try open()
    let changes =
      [Self.opening] + (1...5).map { Self.append($0) } + [Self.append(6, commit: Self.commit(0, next: 2))]
    #expect(try database.store(changes) == .all)
    let before = try row(database)
    #expect(before.head == 6 && before.slot == 1 && before.key == Self.key(2) && before.chain == Self.key(6))
    #expect(before.entryByteCount == 5 * 75 + 75 + 136)
    // Another relay may not number the same mailboxes meanwhile.
    #expect(throws: RelayStoreFailure.busy) { try open() }
    try database.close()
    let again = try open(at: UnixTime(milliseconds: Self.now.milliseconds + 9_000_000))
    #expect(try row(again) == before)
    #expect(try entries(again) == Array(1...6))
    #expect(try entries(again, from: 3, byteCount: 150) == [3, 4])
    #expect(try entries(again, from: 3, byteCount: 0) == [3])
    let summary = try again.summary()
    #expect(summary.term == 1_800_000_000 && summary.mailboxCount == 1 && summary.entryCount == 6)
    try again.raiseTerm(at: UnixTime(milliseconds: 0))
    #expect(try again.summary().term == 1_800_000_001)
  }

  @Test func whatWasStoredOutlivesAKill() throws {
    let database = try open()
    _ = try database.store([Self.opening, Self.append(1)])
    // The files as a kill leaves them: the write-ahead log was not put into the database yet.
    let copy = folder.file("copy")
    try FileManager.default.createDirectory(
      atPath: copy, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    for name in ["relay.sqlite", "relay.sqlite-wal"] {
      try FileManager.default.copyItem(atPath: path + "/" + name, toPath: copy + "/" + name)
    }
    let killed = try RelayDatabase(folder: copy, at: Self.now)
    #expect(try entries(killed) == [1])
    #expect(try killed.store([Self.append(2)]) == .all)
  }

  @Test func everyFileIsTheUsersAlone() throws {
    let database = try open()
    _ = try database.store([Self.opening])
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o700)
    let names = try FileManager.default.contentsOfDirectory(atPath: path)
    #expect(names.contains("relay.sqlite-wal"))
    for name in names { #expect(try folder.mode(of: "relay/" + name) == 0o600, "\(name)") }
  }

  @Test func aTransactionIsSyncedWhenItReturns() throws {
    let pool = try StoreFile.openForReaders(folder.file("pool.sqlite"))
    let (journal, synchronous) = try pool.writeWithoutTransaction { database in
      (
        try String.fetchOne(database, sql: "PRAGMA journal_mode"),
        try Int.fetchOne(database, sql: "PRAGMA synchronous")
      )
    }
    #expect(journal == "wal" && synchronous == 2)
  }

  @Test func aKnownIdStopsTheBatchAndSaysWhereItStands() throws {
    let database = try open()
    _ = try database.store([Self.opening, Self.append(1), Self.append(2)])
    let known = try database.store([Self.append(3, id: 9), Self.append(4, id: 2), Self.append(5, id: 1)])
    guard case .known(let places) = known else { throw Wrong() }
    #expect(places.mapValues(\.sequence) == [1: 2, 2: 1])
    #expect(places[1]?.chain == Self.key(2))
    #expect(try entries(database) == [1, 2])
  }

  @Test func theSchemaItselfKeepsOrderIdsAndSlots() throws {
    let database = try open()
    _ = try database.store([Self.opening, Self.append(1, commit: Self.commit(0, next: 2))])
    let before = try row(database)
    for wrong in [
      [Self.append(3)], [Self.append(1, id: 7)], [Self.append(2, commit: Self.commit(0, next: 3))],
      [Self.append(2, commit: Self.commit(2, next: 3))], [Self.append(2, id: 5), Self.append(3, id: 5)],
      [Self.append(2), Self.opening], [.reopen(mailbox: Self.mailbox, slot: 4)],
      [.forget(mailbox: Self.mailbox)], [.deleteKeyPackage(mailbox: Self.mailbox, number: 1)],
      [.append(mailbox: Self.key(5), before.entry(1), bodyHash: Self.key(0))],
    ] {
      #expect(throws: RelayStoreFailure.self) { try database.store(wrong) }
      #expect(try row(database) == before && entries(database) == [1])
    }
    try database.close()
    // And against whoever writes past this code.
    let raw = try StoreFile.open(path + "/relay.sqlite")
    #expect(throws: DatabaseError.self) {
      try raw.write {
        try $0.execute(
          sql: """
            INSERT INTO entries SELECT mailbox, 2, x'00000000000000000000000000000007', kind, time, size, chain,
              slot, replaces, next_key, signature, body_hash, in_force, is_open, body FROM entries
            """)
      }
    }
  }

  @Test func aReplacedCommitLosesItsSlotAndItsKeys() throws {
    let database = try open()
    _ = try database.store([
      Self.opening, Self.append(1, commit: Self.commit(0, next: 66), hash: 6),
      Self.append(2, commit: Self.commit(1, next: 67)), .reopen(mailbox: Self.mailbox, slot: 0),
    ])
    let query = RelayQuery.standing(
      mailbox: Self.mailbox, id: MessageID(stream: .max, number: 2), slot: 0)
    guard case .standing(let standing) = try database.read(query) else { throw Wrong() }
    #expect(standing.isOpen && standing.winnerHash == Self.key(6) && standing.key == Self.key(1))
    #expect(standing.placement?.sequence == 2 && standing.winner?.sequence == 1)
    _ = try database.store([
      Self.append(3, commit: Self.commit(0, next: 2, replaces: Self.key(6))),
      Self.append(4, commit: Self.commit(1, next: 3)),
    ])
    for (key, isRegistered) in [(1, true), (2, true), (3, true), (66, false), (67, false)] as [(UInt8, Bool)]
    {
      #expect(
        try database.read(.isRegistered(mailbox: Self.mailbox, key: Self.key(key)))
          == .isRegistered(isRegistered))
    }
    #expect(try row(database).slot == 2)
    // A slot of any number from a client is no error.
    #expect(
      try database.read(.standing(mailbox: Self.mailbox, id: nil, slot: .max)) == .standing(RelayStanding()))
  }

  @Test func theOldestGoWithTheKeysThatOnlyTheyNeeded() throws {
    let database = try open()
    let day: UInt64 = 24 * 3600 * 1000
    _ = try database.store([
      Self.opening, Self.append(1, commit: Self.commit(0, next: 2), time: 0), Self.append(2, time: 0),
      Self.append(3, time: 2 * day), Self.append(4, time: 3 * day),
      .putItem(
        mailbox: Self.mailbox, RelayInboxItem(item: 1, body: [1]), bodyHash: Self.key(1),
        at: UnixTime(milliseconds: 0)),
    ])
    #expect(
      try database.read(.oldest(mailbox: Self.mailbox, byteCount: 220))
        == .oldest(RelayTrim(from: 1, floor: 3, entryByteCount: 211 + 75)))
    let query = RelayQuery.expired(
      before: UnixTime(milliseconds: day), unused: UnixTime(milliseconds: 0), after: [], count: 9)
    let trim = RelayTrim(from: 1, floor: 3, entryByteCount: 211 + 75)
    #expect(
      try database.read(query)
        == .expired([RelayExpiry(mailbox: Self.mailbox, trim: trim, itemsThrough: 1, isUnused: false)]))
    _ = try database.store([.trim(mailbox: Self.mailbox, floor: 3, itemsThrough: 1)])
    let mailbox = try row(database)
    #expect(mailbox.floor == 3 && mailbox.head == 4 && mailbox.entryByteCount == 150 && mailbox.items.isEmpty)
    #expect(try entries(database) == [3, 4])
    #expect(
      try database.read(.isRegistered(mailbox: Self.mailbox, key: Self.key(1))) == .isRegistered(false))
    #expect(try database.read(.isRegistered(mailbox: Self.mailbox, key: Self.key(2))) == .isRegistered(true))
    #expect(try database.read(query) == .expired([]))
    #expect(try database.store([.trim(mailbox: Self.mailbox, floor: 5, itemsThrough: 0)]) == .all)
    #expect(try database.store([Self.append(5)]) == .all)
  }

  @Test func aMailboxThatWasNeverUsedIsForgotten() throws {
    let database = try open()
    _ = try database.store([Self.opening])
    let later = UnixTime(milliseconds: Self.now.milliseconds + 1)
    let query = RelayQuery.expired(before: later, unused: later, after: [], count: 9)
    guard case .expired(let found) = try database.read(query) else { throw Wrong() }
    #expect(found.map(\.isUnused) == [true])
    _ = try database.store([.forget(mailbox: Self.mailbox)])
    #expect(try database.read(.mailbox(Self.mailbox)) == .mailbox(nil))
    #expect(try database.store([Self.opening, Self.append(1)]) == .all)
  }

  @Test func itemsAndKeyPackagesComeBackInTheirOrder() throws {
    let database = try open()
    var changes = [Self.opening]
    for number in UInt8(1)...4 {
      changes.append(
        .putItem(
          mailbox: Self.mailbox, RelayInboxItem(item: UInt64(number), body: [number, number]),
          bodyHash: Self.key(number), at: Self.now))
      changes.append(
        .putKeyPackage(mailbox: Self.mailbox, isLastResort: number == 1, body: [number], keeping: 2))
    }
    _ = try database.store(changes + [.deleteItem(mailbox: Self.mailbox, item: 2)])
    #expect(try row(database).items.map(\.item) == [1, 3, 4] && row(database).lastItem == 4)
    #expect(
      try database.read(.items(mailbox: Self.mailbox, after: 1, byteCount: 3))
        == .items([RelayInboxItem(item: 3, body: [3, 3])]))
    var given: [[UInt8]] = []
    for _ in 0..<3 {
      guard case .keyPackage(let found) = try database.read(.keyPackage(mailbox: Self.mailbox)) else {
        throw Wrong()
      }
      let kept = try #require(found)
      given.append(kept.body)
      if !kept.isLastResort {
        _ = try database.store([.deleteKeyPackage(mailbox: Self.mailbox, number: kept.number)])
      }
    }
    #expect(given == [[3], [4], [1]])
  }

  @Test func aFullDiskIsAnErrorAndChangesNothing() throws {
    let database = try open(largestByteCount: 400_000)
    _ = try database.store([Self.opening])
    var head: UInt64 = 0
    var failure: RelayStoreFailure?
    while failure == nil, head < 100 {
      do throws(RelayStoreFailure) {
        _ = try database.store([Self.append(head + 1, byteCount: 30_000)])
        head += 1
      } catch {
        failure = error
      }
    }
    #expect(failure == .full && head > 3)
    #expect(try entries(database) == Array(1...head) && row(database).head == head)
    #expect(try database.fileByteCount() <= 400_000)
    // What is let go makes room.
    _ = try database.store([.trim(mailbox: Self.mailbox, floor: 4, itemsThrough: 0)])
    #expect(try database.store([Self.append(head + 1, byteCount: 30_000)]) == .all)
  }

  @Test func aLaterFormIsRefused() throws {
    try open().close()
    let raw = try StoreFile.open(path + "/relay.sqlite")
    try raw.write { try $0.execute(sql: "PRAGMA user_version = 2") }
    try raw.close()
    #expect(throws: RelayStoreFailure.newerForm(2)) { try open() }
  }

  @Test func aFileThatIsNoDatabaseIsRefused() throws {
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    try folder.write(String(repeating: "no database", count: 200), to: "relay/relay.sqlite")
    #expect(throws: RelayStoreFailure.self) { try open() }
    try folder.write("", to: "relay/relay.sqlite", mode: 0o644)
    #expect(throws: RelayStoreFailure.self) { try open() }
  }
}

extension RelayMailbox {
  fileprivate func entry(_ sequence: UInt64) -> RelayEntry {
    RelayEntry(
      sequence: sequence, id: MessageID(stream: 1, number: 1), time: UnixTime(milliseconds: 0), chain: chain,
      content: .application, body: [])
  }
}
