import ChatProtocol
import Cryptography
import Foundation
import Messenger
import Places
import TestSupport
import Testing
import Wire

@Suite struct GuessesTests {
  private let home: TestHome
  private let guesses: Guesses

  init() throws {
    home = try TestHome()
    _ = try home.identity()
    guesses = Guesses(profile: home.profile)
  }

  private func name(_ text: String) throws -> PeerName { try PeerName(text) }

  /// One run that spends its guess; whether it was a real one.
  @discardableResult
  private func run(_ text: String, known: Bool = true) throws -> Guesses.Guess {
    var guess = try guesses.reserve(People.claim(text), known: known)
    try guesses.spend(&guess)
    return guess
  }

  private var fileText: String { (try? home.text(home.profile.guesses)) ?? "" }

  // [G-03]
  @Test func fiveGuessesAreRealAndTheSixthIsNot() throws {
    for number in 1...5 {
      let guess = try run("bob")
      #expect(guess.isReal && guess.spent == number)
      #expect(try guesses.left(name("bob")) == 5 - number)
    }
    #expect(try !run("bob").isReal)
    #expect(try guesses.left(name("bob")) == 0)
    // Another name has its own five.
    #expect(try run("carol").isReal)
  }

  // [G-01] [G-03]
  @Test func fortyConnectionsAtOnceGetFiveRealGuesses() async throws {
    let guesses = guesses
    let claim = try People.claim("bob")
    let real = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<40 {
        group.addTask {
          var guess = try guesses.reserve(claim, known: true)
          guard guess.isReal else { return 0 }
          try guesses.spend(&guess)
          return 1
        }
      }
      return try await group.reduce(0, +)
    }
    #expect(real == 5)
    #expect(try guesses.left(name("bob")) == 0)
  }

  // [G-03]
  @Test func aGuessInFlightCountsBeforeItIsSpent() throws {
    let reserved = try (0..<5).map { _ in try guesses.reserve(People.claim("bob"), known: true) }
    #expect(reserved.filter(\.isReal).count == 5)
    #expect(try !guesses.reserve(People.claim("bob"), known: true).isReal)
    // Nothing was spent: the file does not even exist, and a freed guess can be taken again.
    #expect(!FileStatus.exists(home.profile.guesses))
    guesses.release(reserved[0])
    #expect(try guesses.reserve(People.claim("bob"), known: true).isReal)
    #expect(try !guesses.reserve(People.claim("bob"), known: true).isReal)
  }

  @Test func twoListenersOfOneUserSpendFiveGuessesInAll() throws {
    let other = Guesses(profile: home.profile)
    var real = 0
    for number in 0..<12 {
      let one = number.isMultiple(of: 2) ? guesses : other
      var guess = try one.reserve(People.claim("bob"), known: true)
      if guess.isReal {
        try one.spend(&guess)
        real += 1
      }
    }
    #expect(real == 5)
  }

  @Test func aGuessThatAnotherProcessSpentMeanwhileIsNotSpentAgain() throws {
    let other = Guesses(profile: home.profile)
    for _ in 0..<4 { try run("bob") }
    var mine = try guesses.reserve(People.claim("bob"), known: true)
    var theirs = try other.reserve(People.claim("bob"), known: true)
    #expect(mine.isReal && theirs.isReal)
    try other.spend(&theirs)
    // No PAIR2 may leave: there is no sixth guess.
    #expect(throws: HomeFailure.inUse(path: home.profile.guesses)) { try guesses.spend(&mine) }
    #expect(throws: Never.self) { try guesses.giveBack(mine) }
    #expect(try guesses.left(name("bob")) == 0)
  }

  // [G-01]
  @Test func aGuessIsOnTheDiskWhenItIsSpent() throws {
    var guess = try guesses.reserve(People.claim("bob"), known: true)
    try guesses.spend(&guess)
    // Another process, or this one after a crash, sees it.
    #expect(try Guesses(profile: home.profile).left(name("bob")) == 4)
  }

  // [G-02]
  @Test func onlyTheGuessOfTheVerifiedRunComesBack() throws {
    try run("bob")
    let good = try run("bob")
    #expect(try guesses.left(name("bob")) == 3)
    try guesses.giveBack(good)
    #expect(try guesses.left(name("bob")) == 4)
  }

  @Test func aGuessThatWasNeverSpentGivesNothingBack() throws {
    try run("bob")
    let reserved = try guesses.reserve(People.claim("bob"), known: true)
    try guesses.giveBack(reserved)
    #expect(try guesses.left(name("bob")) == 4)
    for _ in 0..<4 { try run("carol") }
    let unreal = try guesses.reserve(People.claim("carol"), known: false)
    try guesses.giveBack(unreal)
    #expect(try guesses.left(name("carol")) == 1)
  }

  // [G-03] [G-10]
  @Test func verifyOpensTheNameAgainAndALateGiveBackDoesNotReachTheNewCount() throws {
    let old = try run("bob")
    for _ in 0..<4 { try run("bob") }
    try guesses.reset(name("bob"))
    #expect(try guesses.left(name("bob")) == 5)
    try run("bob")
    try guesses.giveBack(old)
    #expect(try guesses.left(name("bob")) == 4)
  }

  // [G-01] [M-09]
  @Test func knownUnknownAndInvalidNamesDoTheSameWrites() throws {
    let claims = [
      (try People.claim("bob"), true), (try People.claim("stranger"), false),
      (ClaimedName(field: [UInt8](repeating: 0xFF, count: 64)), false),
    ]
    for (claim, known) in claims {
      var guess = try guesses.reserve(claim, known: known)
      try guesses.spend(&guess)
    }
    let lines = fileText.split(separator: "\n").filter { $0.hasPrefix("entry ") }
    #expect(lines.count == 3)
    // "known" and "unknown" apart, the lines are of one form; no name stands in them.
    #expect(Set(lines.map { $0.split(separator: " ").count }) == [6])
    #expect(!fileText.contains("bob") && !fileText.contains("stranger"))
    // A spent-out name is written as often as any other.
    for _ in 0..<6 { try run("bob") }
    let before = try inode()
    try run("bob")
    #expect(try inode() != before)
  }

  private func inode() throws -> UInt64 { try FileStatus(path: home.profile.guesses).inode }

  // [G-04]
  @Test func unknownNamesAreDroppedFirstAndTheOldestOfThem() throws {
    // A full file, the oldest line first: three known names, then strangers.
    let key = [UInt8](repeating: 7, count: 32)
    var lines = try (0..<3).map { try line("known\($0)", "known") }
    lines += try (0..<1_020).map { try line("u\($0)", "unknown") }
    lines.append("entry \(Hex.encode(key)) \(Hex.encode(key)) 1f 5 known")
    let text = "guesses 1\n" + lines.joined(separator: "\n") + "\n"
    let check = Hex.encode(SHA256Hash.hash(Array(text.utf8).span))
    try home.overwrite(home.profile.guesses, text + "check \(check)\n")
    #expect(try guesses.left(name("u0")) == 4 && guesses.left(name("known0")) == 4)
    // Counted again, u0 is the youngest of the strangers.
    try run("u0", known: false)
    try run("stranger", known: false)
    try run("somebody", known: true)
    let after = fileText.split(separator: "\n").filter { $0.hasPrefix("entry ") }
    #expect(after.count == 1_024)
    #expect(after.filter { $0.hasSuffix(" known") }.count == 5)
    for number in 0..<3 { #expect(try guesses.left(name("known\(number)")) == 4) }
    #expect(try guesses.left(name("u0")) == 3)
    #expect(try guesses.left(name("u1")) == 5 && guesses.left(name("u2")) == 5)
    #expect(try guesses.left(name("u3")) == 4 && guesses.left(name("stranger")) == 4)
  }

  private func line(_ text: String, _ known: String) throws -> String {
    let key = Hex.encode(try People.claim(text).guessKey)
    return "entry \(key) \(key) 1f 1 \(known)"
  }

  @Test func aDamagedCountRefusesEveryGuess() throws {
    try run("bob")
    let good = fileText
    for bad in [
      "", "guesses 1\n", String(good.dropLast()), good.replacingOccurrences(of: " 1 known", with: " 0 known"),
    ] {
      try home.overwrite(home.profile.guesses, bad)
      #expect(throws: HomeFailure.damaged(path: home.profile.guesses)) {
        try guesses.reserve(People.claim("bob"), known: true)
      }
      var guess = Optional<Guesses.Guess>.none
      #expect(throws: HomeFailure.damaged(path: home.profile.guesses)) {
        guess = try guesses.reserve(People.claim("stranger"), known: false)
      }
      #expect(guess == nil)
    }
    try home.overwrite(home.profile.guesses, good)
    #expect(try guesses.left(name("bob")) == 4)
  }

  @Test func aGuessThatCannotBeWrittenIsNotSpent() throws {
    var guess = try guesses.reserve(People.claim("bob"), known: true)
    // A folder in the file's place: every write fails, for root too.
    try Folder.create(home.profile.guesses + "/x")
    #expect(throws: HomeFailure.self) { try guesses.spend(&guess) }
    try FileManager.default.removeItem(atPath: home.profile.guesses)
    #expect(try guesses.left(name("bob")) == 5)
    // Its reservation is gone with it.
    for _ in 0..<5 { #expect(try run("bob").isReal) }
  }
}

@Suite struct DialGuessesTests {
  private let home: TestHome
  private let guesses: DialGuesses

  init() throws {
    home = try TestHome()
    guesses = DialGuesses(profile: home.profile, identity: try home.identity())
  }

  // [G-05]
  @Test func aDiallerStopsAfterThreeBadTagsUntilVerifyOrAnotherPassword() throws {
    let bob = try PeerName("bob")
    let password = People.password("wrong one")
    for left in [2, 1, 0] { #expect(try guesses.countFailure(bob, password) == left) }
    #expect(try guesses.left(bob, password) == 0)
    #expect(try guesses.countFailure(bob, password) == 0)
    // The same word typed anew is the same password; another word has its own tries.
    #expect(try guesses.left(bob, People.password("wrong one")) == 0)
    #expect(try guesses.left(bob, People.password("another")) == 3)
    #expect(try guesses.left(PeerName("carol"), password) == 3)
    try guesses.reset(PeerName("carol"))
    #expect(try guesses.left(bob, password) == 0)
    try guesses.reset(bob)
    #expect(try guesses.left(bob, password) == 3)
  }

  // [G-05]
  @Test func theCountHoldsAcrossProcessesAndRestarts() throws {
    let bob = try PeerName("bob")
    let password = People.password("wrong one")
    _ = try guesses.countFailure(bob, password)
    let other = DialGuesses(profile: home.profile, identity: try home.identity())
    #expect(try other.countFailure(bob, password) == 1)
    #expect(try guesses.left(bob, password) == 1)
  }

  // [G-05]
  @Test func theFileOfOneProfileTestsNoPasswordOfAnother() throws {
    let bob = try PeerName("bob")
    let password = People.password("wrong one")
    for _ in 0..<3 { _ = try guesses.countFailure(bob, password) }
    let text = try home.text(home.profile.folder + "/guesses-dialled")
    #expect(!text.contains("bob") && !text.contains("wrong"))
    // Under another profile's secret the same name and password have other keys.
    let other = try TestHome()
    let stranger = DialGuesses(profile: other.profile, identity: try other.identity())
    try other.overwrite(other.profile.folder + "/guesses-dialled", text)
    #expect(try stranger.left(bob, password) == 3)
  }

  @Test func aDamagedCountRefusesToDial() throws {
    let bob = try PeerName("bob")
    let path = home.profile.folder + "/guesses-dialled"
    try home.overwrite(path, "guesses 1\n")
    #expect(throws: HomeFailure.damaged(path: path)) { try guesses.left(bob, People.password("x")) }
    #expect(throws: HomeFailure.damaged(path: path)) { try guesses.countFailure(bob, People.password("x")) }
  }
}
