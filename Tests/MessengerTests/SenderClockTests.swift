import Messenger
import Testing
import Wire

@Suite struct SenderClockTests {
  private let noon: UInt64 = 1_795_176_000_000

  private func time(_ minutes: Int64) -> UnixTime {
    UnixTime(milliseconds: UInt64(Int64(noon) + minutes * 60_000))
  }

  @Test func whatIsWithinFiveMinutesIsNothingToTell() {
    var clock = SenderClock()
    for minutes in [Int64(0), 5, -5, 1] {
      #expect(clock.difference(sent: time(minutes), came: time(0)) == nil)
    }
  }

  @Test func aDifferenceIsToldOnceAndAgainWhenItMoves() {
    var clock = SenderClock()
    #expect(clock.difference(sent: time(-60), came: time(0)) == -3_600_000)
    #expect(clock.difference(sent: time(-58), came: time(1)) == nil)
    #expect(clock.difference(sent: time(-66), came: time(0)) == -3_960_000)
    #expect(clock.difference(sent: time(60), came: time(0)) == 3_600_000)
    // Right again, then wrong again.
    #expect(clock.difference(sent: time(0), came: time(0)) == nil)
    #expect(clock.difference(sent: time(60), came: time(0)) == 3_600_000)
  }

  @Test func noTimeOverflows() {
    var clock = SenderClock()
    let (never, ever) = (UnixTime(milliseconds: 0), UnixTime(milliseconds: .max))
    #expect(clock.difference(sent: ever, came: never) == .max)
    #expect(clock.difference(sent: never, came: ever) == -Int64.max)
    #expect(clock.difference(sent: ever, came: never) == .max)
  }
}
