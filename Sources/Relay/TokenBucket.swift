import Wire

/// How often something may happen: so many at once, then one an interval.
struct TokenBucket {
  /// Nanoseconds that one use costs.
  private let interval: Int64
  private let capacity: Int64
  private var available: Int64
  private var last: Moment

  init(_ rate: RelayLimits.Rate, at now: Moment) {
    self.init(
      interval: 1_000_000_000 / Int64(max(1, min(rate.perSecond, 1_000_000_000))), rate.burst, at: now)
  }

  init(everySeconds seconds: Int64, burst: Int, at now: Moment) {
    self.init(interval: max(1, min(seconds, 1_000_000)) * 1_000_000_000, burst, at: now)
  }

  private init(interval: Int64, _ burst: Int, at now: Moment) {
    self.interval = interval
    let (product, overflow) = interval.multipliedReportingOverflow(by: Int64(max(1, burst)))
    capacity = overflow ? .max : product
    available = capacity
    last = now
  }

  /// Takes one; or the milliseconds after which there is one, at least 1.
  mutating func take(at now: Moment) -> UInt32? {
    let (elapsed, overflow) = now.nanoseconds.subtractingReportingOverflow(last.nanoseconds)
    if overflow || elapsed >= capacity - available {
      available = capacity
    } else if elapsed > 0 {
      available += elapsed
    }
    last = now
    guard available >= interval else {
      return UInt32(clamping: (interval - available) / 1_000_000 + 1)
    }
    available -= interval
    return nil
  }
}
