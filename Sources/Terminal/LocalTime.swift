import Glibc

/// Times as people read them, in the zone of this computer.
package struct LocalTime: Equatable, Sendable {
  package let year: Int
  package let month: Int
  package let day: Int
  package let hour: Int
  package let minute: Int

  package init(unixMilliseconds: UInt64) {
    var seconds = time_t(unixMilliseconds / 1000)
    var parts = unsafe tm()
    _ = unsafe localtime_r(&seconds, &parts)
    year = unsafe Int(parts.tm_year) + 1900
    month = unsafe Int(parts.tm_mon) + 1
    day = unsafe Int(parts.tm_mday)
    hour = unsafe Int(parts.tm_hour)
    minute = unsafe Int(parts.tm_min)
  }

  /// Now, in milliseconds since 1970.
  package static var nowInMilliseconds: UInt64 {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(max(0, time.tv_sec)) * 1000 + UInt64(time.tv_nsec / 1_000_000)
  }

  /// "23:16".
  package var hourAndMinute: String { Self.twoDigits(hour) + ":" + Self.twoDigits(minute) }

  /// "2026-10-02".
  package var date: String { "\(year)-" + Self.twoDigits(month) + "-" + Self.twoDigits(day) }

  private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
