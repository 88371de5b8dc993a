import Messenger
import Testing
import Wire

/// The rule by which an idle session beside another is given up, under a clock of its own.
@Suite struct IdleDoublesTests {
  private let rule = IdleDoubles(limitMilliseconds: 30_000)
  private let contact = [UInt8](repeating: 7, count: 32)

  private func session(_ id: UInt8, dialled: Bool, lastText seconds: Int64, contact: [UInt8]? = nil)
    -> IdleDoubles.Session
  {
    IdleDoubles.Session(
      id: [id], contact: contact ?? self.contact, isDialled: dialled, lastText: at(seconds))
  }

  private func at(_ seconds: Int64) -> Moment { Moment(nanoseconds: 0).advanced(bySeconds: seconds) }

  // [G-14]
  @Test func anIdleOneBesideOneInUseGoesAfterThirtySecondsWhicheverIsNewer() {
    for (idle, used) in [(UInt8(1), UInt8(2)), (2, 1)] {
      let sessions = [session(idle, dialled: true, lastText: 0), session(used, dialled: true, lastText: 25)]
      #expect(rule.surplus(among: sessions, at: at(29)).isEmpty)
      #expect(rule.surplus(among: sessions, at: at(30)) == [0])
      #expect(rule.surplus(among: sessions.reversed(), at: at(30)) == [1])
    }
  }

  // [G-14]
  @Test func onlyItsInitiatorClosesIt() {
    let sessions = [session(1, dialled: false, lastText: 0), session(2, dialled: true, lastText: 100)]
    #expect(rule.surplus(among: sessions, at: at(100)).isEmpty)
  }

  @Test func theOnlySessionWithAContactStays() {
    let sessions = [
      session(1, dialled: true, lastText: 0),
      session(2, dialled: true, lastText: 0, contact: [UInt8](repeating: 8, count: 32)),
    ]
    #expect(rule.surplus(among: sessions, at: at(1000)).isEmpty)
  }

  @Test func ofManyIdleOnesOneStays() {
    let sessions = (UInt8(1)...8).map { session($0, dialled: true, lastText: Int64($0) % 3) }
    #expect(rule.surplus(among: sessions, at: at(60)) == Array(0..<7))
  }

  /// Both sides judge the sessions of crossing dials, each by when it saw the last texts; never may both go.
  @Test func twoSidesNeverCloseBothAndCloseOneInTheEnd() {
    for ids in [(UInt8(1), UInt8(2)), (2, 1)] {
      for lastTexts in stride(from: Int64(0), through: 40, by: 1) {
        for skew in Int64(-9)...9 {
          var closed: Set<UInt8> = []
          for second in Int64(50)...90 {
            let (atAlice, atBob) = (second, second + skew)
            func view(_ isAlice: Bool) -> [IdleDoubles.Session] {
              [
                session(ids.0, dialled: isAlice, lastText: isAlice ? 0 : skew),
                session(ids.1, dialled: !isAlice, lastText: lastTexts + (isAlice ? 0 : skew)),
              ]
            }
            // A close that is on its way is not seen yet.
            for (isAlice, now) in [(true, atAlice), (false, atBob - skew / 2)] {
              let sessions = view(isAlice)
              for index in rule.surplus(among: sessions, at: at(now)) { closed.insert(sessions[index].id[0]) }
            }
            guard closed.isEmpty else { break }
          }
          #expect(closed.count == 1, "\(ids), \(lastTexts), \(skew): \(closed)")
        }
      }
    }
  }
}
