internal import GRDB

/// A group as it stands in the store; each part sealed by the caller.
package struct StoredGroup: Hashable, Sendable {
  /// The group's number, 32 bytes.
  package let id: [UInt8]
  package let facts: [UInt8]
  /// The whole state of this member; nil where its part is over.
  package let state: [UInt8]?
  /// What changed since the whole state was stored.
  package let recent: [UInt8]?

  package init(id: [UInt8], facts: [UInt8], state: [UInt8]?, recent: [UInt8]?) {
    self.id = id
    self.facts = facts
    self.state = state
    self.recent = recent
  }
}

/// A message of a group that waits; `content` sealed by the caller.
package struct StoredMessage: Hashable, Sendable {
  /// What the rows are ordered by.
  package let number: UInt64
  package let id: [UInt8]
  package let content: [UInt8]

  package init(number: UInt64, id: [UInt8], content: [UInt8]) {
    self.number = number
    self.id = id
    self.content = content
  }
}

/// Something kept under a number of its own; `content` sealed by the caller.
package struct StoredItem: Hashable, Sendable {
  package let id: [UInt8]
  package let content: [UInt8]

  package init(id: [UInt8], content: [UInt8]) {
    self.id = id
    self.content = content
  }
}

/// What changes in a group in one transaction.
package struct StoredGroupChange: Hashable, Sendable {
  package let group: [UInt8]
  /// Must be there in a group's first change.
  package var facts: [UInt8]?
  /// Takes the place of the last state, and of `recent` beside it.
  package var state: [UInt8]?
  package var recent: [UInt8]?
  package var outbox: [StoredMessage] = []
  /// Ids of outbox rows that are done.
  package var sent: [[UInt8]] = []
  package var received: [StoredMessage] = []
  package var sentInvitations: [StoredItem] = []
  package var usedKeyPackages: [[UInt8]] = []

  package init(group: [UInt8]) { self.group = group }
}

/// The disk, or SQLite, did not do what it was asked.
package struct GroupStoreFailure: Error, Hashable, Sendable {
  package let path: String
  /// What SQLite or the system says; never a row's content.
  package let why: String

  init(_ error: any Error, path: String) {
    self.path = path
    if let error = error as? DatabaseError {
      why = error.message ?? "SQLite error \(error.resultCode.rawValue)"
    } else {
      why = "\(error)"
    }
  }
}
