import Relay
import TestSupport
import Testing
import Wire

@Suite struct InboxTests {
  private func put(_ number: UInt8, to owner: Int, byteCount: Int = 10, nonce: UInt64 = 1) -> RelayRequest {
    .inboxPut(
      RelayInboxPut(
        request: UInt32(number), pseudonym: RelayScene.pseudonym(owner), nonce: nonce,
        body: [UInt8](repeating: number, count: byteCount)))
  }

  private func guest(_ scene: RelayScene) -> RelayLinkID {
    let link = scene.open()
    scene.give(.hello(.guest), by: link)
    return link
  }

  @Test func anItemWaitsUntilItsOwnerHasIt() {
    let scene = RelayScene()
    scene.close(scene.member(key: 1, of: 1))
    let stranger = guest(scene)
    #expect(scene.take(stranger).welcome?.link == 0)
    scene.storeIsHeld = true
    scene.give(put(3, to: 1), by: stranger)
    #expect(scene.take(stranger).isEmpty)
    scene.letBatchGo()
    #expect(scene.take(stranger) == [.accepted(request: 3)])
    scene.storeIsHeld = false
    // The same object again is accepted and not kept twice.
    scene.give(put(3, to: 1), by: stranger)
    scene.give(put(4, to: 1), by: stranger)
    #expect(scene.take(stranger).count == 2)
    scene.crash()
    let owner = scene.member(key: 1, of: 1)
    #expect(scene.take(owner).items.map(\.body.first) == [3, 4])
    scene.give(.inboxAcknowledgement(item: 1), by: owner)
    scene.give(.inboxAcknowledgement(item: 1), by: owner)
    let again = scene.member(key: 1, of: 1)
    #expect(scene.take(again).items.map(\.item) == [2])
    // As it comes, to all links of the owner.
    scene.give(put(5, to: 1), by: guest(scene))
    #expect(scene.take(owner).items.map(\.item) == [3] && scene.take(again).items.map(\.item) == [3])
  }

  @Test func aStrangerWithoutThePuzzleIsRefused() {
    let scene = RelayScene()
    scene.close(scene.member(key: 1, of: 1))
    let stranger = guest(scene)
    _ = scene.take(stranger)
    scene.give(put(1, to: 1, nonce: 0), by: stranger)
    scene.give(put(1, to: 2), by: stranger)
    #expect(scene.take(stranger).refusals == [.puzzle, .unknownMailbox])
    // A group's log is no inbox.
    let member = scene.member(key: 5, of: 5)
    scene.give(commit(1, slot: 0, by: 5, next: 6, of: 5), by: member)
    scene.give(put(1, to: 5), by: stranger)
    #expect(scene.take(stranger).refusals == [.unknownMailbox])
  }

  @Test func aGuestMayDoNothingElse() {
    for request in [text(1), .subscribe(RelaySubscribe(from: 1, credit: 1)), .ephemeral([1]), .credit(1)] {
      let scene = RelayScene()
      let stranger = guest(scene)
      scene.give(request, by: stranger)
      #expect(scene.closed[stranger] == .unauthenticated)
    }
  }

  @Test func whatIsUnderWayToAnOwnerIsNoMoreThanOneObject() {
    let scene = RelayScene { $0.strangerRate = .init(perSecond: 1000, burst: 1000) }
    scene.close(scene.member(key: 1, of: 1))
    let stranger = guest(scene)
    for number in 1...20 { scene.give(put(UInt8(number), to: 1, byteCount: 300_000), by: stranger) }
    let owner = scene.member(key: 1, of: 1)
    var got: [UInt64] = []
    for _ in 0..<30 {
      let items = scene.take(owner).items
      #expect(items.count <= 3)
      got += items.map(\.item)
      for item in items { scene.give(.inboxAcknowledgement(item: item.item), by: owner) }
    }
    #expect(got == Array(1...20))
    #expect(scene.disk.mailboxes[RelayScene.pseudonym(1)]?.items.isEmpty == true)
  }

  @Test func aFullInboxTakesNoMore() {
    let scene = RelayScene {
      $0.strangerRate = .init(perSecond: 1000, burst: 1000)
      $0.inboxByteCount = 1000
      $0.inboxItemCount = 50
    }
    scene.close(scene.member(key: 1, of: 1))
    let stranger = guest(scene)
    _ = scene.take(stranger)
    for number in 1...12 { scene.give(put(UInt8(number), to: 1, byteCount: 100), by: stranger) }
    let answers = scene.take(stranger)
    #expect(answers.refusals == [.quota, .quota] && answers.count == 12)
  }

  @Test func aKeyPackageIsGivenOnce() {
    let scene = RelayScene()
    let owner = scene.member(key: 1, of: 1)
    for number in UInt8(1)...3 {
      scene.give(
        .keyPackagePut(RelayKeyPackagePut(request: 1, isLastResort: number == 2, body: [number])), by: owner)
    }
    let takers = (0..<4).map { _ in guest(scene) }
    for taker in takers { _ = scene.take(taker) }
    scene.storeIsHeld = true
    for taker in takers {
      scene.give(
        .keyPackageTake(RelayKeyPackageTake(request: 9, pseudonym: RelayScene.pseudonym(1))), by: taker)
    }
    // Not given before it is gone from the store.
    #expect(takers.allSatisfy { scene.take($0).isEmpty })
    while scene.heldBatch != nil { scene.letBatchGo() }
    let given = takers.flatMap { scene.take($0) }
    #expect(given == [[1], [3], [2], [2]].map { .keyPackage(RelayKeyPackage(request: 9, body: $0)) })
    scene.storeIsHeld = false
    scene.give(
      .keyPackageTake(RelayKeyPackageTake(request: 9, pseudonym: RelayScene.pseudonym(7))), by: takers[0])
    #expect(scene.take(takers[0]).refusals == [.unknownMailbox])
  }

  @Test func ofTooManyKeyPackagesTheOldestGo() {
    let scene = RelayScene()
    let owner = scene.member(key: 1, of: 1)
    for number in UInt8(1)...40 {
      scene.give(
        .keyPackagePut(RelayKeyPackagePut(request: 1, isLastResort: false, body: [number])), by: owner)
    }
    let kept = scene.disk.mailboxes[RelayScene.pseudonym(1)]?.keyPackages ?? []
    #expect(kept.map(\.body) == (9...40).map { [$0] })
  }
}
