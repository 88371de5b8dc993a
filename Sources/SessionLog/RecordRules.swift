internal import Wire

/// What the records of one log must say of each other, whoever wrote them ("Rules" of docs/LOG_FORMAT.md).
struct RecordRules {
  private(set) var sent: Int
  private(set) var received: Int
  private(set) var messagesSent = 0
  private(set) var messagesReceived = 0
  private(set) var headsNotJudged = 0
  private(set) var closing: LogCloseReason?
  private var acknowledged = 0
  private var epoch = 0
  private let witness: WitnessMode

  init(_ header: LogHeader) {
    sent = header.previous?.sent ?? 0
    received = header.previous?.received ?? 0
    witness = header.witness
  }

  /// Takes the next record in; false where it does not follow from those before it.
  mutating func take(_ line: LogLine, redactions: inout Redactions) -> Bool {
    switch line.body {
    case .message(let direction, let ordinal, _, _):
      switch direction {
      case .sent:
        guard ordinal == sent + 1 else { return false }
        sent = ordinal
        messagesSent += 1
      case .received:
        guard ordinal == received + 1 else { return false }
        received = ordinal
        messagesReceived += 1
      }
    case .acknowledgement(let ordinal, _):
      guard ordinal > acknowledged, ordinal <= sent else { return false }
      acknowledged = ordinal
    case .rekey(let next):
      guard next > epoch else { return false }
      epoch = next
    case .close(let why, let out, let `in`):
      guard out == sent, `in` == received else { return false }
      closing = why
    case .redaction(let record, let length):
      return redactions.name(record, length: length)
    case .checkpoint, .cosignature, .peerHead:
      // What they claim is judged with the witnesses' keys; here only that a log without witnesses has none.
      headsNotJudged += 1
      return witness != .off
    case .open, .head: break
    }
    return true
  }
}

/// The texts of a log that are not as they were written, and what the log itself says about that.
struct Redactions {
  /// A payload whose hash is not the one that its record states.
  struct Damage {
    var length: Int
    /// Whether it is the one form of a deleted text, `"r":"0...0"`.
    var isDeletedForm: Bool
    var lineStart: Int
    var line: Int
  }

  private(set) var damaged: [Int: Damage] = [:]
  private var named: [Int: Int] = [:]
  /// The payload's length plus one of each message, 0 for other records, by record number.
  private var lengths: [UInt32] = []

  mutating func note(_ record: Int, payloadLength: Int?) {
    while lengths.count < record { lengths.append(0) }
    lengths.append(UInt32(truncatingIfNeeded: (payloadLength ?? -1) + 1))
  }

  mutating func note(_ record: Int, damage: Damage) { damaged[record] = damage }

  /// A redact record names an earlier message; false where it may not.
  mutating func name(_ record: Int, length: Int) -> Bool {
    guard record < lengths.count, lengths[record] > 0, named[record] == nil else { return false }
    if damaged[record] == nil, Int(lengths[record]) - 1 != length { return false }
    named[record] = length
    return true
  }

  /// The first text that is damaged, not in the deleted form, and not named by any redact so far.
  var firstDamage: (record: Int, damage: Damage)? {
    damaged.filter { named[$0.key] == nil && !$0.value.isDeletedForm }.min { $0.key < $1.key }
      .map { ($0.key, $0.value) }
  }

  /// The first fault at the end of the log, lowest record first.
  var firstFault: Finding? {
    for (record, damage) in damaged.sorted(by: { $0.key < $1.key }) where !isExplained(record, damage) {
      let removed = damage.isDeletedForm && named[record] == nil
      return Finding(
        removed ? .textRemoved : .text, record: record, line: damage.line, offset: damage.lineStart)
    }
    return nil
  }

  /// The first record whose deletion was announced and not finished.
  var firstUnfinished: Int? {
    named.keys.sorted().first { record in damaged[record].map { !$0.isDeletedForm } ?? true }
  }

  /// How many texts were deleted as their redact records say.
  var deleted: Int { named.keys.count { damaged[$0]?.isDeletedForm == true } }

  /// The records whose payload is a fault.
  var faults: [Int] { damaged.filter { !isExplained($0.key, $0.value) }.map(\.key) }

  private func isExplained(_ record: Int, _ damage: Damage) -> Bool { named[record] == damage.length }
}
