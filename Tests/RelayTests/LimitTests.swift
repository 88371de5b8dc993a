import Relay
import TestSupport
import Testing
import Wire

@Suite struct LimitTests {
  @Test func anEntryHoldsTheLargestPaddedEnvelope() {
    #expect(RelayLimits().entryByteCount >= 68 << 10)
  }

  @Test func whoSaysNothingOrNotHelloFirstIsClosed() {
    let scene = RelayScene()
    let (silent, early, garbled) = (scene.open(), scene.open(), scene.open())
    scene.give(text(1), by: early)
    scene.engine.received(type: 64, body: [1, 2], from: garbled, at: scene.now)
    scene.run()
    #expect(scene.closed == [early: .unauthenticated, garbled: .malformed])
    scene.pass(seconds: 11)
    #expect(scene.closed[silent] == .silent)
  }

  @Test func aHelloOfAnotherLinkIsOfNoUse() {
    let scene = RelayScene()
    let link = scene.open()
    let signed = RelaySignedBytes.authentication(
      th: RelayScene.hash([99]), pseudonym: RelayScene.pseudonym(1))
    scene.give(
      .hello(
        .member(
          RelayMembership(
            pseudonym: RelayScene.pseudonym(1), key: RelayScene.key(1),
            signature: RelayScene.signature(signed, by: RelayScene.key(1))))), by: link)
    #expect(scene.closed[link] == .unauthenticated)
    // Nor may anybody but the owner of the first key open a mailbox.
    let other = scene.member(key: 2, of: 1)
    #expect(scene.closed[other] == .unauthenticated)
    // And one link serves one mailbox.
    let two = scene.member(key: 3, of: 3)
    scene.hello(two, key: 4, of: 4)
    #expect(scene.closed[two] == .unauthenticated)
    #expect(scene.disk.mailboxes.count == 1)
  }

  @Test func ratesAreSaidAndHeld() {
    let scene = RelayScene()
    let link = scene.member(key: 1, of: 1)
    _ = scene.take(link)
    for number in 1...60 { scene.give(text(number), by: link) }
    let answers = scene.take(link)
    #expect(answers.receipts.count == 40 && answers.refusals.count == 20)
    guard case .refused(let refusal) = answers.last else {
      Issue.record("the last one was not refused")
      return
    }
    #expect(refusal.reason == .rate && (1...101).contains(refusal.retryAfter))
    scene.pass(seconds: 1)
    for number in 61...80 { scene.give(text(number), by: link) }
    #expect(scene.take(link).receipts.count == 10)
    // All links of a mailbox together.
    let more = (0..<10).map { _ in scene.member(key: 1, of: 1) }
    for (index, link) in more.enumerated() {
      for number in 0..<40 { scene.give(text(1000 + index * 100 + number), by: link) }
    }
    let taken = more.reduce(0) { $0 + scene.take($1).receipts.count }
    #expect((140...200).contains(taken))
  }

  @Test func commitsHaveARateOfTheirOwn() {
    let scene = RelayScene()
    let link = scene.member(key: 0, of: 0)
    _ = scene.take(link)
    for slot in 0..<20 {
      scene.give(commit(slot, slot: UInt64(slot), by: slot, next: slot + 1, of: 0), by: link)
      scene.hello(link, key: slot + 1, of: 0)
      if scene.closed[link] != nil { break }
    }
    let answers = scene.take(link)
    #expect(answers.receipts.count == 10 && answers.refusals.first == .rate)
  }

  @Test func aFullMailboxLosesItsOldest() throws {
    let scene = RelayScene {
      $0.mailboxByteCount = 10_000
      $0.linkRate = .init(perSecond: 1000, burst: 1000)
    }
    let link = scene.member(key: 1, of: 1)
    for number in 1...100 { scene.give(text(number, byteCount: 335), by: link) }
    #expect(scene.take(link).receipts.map(\.sequence) == Array(1...100))
    let mailbox = try #require(scene.disk.mailboxes[RelayScene.pseudonym(1)])
    #expect(mailbox.row.entryByteCount <= 10_000 && mailbox.entries.count == Int(101 - mailbox.row.floor))
    #expect(mailbox.row.floor > 70)
    // Whoever wants what is gone begins at the floor.
    scene.give(.subscribe(RelaySubscribe(from: 1, credit: 100_000)), by: link)
    #expect(scene.take(link).entries.first?.sequence == mailbox.row.floor)
    scene.give(text(200, byteCount: 20_000), by: link)
    #expect(scene.take(link).refusals == [.quota])
    scene.give(text(201, byteCount: 73_000 + 1024), by: link)
    #expect(scene.take(link).refusals == [.tooLarge])
  }

  @Test func whatIsTooOldGoesWithItsKeys() throws {
    let scene = RelayScene()
    let link = scene.member(key: 1, of: 1)
    scene.give(commit(1, slot: 0, by: 1, next: 2, of: 1), by: link)
    scene.hello(link, key: 2, of: 1)
    scene.give(text(1), by: link)
    scene.close(scene.member(key: 3, of: 3))
    scene.give(.hello(.guest), by: scene.open())
    scene.pass(seconds: 29 * 24 * 3600)
    // A mailbox that was never used is forgotten.
    #expect(scene.disk.mailboxes[RelayScene.pseudonym(3)] == nil)
    scene.give(text(2), by: link)
    scene.pass(seconds: 2 * 24 * 3600)
    let mailbox = try #require(scene.disk.mailboxes[RelayScene.pseudonym(1)])
    #expect(mailbox.entries.map(\.sequence) == [3] && mailbox.row.floor == 3 && mailbox.row.head == 3)
    let old = scene.member(key: 1, of: 1)
    #expect(scene.closed[old] == .unauthenticated)
    scene.give(text(3), by: link)
    #expect(scene.take(link).receipts.map(\.sequence).last == 4)
    #expect(scene.engine.counters.entries == 2)
  }

  @Test func linksOfOneAddressAndMailboxesAreCounted() {
    let scene = RelayScene {
      $0.linksPerAddress = 64
      $0.mailboxCount = 10
      $0.requestRate = .init(perSecond: 1000, burst: 1000)
    }
    let links = (0..<1000).map { _ in scene.open(address: "203.0.113.9") }
    #expect(links.filter { scene.closed[$0] == .tooManyLinks }.count == 936)
    // Others are served.
    let other = scene.member(key: 1, of: 1, address: "198.51.100.1")
    #expect(scene.take(other).welcome != nil)
    scene.close(links[0])
    let next = scene.open(address: "203.0.113.9")
    #expect(scene.closed[next] == nil)
    for key in 2...20 { _ = scene.member(key: key, of: key, address: "198.51.100.1") }
    #expect(scene.disk.mailboxes.count == 10)
  }

  @Test func aFloodIsHeldToWhatItMayWaitFor() {
    let scene = RelayScene {
      $0.requestRate = .init(perSecond: 100_000, burst: 100_000)
      $0.strangerRate = .init(perSecond: 100_000, burst: 100_000)
      $0.waitingByteCount = 100_000
      $0.frameRate = .init(perSecond: 100_000, burst: 100_000)
    }
    let good = scene.member(key: 2, of: 2)
    scene.close(scene.member(key: 1, of: 1))
    let floods = (0..<10).map { _ in scene.open() }
    for flood in floods { scene.give(.hello(.guest), by: flood) }
    for link in floods + [good] { _ = scene.take(link) }
    scene.storeIsHeld = true
    scene.give(text(1), by: good)
    for number in 0..<1000 {
      scene.give(
        .inboxPut(
          RelayInboxPut(
            request: UInt32(number), pseudonym: RelayScene.pseudonym(1), nonce: UInt64(number) << 8 | 1,
            body: [UInt8](repeating: UInt8(number % 200), count: 1_000 + number))),
        by: floods[number % floods.count])
    }
    // What may wait: 64 a link, and 100,000 bytes of all.
    let refused = floods.reduce(0) { $0 + scene.take($1).refusals.filter { $0 == .rate }.count }
    #expect(refused > 1000 - 200)
    while scene.heldBatch != nil { scene.letBatchGo() }
    #expect(scene.take(good).receipts.count == 1)
    let kept = scene.disk.mailboxes[RelayScene.pseudonym(1)]?.row.items.reduce(0) { $0 + $1.byteCount } ?? 0
    #expect(kept <= 100_000)
  }

  @Test func moreFramesThanAnyClientSendsEndALink() {
    let scene = RelayScene()
    let link = scene.member(key: 1, of: 1)
    for _ in 0..<5000 where scene.closed[link] == nil { scene.give(.ephemeral([1]), by: link) }
    #expect(scene.closed[link] == .flood)
  }

  @Test func whatIsHeldUntilHelloIsAnsweredIsBounded() {
    let scene = RelayScene()
    scene.readsAreHeld = true
    let (patient, flood) = (scene.open(), scene.open())
    for link in [patient, flood] { scene.hello(link, key: 1, of: 1) }
    for number in 0..<10 { scene.give(text(number), by: patient) }
    for number in 0..<100 where scene.closed[flood] == nil { scene.give(text(100 + number), by: flood) }
    #expect(scene.closed[flood] == .flood)
    scene.readsAreHeld = false
    scene.letReadsGo()
    #expect(scene.take(patient).receipts.count == 10)
  }
}
