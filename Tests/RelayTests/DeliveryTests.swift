import Relay
import TestSupport
import Testing
import Wire

@Suite struct DeliveryTests {
  @Test func aThousandLinksGetOneFrameInOneAction() {
    let scene = RelayScene()
    let links = (0..<1000).map { _ in scene.member(key: 1, of: 1) }
    for link in links { scene.give(.subscribe(RelaySubscribe(from: 1, credit: 100_000)), by: link) }
    for link in links { _ = scene.take(link) }
    let before = scene.sendWidths.count
    scene.give(text(1), by: links[0])
    #expect(Array(scene.sendWidths[before...]) == [1, 1000])
    #expect(links.allSatisfy { scene.take($0).entries.count == 1 })
    #expect(scene.engine.counters.deliveries == 1000)
  }

  @Test func noMoreIsUnderWayThanWasGranted() {
    let scene = RelayScene { $0.linkRate = .init(perSecond: 1000, burst: 1000) }
    let (author, slow) = (scene.member(key: 1, of: 1), scene.member(key: 1, of: 1))
    scene.give(.subscribe(RelaySubscribe(from: 1, credit: 1000)), by: slow)
    for number in 1...100 { scene.give(text(number, byteCount: 235), by: author) }
    // 300 bytes each.
    var got = scene.take(slow).entries
    #expect(got.map(\.sequence) == [1, 2, 3])
    for _ in 0..<97 {
      scene.give(.credit(300), by: slow)
      got += scene.take(slow).entries
    }
    #expect(got.map(\.sequence) == Array(1...100))
    // Credit does not pile up beyond the limit.
    let limit = UInt32(scene.limits.creditByteCount)
    for _ in 0..<5 { scene.give(.credit(.max), by: slow) }
    scene.give(.credit(limit), by: slow)
    for number in 101...200 {
      scene.pass(seconds: 1)
      scene.give(text(number, byteCount: 70_000), by: author)
    }
    let bytes = scene.take(slow).entries.reduce(0) { $0 + $1.frameByteCount }
    #expect(bytes <= Int(limit) && bytes > Int(limit) - 71_000)
  }

  @Test func whoComesLateIsBroughtOnFromTheStore() {
    let scene = RelayScene {
      $0.linkRate = .init(perSecond: 1000, burst: 1000)
      $0.mailboxRate = .init(perSecond: 1000, burst: 1000)
      $0.cacheByteCount = 2000
      $0.readByteCount = 1500
    }
    let author = scene.member(key: 1, of: 1)
    for number in 1...200 { scene.give(text(number), by: author) }
    let late = scene.member(key: 1, of: 1)
    scene.readsAreHeld = true
    scene.give(.subscribe(RelaySubscribe(from: 5, credit: 100_000)), by: late)
    // One reading at a time, and live entries only after those before them.
    var got: [RelayEntry] = []
    for round in 0..<400 {
      #expect(scene.heldReads.count <= 1)
      if round == 3 { scene.give(text(201), by: author) }
      scene.letReadsGo()
      got += scene.take(late).entries
    }
    #expect(got.map(\.sequence) == Array(5...201))
    scene.give(.range(RelayRange(request: 8, from: 190, through: 195)), by: late)
    scene.letReadsGo()
    let answers = scene.take(late)
    #expect(answers.entries.map(\.sequence) == Array(190...195) && answers.last == .rangeEnd(request: 8))
    scene.give(.range(RelayRange(request: 9, from: .max, through: 0)), by: late)
    #expect(scene.take(late) == [.rangeEnd(request: 9)])
  }

  @Test func manyReadersAtOnceAreReadForAFewAtATime() {
    let scene = RelayScene { $0.cacheByteCount = 0 }
    let author = scene.member(key: 1, of: 1)
    for number in 1...20 { scene.give(text(number), by: author) }
    scene.readsAreHeld = true
    let readers = (0..<100).map { _ in scene.member(key: 1, of: 1) }
    for reader in readers { scene.give(.subscribe(RelaySubscribe(from: 1, credit: 100_000)), by: reader) }
    for _ in 0..<100 where !scene.heldReads.isEmpty {
      #expect(scene.heldReads.count <= scene.limits.readsAtOnce)
      scene.letReadsGo()
    }
    #expect(readers.allSatisfy { scene.take($0).entries.map(\.sequence) == Array(1...20) })
  }

  @Test func othersSeeLinksComeAndGoAndHearWhatIsNotKept() {
    let scene = RelayScene()
    let first = scene.member(key: 1, of: 1)
    #expect(scene.take(first).welcome?.others == [])
    let second = scene.member(key: 1, of: 1)
    #expect(scene.take(second).welcome?.others == [1] && scene.take(first) == [.linkUp(2)])
    scene.give(.ephemeral([7]), by: second)
    #expect(scene.take(first) == [.ephemeral(link: 2, body: [7])] && scene.take(second).isEmpty)
    // A link that cannot take anything hears what matters when it can.
    scene.setWritable(first, false)
    let third = scene.member(key: 1, of: 1)
    let fourth = scene.member(key: 1, of: 1)
    scene.give(.ephemeral([8]), by: fourth)
    scene.close(fourth)
    scene.close(second)
    #expect(scene.take(first).isEmpty)
    scene.setWritable(first, true)
    #expect(scene.take(first) == [.linkDown(2), .linkUp(3)])
    scene.close(third)
    #expect(scene.take(first) == [.linkDown(3)])
    #expect(scene.disk.mailboxes[RelayScene.pseudonym(1)]?.row.head == 0)
  }
}
