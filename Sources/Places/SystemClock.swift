import Glibc

/// Where a program takes its two clocks from; tests put in their own.
package protocol ClockSource: Sendable {
  /// Nanoseconds since some fixed instant; never goes back and is never set.
  var monotonicNanoseconds: Int64 { get }
  /// Milliseconds since 1970-01-01T00:00:00Z, as the computer's clock has it.
  var unixMilliseconds: UInt64 { get }
}

/// The clocks of this computer.
package struct SystemClock: ClockSource {
  package init() {}

  package var monotonicNanoseconds: Int64 {
    let time = SystemClock.read(CLOCK_MONOTONIC)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// A clock set before 1970 reads as 0.
  package var unixMilliseconds: UInt64 {
    let time = SystemClock.read(CLOCK_REALTIME)
    return UInt64(max(0, time.tv_sec)) * 1000 + UInt64(max(0, time.tv_nsec) / 1_000_000)
  }

  /// Blocks this thread; an interruption does not shorten it.
  package static func sleep(milliseconds: Int) {
    var left = timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
    var rest = timespec()
    while unsafe nanosleep(&left, &rest) != 0, errno == EINTR { left = rest }
  }

  private static func read(_ clock: clockid_t) -> timespec {
    var time = timespec()
    // Both clocks exist on every Linux; the call cannot fail for them.
    _ = unsafe clock_gettime(clock, &time)
    return time
  }
}
