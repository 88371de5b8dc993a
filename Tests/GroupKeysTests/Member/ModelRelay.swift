import Cryptography
import GroupKeys
import Wire

/// A relay as docs/RELAY.md wants it, for one group, without a disk, a clock or links: what a real one is held against
/// elsewhere. What a false one does is done to its log and its answers from outside.
final class ModelRelay {
  struct Link {
    let number: UInt32
    let th: [UInt8]
    var key: [UInt8]
    /// The next entry that it gets; nil before SUBSCRIBE.
    var next: UInt64?
  }

  struct Slot {
    var hash: [UInt8]
    var winner: RelayEntry
    /// The key that may fill it.
    let key: [UInt8]
    var isOpen = false
  }

  let user: TestUser
  var term: UInt64 = 1
  private(set) var pseudonym: [UInt8]?
  var log: [RelayEntry] = []
  private var newestKey: [UInt8] = []
  private var keys: Set<[UInt8]> = []
  private(set) var slot: UInt64 = 0
  private var slots: [UInt64: Slot] = [:]
  private var places: [MessageID: Int] = [:]
  private(set) var links: [UInt32: Link] = [:]
  private var linkNumbers: UInt32 = 0
  /// Appends that the relay says it took, and lets fall.
  var swallows: (RelayAppend, UInt32) -> Bool = { _, _ in false }
  /// Answers that go out; a false relay changes them.
  var falsifies: (RelayAnswer, UInt32) -> [RelayAnswer] = { answer, _ in [answer] }
  var send: (RelayAnswer, UInt32) -> Void = { _, _ in }
  var time: () -> UInt64 = { startTime }

  init(_ user: TestUser) { self.user = user }

  private func answer(_ answer: RelayAnswer, _ link: UInt32) {
    for one in falsifies(answer, link) { send(one, link) }
  }

  var head: GroupPosition {
    GroupPosition(
      term: term, sequence: UInt64(log.count), chain: log.last?.chain ?? RelaySignedBytes.chainStart)
  }

  /// A link whose HELLO is right; nil for one that is refused.
  func connect(_ hello: GroupHello) throws -> (UInt32, RelayWelcome)? {
    linkNumbers += 1
    let th = SHA256Hash.hash("link \(linkNumbers)".utf8.map(\.self).span)
    let membership = try hello.membership(th: th)
    guard try isRight(membership, th) else { return nil }
    if pseudonym == nil {
      guard SHA256Hash.hash(membership.key.span) == membership.pseudonym else { return nil }
      (pseudonym, newestKey) = (membership.pseudonym, membership.key)
      keys = [membership.key]
    }
    guard membership.pseudonym == pseudonym, keys.contains(membership.key) else { return nil }
    let number = linkNumbers
    let others = links.keys.sorted()
    links[number] = Link(number: number, th: th, key: membership.key)
    for other in others { answer(.linkUp(number), other) }
    return (number, welcome(number, others))
  }

  func welcome(_ number: UInt32, _ others: [UInt32]) -> RelayWelcome {
    RelayWelcome(
      term: term, floor: 1, head: head.sequence, chain: head.chain, slot: slot, link: number,
      others: others,
      entryLimit: 1 << 20, objectLimit: 1 << 20, creditLimit: 1 << 20)
  }

  private func isRight(_ membership: RelayMembership, _ th: [UInt8]) throws -> Bool {
    let signed = RelaySignedBytes.authentication(th: th, pseudonym: membership.pseudonym)
    return (try? Ed25519.verify(membership.signature.span, of: signed.span, publicKey: membership.key.span))
      != nil
  }

  func disconnect(_ number: UInt32) {
    guard links.removeValue(forKey: number) != nil else { return }
    for other in links.keys.sorted() { answer(.linkDown(number), other) }
  }

  // MARK: Requests

  func hello(_ hello: GroupHello, _ number: UInt32) throws {
    guard let link = links[number] else { return }
    let membership = try hello.membership(th: link.th)
    guard try isRight(membership, link.th), keys.contains(membership.key) else { return }
    links[number]?.key = membership.key
    answer(.welcome(welcome(number, links.keys.filter { $0 != number }.sorted())), number)
  }

  func subscribe(from sequence: UInt64, _ number: UInt32) {
    links[number]?.next = max(1, sequence)
    pump(number)
  }

  func ephemeral(_ body: [UInt8], _ number: UInt32) {
    for other in links.keys.sorted() where other != number {
      answer(.ephemeral(link: number, body: body), other)
    }
  }

  func badCommit(_ bad: RelayBadCommit, _ number: UInt32) {
    guard let link = links[number], let slot = slots[bad.slot], slot.hash == bad.bodyHash,
      slot.key == link.key
    else { return answer(.refused(RelayRefusal(request: bad.request, reason: .nothingThere)), number) }
    slots[bad.slot]?.isOpen = true
    answer(.accepted(request: bad.request), number)
  }

  func append(_ append: RelayAppend, _ number: UInt32) throws {
    guard let link = links[number] else { return }
    func refuse(_ reason: RelayRefusalReason) {
      answer(.refused(RelayRefusal(request: append.request, reason: reason)), number)
    }
    if let place = places[append.id] { return try receipt(log[place], append.request, number) }
    let hash = SHA256Hash.hash(append.body.span)
    if let commit = append.content.commit {
      let signed = RelaySignedBytes.epoch(
        pseudonym: pseudonym ?? [], slot: commit.slot, nextKey: commit.nextKey, bodyHash: hash)
      guard
        (try? Ed25519.verify(commit.signature.span, of: signed.span, publicKey: link.key.span)) != nil
      else { return refuse(.badSignature) }
      guard commit.slot <= slot else { return refuse(.slotIsNotNext) }
      if commit.slot < slot {
        guard let taken = slots[commit.slot] else { return refuse(.nothingThere) }
        guard taken.isOpen, taken.hash == commit.replaces, taken.key == link.key else {
          return answer(
            .conflict(RelayConflict(request: append.request, winner: taken.winner)), number)
        }
      } else if link.key != newestKey {
        return refuse(.notNewestKey)
      }
    } else if link.key != newestKey {
      return refuse(.notNewestKey)
    }
    if swallows(append, number) {
      let chain = SHA256Hash.hash(
        RelaySignedBytes.chain(after: head.chain, sequence: head.sequence + 1, bodyHash: hash).span)
      let lost = RelayEntry(
        sequence: head.sequence + 1, id: append.id, time: UnixTime(milliseconds: time()), chain: chain,
        content: append.content, body: append.body)
      return try receipt(lost, append.request, number)
    }
    let entry = put(append.id, append.content, append.body, by: link.key)
    try receipt(entry, append.request, number)
    for other in links.keys.sorted() { pump(other) }
  }

  /// What a relay could also do by itself: something new at the log's end.
  @discardableResult
  func put(_ id: MessageID, _ content: RelayContent, _ body: [UInt8], by key: [UInt8]? = nil) -> RelayEntry {
    let hash = SHA256Hash.hash(body.span)
    let sequence = head.sequence + 1
    let entry = RelayEntry(
      sequence: sequence, id: id, time: UnixTime(milliseconds: time()),
      chain: SHA256Hash.hash(
        RelaySignedBytes.chain(after: head.chain, sequence: sequence, bodyHash: hash).span),
      content: content, body: body)
    places[id] = log.count
    log.append(entry)
    if let commit = content.commit {
      slots[commit.slot] = Slot(
        hash: hash, winner: entry, key: slots[commit.slot]?.key ?? key ?? newestKey)
      slot = commit.slot + 1
      newestKey = commit.nextKey
      keys.insert(commit.nextKey)
    }
    return entry
  }

  func pumpAll() {
    for number in links.keys.sorted() { pump(number) }
  }

  private func pump(_ number: UInt32) {
    guard var next = links[number]?.next else { return }
    while next <= head.sequence {
      answer(.entry(log[Int(next) - 1]), number)
      next += 1
    }
    links[number]?.next = next
  }

  private func receipt(_ entry: RelayEntry, _ request: UInt32, _ number: UInt32) throws {
    let signed = RelaySignedBytes.receipt(
      pseudonym: pseudonym ?? [], term: term, sequence: entry.sequence, chain: entry.chain, level: .durable,
      kind: entry.content.kind, slot: entry.content.slot)
    answer(
      .receipt(
        RelayReceipt(
          request: request, term: term, sequence: entry.sequence, chain: entry.chain, level: .durable,
          kind: entry.content.kind, slot: entry.content.slot, signature: try user.identity.sign(signed))),
      number)
  }
}
