import ChatProtocol
import Foundation
import Messenger
import Places
import TestSupport
import Testing
import Wire

/// Blocked and unverified contacts, contacts from a file, and first contacts that cross, between running messengers.
@Suite(.serialized) struct PeopleTests {
  private let user1: PeerName
  private let user2: PeerName
  private let threeUsers = """
    [ {"username": "user1", "password": "password1", "ip": "127.0.0.1", "port": 12345},
      {"username": "user2", "password": "password2", "ip": "127.0.0.1", "port": 12346},
      {"username": "user3", "password": "password3", "ip": "127.0.0.1", "port": 12347} ]
    """

  init() throws {
    user1 = try PeerName("user1")
    user2 = try PeerName("user2")
  }

  private func failure(_ messenger: Messenger, _ name: PeerName, _ port: UInt16) async -> MessengerFailure? {
    do throws(MessengerFailure) {
      _ = try await messenger.dial(
        DialTarget(name: name, host: "127.0.0.1", port: port), password: .fromUsersFile)
      return nil
    } catch {
      return error
    }
  }

  // [E-03]
  @Test func aBlockedContactIsToldWithAnAlertAndNothingOfItIsShown() async throws {
    let household = try Household(users: threeUsers)
    let (alice, bob) = (try await household.open("user1"), try await household.open("user2"))
    let (seenByAlice, seenByBob) = (Watcher(alice), Watcher(bob))
    let port = try await bob.listenAnywhere()
    _ = try await alice.dial("user2", port: port)
    #expect(await seenByBob.waits { $0.connected.count == 1 })

    // The conversation that is up ends, cleanly for both.
    #expect(try await bob.block(user1))
    #expect(try await !bob.block(user1))
    #expect(await seenByAlice.waits { $0.closed.count == 1 })
    #expect(seenByAlice.closed.first?.truncated == false)
    #expect(await seenByBob.waits { $0.closed.count == 1 })

    // Its key is proven, then it is told; whatever it says meanwhile is nobody's to see.
    if let session = try? await alice.dial("user2", port: port) {
      _ = try? await alice.send("let me in", on: session)
    }
    #expect(await seenByAlice.waits { $0.closed.count == 2 })
    #expect(seenByAlice.closed.last?.alert == .blocked)
    #expect(await seenByBob.waits { !$0.refused.isEmpty })
    let refused = try #require(seenByBob.refused.first)
    #expect(refused.code == .policy && refused.unwanted?.name == user1 && refused.name == nil)
    if case .blocked? = refused.unwanted?.why {} else { Issue.record("not refused as blocked") }
    #expect(seenByBob.messages.isEmpty && seenByBob.connected.count == 1)

    // Nor is it dialled from here.
    guard case .blockedHere? = await failure(bob, user1, port) else {
      Issue.record("a blocked contact was dialled")
      return
    }
    // A stranger under its name meets a random password, and nobody is told to verify.
    let reinstalled = try await household.open("user1", home: "reinstalled")
    guard case .firstContactFailed? = await failure(reinstalled, user2, port) else {
      Issue.record("a blocked name paired")
      return
    }
    #expect(seenByBob.repairWanted.isEmpty)

    #expect(try await bob.unblock(user1))
    #expect(try await !bob.unblock(user1))
    #expect(await failure(alice, user2, port) == nil)
    #expect(await seenByBob.waits { $0.connected.count == 2 })
    for messenger in [alice, bob, reinstalled] { await messenger.shutDown() }
  }

  @Test func aNameThatIsBlockedBeforeItIsKnownDoesNotPair() async throws {
    let household = try Household(users: threeUsers)
    let (alice, bob) = (try await household.open("user1"), try await household.open("user2"))
    let watchers = [Watcher(alice), Watcher(bob)]
    let port = try await bob.listenAnywhere()
    _ = try await bob.block(user1)
    guard case .firstContactFailed? = await failure(alice, user2, port) else {
      Issue.record("a blocked name paired")
      return
    }
    #expect(try await bob.contact(named: user1) == nil)
    _ = try await bob.unblock(user1)
    #expect(await failure(alice, user2, port) == nil)
    await alice.shutDown()
    await bob.shutDown()
    withExtendedLifetime(watchers) {}
  }

  @Test func whoRequiresVerifiedContactsTalksWithNobodyElse() async throws {
    let household = try Household(users: threeUsers)
    let (alice, bob) = (try await household.open("user1"), try await household.open("user2"))
    let watchers = [Watcher(alice), Watcher(bob)]
    let port = try await bob.listenAnywhere()
    let strict = try await household.open("user1") { $0.requiresVerified = true }
    guard case .notVerified(_, isKnown: false)? = await failure(strict, user2, port) else {
      Issue.record("a stranger was dialled")
      return
    }
    #expect(await failure(alice, user2, port) == nil)
    #expect(await watchers[1].waits { $0.connected.count == 1 })
    guard case .notVerified(_, isKnown: true)? = await failure(strict, user2, port) else {
      Issue.record("an unverified contact was dialled")
      return
    }
    try await strict.markVerified(user2)
    #expect(await failure(strict, user2, port) == nil)

    // The other way round: the listener sends away whom it has not verified, and takes no first contact.
    let strictListener = try await household.open("user2") { $0.requiresVerified = true }
    let seen = Watcher(strictListener)
    var options = ListenOptions()
    options.bind = .address("127.0.0.1")
    options.port = 0
    let summary = try await strictListener.listen(options)
    #expect(!summary.firstContact)
    let closedBefore = watchers[0].closed.count
    _ = await failure(alice, user2, summary.port)
    #expect(await watchers[0].waits { $0.closed.count > closedBefore })
    #expect(watchers[0].closed.last?.alert == .blocked)
    #expect(await seen.waits { $0.refused.first?.unwanted != nil })
    #expect(seen.connected.isEmpty)
    try await strictListener.markVerified(user1)
    #expect(await failure(alice, user2, summary.port) == nil)
    #expect(await seen.waits { $0.connected.first?.verified == true })
    for messenger in [alice, bob, strict, strictListener] { await messenger.shutDown() }
  }

  // [G-07] [G-10]
  @Test func aNoAfterVerifyLeavesTheOtherSideOpenToBeAskedAgain() async throws {
    let household = try Household()
    let (alice, bob) = (try await household.open("user1"), try await household.open("user2"))
    let (seenByAlice, seenByBob) = (Watcher(alice), Watcher(bob))
    let port = try await bob.listenAnywhere()
    let target = DialTarget(name: user2, host: "127.0.0.1", port: port)
    for accept in [false, true] {
      let proposal = try await alice.verify(target, password: .fromUsersFile)
      #expect(proposal.newWords == bob.identity.words)
      #expect(await seenByBob.waits { $0.closed.last?.peerReason == .verified })
      // The other side stored a pin, and knows by the CLOSE that this side has none yet.
      var isProvisional = false
      for _ in 0..<12000 where !isProvisional {
        isProvisional = try await bob.contact(named: user1)?.isProvisional ?? false
        try await Task.sleep(for: .milliseconds(5))
      }
      #expect(isProvisional)
      try await alice.verifyAnswer(proposal.session, accept: accept)
      #expect(try await alice.contact(named: user2)?.words == (accept ? bob.identity.words : nil))
    }
    // After the yes both hold the same pin, and the first conversation confirms it.
    let before = seenByBob.connected.count
    #expect(await failure(alice, user2, port) == nil)
    #expect(await seenByBob.waits { $0.connected.count > before && $0.connected.last?.known == true })
    #expect(try await bob.contact(named: user1)?.isProvisional == false)
    await alice.shutDown()
    await bob.shutDown()
    withExtendedLifetime(seenByAlice) {}
  }

  // [G-10]
  @Test func whoOnlyWaitsForANewKeyServesNobodyElse() async throws {
    let household = try Household(users: threeUsers)
    let bob = try await household.open("user2")
    let seenByBob = Watcher(bob)
    let alice = try await household.open("user1")
    let watchers = [Watcher(alice)]
    _ = try await alice.dial("user2", port: try await bob.listenAnywhere())
    #expect(await seenByBob.waits { $0.connected.count == 1 })
    var options = ListenOptions()
    options.bind = .address("127.0.0.1")
    options.port = 0
    options.verifying = try PeerName("user3")
    let port = try await bob.listen(options).port
    // A contact is told to come later, and nothing of it is shown.
    let closedBefore = watchers[0].closed.count
    _ = await failure(alice, user2, port)
    #expect(await watchers[0].waits { $0.closed.count > closedBefore })
    #expect(watchers[0].closed.last?.alert == .tooManySessions)
    #expect(seenByBob.connected.count == 1 && seenByBob.messages.isEmpty)
    await alice.shutDown()
    await bob.shutDown()
  }

  // [S-16]
  @Test func contactsFromAFileNeedNoPasswordAndContradictionsChangeNothing() async throws {
    let household = try Household(users: "[{\"username\": \"user9\", \"ip\": \"127.0.0.1\", \"port\": 1}]")
    let (alice, bob) = (try await household.open("user1"), try await household.open("user2"))
    let seenByBob = Watcher(bob)
    let port = try await bob.listenAnywhere()
    try await alice.takeContacts(of: ProfileList(parsing: Array(bob.identity.profile.utf8)))
    try await bob.takeContacts(of: ProfileList(parsing: Array(alice.identity.profile.utf8)))
    let contact = try #require(try await alice.contact(named: user2))
    #expect(!contact.verified && contact.floor == .x25519 && contact.profile == bob.identity.profile)
    #expect(await failure(alice, user2, port) == nil)
    #expect(await seenByBob.waits { $0.connected.first?.known == true })

    let other = try await household.open("user2", home: "other")
    let list = try ProfileList(
      parsing: Array((other.identity.profile + "\n" + alice.identity.profile + "\n").utf8))
    let kinds = try await alice.outlook(of: list).map(\.kind)
    #expect(kinds == [.differs, .refused(.ownKey)])
    await #expect(throws: MessengerFailure.self) { try await alice.takeContacts(of: list) }
    #expect(try await alice.contact(named: user2)?.words == bob.identity.words)
    let known = try await alice.outlook(of: ProfileList(parsing: Array(bob.identity.profile.utf8)))
    #expect(known.map(\.kind) == [.known])
    for messenger in [alice, bob, other] { await messenger.shutDown() }
  }

  // [G-11]
  @Test func firstContactsThatCrossInTwoProcessesOfEachUserEndInOnePinOrNameTheWayOut() async throws {
    for _ in 0..<3 {
      let household = try Household()
      // Each user listens in one process and dials from another.
      let (alice, bob) = (try await household.open("user1"), try await household.open("user2"))
      let (alicesOther, bobsOther) = (try await household.open("user1"), try await household.open("user2"))
      let watchers = [alice, bob, alicesOther, bobsOther].map { Watcher($0) }
      let (alicesPort, bobsPort) = (try await alice.listenAnywhere(), try await bob.listenAnywhere())
      async let there = failure(alicesOther, user2, bobsPort)
      async let back = failure(bobsOther, user1, alicesPort)
      for failure in await [there, back] {
        switch failure {
        case nil, .contactChanged?, .firstContactFailed?, .sessionEnded?, .stopped?: break
        case let failure?: Issue.record("a loser was told \(failure)")
        }
      }
      if let problem = await failure(alicesOther, user2, bobsPort) {
        // Both stored what the other did not: K fails and says so, and verify, once on each side, mends it.
        guard case .keyUnknown = problem else {
          Issue.record("\(problem)")
          continue
        }
        let target = DialTarget(name: user2, host: "127.0.0.1", port: bobsPort)
        let proposal = try await alicesOther.verify(target, password: .fromUsersFile)
        try await alicesOther.verifyAnswer(proposal.session, accept: true)
        #expect(await failure(alicesOther, user2, bobsPort) == nil)
      }
      #expect(await failure(bobsOther, user1, alicesPort) == nil)
      for messenger in [alice, bob, alicesOther, bobsOther] { await messenger.shutDown() }
      withExtendedLifetime(watchers) {}
    }
  }
}
