import Cryptography
import GroupKeys
import TestSupport
import Testing
import Wire

/// A user, the machine of a group, a disk, a link, an inbox, and a reader who remembers what was shown.
final class Villager {
  /// What survives a crash.
  struct Disk {
    var state: GroupSnapshot?
    var recent: GroupSnapshot?
    var outbox: [MessageID: GroupOutboxRow] = [:]
    var received: [MessageID: GroupText] = [:]
    var invitations: [GroupSentInvitation] = []
  }

  let user: TestUser
  unowned let village: Village
  let surroundings: Group.Surroundings
  var member: GroupMember?
  private(set) var disk = Disk()
  private var keyPackages: [OwnKeyPackage] = []
  private(set) var link: UInt32?
  /// Rises with each crash and each link: what belongs to an earlier one is void.
  private var life = 0
  private var linkLife = 0
  private var lastArrival: Int64 = 0
  private var lastDeparture: Int64 = 0
  private var alarmAt: Int64?
  var reconnects = true

  private(set) var said: [MessageID: [UInt8]] = [:]
  private(set) var shown: [GroupText] = []
  private(set) var accepted: Set<MessageID> = []
  /// Where in the log they stand.
  private var places: [MessageID: UInt64] = [:]
  private(set) var notices: [GroupNotice] = []
  private(set) var misdeeds: [GroupMisdeed] = []
  private(set) var end: GroupEnd?
  private(set) var joinedAt: UInt64 = 0
  /// Own texts that the disk took: from there on they are promised.
  private(set) var promised: Set<MessageID> = []
  private var numbers: UInt64 = 0
  var hasEnded: Bool { end != nil }

  init(_ user: TestUser, in village: Village, seed: UInt64) {
    self.user = user
    self.village = village
    surroundings = Group.Surroundings(entropy: SeededEntropy(seed: seed &* 7 &+ 3))
  }

  // MARK: The user

  func say(_ text: String) throws {
    guard member != nil else { return }
    numbers += 1
    let id = MessageID(
      stream: UInt64(truncatingIfNeeded: user.name.utf8.reduce(7) { $0 &* 31 &+ Int($1) }), number: numbers)
    said[id] = Array(text.utf8)
    try handle(.send(id: id, text: Array(text.utf8), f: [UInt8](repeating: 3, count: 32)))
  }

  func freshKeyPackage() throws -> [UInt8] {
    let own = try OwnKeyPackage.make(
      for: user.identity, now: village.time.milliseconds / 1_000, in: surroundings)
    // As a store gives it back.
    keyPackages.append(try OwnKeyPackage(restoring: own.stored))
    return own.published
  }

  func invite(_ others: [Villager]) throws {
    try handle(
      .invite(
        try others.map {
          GroupInvitee(
            profile: $0.user.profile, keyPackage: try $0.freshKeyPackage(), inbox: Array("inbox".utf8))
        }))
  }

  func handle(_ event: GroupEvent) throws {
    guard let member else { return }
    try member.handle(event, at: village.now, time: village.time)
    try drain()
  }

  /// Whether a text of this author is one that `reader` was a member for.
  func membershipSince(_ reader: Villager, includes id: MessageID) -> Bool {
    (places[id] ?? 0) > reader.joinedAt
  }

  // MARK: Inbox

  func receive(_ sealed: [UInt8]) throws {
    guard member == nil else { return }
    let invitation = try user.open(sealed)
    guard let own = keyPackages.first(where: { invitation.references.contains($0.reference) }) else { return }
    member = try GroupMember.join(invitation, with: own, as: user.identity, in: surroundings)
    joinedAt = invitation.position.sequence
    try begin()
    connect()
  }

  func begin() throws { if let member { write(member.firstChange()) } }

  // MARK: Disk

  private func write(_ change: GroupChange) {
    if let state = change.state { (disk.state, disk.recent) = (state, nil) }
    if let recent = change.recent { disk.recent = recent }
    for row in change.outbox {
      disk.outbox[row.id] = row
      if row.type == GroupContent.text([]).type { promised.insert(row.id) }
    }
    for id in change.sent { disk.outbox[id] = nil }
    for text in change.received { disk.received[text.id] = text }
    disk.invitations += change.invitations
  }

  func crash(for milliseconds: Int64) {
    life += 1
    cut()
    member = nil
    village.after(milliseconds) { [self] in try restart() }
  }

  func restart() throws {
    guard member == nil, !hasEnded, let state = disk.state else { return }
    life += 1
    member = try GroupMember.restore(
      state, recent: disk.recent, outbox: Array(disk.outbox.values), as: user.identity, in: surroundings)
    for text in disk.received.values.sorted(by: { $0.sequence < $1.sequence }) {
      // Shown for the first time, if the crash came before: the reader cannot know.
      var text = text
      text.again = shown.contains { $0.id == text.id }
      shown.append(text)
      disk.received[text.id] = nil
    }
    for invitation in disk.invitations { deliver(invitation) }
    connect()
  }

  // MARK: The link

  func connect() {
    let life = life
    village.after(village.delay(50)) { [self] in
      guard life == self.life, link == nil, let member, !hasEnded else { return }
      guard let (number, welcome) = try village.relay.connect(member.hello) else {
        return again()
      }
      link = number
      linkLife += 1
      (lastArrival, lastDeparture) = (village.clock, village.clock)
      if case .welcome(let shown)? = village.relay.falsifies(.welcome(welcome), number).first {
        try handle(.up(shown))
      } else {
        cut()
        again()
      }
    }
  }

  private func again() {
    guard reconnects else { return }
    let life = life
    village.after(1_000 + village.delay(500)) { [self] in if life == self.life { connect() } }
  }

  /// The link breaks: what is under way is lost.
  func cut() {
    guard let link else { return }
    self.link = nil
    linkLife += 1
    village.relay.disconnect(link)
  }

  func lose() throws {
    guard link != nil else { return }
    cut()
    try handle(.down)
    again()
  }

  func arrive(_ answer: RelayAnswer, on number: UInt32) {
    let linkLife = linkLife
    lastArrival = max(lastArrival, village.clock + village.delay(village.longestFrameDelay))
    village.after(lastArrival - village.clock) { [self] in
      guard linkLife == self.linkLife, link == number else { return }
      try handle(.answer(answer))
    }
  }

  private func depart(_ action: @escaping (UInt32) throws -> Void) {
    guard link != nil else { return }
    let linkLife = linkLife
    lastDeparture = max(lastDeparture, village.clock + village.delay(village.longestFrameDelay))
    village.after(lastDeparture - village.clock) { [self] in
      guard linkLife == self.linkLife, let link else { return }
      try action(link)
    }
  }

  private func deliver(_ invitation: GroupSentInvitation) {
    village.after(20 + village.delay(200)) { [self] in
      disk.invitations.removeAll { $0 == invitation }
      guard village.hasInboxes else { return }
      try village.villagers.first { $0.user.profile == invitation.profile }?.receive(invitation.sealed)
    }
  }

  // MARK: Actions

  private func drain() throws {
    while let action = member?.nextAction() { try perform(action) }
    guard let deadline = member?.deadline else { return }
    // Never early, by rounding up.
    let at = max(village.clock, (deadline.nanoseconds + 999_999) / 1_000_000)
    if let alarmAt, alarmAt <= at, alarmAt > village.clock { return }
    alarmAt = at
    let life = life
    village.after(at - village.clock) { [self] in
      guard life == self.life, let member else { return }
      if alarmAt == at { alarmAt = nil }
      member.alarm(at: village.now, time: village.time)
      try drain()
    }
  }

  private func perform(_ action: GroupAction) throws {
    let relay = village.relay
    switch action {
    case .hello(let hello): depart { try relay.hello(hello, $0) }
    case .subscribe(let sequence): depart { relay.subscribe(from: sequence, $0) }
    case .append(let append): depart { try relay.append(append, $0) }
    case .badCommit(let bad): depart { relay.badCommit(bad, $0) }
    case .ephemeral(let body): depart { relay.ephemeral(body, $0) }
    case .store(let change, let ticket):
      let life = life
      village.after(village.delay(village.longestStoreDelay)) { [self] in
        guard life == self.life else { return }
        if !village.losesStores { write(change) }
        try handle(.stored(ticket))
      }
    case .deliver(let text):
      #expect(village.losesStores || disk.received[text.id] == text, "shown before it was stored")
      shown.append(text)
      disk.received[text.id] = nil
    case .notice(let notice): notices.append(notice)
    case .accepted(let id, let position):
      accepted.insert(id)
      places[id] = position.sequence
    case .refused: break
    case .invitation(let invitation): deliver(invitation)
    case .misdeed(let misdeed): misdeeds.append(misdeed)
    case .closeLink: try lose()
    case .ended(let end):
      self.end = end
      cut()
    }
  }
}
