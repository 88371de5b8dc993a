import Cryptography
import GroupKeys
import TestSupport
import Testing
import Wire

/// A relay that lies, and insiders who do: each misdeed is named, and nothing is shown that nobody said.
@Suite struct FalseRelayTests {
  /// A group of three that talked, settled and renewed its keys.
  static func village(_ seed: UInt64, _ users: [String] = ["alice", "bob", "carol"]) throws -> Village {
    let village = try Village(seed: seed, users: users)
    try village.found(inviting: 1..<users.count)
    #expect(try village.run(seconds: 60) { village.villagers.allSatisfy { $0.member?.isSettled == true } })
    try village.run(seconds: 40)
    for villager in village.villagers { try villager.say("hello") }
    try village.run(seconds: 10)
    #expect(village.faults(among: village.villagers) == [])
    return village
  }

  private static func talk(_ village: Village, _ rounds: Int = 3) throws {
    for round in 0..<rounds {
      for villager in village.villagers { try? villager.say("round \(round)") }
      try village.run(seconds: 2)
    }
    try village.run(seconds: 30)
  }

  /// What nobody may ever see, whatever the relay does.
  private static func wrong(_ village: Village) -> [String] {
    village.faults(among: village.villagers, honest: false).filter {
      $0.contains("twice") || $0.contains("nobody said")
    }
  }

  @Test func anEntryThatIsLeftOutBreaksTheChain() throws {
    let village = try Self.village(20)
    let victim = village[1].link
    let lost = village.relay.head.sequence + 2
    village.relay.falsifies = { answer, link in
      if case .entry(let entry) = answer, link == victim, entry.sequence == lost { return [] }
      return [answer]
    }
    try Self.talk(village)
    #expect(village[1].misdeeds.contains(.chainBroken(sequence: lost + 1)))
    #expect(Self.wrong(village) == [])
    // The next link is honest, and brings what was left out.
    #expect(village.faults(among: [village[0], village[2]]) == [])
    #expect(village[1].shown.count == village[0].shown.count)
  }

  @Test func anEntryThatComesTwiceIsNamedAndShownOnce() throws {
    let village = try Self.village(21)
    let victim = village[1].link
    village.relay.falsifies = { answer, link in
      if case .entry = answer, link == victim { return [answer, answer] }
      return [answer]
    }
    try Self.talk(village)
    #expect(village[1].misdeeds.contains { if case .doubled = $0 { true } else { false } })
    #expect(Self.wrong(village) == [])
    #expect(village[1].shown.count == 2 + 6)
  }

  @Test func anotherOrderIsNamedAndNotRead() throws {
    let village = try Self.village(22)
    let victim = village[1].link
    var held: RelayAnswer?
    village.relay.falsifies = { answer, link in
      guard case .entry = answer, link == victim else { return [answer] }
      if let first = held {
        held = nil
        return [answer, first]
      }
      held = answer
      return []
    }
    try Self.talk(village)
    #expect(village[1].misdeeds.contains { if case .chainBroken = $0 { true } else { false } })
    #expect(Self.wrong(village) == [])
  }

  @Test func anOldLogAndATruncatedOneAreRefused() throws {
    let village = try Self.village(23)
    let read = try #require(village[1].member?.position)
    for welcome in [
      { (shown: RelayWelcome) in
        var shown = shown
        (shown.head, shown.chain) = (1, village.relay.log[0].chain)
        return shown
      },
      { (shown: RelayWelcome) in
        var shown = shown
        shown.term = 0
        return shown
      },
      { (shown: RelayWelcome) in
        var shown = shown
        shown.chain[0] ^= 1
        return shown
      },
    ] {
      let before = village[1].misdeeds.count
      var lies = true
      village.relay.falsifies = { answer, _ in
        guard lies, case .welcome(let shown) = answer else { return [answer] }
        return [.welcome(welcome(shown))]
      }
      try village[1].lose()
      try village.run(seconds: 3)
      #expect(
        village[1].misdeeds.dropFirst(before).contains {
          if case .rolledBack(let kept, _) = $0 { kept == read } else { false }
        })
      #expect(village[1].member?.position == read)
      lies = false
      try village.run(seconds: 10)
    }
    try Self.talk(village, 1)
    #expect(village[1].shown.count == 4)
  }

  @Test func textsThatTheRelayLetsFallAreMissedAtTheNextOne() throws {
    let village = try Self.village(24)
    let victim = village[0].link
    var letsFall = true
    village.relay.swallows = { _, link in letsFall && link == victim }
    try village[0].say("swallowed")
    try village.run(seconds: 5)
    letsFall = false
    // What has no place in the log is not "on the relay", whatever the receipt says.
    #expect(village[0].accepted.count == 1)
    try village.run(seconds: 60)
    #expect(village[0].accepted.count == 2)
    #expect(village[1].shown.last?.text == Array("swallowed".utf8))
  }

  @Test func twoPastsAreAForkAndSilenceWhoSeesIt() throws {
    let village = try Self.village(25, ["alice", "bob"])
    // Alice is cut off from the log that Bob writes, and sees another end of it.
    let alice = village[0].link
    let head = village.relay.head
    var isForked = true
    village.relay.falsifies = { answer, link in
      if isForked, link == alice, case .entry(let entry) = answer, entry.sequence > head.sequence {
        return []
      }
      return [answer]
    }
    try village[1].say("on one side")
    try village.run(seconds: 5)
    // The other past: an entry of the relay's own, then Bob's next text, chained behind it.
    let fake = RelayEntry(
      sequence: head.sequence + 1, id: MessageID(stream: 1, number: 1), time: village.time,
      chain: chain(head.chain, head.sequence + 1, [1, 2, 3]), content: .application, body: [1, 2, 3])
    isForked = false
    village.relay.falsifies = { answer, link in
      guard link == alice, case .entry(let entry) = answer else { return [answer] }
      if entry.sequence != head.sequence + 2 { return [] }
      let moved = RelayEntry(
        sequence: entry.sequence, id: entry.id, time: entry.time,
        chain: chain(fake.chain, entry.sequence, entry.body), content: entry.content, body: entry.body)
      return [.entry(fake), .entry(moved)]
    }
    try village[1].say("across")
    try village.run(seconds: 5)
    let sequence = head.sequence + 2
    #expect(village[0].misdeeds.contains(.garbage(nil, sequence: head.sequence + 1)))
    #expect(
      village[0].misdeeds.contains(.missing(from: village[1].user.name, first: 2, count: 1))
        || village[0].misdeeds.contains { if case .missing = $0 { true } else { false } })
    #expect(village[0].misdeeds.contains(.fork(with: village[1].user.name, sequence: sequence)))
    #expect(village[0].member?.isForked == true)
    #expect(throws: GroupVerbRefusal.silenced) { try village[0].say("no") }
    // A restart does not forget it.
    try village.run(seconds: 1)
    village[0].crash(for: 10)
    try village.run(seconds: 1)
    #expect(village[0].member?.isForked == true)
    #expect(Self.wrong(village) == [])
  }

  private func chain(_ previous: [UInt8], _ sequence: UInt64, _ body: [UInt8]) -> [UInt8] {
    let bytes = RelaySignedBytes.chain(
      after: previous, sequence: sequence, bodyHash: SHA256Hash.hash(body.span))
    return SHA256Hash.hash(bytes.span)
  }

  @Test func aReplayedTextAndGarbageInTheLogAreNamedByAll() throws {
    let village = try Self.village(26)
    let old = try #require(village.relay.log.last { $0.content.kind == .application })
    village.relay.put(MessageID(stream: 9, number: 1), .application, old.body)
    village.relay.put(MessageID(stream: 9, number: 2), .application, [UInt8](repeating: 7, count: 600))
    village.relay.put(MessageID(stream: 9, number: 3), .proposal, old.body)
    var changed = old.body
    changed[100] ^= 1
    village.relay.put(MessageID(stream: 9, number: 4), .application, changed)
    village.relay.pumpAll()
    try village.run(seconds: 5)
    for villager in village.villagers {
      let kinds = villager.misdeeds.map { misdeed in
        switch misdeed {
        case .replay: "replay"
        case .garbage: "garbage"
        case .badSignature: "signature"
        default: "other"
        }
      }
      #expect(kinds.count == 4, "\(kinds)")
      #expect(kinds.contains("garbage") && kinds.contains("signature"))
    }
    try Self.talk(village)
    #expect(Self.wrong(village) == [])
    for villager in village.villagers { #expect(villager.shown.count == 2 + 6) }
  }

  @Test func aFalseReceiptIsNamed() throws {
    let village = try Self.village(27)
    village.relay.falsifies = { answer, _ in
      guard case .receipt(let receipt) = answer else { return [answer] }
      var signature = receipt.signature
      signature[0] ^= 1
      return [
        .receipt(
          RelayReceipt(
            request: receipt.request, term: receipt.term, sequence: receipt.sequence, chain: receipt.chain,
            level: receipt.level, kind: receipt.kind, slot: receipt.slot, signature: signature))
      ]
    }
    try village[0].say("receipted falsely")
    try village.run(seconds: 5)
    #expect(village[0].misdeeds.contains { if case .badReceipt = $0 { true } else { false } })
    #expect(Self.wrong(village) == [])
  }

  @Test func garbageInASlotIsReplacedAndTheGroupWritesAgain() throws {
    let village = try Self.village(28)
    // The relay fills the slot with what nobody signed, under a key of its own.
    village.relay.put(
      MessageID(stream: 9, number: 1),
      .commit(
        RelayCommit(
          slot: village.relay.slot, nextKey: [UInt8](repeating: 1, count: 32),
          signature: [UInt8](repeating: 2, count: 64))), [UInt8](repeating: 7, count: 600))
    village.relay.pumpAll()
    try village[0].say("queued meanwhile")
    let started = village.clock
    #expect(try village.run(seconds: 60) { village[1].shown.last?.text == Array("queued meanwhile".utf8) })
    #expect(village.clock - started <= 10_000)
    for villager in village.villagers {
      #expect(
        villager.misdeeds.contains {
          if case .badCommit(nil, _, .member(.slotSignature)) = $0 { true } else { false }
        })
    }
    try Self.talk(village)
    #expect(Set(village.villagers.map { $0.member?.epochAuthenticator }).count == 1)
    #expect(Self.wrong(village) == [])
  }

  @Test func whoAppliedACommitIgnoresAnotherInItsPlace() throws {
    let village = try Self.village(29)
    let commit = try #require(village.relay.log.last { $0.content.kind == .commit })
    let slot = try #require(commit.content.commit?.slot)
    let epoch = village[0].member?.epochAuthenticator
    village.relay.put(
      MessageID(stream: 9, number: 1),
      .commit(
        RelayCommit(
          slot: slot, replaces: SHA256Hash.hash(commit.body.span), nextKey: [UInt8](repeating: 1, count: 32),
          signature: [UInt8](repeating: 2, count: 64))), [UInt8](repeating: 7, count: 600))
    village.relay.pumpAll()
    try village.run(seconds: 5)
    for villager in village.villagers {
      #expect(villager.misdeeds.contains { if case .secondCommit(slot, _) = $0 { true } else { false } })
      #expect(villager.member?.epochAuthenticator == epoch)
    }
  }

  @Test func anInvitationThatIsNoMembersOrIsForAnotherKeyPackageIsRefused() throws {
    let village = try Self.village(30, ["alice", "bob"])
    let mallory = try TestUser("mallory", seed: 99)
    // A stranger's own group, with the same name, and Mallory as its only member: the inviter is proven to be Mallory.
    let surroundings = Group.Surroundings()
    let own = try OwnKeyPackage.make(for: mallory.identity, now: startTime / 1_000, in: surroundings)
    let target = try OwnKeyPackage.make(
      for: village[1].user.identity, now: startTime / 1_000, in: surroundings)
    let description = GroupDescription(
      name: try GroupName("village"),
      relays: [GroupDescription.Relay(profile: village.relay.user.profile, address: "relay.test:7300")],
      pseudonym: [UInt8](repeating: 1, count: 32), admins: [])
    let group = try Group.create(
      groupID: [UInt8](repeating: 3, count: 32),
      extensions: [Extension(type: GroupDescription.extensionType, content: description.bytes)],
      creator: own, in: surroundings)
    let commit = try group.commit(CommitRequest([.add(target.keyPackage)]), now: nil)
    let invitation = GroupInvitation(
      position: GroupPosition(term: 1, sequence: 1, chain: [UInt8](repeating: 0, count: 32)),
      welcome: try #require(commit.welcome))
    let joined = try GroupMember.join(
      invitation, with: target, as: village[1].user.identity, in: surroundings)
    #expect(joined.inviter == mallory.profile)
    // Somebody else's key package, and one's own under another's profile.
    #expect(throws: GroupError.refused(.welcomeNotForKeyPackage)) {
      try GroupMember.join(invitation, with: own, as: mallory.identity, in: surroundings)
    }
    #expect(throws: GroupError.member(.invitationContent)) {
      try GroupMember.join(invitation, with: target, as: mallory.identity, in: surroundings)
    }
    // A group without a description, and one whose founder's certificate is none.
    let bare = try Group.create(groupID: [UInt8](repeating: 4, count: 32), creator: own, in: surroundings)
    let second = try bare.commit(CommitRequest([.add(target.keyPackage)]), now: nil)
    #expect(throws: GroupError.member(.descriptionMissing)) {
      try GroupMember.join(
        GroupInvitation(position: invitation.position, welcome: try #require(second.welcome)),
        with: target, as: village[1].user.identity, in: surroundings)
    }
    let nobody = try OwnKeyPackage.make(
      suite: .x25519AES128, credential: .basic(identity: Array("nobody".utf8)),
      lifetime: Lifetime(notBefore: 0, notAfter: 100), extensions: [GroupDescription.extensionType],
      in: surroundings)
    let strange = try Group.create(
      groupID: [UInt8](repeating: 5, count: 32),
      extensions: [Extension(type: GroupDescription.extensionType, content: description.bytes)],
      creator: nobody, in: surroundings)
    let third = try strange.commit(CommitRequest([.add(target.keyPackage)]), now: nil)
    #expect(throws: GroupError.member(.certificateVersion)) {
      try GroupMember.join(
        GroupInvitation(position: invitation.position, welcome: try #require(third.welcome)),
        with: target, as: village[1].user.identity, in: surroundings)
    }
  }

  @Test func aRelayThatGetsTheKeysOfNobodyReadsAndWritesNothing() throws {
    let village = try Self.village(31)
    // An epoch key of the relay's own: its HELLO opens nothing, its text nobody reads.
    let foreign = try Self.village(32)
    for entry in foreign.relay.log where entry.content.kind == .application {
      village.relay.put(MessageID(stream: 3, number: entry.sequence), .application, entry.body)
    }
    village.relay.pumpAll()
    try village.run(seconds: 5)
    let added = foreign.relay.log.count { $0.content.kind == .application }
    for villager in village.villagers { #expect(villager.misdeeds.count == added) }
    #expect(Self.wrong(village) == [])
  }

  /// Half of what goes to one member is left out, doubled, held back, changed or cut short, by seed.
  @Test(arguments: HonestVillageTests.seeds)
  func whateverTheRelayDoesToOneMemberNothingWrongIsShown(seed: UInt64) throws {
    let village = try Self.village(100 + seed)
    var random = SeededGenerator(seed: seed)
    var lies = true
    var held: [RelayAnswer] = []
    village.relay.falsifies = { answer, link in
      guard lies, link == village[1].link, UInt8.random(in: 0..<4, using: &random) == 0 else {
        return [answer]
      }
      switch (UInt8.random(in: 0..<5, using: &random), answer) {
      case (0, _): return []
      case (1, _): return [answer, answer]
      case (2, _):
        held.append(answer)
        return held.count > 2 ? [held.removeFirst()] : []
      case (3, .entry(let entry)):
        var body = entry.body
        if !body.isEmpty { body[Int.random(in: 0..<body.count, using: &random)] ^= 1 }
        return [
          .entry(
            RelayEntry(
              sequence: entry.sequence, id: entry.id, time: entry.time, chain: entry.chain,
              content: entry.content, body: body))
        ]
      case (_, .welcome(let shown)):
        var shown = shown
        shown.head /= 2
        return [.welcome(shown)]
      default: return [answer]
      }
    }
    try Self.talk(village, 10)
    #expect(!village[1].misdeeds.isEmpty, "seed \(seed)")
    #expect(Self.wrong(village) == [], "seed \(seed)")
    // Nothing that it did lasts.
    lies = false
    // What was left out at the end is missed when something follows it.
    try village[0].say("at last")
    try village[2].say("at last")
    try village.run(seconds: 120)
    for author in [village[0], village[2]] {
      let read = village[1].shown.filter { $0.author == author.user.name }
      #expect(Set(read.map(\.id)) == author.promised, "seed \(seed)")
    }
    #expect(village[1].promised == village[1].accepted, "seed \(seed)")
    #expect(village.faults(among: [village[0], village[2]]) == [], "seed \(seed)")
  }
}
