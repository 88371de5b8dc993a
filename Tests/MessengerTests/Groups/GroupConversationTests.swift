import Messenger
import SessionLog
import TestSupport
import Testing
import Wire

/// Groups over a relay, as their users see them.
@Suite struct GroupConversationTests {
  @Test func everybodyReadsWhatEveryOtherWritesOnceAndInOrder() async throws {
    let house = try await GroupHouse()
    let (alice, bob, carol) = (
      try await house.come("alice"), try await house.come("bob"), try await house.come("carol")
    )
    try await alice.meet(bob)
    try await alice.meet(carol)
    try await alice.messenger.openGroups(relay: house.address)
    let created = try await alice.create("teamspace", with: ["bob", "carol"])
    #expect(created.invited.map(\.text) == ["bob", "carol"])
    #expect(created.offline.isEmpty && created.failed.isEmpty)
    #expect(created.summary.members.map(\.name.text) == ["alice", "bob", "carol"])
    try await bob.join("teamspace")
    try await carol.join("teamspace")
    #expect(await alice.seen.waits { Set($0.joined) == ["bob", "carol"] })
    let users = [alice, bob, carol]
    for number in 1...5 {
      for user in users { try await user.say("secret text \(number)", in: "teamspace") }
    }
    for user in users {
      #expect(await user.reads(10))
      for other in users where other.name != user.name {
        #expect(user.lines(of: other.name) == (1...5).map { "\(other.name): secret text \($0)" })
      }
      #expect(user.lines(of: user.name).isEmpty)
      #expect(await user.seen.waits { $0.accepted.count == 5 })
      #expect(user.seen.troubles.isEmpty)
    }
    // Who is here is seen, and that somebody goes.
    #expect(await alice.seen.waits { $0.presence(of: "bob") == true && $0.presence(of: "carol") == true })
    let number = try #require(try await alice.group("teamspace")).id.bytes
    await carol.go()
    #expect(await alice.seen.waits { $0.presence(of: "carol") == false })
    #expect(await alice.messenger.presence(of: try carol.peer) == false)
    #expect(await alice.messenger.presence(of: try bob.peer) == true)
    await alice.go()
    await bob.go()
    await house.stopRelay()
    let keys = try users.flatMap { user in
      let profile = try Base64URL.decode(canonical: user.messenger.identity.profile)
      return [Array(profile[1..<33]), Array(profile[33..<65])]
    }
    for user in users {
      let verdicts = try house.logVerdicts(of: user.name)
      #expect(!verdicts.isEmpty && verdicts.allSatisfy { $0 == .verified }, "\(user.name): \(verdicts)")
      // The group's number is what rows are found by; the file's search finds it, so that the search works.
      #expect(try !house.groupFiles(of: user.name, holding: [number]).isEmpty)
      let needles = ["secret text", "teamspace", "alice", "carol", "127.0.0.1"].map { Array($0.utf8) }
      #expect(try house.groupFiles(of: user.name, holding: needles + keys).isEmpty)
    }
  }

  @Test func whoIsNotThereIsNamedAndComesLaterAndReadsNothingEarlier() async throws {
    let house = try await GroupHouse()
    let (alice, bob) = (try await house.come("alice"), try await house.come("bob"))
    try await alice.meet(bob)
    try await alice.messenger.openGroups(relay: house.address)
    let created = try await alice.create("team", with: ["bob", "carol"])
    #expect(created.invited.map(\.text) == ["bob"])
    #expect(created.offline.map(\.text) == ["carol"])
    try await bob.join("team")
    try await alice.say("before carol", in: "team")
    #expect(await bob.reads(1))
    #expect(await bob.seen.waits { $0.offline == [["carol"]] })

    let carol = try await house.come("carol")
    try await alice.meet(carol)
    try await carol.join("team")
    #expect(await bob.seen.waits { $0.joined.contains("carol") })
    try await alice.say("after carol", in: "team")
    #expect(await carol.reads(1))
    #expect(await bob.reads(2))
    #expect(carol.lines == ["alice: after carol"])
    // Nobody else gets in.
    let dave = try await house.come("dave")
    do {
      _ = try await dave.messenger.join(try GroupName("team"))
      Issue.record("nobody invited dave")
    } catch MessengerFailure.group(.notInvited) {}
    for user in [alice, bob, carol, dave] { await user.go() }
    await house.stopRelay()
  }

  @Test func whoIsRemovedAndWhoLeavesReadsNothingLater() async throws {
    let house = try await GroupHouse()
    let (alice, bob, carol) = (
      try await house.come("alice"), try await house.come("bob"), try await house.come("carol")
    )
    try await alice.meet(bob)
    try await alice.meet(carol)
    try await alice.messenger.openGroups(relay: house.address)
    _ = try await alice.create("team", with: ["bob", "carol"])
    try await bob.join("team")
    try await carol.join("team")
    #expect(await alice.seen.waits { Set($0.joined) == ["bob", "carol"] })
    do {
      try await bob.messenger.kick(try carol.peer, from: try GroupName("team"))
      Issue.record("bob is no admin")
    } catch MessengerFailure.group(.notAdmin) {}
    try await alice.messenger.kick(try carol.peer, from: try GroupName("team"))
    #expect(await carol.seen.waits { $0.wasRemoved(by: "alice") })
    #expect(try await bob.sees(["alice", "bob"], in: "team"))
    try await alice.say("without carol", in: "team")
    #expect(await bob.reads(1))
    do {
      try await carol.say("still here?", in: "team")
      Issue.record("carol is out")
    } catch MessengerFailure.group(.notMember) {}

    try await bob.messenger.leave(try GroupName("team"))
    #expect(bob.seen.ended.contains(.left))
    #expect(try await alice.sees(["alice"], in: "team"))
    try await alice.say("alone", in: "team")
    #expect(await alice.seen.waits { $0.accepted.count == 2 })
    #expect(carol.lines.isEmpty)
    #expect(bob.lines == ["alice: without carol"])
    for user in [alice, bob, carol] { await user.go() }
    await house.stopRelay()
  }

  @Test func whoComesBackCatchesUpAndARelayThatComesBackGoesOn() async throws {
    let house = try await GroupHouse()
    let (alice, first) = try await house.twoInTeam()
    try await alice.say("text 0", in: "team")
    #expect(await first.reads(1))
    await first.go()
    for number in 1...20 { try await alice.say("text \(number)", in: "team") }

    let bob = try await house.come("bob")
    try await bob.messenger.openGroups(relay: nil)
    #expect(await bob.reads(20))
    #expect(bob.lines == (1...20).map { "alice: text \($0)" })
    #expect(bob.seen.groupMessages.allSatisfy { !$0.again })

    await house.stopRelay()
    try await alice.say("text 21", in: "team")
    try await house.startRelay()
    #expect(await bob.reads(21))
    try await bob.say("answer", in: "team")
    #expect(await alice.reads(1))
    #expect(bob.lines.last == "alice: text 21")
    #expect(alice.lines == ["bob: answer"])
    #expect(alice.seen.troubles.isEmpty && bob.seen.troubles.isEmpty)
    await alice.go()
    await bob.go()
    await house.stopRelay()
  }

  @Test func whatTheUserDidNotTakeComesAgainAndSaysSo() async throws {
    let house = try await GroupHouse()
    let (alice, first) = try await house.twoInTeam()
    await first.go()

    // It logs what comes, and nobody takes it.
    let before = try house.logLineCount(of: "bob")
    let still = try await house.come("bob", startsTaking: false)
    try await still.messenger.openGroups(relay: nil)
    for number in 1...3 { try await alice.say("text \(number)", in: "team") }
    #expect(await alice.seen.waits { _ in ((try? house.logLineCount(of: "bob")) ?? 0) >= before + 4 })
    await still.go()

    let bob = try await house.come("bob")
    try await bob.messenger.openGroups(relay: nil)
    #expect(await bob.reads(3))
    #expect(bob.lines == (1...3).map { "alice: text \($0)" })
    #expect(bob.seen.groupMessages.allSatisfy { $0.again })
    await alice.go()
    await bob.go()
    await house.stopRelay()
  }

  @Test func whoIsAwayIsInvitedThroughTheInbox() async throws {
    let house = try await GroupHouse()
    let (alice, first) = (try await house.come("alice"), try await house.come("bob"))
    try await alice.meet(first)
    try await alice.messenger.openGroups(relay: house.address)
    try await first.messenger.openGroups(relay: house.address)
    // By this one alice knows where bob's inbox is.
    _ = try await alice.create("other", with: ["bob"])
    try await first.join("other")
    await first.go()
    #expect(await alice.seen.waits { $0.closed.contains { $0.peer.text == "bob" } })
    let created = try await alice.create("team", with: ["bob"])
    #expect(created.invited.map(\.text) == ["bob"])
    try await alice.say("you will read this", in: "team")

    let bob = try await house.come("bob")
    try await bob.messenger.openGroups(relay: nil)
    try await bob.join("team")
    #expect(await bob.reads(1))
    #expect(bob.lines == ["alice: you will read this"])
    await alice.go()
    await bob.go()
    await house.stopRelay()
  }

  @Test func aSecondUserOfOneNameIsRefused() async throws {
    let house = try await GroupHouse()
    let (alice, bob) = (try await house.come("alice"), try await house.come("bob"))
    let (carol, other) = (try await house.come("carol"), try await house.come("carol", home: "home-other"))
    try await alice.meet(bob)
    try await alice.meet(carol)
    try await bob.meet(other)
    try await alice.messenger.openGroups(relay: house.address)
    _ = try await alice.create("team", with: ["bob", "carol"])
    try await bob.join("team")
    let invited = try await bob.messenger.invite([try other.peer], to: try GroupName("team"))
    #expect(invited.invited.isEmpty)
    guard case .group(.alreadyMember)? = invited.failed.first?.failure else {
      Issue.record("it was \(invited.failed)")
      return
    }
    // Nor is there a second group of one name, nor a second program with the groups.
    do {
      _ = try await alice.create("team", with: [])
      Issue.record("the name is taken")
    } catch MessengerFailure.group(.nameTaken) {}
    let twin = try await house.come("alice")
    do {
      try await twin.messenger.openGroups(relay: nil)
      Issue.record("the groups are open")
    } catch MessengerFailure.group(.inUse) {}
    #expect(try await twin.group("team")?.members.count == 3)
    for user in [alice, bob, carol, other, twin] { await user.go() }
    await house.stopRelay()
  }

  @Test func withoutGroupsNothingIsMade() async throws {
    let house = try await GroupHouse()
    let (alice, bob) = (try await house.come("alice"), try await house.come("bob"))
    try await alice.messenger.openGroups(relay: nil)
    try await alice.meet(bob)
    #expect(try await alice.messenger.groups().isEmpty)
    do {
      _ = try await alice.create("team", with: ["bob"])
      Issue.record("there is no relay")
    } catch MessengerFailure.group(.relayNeeded) {}
    await alice.go()
    await bob.go()
    #expect(!house.household.folder.allFiles.contains { $0.contains("/groups/") })
    let counters = try await house.relay.counters()
    #expect(counters.handshakes == 0)
    await house.stopRelay()
  }
}
