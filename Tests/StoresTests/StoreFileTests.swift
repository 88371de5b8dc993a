import Foundation
import GRDB
import Stores
import TestSupport
import Testing

@Suite struct StoreFileTests {
  @Test func everyCommitIsSynced() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "store-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try StoreFile.open(folder.appending(path: "rows").path)
    let (journal, synchronous) = try store.read { database in
      (
        try String.fetchOne(database, sql: "PRAGMA journal_mode"),
        try Int.fetchOne(database, sql: "PRAGMA synchronous")
      )
    }
    #expect(journal == "wal")
    #expect(synchronous == 2)
  }
}
