import Foundation
import TestSupport
import Testing
import Wire

@Suite struct TimeTests {
  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00.000Z", "19700101T000000Z"),
      (951_782_400_000, "2000-02-29T00:00:00.000Z", "20000229T000000Z"),
      (1_795_176_000_123, "2026-11-20T12:00:00.123Z", "20261120T120000Z"),
      (4_107_542_399_999, "2100-02-28T23:59:59.999Z", "21000228T235959Z"),
      (4_107_542_400_000, "2100-03-01T00:00:00.000Z", "21000301T000000Z"),
      (253_402_300_799_999, "9999-12-31T23:59:59.999Z", "99991231T235959Z"),
    ] as [(UInt64, String, String)])
  func aTimeIsWrittenAndReadInUTC(_ milliseconds: UInt64, _ long: String, _ short: String) {
    let time = UnixTime(milliseconds: milliseconds)
    #expect(time.rfc3339 == long)
    #expect(time.compact == short)
    #expect(UnixTime(rfc3339: long) == time)
  }

  @Test func randomTimesAreThoseOfFoundation() {
    var generator = SeededGenerator(seed: 7)
    let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    for _ in 0..<500 {
      let seconds = UInt64.random(in: 0..<253_402_300_800, using: &generator)
      let time = UnixTime(milliseconds: seconds * 1_000)
      #expect(time.rfc3339 == Date(timeIntervalSince1970: Double(seconds)).formatted(style))
      #expect(UnixTime(rfc3339: time.rfc3339) == time)
    }
  }

  @Test func aPeersAbsurdClockIsShownAsTheLastMillisecondOfFourDigits() {
    #expect(UnixTime(milliseconds: .max).rfc3339 == "9999-12-31T23:59:59.999Z")
  }

  @Test(arguments: [
    "", "2026-11-20T12:00:00Z", "2026-11-20 12:00:00.000Z", "2026-13-20T12:00:00.000Z",
    "2026-00-20T12:00:00.000Z",
    "2026-02-29T12:00:00.000Z", "2100-02-29T12:00:00.000Z", "2026-11-31T12:00:00.000Z",
    "2026-11-20T24:00:00.000Z",
    "2026-11-20T12:60:00.000Z", "2026-11-20T12:00:60.000Z", "1969-12-31T23:59:59.999Z",
    "2026-11-20T12:00:00.000z",
    "2026-11-20T12:00:00.00aZ", "+026-11-20T12:00:00.000Z", "2026-11-00T12:00:00.000Z",
  ])
  func whatIsNoTimeIsRefused(_ text: String) {
    #expect(UnixTime(rfc3339: text) == nil)
  }

  @Test func momentsAddAndSubtractWithoutOverflow() {
    let start = Moment(nanoseconds: 5)
    #expect(start.advanced(bySeconds: 10).nanoseconds == 10_000_000_005)
    #expect(start.advanced(byMilliseconds: -1).nanoseconds == -999_995)
    #expect((start + .milliseconds(1_500)).milliseconds(since: start) == 1_500)
    #expect(start.advanced(bySeconds: .max) == Moment(nanoseconds: .max))
    #expect(start.advanced(bySeconds: .min) == Moment(nanoseconds: .min))
    #expect(Moment(nanoseconds: .max).milliseconds(since: Moment(nanoseconds: .min)) > 0)
    #expect(Moment(nanoseconds: .min).milliseconds(since: Moment(nanoseconds: .max)) < 0)
  }
}
