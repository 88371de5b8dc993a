package import GRDB

/// How a database of this product is opened: write-ahead log, every commit synced, nothing trusted that the file says
/// of itself.
package enum StoreFile {
  /// Opens or makes the database at `path`, whose folder must exist and be the user's alone.
  ///
  /// `patience`: how long to wait, in seconds, while another process writes. Throws what SQLite says.
  package static func open(_ path: String, patience: Double = 0) throws -> DatabaseQueue {
    var configuration = configuration()
    if patience > 0 { configuration.busyMode = .timeout(patience) }
    return try DatabaseQueue(path: path, configuration: configuration)
  }

  /// The same for a database that is read while a transaction is being synced.
  package static func openForReaders(_ path: String) throws -> DatabasePool {
    let pool = try DatabasePool(path: path, configuration: configuration())
    // A pool's own choice for its writer is NORMAL, which a power loss can take transactions from.
    try pool.writeWithoutTransaction { try synchronizeFully($0) }
    return pool
  }

  private static func configuration() -> Configuration {
    var configuration = Configuration()
    configuration.foreignKeysEnabled = true
    configuration.prepareDatabase { database in
      try database.execute(sql: "PRAGMA journal_mode = WAL")
      try synchronizeFully(database)
      // What is deleted is overwritten.
      try database.execute(sql: "PRAGMA secure_delete = ON")
      try database.execute(sql: "PRAGMA trusted_schema = OFF")
    }
    return configuration
  }

  /// Durable when a transaction returns, power loss included.
  private static func synchronizeFully(_ database: Database) throws {
    try database.execute(sql: "PRAGMA synchronous = FULL")
  }
}
