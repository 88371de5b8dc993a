import Wire

/// What waits for its log record to be synced, in the order of the tickets.
struct PendingLogs {
  enum Effect {
    /// Send this text.
    case send(TextMessage)
    /// Show and acknowledge this one.
    case show(ReceivedText)
    /// Nothing waits for it.
    case nothing
  }

  private var effects: [Effect] = []
  private var first = 0
  private var firstNumber: UInt64 = 1
  /// Texts of either direction that wait.
  private(set) var outgoingCount = 0
  private(set) var incomingCount = 0

  var isEmpty: Bool { first == effects.count }

  /// Notes what the next `.log` action withholds.
  mutating func append(_ effect: Effect) -> LogTicket {
    effects.append(effect)
    count(effect, by: 1)
    return LogTicket(number: firstNumber + UInt64(effects.count - first - 1))
  }

  /// What the next unanswered ticket withheld; nil for an answer to none or to another.
  mutating func take(_ ticket: LogTicket) -> Effect? {
    guard ticket.number == firstNumber, first < effects.count else { return nil }
    let effect = effects[first]
    effects[first] = .nothing
    first += 1
    firstNumber += 1
    count(effect, by: -1)
    if first == effects.count {
      effects.removeAll(keepingCapacity: effects.count <= 64)
      first = 0
    } else if first >= 1024, first > effects.count / 2 {
      effects.removeFirst(first)
      first = 0
    }
    return effect
  }

  mutating func removeAll() {
    firstNumber += UInt64(effects.count - first)
    effects = []
    first = 0
    outgoingCount = 0
    incomingCount = 0
  }

  private mutating func count(_ effect: Effect, by step: Int) {
    switch effect {
    case .send: outgoingCount += step
    case .show: incomingCount += step
    case .nothing: break
    }
  }
}
