import Relay
import Testing
import Wire

/// An engine with links, a store, a disk that can be late or fail, and clocks that stand still until told.
final class RelayScene {
  private(set) var engine: RelayEngine
  var limits: RelayLimits
  /// What a restart finds.
  var disk = MemoryStore()
  var now = RelayInstant(moment: Moment(nanoseconds: 0), time: UnixTime(milliseconds: 1_800_000_000_000))

  /// What each link was sent since it was last asked.
  private(set) var sent: [RelayLinkID: [RelayAnswer]] = [:]
  private(set) var closed: [RelayLinkID: RelayCloseReason] = [:]
  /// How many links each `send` had.
  private(set) var sendWidths: [Int] = []
  private(set) var storedBatches = 0
  /// Whether the store does nothing until it is let go.
  var storeIsHeld = false
  private(set) var heldBatch: ([RelayChange], RelayTicket)?
  var readsAreHeld = false
  private(set) var heldReads: [(RelayQuery, RelayTicket)] = []
  private var lastLink: UInt64 = 0

  init(_ change: (inout RelayLimits) -> Void = { _ in }) {
    limits = RelayLimits()
    limits.linksPerAddress = 5000
    change(&limits)
    engine = RelayEngine(limits: limits, primitives: Self.primitives, store: disk.summary)
  }

  /// No cryptography: a mixing function, and signatures that anybody could make. A nonce other than 0 solves puzzles.
  static let primitives = RelayPrimitives(
    hash: { bytes in
      let hash = RelayScene.hash([UInt8](copying: bytes))
      let label = Array("secure_chat/1 relay puzzle".utf8)
      let isPuzzle = bytes.count == label.count + 72 && [UInt8](copying: bytes).starts(with: label)
      return isPuzzle && bytes[bytes.count - 1] != 0 ? [0, 0, 0] + hash.dropFirst(3) : hash
    },
    isSigned: { $1 == RelayScene.signature($0, by: $2) },
    sign: { RelayScene.signature($0, by: Array("relay".utf8)) })

  static func hash(_ bytes: [UInt8]) -> [UInt8] {
    var output: [UInt8] = []
    var state: UInt64 = 0xcbf2_9ce4_8422_2325
    for lane in UInt8(0)..<4 {
      state ^= UInt64(lane)
      for byte in bytes {
        state = (state ^ UInt64(byte)) &* 0x9e37_79b9_7f4a_7c15
        state ^= state >> 29
      }
      output.append(bigEndian: state)
    }
    return output
  }

  static func signature(_ message: [UInt8], by key: [UInt8]) -> [UInt8] {
    hash(key + message) + hash(message + key)
  }

  static func key(_ number: Int) -> [UInt8] { hash(Array("key \(number)".utf8)) }
  static func pseudonym(_ number: Int) -> [UInt8] { hash(key(number)) }

  // MARK: Links

  func open(address: String = "192.0.2.1") -> RelayLinkID {
    lastLink += 1
    let link = RelayLinkID(lastLink)
    engine.linkOpened(link, address: address, th: Self.hash([UInt8(truncatingIfNeeded: lastLink)]), at: now)
    run()
    return link
  }

  /// A link whose HELLO shows key `key` for the mailbox that key `first` opened.
  func member(key: Int, of first: Int, address: String = "192.0.2.1") -> RelayLinkID {
    let link = open(address: address)
    hello(link, key: key, of: first)
    return link
  }

  func hello(_ link: RelayLinkID, key: Int, of first: Int) {
    let th = Self.hash([UInt8(truncatingIfNeeded: link.number)])
    let signed = RelaySignedBytes.authentication(th: th, pseudonym: Self.pseudonym(first))
    give(
      .hello(
        .member(
          RelayMembership(
            pseudonym: Self.pseudonym(first), key: Self.key(key),
            signature: Self.signature(signed, by: Self.key(key))))), by: link)
  }

  func give(_ request: RelayRequest, by link: RelayLinkID) {
    engine.received(type: request.type, body: request.body, from: link, at: now)
    run()
  }

  func close(_ link: RelayLinkID) {
    engine.linkClosed(link, at: now)
    run()
  }

  func setWritable(_ link: RelayLinkID, _ isWritable: Bool) {
    engine.link(link, isWritable: isWritable, at: now)
    run()
  }

  /// What the link was sent since it was last asked.
  func take(_ link: RelayLinkID) -> [RelayAnswer] { sent.removeValue(forKey: link) ?? [] }

  func pass(seconds: Int64) {
    now.moment = now.moment.advanced(bySeconds: seconds)
    now.time.milliseconds += UInt64(seconds) * 1000
    while let deadline = engine.deadline, deadline <= now.moment {
      engine.alarm(at: now)
      run()
    }
  }

  // MARK: The store

  func run() {
    while let action = engine.nextAction() {
      switch action {
      case .send(let frame, let links):
        sendWidths.append(links.count)
        guard let answer = try? RelayAnswer(type: frame.type.rawValue, body: frame.body) else {
          Issue.record("the engine sends what is no frame: \(frame.type)")
          continue
        }
        for link in links { sent[link, default: []].append(answer) }
      case .close(let link, let reason): closed[link] = reason
      case .store(let changes, let ticket):
        #expect(heldBatch == nil, "two batches at a time")
        heldBatch = (changes, ticket)
        if !storeIsHeld { letBatchGo() }
      case .read(let query, let ticket):
        heldReads.append((query, ticket))
        #expect(heldReads.count <= limits.readsAtOnce)
        if !readsAreHeld { letReadsGo() }
      }
    }
  }

  func letBatchGo() {
    guard let (changes, ticket) = heldBatch else { return }
    heldBatch = nil
    storedBatches += 1
    do throws(RelayStoreFailure) {
      engine.stored(try disk.store(changes), ticket, at: now)
    } catch {
      Issue.record("the store was asked for what it must not do: \(error)")
      engine.storeFailed(error, ticket, at: now)
    }
    run()
  }

  /// The store says that it failed, whether it did the changes or not.
  func failBatch(having done: Bool) {
    guard let (changes, ticket) = heldBatch else { return }
    heldBatch = nil
    if done, (try? disk.store(changes)) == nil { Issue.record("a batch could not be done") }
    engine.storeFailed(.full, ticket, at: now)
    run()
  }

  func letReadsGo() {
    let reads = heldReads
    heldReads = []
    for (query, ticket) in reads { engine.found(disk.read(query), ticket, at: now) }
    run()
  }

  func failReads() {
    let reads = heldReads
    heldReads = []
    for (_, ticket) in reads { engine.readFailed(.failed("no"), ticket, at: now) }
    run()
  }

  /// The relay is killed: what the store was not asked for, or had not done, is gone; all links are.
  func crash() {
    heldBatch = nil
    heldReads = []
    sent = [:]
    engine = RelayEngine(limits: limits, primitives: Self.primitives, store: disk.summary)
  }
}

/// An append of kind 1 by number.
func text(_ number: Int, request: UInt32 = 1, byteCount: Int = 100) -> RelayRequest {
  .append(
    RelayAppend(
      request: request, id: MessageID(stream: 1, number: UInt64(number)), content: .application,
      body: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: byteCount)))
}

/// A commit for `slot` of the mailbox that key `first` opened, signed by `key`, whose next key is `next`.
func commit(
  _ number: Int, slot: UInt64, by key: Int, next: Int, of first: Int, request: UInt32 = 1,
  replaces: [UInt8] = RelayCommit.replacesNothing, body: [UInt8] = [1]
) -> RelayRequest {
  let signed = RelaySignedBytes.epoch(
    pseudonym: RelayScene.pseudonym(first), slot: slot, nextKey: RelayScene.key(next),
    bodyHash: RelayScene.hash(body))
  return .append(
    RelayAppend(
      request: request, id: MessageID(stream: 2, number: UInt64(number)),
      content: .commit(
        RelayCommit(
          slot: slot, replaces: replaces, nextKey: RelayScene.key(next),
          signature: RelayScene.signature(signed, by: RelayScene.key(key)))), body: body))
}

extension [RelayAnswer] {
  var receipts: [RelayReceipt] { compactMap { if case .receipt(let receipt) = $0 { receipt } else { nil } } }
  var entries: [RelayEntry] { compactMap { if case .entry(let entry) = $0 { entry } else { nil } } }
  var refusals: [RelayRefusalReason] {
    compactMap { if case .refused(let refusal) = $0 { refusal.reason } else { nil } }
  }
  var conflicts: [RelayConflict] {
    compactMap { if case .conflict(let conflict) = $0 { conflict } else { nil } }
  }
  var items: [RelayInboxItem] { compactMap { if case .inboxItem(let item) = $0 { item } else { nil } } }
  var welcome: RelayWelcome? {
    for case .welcome(let welcome) in self { return welcome }
    return nil
  }
}
