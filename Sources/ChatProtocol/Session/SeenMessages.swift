import Cryptography
import Synchronization
import Wire

/// What one process has taken and shown of each contact's texts, by message id.
///
/// A text that comes again, in this session or another, is acknowledged again and shown nowhere; the
/// same id with another text is E_PROTO (PROTOCOL 1.9). One object serves all connections of a
/// process, on any loop.
///
/// Of each contact the newest ``limit`` texts are remembered, whatever comes. What can come again is what
/// its sender has not seen acknowledged, and that is less: at most `Limits.unacknowledgedTexts` in each of
/// eight sessions. Who re-sends more than that is shown twice, and has only itself to blame.
package final class SeenMessages: Sendable {
  /// Texts of one contact that are remembered.
  package static let limit = 8 * Limits.unacknowledgedTexts

  private struct Entry {
    let digest: SIMD4<UInt64>
    var isShown: Bool
  }

  /// The texts of one contact.
  private struct History {
    var entries: [MessageID: Entry] = [:]
    /// In the order of arrival, as a ring once it is full.
    var order: [MessageID] = []
    var oldest = 0

    mutating func add(_ id: MessageID, _ entry: Entry, limit: Int) {
      if order.count < limit {
        order.append(id)
      } else {
        entries[order[oldest]] = nil
        order[oldest] = id
        oldest = (oldest + 1) % limit
      }
      entries[id] = entry
    }
  }

  private let limit: Int
  private let histories = Mutex<[[UInt8]: History]>([:])

  /// `limit`: texts of one contact that are remembered, at least 1.
  package init(limit: Int = SeenMessages.limit) { self.limit = max(1, limit) }

  /// Notes a text that has arrived whole; false when another text is known under its id.
  func register(contact profileID: [UInt8], id: MessageID, text: [UInt8]) -> Bool {
    let hash = SHA256Hash.hash(text.span)
    let words = (0..<4).map { hash.span.bigEndianUInt64(at: 8 * $0) }
    let digest = SIMD4(words[0], words[1], words[2], words[3])
    return histories.withLock { histories in
      if let known = histories[profileID]?.entries[id] { return known.digest == digest }
      histories[profileID, default: History()]
        .add(id, Entry(digest: digest, isShown: false), limit: limit)
      return true
    }
  }

  /// Takes the right to show a registered text; true for exactly one caller.
  ///
  /// It is taken when the text's log record is synced, not when it arrives: of two sessions that
  /// carry it, one may die before it could show it. A text that is not remembered any more is shown: rather
  /// twice than never.
  func claimShowing(contact profileID: [UInt8], id: MessageID) -> Bool {
    histories.withLock { histories in
      guard let entry = histories[profileID]?.entries[id] else { return true }
      histories[profileID]?.entries[id]?.isShown = true
      return !entry.isShown
    }
  }
}
