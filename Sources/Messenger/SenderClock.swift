package import Wire

/// What a peer's texts say of its clock, beside this computer's.
///
/// A text says when it was written, which is shown and never trusted. Where that is far from when it came, the
/// user is told, once for each time that the difference moves.
package struct SenderClock: Sendable {
  /// What two clocks and a link may differ by: five minutes, as Kerberos allows by custom. In milliseconds.
  package static let toleratedMilliseconds: Int64 = 300_000

  private var told: Int64 = 0

  package init() {}

  /// By how many milliseconds a text was written after it came (below zero: before); nil where that is nothing
  /// to tell, or told already.
  package mutating func difference(sent: UnixTime, came: UnixTime) -> Int64? {
    let difference = Int64(clamping: sent.milliseconds) - Int64(clamping: came.milliseconds)
    guard difference.magnitude > Self.toleratedMilliseconds else {
      told = 0
      return nil
    }
    let moved = difference.subtractingReportingOverflow(told)
    guard moved.overflow || moved.partialValue.magnitude > Self.toleratedMilliseconds else { return nil }
    told = difference
    return difference
  }
}
