import Relay
import Wire

/// A relay's engine between links that send anything and a store that may fail.
enum RelayTarget {
  static func run(_ input: inout FuzzInput) {
    let relay = FuzzedRelay()
    var steps = 0
    while !input.isEmpty, steps < 150 {
      steps += 1
      relay.step(&input)
    }
  }
}

private final class FuzzedRelay {
  private var engine: RelayEngine
  private var now = RelayInstant(moment: Moment(nanoseconds: 0), time: UnixTime(milliseconds: 1 << 40))
  private var links: [RelayLinkID] = []
  private var lastLink: UInt64 = 0
  private var batch: ([RelayChange], RelayTicket)?
  private var reads: [(RelayQuery, RelayTicket)] = []
  private var rows: [[UInt8]: RelayMailbox] = [:]
  private var entries: [[UInt8]: [RelayEntry]] = [:]
  /// Receipts by mailbox and number.
  private var promised: [[UInt8]: [UInt64: [UInt8]]] = [:]

  init() {
    var limits = RelayLimits()
    limits.mailboxByteCount = 4000
    limits.recentCount = 2
    limits.cacheByteCount = 1000
    limits.idleMailboxCount = 2
    limits.readsAtOnce = 2
    engine = RelayEngine(
      limits: limits,
      primitives: RelayPrimitives(
        hash: { bytes in FuzzedRelay.hash([UInt8](copying: bytes)) },
        // A signature is the key, twice.
        isSigned: { _, signature, key in signature == key + key },
        sign: { message in FuzzedRelay.hash(message) + FuzzedRelay.hash(message) }),
      store: RelayStoreSummary(term: 1))
  }

  private static func hash(_ bytes: [UInt8]) -> [UInt8] {
    var state: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    var output: [UInt8] = []
    for _ in 0..<4 {
      output.append(bigEndian: state)
      state = state &* 0x9e37_79b9_7f4a_7c15
    }
    // Every eighth solves a puzzle.
    return state & 7 == 0 ? [0, 0, 0] + output.dropFirst(3) : output
  }

  func step(_ input: inout FuzzInput) {
    let choice = input.byte()
    let key = [UInt8](repeating: choice >> 4, count: 32)
    switch choice & 15 {
    case 0: open()
    case 1:
      open()
      let first = [UInt8](repeating: choice >> 5, count: 32)
      give(
        .hello(.member(RelayMembership(pseudonym: Self.hash(first), key: key, signature: key + key))),
        by: links.last)
    case 2:
      give(
        .append(
          RelayAppend(
            request: 1, id: MessageID(stream: 1, number: UInt64(input.byte())), content: .application,
            body: input.bytes(Int(choice >> 4) * 16))), by: link(&input))
    case 3:
      let commit = RelayCommit(
        slot: UInt64(input.byte() & 7), nextKey: [UInt8](repeating: input.byte() & 15, count: 32),
        signature: key + key)
      give(
        .append(
          RelayAppend(
            request: 2, id: MessageID(stream: 2, number: UInt64(input.byte())), content: .commit(commit),
            body: [choice])), by: link(&input))
    case 4: give(.subscribe(RelaySubscribe(from: UInt64(input.byte()), credit: 3000)), by: link(&input))
    case 5:
      engine.linkClosed(link(&input) ?? RelayLinkID(0), at: now)
      run()
    case 6:
      now.moment = now.moment.advanced(bySeconds: Int64(input.byte()))
      now.time.milliseconds += UInt64(choice) * 100_000_000
      engine.alarm(at: now)
      run()
    case 7:
      if let link = link(&input) { engine.link(link, isWritable: choice & 16 == 0, at: now) }
      run()
    case 8, 9: letBatchGo(failing: false)
    case 10: letBatchGo(failing: true)
    case 11: letReadsGo(failing: choice >> 4 == 1)
    default:
      let (type, count) = (input.byte() % 28 + 60, input.number16() % 300)
      guard let link = link(&input) else { return }
      engine.received(type: type, body: input.bytes(count), from: link, at: now)
      run()
    }
  }

  private func link(_ input: inout FuzzInput) -> RelayLinkID? {
    links.isEmpty ? nil : links[Int(input.byte()) % links.count]
  }

  private func open() {
    lastLink += 1
    links.append(RelayLinkID(lastLink))
    engine.linkOpened(RelayLinkID(lastLink), address: "a", th: [UInt8](repeating: 0, count: 32), at: now)
    run()
  }

  private func give(_ request: RelayRequest, by link: RelayLinkID?) {
    guard let link else { return }
    engine.received(type: request.type, body: request.body, from: link, at: now)
    run()
  }

  private func run() {
    while let action = engine.nextAction() {
      switch action {
      case .send(let frame, let receivers):
        demand(!receivers.isEmpty, "what is sent has a receiver")
        let answer = made { try RelayAnswer(type: frame.type.rawValue, body: frame.body) }
        demand(answer.body == frame.body, "a frame has one spelling")
        if case .receipt(let receipt) = answer { check(receipt) }
      case .close(let link, _): links.removeAll { $0 == link }
      case .store(let changes, let ticket):
        demand(batch == nil, "one batch is stored at a time")
        batch = (changes, ticket)
      case .read(let query, let ticket):
        reads.append((query, ticket))
        demand(reads.count <= 2, "no more is read at a time than may be")
      }
    }
  }

  private func check(_ receipt: RelayReceipt) {
    demand(
      entries.values.contains { $0.contains { $0.sequence == receipt.sequence && $0.chain == receipt.chain } }
        || rows.values.contains { $0.floor > receipt.sequence },
      "a receipt is for what is stored")
  }

  private func letBatchGo(failing: Bool) {
    guard let (changes, ticket) = batch else { return }
    batch = nil
    if failing {
      engine.storeFailed(.full, ticket, at: now)
    } else {
      var known: [Int: RelayPlacement] = [:]
      for (index, change) in changes.enumerated() {
        guard case .append(let mailbox, let entry, _) = change else { continue }
        known[index] = entries[mailbox]?.first { $0.id == entry.id }.map { RelayPlacement($0) }
      }
      if known.isEmpty { for change in changes { carryOut(change) } }
      engine.stored(known.isEmpty ? .all : .known(known), ticket, at: now)
    }
    run()
  }

  private func carryOut(_ change: RelayChange) {
    switch change {
    case .open(let mailbox, let key, _): rows[mailbox] = RelayMailbox(opening: mailbox, key: key)
    case .append(let mailbox, let entry, _):
      demand(entry.sequence == (rows[mailbox]?.head ?? 0) + 1, "entries are numbered without gaps")
      rows[mailbox]?.head = entry.sequence
      rows[mailbox]?.chain = entry.chain
      rows[mailbox]?.entryByteCount += entry.frameByteCount
      if let commit = entry.content.commit {
        rows[mailbox]?.slot = commit.slot + 1
        rows[mailbox]?.key = commit.nextKey
      }
      entries[mailbox, default: []].append(entry)
    case .trim(let mailbox, let floor, _):
      let gone = entries[mailbox]?.filter { $0.sequence < floor } ?? []
      let before = rows[mailbox]?.floor ?? 1
      rows[mailbox]?.floor = max(floor, before)
      rows[mailbox]?.entryByteCount -= gone.reduce(0) { $0 + $1.frameByteCount }
      entries[mailbox]?.removeAll { $0.sequence < floor }
    case .putItem(let mailbox, let item, let bodyHash, _):
      rows[mailbox]?.lastItem = item.item
      rows[mailbox]?.items.append(
        RelayWaitingItem(item: item.item, byteCount: item.body.count, bodyHash: bodyHash))
    case .deleteItem(let mailbox, let item): rows[mailbox]?.items.removeAll { $0.item == item }
    case .forget(let mailbox): rows[mailbox] = nil
    case .reopen, .putKeyPackage, .deleteKeyPackage: break
    }
  }

  private func letReadsGo(failing: Bool) {
    let waiting = reads
    reads = []
    for (query, ticket) in waiting {
      if failing {
        engine.readFailed(.failed(""), ticket, at: now)
      } else {
        engine.found(answer(query), ticket, at: now)
      }
    }
    run()
  }

  private func answer(_ query: RelayQuery) -> RelayReading {
    switch query {
    case .mailbox(let mailbox): return .mailbox(rows[mailbox])
    case .isRegistered(_, let key): return .isRegistered(key.first.map { $0 & 1 == 0 } ?? false)
    case .entries(let mailbox, let from, let through, _):
      let found = entries[mailbox]?.filter { $0.sequence >= from && $0.sequence <= through } ?? []
      return .entries(Array(found.prefix(3)))
    case .standing(let mailbox, let id, let slot):
      var standing = RelayStanding()
      standing.placement = entries[mailbox]?.first { $0.id == id }.map { RelayPlacement($0) }
      standing.winner = entries[mailbox]?.first { $0.content.commit != nil && $0.content.slot == slot }
      return .standing(standing)
    case .items(let mailbox, let after, _):
      let found = rows[mailbox]?.items.first { $0.item > after }
      return .items(
        found.map { [RelayInboxItem(item: $0.item, body: [UInt8](repeating: 0, count: $0.byteCount))] } ?? [])
    case .keyPackage: return .keyPackage(RelayKeptKeyPackage(number: 1, isLastResort: false, body: [1]))
    case .oldest(let mailbox, _):
      guard let row = rows[mailbox], let oldest = entries[mailbox]?.first else { return .oldest(nil) }
      return .oldest(
        RelayTrim(from: row.floor, floor: oldest.sequence + 1, entryByteCount: oldest.frameByteCount))
    case .expired: return .expired([])
    }
  }
}
