import Cryptography
import GroupKeys
import TestSupport
import Testing
import Wire

/// Members and a relay face to face, under a clock that jumps from event to event. Seeds say the delays.
final class Village {
  struct Event {
    let at: Int64
    let number: Int
    let action: () throws -> Void
  }

  var random: SeededGenerator
  let relay: ModelRelay
  private(set) var villagers: [Villager] = []
  /// Milliseconds since the start.
  private(set) var clock: Int64 = 0
  private var events: [Event] = []
  private var numbers = 0
  /// Longest delay of a frame and of a store, in milliseconds.
  var longestFrameDelay: Int64 = 20
  var longestStoreDelay: Int64 = 8
  /// Whether inboxes deliver.
  var hasInboxes = true
  /// Turned on by a canary: what is stored is forgotten in a crash, though it was said to be durable.
  var losesStores = false

  init(seed: UInt64, users: [String]) throws {
    random = SeededGenerator(seed: seed)
    relay = ModelRelay(try TestUser("relay", seed: seed &+ 1))
    for (index, name) in users.enumerated() {
      villagers.append(
        Villager(
          try TestUser(name, seed: seed &* 1_000 &+ UInt64(index) &+ 10), in: self,
          seed: seed &+ UInt64(index)))
    }
    relay.time = { [unowned self] in startTime + UInt64(clock) }
    relay.send = { [unowned self] answer, link in
      guard let villager = villagers.first(where: { $0.link == link }) else { return }
      villager.arrive(answer, on: link)
    }
  }

  subscript(index: Int) -> Villager { villagers[index] }

  /// A new group of the first villager's, founded with these invited.
  func found(inviting invited: Range<Int>) throws {
    let founder = villagers[0]
    founder.member = try GroupMember.create(
      GroupName("village"),
      relays: [GroupDescription.Relay(profile: relay.user.profile, address: "relay.test:7300")],
      as: founder.user.identity, time: time, in: founder.surroundings)
    try founder.begin()
    if !invited.isEmpty { try founder.invite(invited.map { villagers[$0] }) }
    founder.connect()
  }

  var now: Moment { Moment(nanoseconds: clock * 1_000_000) }
  var time: UnixTime { UnixTime(milliseconds: startTime + UInt64(clock)) }

  func delay(_ longest: Int64) -> Int64 { Int64.random(in: 0...max(0, longest), using: &random) }

  func after(_ milliseconds: Int64, _ action: @escaping () throws -> Void) {
    numbers += 1
    let event = Event(at: clock + milliseconds, number: numbers, action: action)
    // A binary heap by time and number.
    events.append(event)
    var child = events.count - 1
    while child > 0, isBefore(events[child], events[(child - 1) / 2]) {
      events.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private func isBefore(_ left: Event, _ right: Event) -> Bool {
    (left.at, left.number) < (right.at, right.number)
  }

  private func pop() -> Event? {
    guard let first = events.first else { return nil }
    let last = events.removeLast()
    guard !events.isEmpty else { return first }
    events[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < events.count && isBefore(events[child], events[least]) {
        least = child
      }
      if least == parent { return first }
      events.swapAt(parent, least)
      parent = least
    }
  }

  /// Lets so much time pass; throws when the events do not come to an end.
  func run(seconds: Int64) throws {
    let end = clock + seconds * 1_000
    var count = 0
    while let next = events.first, next.at <= end {
      guard let event = pop() else { break }
      clock = max(clock, event.at)
      try event.action()
      count += 1
      try #require(count < 300_000, "events without end")
    }
    clock = end
  }

  /// Lets time pass until it holds; false after `seconds`.
  func run(seconds: Int64, until holds: () throws -> Bool) throws -> Bool {
    for _ in 0..<(seconds * 5) {
      if try holds() { return true }
      let end = clock + 200
      while let next = events.first, next.at <= end {
        guard let event = pop() else { break }
        clock = max(clock, event.at)
        try event.action()
      }
      clock = end
    }
    return try holds()
  }

  // MARK: Checks

  /// What is wrong with what members have: nothing where every rule was kept. `texts` are those that count.
  func faults(among members: [Villager], honest: Bool = true) -> [String] {
    var faults: [String] = []
    for reader in members {
      guard let member = reader.member, !reader.hasEnded else {
        faults.append("\(reader.user.name) is no member")
        continue
      }
      var seen: Set<MessageID> = []
      var last: [PeerName: UInt64] = [:]
      for text in reader.shown where !text.again {
        if !seen.insert(text.id).inserted { faults.append("\(reader.user.name) saw \(text.id) twice") }
        guard let author = villagers.first(where: { $0.user.name == text.author }),
          author.said[text.id] == text.text
        else {
          faults.append("\(reader.user.name) saw what nobody said")
          continue
        }
        if honest, text.senderSequence <= last[text.author] ?? 0 {
          faults.append("\(reader.user.name) saw \(text.author) out of order")
        }
        last[text.author] = text.senderSequence
      }
      if honest {
        for author in members where author !== reader {
          for id in author.accepted where author.membershipSince(reader, includes: id) && !seen.contains(id) {
            faults.append("\(reader.user.name) missed a text of \(author.user.name)")
          }
        }
        if !reader.misdeeds.isEmpty { faults.append("\(reader.user.name) named \(reader.misdeeds)") }
      }
      if member.epochAuthenticator != members[0].member?.epochAuthenticator {
        faults.append("\(reader.user.name) is in another epoch")
      }
    }
    return faults
  }
}
