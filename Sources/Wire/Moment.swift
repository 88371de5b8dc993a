/// A point on a monotonic clock, in nanoseconds from an arbitrary start.
///
/// Machines never read a clock: whoever drives them says what time it is.
package struct Moment: Comparable, Hashable, Sendable {
  package var nanoseconds: Int64

  package init(nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }

  /// The moment `duration` later; stays at the end of the clock instead of overflowing.
  package static func + (moment: Moment, duration: Duration) -> Moment {
    let (seconds, attoseconds) = duration.components
    return moment.advanced(by: seconds, unit: 1_000_000_000).advanced(
      by: attoseconds / 1_000_000_000, unit: 1)
  }

  package func advanced(bySeconds seconds: Int64) -> Moment {
    advanced(by: seconds, unit: 1_000_000_000)
  }

  package func advanced(byMilliseconds milliseconds: Int64) -> Moment {
    advanced(by: milliseconds, unit: 1_000_000)
  }

  /// Whole milliseconds since `earlier`, rounded towards zero.
  package func milliseconds(since earlier: Moment) -> Int64 {
    let (difference, overflow) = nanoseconds.subtractingReportingOverflow(earlier.nanoseconds)
    if overflow { return (nanoseconds < earlier.nanoseconds ? Int64.min : Int64.max) / 1_000_000 }
    return difference / 1_000_000
  }

  package static func < (left: Moment, right: Moment) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  private func advanced(by count: Int64, unit: Int64) -> Moment {
    let (product, productOverflow) = count.multipliedReportingOverflow(by: unit)
    let (sum, sumOverflow) = nanoseconds.addingReportingOverflow(product)
    if productOverflow || sumOverflow {
      return Moment(nanoseconds: count < 0 ? .min : .max)
    }
    return Moment(nanoseconds: sum)
  }
}
