import Foundation
import Testing

/// `SECURE_CHAT_SEEDS` says how many seeds are run; `SECURE_CHAT_SEED` replays one.
private enum Seeds {
  static let first: UInt64 = 0x5ec5_ec00_0000_0000

  static func number(_ variable: String) -> UInt64? {
    ProcessInfo.processInfo.environment[variable].flatMap { UInt64($0) }
  }

  #if DEBUG
    static let usual = 150
  #else
    static let usual = 8_000
  #endif

  static var all: [UInt64] {
    if let one = number("SECURE_CHAT_SEED") { return [one] }
    return (0..<UInt64(number("SECURE_CHAT_SEEDS") ?? UInt64(usual))).map { first + $0 }
  }
}

private struct Totals {
  var runs = 0
  var sessions = 0
  var shown = 0
  var acknowledged = 0
  var rekeys = 0
  var suites: Set<[UInt8]> = []

  mutating func add(_ outcome: Pair.Outcome) {
    add(
      Totals(
        runs: 1, sessions: outcome.sessions, shown: outcome.shown,
        acknowledged: outcome.acknowledged, rekeys: outcome.rekeys, suites: outcome.suites))
  }

  mutating func add(_ other: Totals) {
    runs += other.runs
    sessions += other.sessions
    shown += other.shown
    acknowledged += other.acknowledged
    rekeys += other.rekeys
    suites.formUnion(other.suites)
  }
}

@Suite("Two machines face to face")
struct PairTests {
  // [N-02] [N-03] [Y-07] [Y-10] [G-08] [G-11] [G-15] [U-04]
  @Test func nothingIsLostDoubledAlteredOrDisorderedWhateverHappens() async throws {
    let seeds = Seeds.all
    var total = Totals()
    await withTaskGroup(of: Totals.self) { group in
      for part in 0..<2 {
        group.addTask {
          var totals = Totals()
          for (index, seed) in seeds.enumerated() where index % 2 == part {
            // Tests that wait for programs want a turn, too.
            await Task.yield()
            do {
              let outcome = try Pair(seed: seed).run()
              #expect(outcome.findings.isEmpty, "replay with SECURE_CHAT_SEED=\(seed)")
              totals.add(outcome)
            } catch {
              Issue.record("seed \(seed) could not start: \(error)")
            }
          }
          return totals
        }
      }
      for await part in group { total.add(part) }
    }
    print(
      "Pair: \(total.runs) seeds from \(seeds.first ?? 0), \(total.sessions) connections,",
      "\(total.shown) texts shown, \(total.acknowledged) acknowledged, \(total.rekeys) rekeys")
    #expect(total.runs == seeds.count)
    #expect(total.acknowledged >= total.runs)
    if seeds.count > 1 { #expect(total.rekeys >= total.runs / 4) }
    // Every group with every cipher.
    if seeds.count >= Seeds.usual { #expect(total.suites.count == 9) }
  }

  @Test("canary: a driver that answers before the disk has synced is found")
  func aDriverThatAnswersBeforeTheSyncIsFound() throws {
    let findings = try (0..<20).flatMap { seed in
      try Pair(seed: Seeds.first + seed, fault: .answersBeforeSync).run().findings
    }
    #expect(findings.contains("a text was shown before its sync"))
    #expect(findings.contains("a text left before its sync"))
  }

  @Test("canary: a driver that forgets which texts were shown is found")
  func aDriverThatForgetsShownTextsIsFound() throws {
    let findings = try (0..<200).flatMap { seed in
      try Pair(seed: Seeds.first + seed, fault: .forgetsShownTexts).run().findings
    }
    #expect(findings.contains("a text was shown twice"))
  }

  @Test("canary: a rekey of which the two sides get different secrets is found")
  func aRekeyThatSplitsTheTwoIsFound() throws {
    let findings = try (0..<100).flatMap { seed in
      try Pair(seed: Seeds.first + seed, fault: .splitsRekeys).run().findings
    }
    #expect(findings.contains { $0.hasPrefix("no clean session in calm weather: ended E_KU") })
  }

  @Test func oneSeedGivesTheSameRunTwice() throws {
    let (one, two) = (try Pair(seed: 42).run(), try Pair(seed: 42).run())
    #expect(one.shown == two.shown)
    #expect(one.acknowledged == two.acknowledged)
    #expect(one.sessions == two.sessions)
    #expect(one.rekeys == two.rekeys)
  }
}
