import Wire

/// The texts of this side that were sent and are not acknowledged yet, in order.
struct SentTexts {
  private var waiting: [(id: MessageID, weight: Int)] = []
  private var first = 0
  /// Texts sent in this session.
  private(set) var count: UInt64 = 0
  /// The first so many are acknowledged.
  private(set) var confirmed: UInt64 = 0
  private(set) var lastConfirmed: MessageID?
  /// Bytes that were sent and are not acknowledged, with what a text counts besides.
  private(set) var unconfirmedBytes = 0

  var allConfirmed: Bool { confirmed == count }

  mutating func append(_ message: TextMessage) {
    let weight = message.text.count + Limits.textOverheadBytes
    waiting.append((message.head.id, weight))
    unconfirmedBytes += weight
    count += 1
  }

  /// The texts that an ACK of `count` newly covers. A count that falls, or is above what was sent, is
  /// E_PROTO.
  mutating func confirm(_ newCount: UInt64) throws(ProtocolFailure) -> [MessageID] {
    guard newCount >= confirmed, newCount <= count else { throw ProtocolFailure(.proto) }
    let number = Int(newCount - confirmed)
    let covered = waiting[first..<first + number]
    let ids = covered.map(\.id)
    unconfirmedBytes -= covered.reduce(0) { $0 + $1.weight }
    first += number
    confirmed = newCount
    if let last = ids.last { lastConfirmed = last }
    if first == waiting.count {
      waiting.removeAll(keepingCapacity: waiting.count <= 64)
      first = 0
    } else if first >= 1024, first > waiting.count / 2 {
      waiting.removeFirst(first)
      first = 0
    }
    return ids
  }
}
