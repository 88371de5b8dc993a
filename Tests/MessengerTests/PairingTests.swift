import Foundation
import Messenger
import Places
import TestSupport
import Testing
import Wire

/// Pins, guesses and passwords as two or more running messengers meet them.
@Suite(.serialized) struct PairingTests {
  private let threeUsers = """
    [ {"username": "user1", "password": "password1", "ip": "127.0.0.1", "port": 12345},
      {"username": "user2", "password": "password2", "ip": "127.0.0.1", "port": 12346},
      {"username": "user3", "password": "password3", "ip": "127.0.0.1", "port": 12347} ]
    """

  /// What a dial came to.
  private func outcome(_ messenger: Messenger, _ name: String, _ port: UInt16, _ password: String? = nil)
    async
    -> Result<SessionID, MessengerFailure>
  {
    do throws(MessengerFailure) {
      let choice: PasswordChoice = password.map { .entered(EnteredPassword($0)) } ?? .fromUsersFile
      guard let name = try? PeerName(name) else { throw .stopped }
      return .success(
        try await messenger.dial(DialTarget(name: name, host: "127.0.0.1", port: port), password: choice))
    } catch {
      return .failure(error)
    }
  }

  // [G-11]
  @Test func twoWhoDialEachOtherAtOnceForTheFirstTimeAgreeOnOnePin() async throws {
    var judged = 0
    for round in 0..<16 where judged < 4 {
      let household = try Household()
      let one = try await household.open("user1")
      let two = try await household.open("user2")
      let watchers = [one, two].map { Watcher($0) }
      let (onePort, twoPort) = (try await one.listenAnywhere(), try await two.listenAnywhere())
      let begun = ContinuousClock.now
      async let there = outcome(one, "user2", twoPort)
      async let back = outcome(two, "user1", onePort)
      _ = await (there, back)
      // Whatever came of the two, from now on either reaches the other, and is known by its key.
      let later = [await outcome(one, "user2", twoPort), await outcome(two, "user1", onePort)]
      // On a busy machine a handshake can outlast its ten seconds: then this round says nothing.
      if ContinuousClock.now - begun < .seconds(9) {
        judged += 1
        for case .failure(let failure) in later { Issue.record("round \(round): not reached, \(failure)") }
        #expect(await watchers[0].waits { _ in watchers.flatMap(\.connected).contains { $0.known } })
      }
      await one.shutDown()
      await two.shutDown()
    }
    #expect(judged > 0)
  }

  // [G-11] [S-11]
  @Test func twoWhoPairUnderOneNameWithTwoListenersOfOneUserLeaveOnePin() async throws {
    for round in 0..<4 {
      let household = try Household()
      // Two listening processes of user2, and two computers that both say user1 and know the password.
      let first = try await household.open("user2")
      let second = try await household.open("user2")
      let one = try await household.open("user1", home: "one")
      let other = try await household.open("user1", home: "other")
      let watchers = [first, second, one, other].map { Watcher($0) }
      let (firstPort, secondPort) = (try await first.listenAnywhere(), try await second.listenAnywhere())
      async let left = outcome(one, "user2", firstPort)
      async let right = outcome(other, "user2", secondPort)
      _ = await (left, right)
      // Both runs are over; whoever lost, user2 knows exactly one user1, the same in both processes.
      let pinned = try #require(try await first.contact(named: try PeerName("user1")))
      #expect(try await second.contact(named: try PeerName("user1"))?.words == pinned.words)
      let isOne = pinned.words == one.identity.words
      #expect(isOne || pinned.words == other.identity.words, "round \(round)")
      // The one that is pinned is known from now on, at both listeners; the other is not let in.
      let (winner, loser) = isOne ? (one, other) : (other, one)
      for port in [firstPort, secondPort] {
        guard case .success(let session) = await outcome(winner, "user2", port) else {
          Issue.record("round \(round): the pinned one was not let in")
          continue
        }
        await winner.close(session, reason: .bye)
        guard case .failure = await outcome(loser, "user2", port) else {
          Issue.record("round \(round): two different pins of one name")
          continue
        }
      }
      #expect(try await first.contact(named: try PeerName("user1"))?.words == pinned.words)
      for messenger in [first, second, one, other] { await messenger.shutDown() }
      withExtendedLifetime(watchers) {}
    }
  }

  // [G-01] [G-03]
  @Test func fiveGuessesInAllAtTwoListenersOfOneUserAndThenTheRightPasswordFailsToo() async throws {
    let household = try Household()
    let (first, second) = (try await household.open("user2"), try await household.open("user2"))
    let attacker = try await household.open("user1", home: "attacker")
    let honest = try await household.open("user1")
    let watchers = [first, second].map { Watcher($0) }
    let ports = [try await first.listenAnywhere(), try await second.listenAnywhere()]
    for guess in 0..<6 {
      guard
        case .failure(.firstContactFailed) = await outcome(
          attacker, "user2", ports[guess % 2], "guess \(guess)")
      else {
        Issue.record("guess \(guess)")
        continue
      }
    }
    for watcher in watchers { #expect(await watcher.waits { $0.refused.count == 3 }) }
    // Each of the five was told with what was left; the sixth was none.
    let left = watchers.flatMap(\.refused).compactMap(\.triesLeft)
    #expect(left.sorted() == [0, 1, 2, 3, 4] || left.sorted() == [0, 0, 1, 2, 3, 4])
    #expect(watchers.flatMap(\.refused).allSatisfy { $0.name?.text == "user1" && $0.code == .closed })
    for port in ports {
      guard case .failure(.firstContactFailed) = await outcome(honest, "user2", port) else {
        Issue.record("the right password was taken after five guesses")
        return
      }
    }
    // What `verify user1` opens.
    try Guesses(profile: HomePath(household.folder.file("home-user2")).profile("user2")).reset(
      PeerName("user1"))
    guard case .success = await outcome(honest, "user2", ports[0]) else {
      Issue.record("the name was not opened again")
      return
    }
    for messenger in [first, second, attacker, honest] { await messenger.shutDown() }
  }

  // [G-02]
  @Test func aFirstContactThatSucceedsGivesItsOwnGuessBackAndNoOther() async throws {
    let household = try Household()
    let (alice, bob) = (try await household.open("user1"), try await household.open("user2"))
    let seenByBob = Watcher(bob)
    let port = try await bob.listenAnywhere()
    guard case .failure = await outcome(alice, "user2", port, "wrong") else {
      Issue.record("a wrong password was taken")
      return
    }
    guard case .success = await outcome(alice, "user2", port) else {
      Issue.record("the right password was not taken")
      return
    }
    #expect(await seenByBob.waits { $0.connected.count == 1 })
    let guesses = Guesses(profile: HomePath(household.folder.file("home-user2")).profile("user2"))
    var left = 0
    // The give-back answers nothing, so nobody waits for it.
    for _ in 0..<2000 where left != 4 {
      left = try guesses.left(PeerName("user1"))
      try await Task.sleep(for: .milliseconds(5))
    }
    #expect(left == 4)
    await alice.shutDown()
    await bob.shutDown()
  }

  // [G-09]
  @Test func aKnownContactWithANewKeyIsRefusedAndItsFriendIsTold() async throws {
    let household = try Household(users: threeUsers)
    let (alice, bob) = (try await household.open("user1"), try await household.open("user2"))
    let seenByBob = Watcher(bob)
    let port = try await bob.listenAnywhere()
    guard case .success = await outcome(alice, "user2", port) else {
      Issue.record("the first contact failed")
      return
    }
    #expect(await seenByBob.waits { $0.connected.count == 1 })
    let reinstalled = try await household.open("user1", home: "reinstalled")
    guard case .failure(.firstContactFailed(let facts, .auth)) = await outcome(reinstalled, "user2", port)
    else {
      Issue.record("a confirmed contact was paired anew")
      return
    }
    #expect(facts.name.text == "user2")
    #expect(await seenByBob.waits { $0.repairWanted.first?.name.text == "user1" })
    #expect(try await bob.contact(named: PeerName("user1"))?.words == alice.identity.words)
    for messenger in [alice, bob, reinstalled] { await messenger.shutDown() }
  }

  // [S-11]
  @Test func aPinThatCannotBeStoredFailsTheRunAndSaysWhyAndLaterItWorks() async throws {
    let household = try Household()
    let (alice, bob) = (try await household.open("user1"), try await household.open("user2"))
    let (seenByAlice, seenByBob) = (Watcher(alice), Watcher(bob))
    let port = try await bob.listenAnywhere()
    // A folder in the pin's place cannot be replaced by a file, not even by root.
    let blocked = HomePath(household.folder.file("home-user1")).profile("user1").contact("user2")
    try Folder.create(blocked + "/x")
    guard case .failure(.state(let problem)) = await outcome(alice, "user2", port) else {
      Issue.record("a session without a pin")
      return
    }
    #expect(problem.path == blocked)
    #expect(seenByAlice.connected.isEmpty && seenByBob.connected.isEmpty)
    try FileManager.default.removeItem(atPath: blocked)
    guard case .success = await outcome(alice, "user2", port) else {
      Issue.record("the pin could be stored, and the first contact failed")
      return
    }
    await alice.shutDown()
    await bob.shutDown()
  }

  // [S-16]
  @Test func usersWhoListEachOthersIdentityNeedNoPasswordAndADifferentOneStopsTheDial() async throws {
    let household = try Household()
    var (alice, bob) = (try await household.open("user1"), try await household.open("user2"))
    func listing(_ name: String, _ identity: String) -> String {
      """
      [{"username": "user1", "ip": "127.0.0.1", "port": 1\(name == "user1" ? ", \"identity\": \"\(identity)\"" : "")},
       {"username": "user2", "ip": "127.0.0.1", "port": 1\(name == "user2" ? ", \"identity\": \"\(identity)\"" : "")}]
      """
    }
    try household.folder.write(listing("user2", bob.identity.profile), to: "alices.json")
    try household.folder.write(listing("user1", alice.identity.profile), to: "bobs.json")
    await alice.shutDown()
    await bob.shutDown()
    alice = try await household.open("user1", users: "alices.json")
    bob = try await household.open("user2", users: "bobs.json")
    let (seenByAlice, seenByBob) = (Watcher(alice), Watcher(bob))
    let port = try await bob.listenAnywhere()
    #expect(try await alice.passwordNeed(toDial: PeerName("user2")) == .known)
    guard case .success = await outcome(alice, "user2", port) else {
      Issue.record("two who list each other are strangers")
      return
    }
    #expect(await seenByBob.waits { $0.connected.first?.known == true })
    #expect(await seenByAlice.waits { $0.connected.first?.known == true })

    // Another identity in the file than the pin that the first session stored: exit 4 before dialling.
    let stranger = try await household.open("user2", home: "stranger")
    try household.folder.write(listing("user2", stranger.identity.profile), to: "changed.json")
    await alice.shutDown()
    alice = try await household.open("user1", users: "changed.json")
    guard case .failure(.identityDiffers(let facts)) = await outcome(alice, "user2", port) else {
      Issue.record("a changed identity was dialled")
      return
    }
    #expect(facts.words == bob.identity.words)
    for messenger in [alice, bob, stranger] { await messenger.shutDown() }
  }
}
