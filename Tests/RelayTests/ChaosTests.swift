import Relay
import TestSupport
import Testing
import Wire

/// Whatever members, the disk and a power cut do: what was receipted is there, once, with the content of then.
@Suite struct ChaosTests {
  /// What a receipt said, by the place that it is for.
  private struct Promise: Hashable {
    let mailbox: Int
    let term: UInt64
    let place: UInt64
    let isSlot: Bool
  }

  @Test(arguments: 0..<24)
  func nothingReceiptedIsLostOrGivenTwice(_ seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let scene = RelayScene {
      $0.linkRate = .init(perSecond: 10_000, burst: 10_000)
      $0.mailboxRate = .init(perSecond: 10_000, burst: 10_000)
      $0.requestRate = .init(perSecond: 10_000, burst: 10_000)
      $0.commitBurst = 10_000
      $0.recentCount = 3
      $0.batchCount = 7
      $0.cacheByteCount = 1500
      $0.readByteCount = 700
      $0.idleMailboxCount = 1
    }
    var members: [Member] = []
    var promises: [Promise: [UInt8]] = [:]
    var receipted: [(mailbox: Int, id: MessageID, sequence: UInt64, chain: [UInt8])] = []
    var crashes = 0

    func collect() throws {
      for index in members.indices {
        for answer in scene.take(members[index].link) {
          switch answer {
          case .receipt(let receipt):
            let mailbox = members[index].mailbox
            let id = try #require(members[index].asked[receipt.request])
            receipted.append((mailbox, id, receipt.sequence, receipt.chain))
            var places = [
              Promise(mailbox: mailbox, term: receipt.term, place: receipt.sequence, isSlot: false)
            ]
            if receipt.kind == .commit {
              places.append(Promise(mailbox: mailbox, term: receipt.term, place: receipt.slot, isSlot: true))
            }
            for place in places {
              #expect(promises.updateValue(receipt.chain, forKey: place) ?? receipt.chain == receipt.chain)
            }
          case .entry(let entry):
            // In order, each once, on one link.
            #expect(entry.sequence == members[index].next)
            members[index].next = entry.sequence + 1
            members[index].credit -= entry.frameByteCount
            #expect(members[index].credit >= 0)
          case .welcome, .conflict, .refused, .rangeEnd, .ephemeral, .linkDown, .linkUp, .accepted,
            .inboxItem,
            .keyPackage:
            break
          }
        }
      }
      members.removeAll { scene.closed[$0.link] != nil }
    }

    for _ in 0..<400 {
      switch Int.random(in: 0..<100, using: &generator) {
      case 0..<12 where members.count < 12:
        let mailbox = Int.random(in: 0..<3, using: &generator)
        let row = scene.disk.mailboxes[RelayScene.pseudonym(mailbox * 1000)]?.row
        let key = mailbox * 1000 + Int(row?.slot ?? 0)
        let link = scene.member(key: key, of: mailbox * 1000)
        members.append(Member(link: link, mailbox: mailbox, key: key))
        scene.give(.subscribe(RelaySubscribe(from: 1, credit: 900)), by: link)
      case 12..<60 where !members.isEmpty:
        let index = Int.random(in: members.indices, using: &generator)
        // Few ids, so that many come again.
        let number = Int.random(in: 0..<40, using: &generator)
        members[index].request += 1
        members[index].asked[members[index].request] = MessageID(stream: 1, number: UInt64(number))
        scene.give(text(number, request: members[index].request), by: members[index].link)
      case 60..<70 where !members.isEmpty:
        let index = Int.random(in: members.indices, using: &generator)
        let (member, first) = (members[index], members[index].mailbox * 1000)
        let slot = member.key - first
        let number = Int.random(in: 0..<1_000_000, using: &generator)
        members[index].request += 1
        members[index].asked[members[index].request] = MessageID(stream: 2, number: UInt64(number))
        scene.give(
          commit(
            number, slot: UInt64(slot), by: member.key, next: member.key + 1, of: first,
            request: members[index].request, body: generator.bytes(8)), by: member.link)
      case 70..<76 where !members.isEmpty:
        let index = Int.random(in: members.indices, using: &generator)
        members[index].key += Int.random(in: 0...1, using: &generator)
        scene.hello(members[index].link, key: members[index].key, of: members[index].mailbox * 1000)
      case 76..<84 where !members.isEmpty:
        let index = Int.random(in: members.indices, using: &generator)
        members[index].credit += 500
        scene.give(.credit(500), by: members[index].link)
      case 84..<88:
        scene.storeIsHeld.toggle()
        if !scene.storeIsHeld { scene.letBatchGo() }
      case 88..<91: scene.letBatchGo()
      case 91..<94: scene.failBatch(having: .random(using: &generator))
      case 94..<96:
        scene.readsAreHeld.toggle()
        if !scene.readsAreHeld { scene.letReadsGo() }
      case 96: scene.failReads()
      case 97 where !members.isEmpty:
        let member = members.remove(at: Int.random(in: members.indices, using: &generator))
        scene.close(member.link)
      case 98:
        try collect()
        // The batch under way may be on the disk or not; nobody has heard of it.
        if let (changes, _) = scene.heldBatch, Bool.random(using: &generator) {
          _ = try scene.disk.store(changes)
        }
        scene.crash()
        crashes += 1
        members = []
      default: scene.pass(seconds: 1)
      }
      try collect()
    }
    scene.storeIsHeld = false
    scene.readsAreHeld = false
    scene.letReadsGo()
    scene.letBatchGo()
    try collect()
    scene.crash()
    for (mailbox, id, sequence, chain) in receipted {
      let entries = scene.disk.mailboxes[RelayScene.pseudonym(mailbox * 1000)]?.entries ?? []
      let entry = try #require(entries.first { $0.sequence == sequence })
      #expect(entry.id == id && entry.chain == chain)
    }
    for mailbox in scene.disk.mailboxes.values {
      var chain = RelaySignedBytes.chainStart
      for (entry, sequence) in zip(mailbox.entries, UInt64(1)...) {
        let bytes = RelaySignedBytes.chain(
          after: chain, sequence: sequence, bodyHash: RelayScene.hash(entry.body))
        chain = RelayScene.hash(bytes)
        #expect(entry.sequence == sequence && entry.chain == chain)
      }
      #expect(Set(mailbox.entries.map(\.id)).count == mailbox.entries.count)
      let slots = mailbox.entries.compactMap(\.content.commit?.slot)
      #expect(slots == Array(0..<UInt64(slots.count)))
    }
    #expect(receipted.count > 20)
  }

  private struct Member {
    let link: RelayLinkID
    let mailbox: Int
    var key: Int
    var next: UInt64 = 1
    var credit = 900
    var request: UInt32 = 0
    var asked: [UInt32: MessageID] = [:]
  }

  @Test func anyFramesAreTakenWithoutATrap() {
    var generator = SeededGenerator(seed: 99)
    let scene = RelayScene {
      $0.mailboxByteCount = 20_000
      $0.mailboxCount = 50
      $0.inboxItemCount = 5
      $0.idleMailboxCount = 8
      $0.readsAtOnce = 2
    }
    var links: [RelayLinkID] = []
    var stored = 0
    for round in 0..<20_000 {
      if links.count < 10 || round % 50 == 0 {
        let key = Int.random(in: 0..<4, using: &generator)
        links.append(round % 3 == 0 ? scene.open() : scene.member(key: key, of: key))
      }
      let link = links.randomElement(using: &generator) ?? RelayLinkID(0)
      let number = Int.random(in: 0..<30, using: &generator)
      let edge: UInt64 = [0, 1, 5, .max, .max - 1, 1 << 63].randomElement(using: &generator) ?? 0
      let pseudonym = RelayScene.pseudonym(Int.random(in: 0..<5, using: &generator))
      let requests: [RelayRequest] = [
        .hello(.guest), text(number, byteCount: number * 40),
        .subscribe(RelaySubscribe(from: edge, credit: 9000)),
        commit(number, slot: edge, by: number % 4, next: number % 4, of: number % 4),
        .credit(UInt32(truncatingIfNeeded: edge)), .range(RelayRange(request: 1, from: edge, through: .max)),
        .ephemeral([1]), .inboxAcknowledgement(item: edge),
        .inboxPut(RelayInboxPut(request: 2, pseudonym: pseudonym, nonce: edge, body: [UInt8(number)])),
        .keyPackagePut(RelayKeyPackagePut(request: 3, isLastResort: number == 0, body: [UInt8(number)])),
        .keyPackageTake(RelayKeyPackageTake(request: 4, pseudonym: pseudonym)),
        .badCommit(RelayBadCommit(request: 5, slot: edge, bodyHash: RelayScene.hash([1]), reason: 1)),
      ]
      var (type, body) = (UInt8.random(in: 63...86, using: &generator), generator.bytes(number))
      if round % 8 != 0, let request = requests.randomElement(using: &generator) {
        (type, body) = (request.type, request.body)
        if round % 16 == 1, !body.isEmpty { body[number % body.count] ^= 1 }
      }
      scene.engine.received(type: type, body: body, from: link, at: scene.now)
      scene.run()
      if round % 97 == 0 { scene.storeIsHeld.toggle() }
      if round % 7 == 0 { scene.letBatchGo() }
      if round % 1001 == 0 {
        scene.storeIsHeld = true
        scene.failBatch(having: false)
      }
      if round % 500 == 0 {
        scene.pass(seconds: 5)
        stored += links.reduce(0) { $0 + scene.take($1).count }
        links.removeAll { scene.closed[$0] != nil }
      }
      if round % 4000 == 0 { scene.pass(seconds: 10 * 24 * 3600) }
    }
    #expect(stored > 1000)
    #expect(scene.disk.mailboxes.values.allSatisfy { $0.row.entryByteCount <= 20_000 && $0.items.count <= 5 })
    #expect(scene.engine.counters.links <= links.count)
  }
}
