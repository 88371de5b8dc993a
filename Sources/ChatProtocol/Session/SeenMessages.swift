import Cryptography
import Synchronization
import Wire

/// What one process has taken and shown of each contact's texts, by message id.
///
/// A text that comes again, in this session or another, is acknowledged again and shown nowhere; the
/// same id with another text is E_PROTO (PROTOCOL 1.9). One object serves all connections of a
/// process, on any loop.
package final class SeenMessages: Sendable {
  private struct Key: Hashable {
    let contact: [UInt8]
    let id: MessageID
  }

  private struct Entry {
    let digest: [UInt8]
    var isShown: Bool
  }

  private let entries = Mutex<[Key: Entry]>([:])

  package init() {}

  /// Notes a text that has arrived whole; false when another text is known under its id.
  func register(contact profileID: [UInt8], id: MessageID, text: [UInt8]) -> Bool {
    let digest = SHA256Hash.hash(text.span)
    let key = Key(contact: profileID, id: id)
    return entries.withLock { entries in
      if let known = entries[key] { return known.digest == digest }
      entries[key] = Entry(digest: digest, isShown: false)
      return true
    }
  }

  /// Takes the right to show a registered text; true for exactly one caller.
  ///
  /// It is taken when the text's log record is synced, not when it arrives: of two sessions that
  /// carry it, one may die before it could show it.
  func claimShowing(contact profileID: [UInt8], id: MessageID) -> Bool {
    entries.withLock { entries in
      guard let entry = entries[Key(contact: profileID, id: id)], !entry.isShown else {
        return false
      }
      entries[Key(contact: profileID, id: id)]?.isShown = true
      return true
    }
  }
}
