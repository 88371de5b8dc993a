package import GRDB

/// How a database of this product is opened: write-ahead log, every commit synced, nothing trusted that the file says
/// of itself.
package enum StoreFile {
  /// Opens or makes the database at `path`, whose folder must exist and be the user's alone.
  ///
  /// Throws what SQLite says.
  package static func open(_ path: String) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.foreignKeysEnabled = true
    configuration.prepareDatabase { database in
      try database.execute(sql: "PRAGMA journal_mode = WAL")
      // Durable when a transaction returns, power loss included.
      try database.execute(sql: "PRAGMA synchronous = FULL")
      // What is deleted is overwritten.
      try database.execute(sql: "PRAGMA secure_delete = ON")
      try database.execute(sql: "PRAGMA trusted_schema = OFF")
    }
    return try DatabaseQueue(path: path, configuration: configuration)
  }
}
