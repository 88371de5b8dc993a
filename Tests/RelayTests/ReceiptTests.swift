import Relay
import TestSupport
import Testing
import Wire

@Suite struct ReceiptTests {
  @Test func aReceiptComesAfterTheStoreAndBeforeTheEntry() throws {
    let scene = RelayScene()
    let (author, reader) = (scene.member(key: 1, of: 1), scene.member(key: 1, of: 1))
    scene.give(.subscribe(RelaySubscribe(from: 1, credit: 10_000)), by: reader)
    _ = (scene.take(author), scene.take(reader))
    scene.storeIsHeld = true
    scene.give(text(1, request: 77), by: author)
    #expect(scene.take(author).isEmpty && scene.take(reader).isEmpty)
    scene.letBatchGo()
    let receipt = try #require(scene.take(author).receipts.first)
    #expect(receipt.request == 77 && receipt.sequence == 1 && receipt.term == 1 && receipt.level == .durable)
    let entry = try #require(scene.take(reader).entries.first)
    let bodyHash = RelayScene.hash(entry.body)
    let chained = RelaySignedBytes.chain(after: RelaySignedBytes.chainStart, sequence: 1, bodyHash: bodyHash)
    #expect(entry.chain == RelayScene.hash(chained) && receipt.chain == entry.chain)
    let signed = receipt.signedBytes(pseudonym: RelayScene.pseudonym(1))
    #expect(receipt.signature == RelayScene.signature(signed, by: Array("relay".utf8)))
  }

  @Test func whatComesWhileABatchIsStoredGoesIntoTheNextOne() {
    let scene = RelayScene()
    let links = (0..<10).map { _ in scene.member(key: 1, of: 1) }
    let before = scene.storedBatches
    scene.storeIsHeld = true
    for (index, link) in links.enumerated() { scene.give(text(index), by: link) }
    scene.letBatchGo()
    scene.letBatchGo()
    #expect(scene.storedBatches == before + 2)
    #expect(links.map { scene.take($0).receipts.count } == [Int](repeating: 1, count: 10))
  }

  @Test func theSameIdHasTheSameReceipt() throws {
    let scene = RelayScene { $0.recentCount = 4 }
    let link = scene.member(key: 1, of: 1)
    scene.give(text(1), by: link)
    let first = try #require(scene.take(link).receipts.first)
    scene.give(text(1), by: link)
    #expect(scene.take(link).receipts == [first])
    // Long after, when only the store knows it, together with others that are new.
    for number in 2..<20 { scene.give(text(number), by: link) }
    _ = scene.take(link)
    scene.storeIsHeld = true
    for number in [30, 1, 31] { scene.give(text(number, request: UInt32(number)), by: link) }
    for _ in 0..<4 { scene.letBatchGo() }
    let receipts = scene.take(link).receipts
    #expect(Set(receipts.map(\.sequence)) == [1, 20, 21])
    #expect(receipts.first { $0.sequence == 1 }?.signature == first.signature)
    // And after a restart.
    scene.crash()
    scene.storeIsHeld = false
    let again = scene.member(key: 1, of: 1)
    scene.give(text(1), by: again)
    #expect(scene.take(again).receipts == [first])
    #expect(scene.disk.mailboxes[RelayScene.pseudonym(1)]?.row.head == 21)
  }

  @Test func aCrashBeforeTheStoreLosesNothingThatWasReceipted() throws {
    let scene = RelayScene()
    let link = scene.member(key: 1, of: 1)
    scene.give(text(1), by: link)
    scene.storeIsHeld = true
    scene.give(text(2), by: link)
    #expect(scene.take(link).receipts.map(\.sequence) == [1])
    scene.crash()
    scene.storeIsHeld = false
    let back = scene.member(key: 1, of: 1)
    #expect(scene.take(back).welcome?.head == 1)
    // What had no receipt is sent again, and nothing says that it was there.
    scene.give(text(3), by: back)
    scene.give(text(2), by: back)
    #expect(scene.take(back).receipts.map(\.sequence) == [2, 3])
  }

  @Test(arguments: [false, true])
  func aStoreThatFailsGivesNoReceipt(_ isDone: Bool) throws {
    let scene = RelayScene()
    let (author, reader) = (scene.member(key: 1, of: 1), scene.member(key: 1, of: 1))
    scene.give(.subscribe(RelaySubscribe(from: 1, credit: 10_000)), by: reader)
    _ = (scene.take(author), scene.take(reader))
    scene.storeIsHeld = true
    scene.give(text(1), by: author)
    scene.failBatch(having: isDone)
    #expect(scene.take(author).refusals == [.storageFailed])
    // What it did all the same is shown to readers, since it is there.
    #expect(scene.take(reader).entries.count == (isDone ? 1 : 0))
    scene.storeIsHeld = false
    scene.give(text(1), by: author)
    #expect(scene.take(author).receipts.map(\.sequence) == [1])
    scene.give(text(2), by: author)
    #expect(scene.take(author).receipts.map(\.sequence) == [2])
    #expect(scene.engine.counters.storeFailures == 1)
  }

  @Test func aStoreThatLostWhatWasReceiptedIsNotNumberedOn() {
    let scene = RelayScene()
    let link = scene.member(key: 1, of: 1)
    let empty = scene.disk
    scene.give(text(1), by: link)
    scene.storeIsHeld = true
    scene.give(text(2), by: link)
    _ = scene.take(link)
    // Something put an old state in the store's place, and the next batch fails.
    scene.disk = empty
    scene.failBatch(having: false)
    #expect(scene.closed[link] == .storageFailed)
    scene.storeIsHeld = false
    let back = scene.member(key: 1, of: 1)
    #expect(scene.closed[back] == .storageFailed)
    #expect(scene.take(back).welcome == nil)
  }

  @Test func fiftyRacersForASlotHaveOneWinner() throws {
    let scene = RelayScene()
    let racers = (0..<50).map { _ in scene.member(key: 1, of: 1) }
    for racer in racers { _ = scene.take(racer) }
    scene.storeIsHeld = true
    for (index, racer) in racers.enumerated() {
      scene.give(commit(index, slot: 0, by: 1, next: 100 + index, of: 1, body: [UInt8(index)]), by: racer)
    }
    while scene.heldBatch != nil { scene.letBatchGo() }
    let answers = racers.map { scene.take($0) }
    let receipts = answers.flatMap(\.receipts)
    let conflicts = answers.flatMap(\.conflicts)
    #expect(receipts.count == 1 && conflicts.count == 49)
    #expect(receipts.first?.slot == 0 && receipts.first?.kind == .commit)
    #expect(Set(conflicts.map(\.winner)).count == 1)
    #expect(conflicts.first?.winner.chain == receipts.first?.chain)
  }

  @Test func aCommitForAnotherSlotThanTheNextIsRefused() {
    let scene = RelayScene()
    let link = scene.member(key: 1, of: 1)
    scene.give(commit(1, slot: 1, by: 1, next: 2, of: 1), by: link)
    #expect(scene.take(link).refusals == [.slotIsNotNext])
    // Signed by another key than the link's.
    scene.give(commit(2, slot: 0, by: 9, next: 2, of: 1), by: link)
    #expect(scene.take(link).refusals == [.badSignature])
  }

  @Test func whoWasRemovedReadsButAppendsNothing() {
    let scene = RelayScene()
    let (author, removed) = (scene.member(key: 1, of: 1), scene.member(key: 1, of: 1))
    scene.give(commit(1, slot: 0, by: 1, next: 2, of: 1), by: author)
    _ = (scene.take(author), scene.take(removed))
    scene.give(text(1), by: removed)
    scene.give(commit(2, slot: 1, by: 1, next: 3, of: 1), by: removed)
    #expect(scene.take(removed).refusals == [.notNewestKey, .notNewestKey])
    // Nor does its own old message come in a second time as a new one.
    scene.give(commit(1, slot: 0, by: 1, next: 2, of: 1), by: removed)
    #expect(scene.take(removed).receipts.map(\.sequence) == [1])
    scene.give(.subscribe(RelaySubscribe(from: 1, credit: 10_000)), by: removed)
    #expect(scene.take(removed).entries.count == 1)
    // A new link with the old key reads too; the author goes on after its next HELLO.
    let late = scene.member(key: 1, of: 1)
    #expect(scene.take(late).welcome?.slot == 1)
    scene.give(text(2), by: author)
    #expect(scene.take(author).refusals == [.notNewestKey])
    scene.hello(author, key: 2, of: 1)
    scene.give(text(2), by: author)
    #expect(scene.take(author).receipts.map(\.sequence) == [2])
    // A key that never was registered: closed.
    let stranger = scene.member(key: 3, of: 1)
    #expect(scene.closed[stranger] == .unauthenticated)
  }

  @Test func aReportedCommitIsReplacedByOneThatNamesIt() throws {
    let scene = RelayScene()
    let (bad, good) = (scene.member(key: 1, of: 1), scene.member(key: 1, of: 1))
    let garbage: [UInt8] = [6, 6, 6]
    scene.give(commit(1, slot: 0, by: 1, next: 66, of: 1, body: garbage), by: bad)
    let hash = RelayScene.hash(garbage)
    _ = (scene.take(bad), scene.take(good))
    // Not yet: nobody has reported it.
    scene.give(commit(2, slot: 0, by: 1, next: 2, of: 1, replaces: hash), by: good)
    #expect(scene.take(good).conflicts.count == 1)
    scene.give(
      .badCommit(RelayBadCommit(request: 5, slot: 0, bodyHash: RelayScene.hash([1]), reason: 1)), by: good)
    #expect(scene.take(good).refusals == [.nothingThere])
    scene.give(.badCommit(RelayBadCommit(request: 6, slot: 0, bodyHash: hash, reason: 1)), by: good)
    #expect(scene.take(good) == [.accepted(request: 6)])
    // It must name what it replaces.
    scene.give(commit(3, slot: 0, by: 1, next: 2, of: 1), by: good)
    #expect(scene.take(good).conflicts.count == 1)
    scene.give(commit(4, slot: 0, by: 1, next: 2, of: 1, replaces: hash), by: good)
    #expect(scene.take(good).receipts.map(\.slot) == [0])
    // The garbage's key is nobody's now; the good one's writes.
    let outcast = scene.member(key: 66, of: 1)
    #expect(scene.closed[outcast] == .unauthenticated)
    scene.hello(good, key: 2, of: 1)
    #expect(scene.take(good).welcome?.slot == 1)
    scene.give(text(9), by: good)
    #expect(scene.take(good).receipts.count == 1)
  }

  @Test func onlyTheEpochThatACommitEndedMayReportIt() {
    let scene = RelayScene()
    let link = scene.member(key: 1, of: 1)
    scene.give(commit(1, slot: 0, by: 1, next: 2, of: 1), by: link)
    scene.hello(link, key: 2, of: 1)
    _ = scene.take(link)
    scene.give(
      .badCommit(RelayBadCommit(request: 1, slot: 0, bodyHash: RelayScene.hash([1]), reason: 0)), by: link)
    #expect(scene.take(link).refusals == [.notNewestKey])
  }
}
