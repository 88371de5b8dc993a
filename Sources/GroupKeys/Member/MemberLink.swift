internal import Cryptography
internal import Wire

/// What a member knows of the link that is up; gone with it.
struct MemberLink {
  /// The relay's number for it.
  let number: UInt32
  /// Where the log ended when the link came up: everything before is replayed first (F8).
  let head: UInt64
  var isSettled = false
  /// When quiet began, and when settling ends at the latest.
  var quietSince: Moment
  var settleBy: Moment?
  /// The relay showed what cannot be: nothing of this link is read any more.
  var standsStill = false
  var inFlight: InFlight?
  /// Nothing is sent before.
  var notBefore: Moment?
  /// Another commit has this slot: what won it is waited for.
  var lostSlot: UInt64?
  /// When a commit that others asked for is this member's to make.
  var commitAt: Moment?
  /// When a joiner renews its keys.
  var updateAt: Moment?
  /// Own entries whose receipts were not seen yet.
  var receiptsToCome: [UInt32: UInt64] = [:]
  var misdeeds = 0

  init(_ welcome: RelayWelcome, at now: Moment) {
    number = welcome.link
    head = welcome.head
    quietSince = now
  }
}

/// The one append that is under way.
struct InFlight {
  enum Matter: Hashable {
    case message(MessageID)
    case proposal
    case commit
  }

  let request: UInt32
  let matter: Matter
  let kind: RelayKind
  let slot: UInt64
  let until: Moment
  var receipt: RelayReceipt?
}

extension GroupMember {
  func linkIsUp(_ welcome: RelayWelcome) {
    guard !hasEnded else { return }
    // HELLO on a link that stands is answered by a WELCOME too.
    if let link, link.number == welcome.link { return }
    linkIsDown()
    var fresh = MemberLink(welcome, at: now)
    let read = state.position
    if group.epochNumber == 0, welcome.head == 0 { fresh.isSettled = true }
    link = fresh
    presence.linkIsUp(others: welcome.others)
    let shown = GroupPosition(term: welcome.term, sequence: welcome.head, chain: welcome.chain)
    let isOlder =
      welcome.term < read.term || welcome.head < read.sequence
      || (welcome.head == read.sequence && welcome.chain != read.chain && read.sequence > 0)
    if isOlder {
      name(.rolledBack(read: read, shown: shown))
      return standStill()
    }
    state.position.term = welcome.term
    if welcome.floor > read.sequence + 1 {
      // What is gone may be a commit: nothing after it could be trusted to be read right.
      name(.forgotten(read: read.sequence, floor: welcome.floor))
      return standStill()
    }
    output.perform(.subscribe(from: read.sequence + 1))
    if fresh.isSettled { settled() } else { noteReplay() }
  }

  func linkIsDown() {
    guard link != nil else { return }
    link = nil
    for name in presence.linkIsDown().compactMap({ nameOf(leafKey: $0) }) {
      output.afterStore(.notice(.online(name, false)))
    }
  }

  /// Reads and sends nothing more on this link.
  func standStill() {
    link?.standsStill = true
    link?.inFlight = nil
    output.perform(.closeLink)
  }

  /// Names a misdeed, unless too many were named on this link already.
  func name(_ misdeed: GroupMisdeed) {
    if link != nil {
      guard (link?.misdeeds ?? 0) < GroupMemberLimits.misdeedsOfALink else { return }
      link?.misdeeds += 1
    }
    output.perform(.misdeed(misdeed))
  }

  /// Whether the log is read to where it ended when the link came up; settling's longest time runs from there.
  func noteReplay() {
    guard let link, !link.isSettled, link.settleBy == nil, state.position.sequence >= link.head else {
      return
    }
    self.link?.settleBy = now + GroupMemberLimits.longestSettling
  }

  private func settled() {
    link?.isSettled = true
    output.afterStore(.notice(.settled))
    if state.tellsJoined {
      state.tellsJoined = false
      output.needsState = true
      enqueue(.joined, id: freshID(), f: entropy.publicBytes(count: 32))
    }
    if state.updateIsDue {
      link?.updateAt =
        now + GroupMemberLimits.joinerUpdateAfter
        + randomDuration(upTo: GroupMemberLimits.joinerUpdateWithin)
    }
    reportBadCommit()
    scheduleCommit()
    sendPresence()
  }

  /// What was due at a time that has come.
  func ring() {
    guard let link, !hasEnded else { return }
    if !link.isSettled, let latest = link.settleBy, !link.standsStill,
      min(link.quietSince + GroupMemberLimits.quiet, latest) <= now
    {
      settled()
    }
    if let inFlight = link.inFlight, inFlight.until <= now { standStill() }
    // The log ends further on, and nothing of it comes.
    if link.settleBy == nil, !link.isSettled, link.quietSince + GroupMemberLimits.answerPatience <= now {
      standStill()
    }
    for key in presence.silent(at: now) {
      if let name = nameOf(leafKey: key) { output.afterStore(.notice(.online(name, false))) }
    }
    if let due = presence.due, due <= now, link.isSettled { sendPresence() }
  }

  var nextAlarm: Moment? {
    guard let link, !hasEnded, !link.standsStill else { return nil }
    var times: [Moment?] = [link.inFlight?.until, presence.nextSilence]
    if link.isSettled { times.append(presence.due) }
    if !link.isSettled {
      times.append(
        link.settleBy.map { min(link.quietSince + GroupMemberLimits.quiet, $0) }
          ?? link.quietSince + GroupMemberLimits.answerPatience)
    }
    if link.isSettled, link.inFlight == nil {
      // What is past waits for something else than the time.
      times += [link.notBefore, link.commitAt, link.updateAt].filter { $0.map { $0 > now } ?? false }
    }
    return times.compactMap(\.self).min()
  }

  // MARK: Answers

  func received(_ answer: RelayAnswer) {
    guard link != nil, !hasEnded else { return }
    switch answer {
    case .ephemeral(let number, let body): receivedPresence(body, link: number)
    case .linkUp(let number): linkAppeared(number)
    case .linkDown(let number):
      if let name = presence.linkDisappeared(number).flatMap(nameOf(leafKey:)) {
        output.afterStore(.notice(.online(name, false)))
      }
    case .entry(let entry): received(entry)
    case .receipt(let receipt): received(receipt)
    case .conflict(let conflict):
      guard let inFlight = take(conflict.request), inFlight.matter == .commit else { return }
      if conflict.winner.sequence > state.position.sequence {
        // The winner comes in its place in the log, and only there it is believed.
        link?.lostSlot = inFlight.slot
      } else {
        // The winner was refused here, and the relay does not know it yet.
        reportBadCommit()
        link?.notBefore = now + GroupMemberLimits.retryAfter
      }
    case .refused(let refusal): received(refusal)
    // WELCOME answers a HELLO after a change of epoch; the others are no group's.
    case .welcome, .rangeEnd, .accepted, .inboxItem, .keyPackage: break
    }
  }

  private func take(_ request: UInt32) -> InFlight? {
    guard let inFlight = link?.inFlight, inFlight.request == request else { return nil }
    link?.inFlight = nil
    return inFlight
  }

  private func received(_ receipt: RelayReceipt) {
    let inFlight = link?.inFlight.flatMap { $0.request == receipt.request ? $0 : nil }
    let place = link?.receiptsToCome.removeValue(forKey: receipt.request)
    guard inFlight != nil || place != nil else { return }
    let isWhole =
      receipt.term == state.position.term && place.map { $0 == receipt.sequence } ?? true
      && inFlight.map { $0.kind == receipt.kind && $0.slot == receipt.slot } ?? true
      && (receipt.sequence > state.position.sequence
        || chains[receipt.sequence].map { $0 == receipt.chain } ?? true)
    do throws(GroupError) {
      guard isWhole else { throw .notAuthentic }
      try receipt.verify(pseudonym: state.pseudonym, relay: description.relays[0].profile)
    } catch {
      return name(.badReceipt(sequence: receipt.sequence))
    }
    link?.inFlight?.receipt = receipt
  }

  private func received(_ refusal: RelayRefusal) {
    guard let inFlight = take(refusal.request) else { return }
    let asked = Duration.milliseconds(Int64(refusal.retryAfter))
    func again(after duration: Duration) { link?.notBefore = now + max(asked, duration) }
    switch refusal.reason {
    case .rate: again(after: GroupMemberLimits.afterRate)
    case .quota, .storageFailed, .nothingThere: again(after: GroupMemberLimits.retryAfter)
    case .notNewestKey, .badSignature, .slotIsNotNext:
      // A commit is on its way to this member, or the link's HELLO was of an older epoch.
      output.afterStore(.hello(hello))
      again(after: GroupMemberLimits.retryAfter)
    case .tooLarge: tooLarge(inFlight)
    case .unknownMailbox, .puzzle: standStill()
    }
  }

  private func tooLarge(_ inFlight: InFlight) {
    switch inFlight.matter {
    case .message(let id):
      outbox.remove(id)
      output.forget(id)
      output.afterStore(.refused(id, .tooLarge))
    case .proposal: standStill()
    case .commit:
      dropOwnCommit()
      addsAtOnce = max(1, addsAtOnce / 2)
      link?.notBefore = now + GroupMemberLimits.retryAfter
    }
  }

  // MARK: Chance

  func freshID() -> MessageID {
    let bytes = entropy.publicBytes(count: MessageID.byteCount)
    return MessageID(
      stream: bytes.span.bigEndianUInt64(at: 0), number: bytes.span.bigEndianUInt64(at: 8))
  }

  func randomDuration(upTo longest: Duration) -> Duration {
    let drawn = entropy.publicBytes(count: 8).span.bigEndianUInt64(at: 0) >> 44
    return longest * (Double(drawn) / Double(1 << 20))
  }

  func nameOf(leafKey key: [UInt8]) -> PeerName? { person(leafKey: key)?.name }
}
