internal import GRDB
internal import Wire

/// The form of a relay's store, and how an older one is brought up to it (docs/RELAY.md).
enum RelayTables {
  /// The number of the form that this build writes, in SQLite's `user_version`; 0 is an empty file.
  static let form: Int64 = 1

  /// Brings the store to the present form, step by step, in the caller's transaction.
  static func bringUpToDate(_ database: Database, at now: UnixTime) throws {
    let found = try Int64.fetchOne(database, sql: "PRAGMA user_version") ?? 0
    guard found <= form else { throw RelayStoreFailure.newerForm(UInt64(clamping: found)) }
    if found < 1 { try makeFirstForm(database, at: now) }
    // A later form's step comes here: `if found < 2 { ... }`.
    try database.execute(sql: "PRAGMA user_version = \(form)")
  }

  /// The term of a store that begins now: its second. So it is above that of a store that was lost before.
  static func term(at now: UnixTime) -> Int64 { max(1, Int64(clamping: now.milliseconds / 1000)) }

  private static func makeFirstForm(_ database: Database, at now: UnixTime) throws {
    try database.execute(
      sql: """
        CREATE TABLE relay (
          only INTEGER PRIMARY KEY CHECK (only = 1),
          term INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE mailboxes (
          id INTEGER PRIMARY KEY,
          pseudonym BLOB NOT NULL UNIQUE CHECK (length(pseudonym) = 32),
          key BLOB NOT NULL CHECK (length(key) = 32),
          slot INTEGER NOT NULL DEFAULT 0,
          floor INTEGER NOT NULL DEFAULT 1,
          head INTEGER NOT NULL DEFAULT 0,
          chain BLOB NOT NULL CHECK (length(chain) = 32),
          bytes INTEGER NOT NULL DEFAULT 0,
          last_item INTEGER NOT NULL DEFAULT 0,
          opened INTEGER NOT NULL,
          CHECK (floor BETWEEN 1 AND head + 1)
        ) STRICT;
        -- The body stands last: what is asked of the others does not walk through it.
        CREATE TABLE entries (
          mailbox INTEGER NOT NULL REFERENCES mailboxes (id),
          sequence INTEGER NOT NULL CHECK (sequence > 0),
          id BLOB NOT NULL CHECK (length(id) = 16),
          kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3),
          time INTEGER NOT NULL,
          size INTEGER NOT NULL,
          chain BLOB NOT NULL CHECK (length(chain) = 32),
          slot INTEGER CHECK ((slot IS NOT NULL) = (kind = 3)),
          replaces BLOB,
          next_key BLOB,
          signature BLOB,
          body_hash BLOB NOT NULL CHECK (length(body_hash) = 32),
          in_force INTEGER NOT NULL,
          is_open INTEGER NOT NULL DEFAULT 0,
          body BLOB NOT NULL,
          PRIMARY KEY (mailbox, sequence)
        ) STRICT;
        CREATE UNIQUE INDEX entries_by_id ON entries (mailbox, id);
        CREATE UNIQUE INDEX commits_in_force ON entries (mailbox, slot) WHERE in_force = 1;
        -- The key that is registered for each slot.
        CREATE TABLE keys (
          mailbox INTEGER NOT NULL REFERENCES mailboxes (id),
          slot INTEGER NOT NULL,
          key BLOB NOT NULL CHECK (length(key) = 32),
          PRIMARY KEY (mailbox, slot)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE items (
          mailbox INTEGER NOT NULL REFERENCES mailboxes (id),
          item INTEGER NOT NULL,
          time INTEGER NOT NULL,
          body_hash BLOB NOT NULL,
          body BLOB NOT NULL,
          PRIMARY KEY (mailbox, item)
        ) STRICT;
        CREATE TABLE key_packages (
          number INTEGER PRIMARY KEY AUTOINCREMENT,
          mailbox INTEGER NOT NULL REFERENCES mailboxes (id),
          is_last_resort INTEGER NOT NULL,
          body BLOB NOT NULL
        ) STRICT;
        CREATE INDEX key_packages_of ON key_packages (mailbox, is_last_resort, number);
        """)
    try database.execute(sql: "INSERT INTO relay (only, term) VALUES (1, ?)", arguments: [term(at: now)])
  }
}
