import Foundation
import GroupKeys
import TestSupport
import Testing
import Wire

/// Members over an honest relay: cut links, crashes, joins, leaves, kicks and races, by seed.
@Suite struct HonestVillageTests {
  /// `SECURE_CHAT_VILLAGE_SEEDS=N` runs more.
  static var seeds: Range<UInt64> {
    0..<(ProcessInfo.processInfo.environment["SECURE_CHAT_VILLAGE_SEEDS"].flatMap(UInt64.init) ?? 6)
  }

  static let names = ["alice", "bob", "carol", "dave", "erin", "frank"]

  /// A history by seed; returns the village and who is a member in the end.
  static func history(
    _ seed: UInt64, losesStores: Bool = false, steps: Int = 60
  ) throws -> (village: Village, members: [Villager]) {
    let village = try Village(seed: seed, users: names)
    try village.found(inviting: 1..<4)
    #expect(try village.run(seconds: 60) { (0..<4).allSatisfy { village[$0].member?.isSettled == true } })
    village.losesStores = losesStores
    var outside = [4, 5]
    var members = Array(0..<4)
    func pick() -> Villager { village[members[Int.random(in: 0..<members.count, using: &village.random)]] }
    for step in 0..<steps {
      try village.run(seconds: Int64.random(in: 0...3, using: &village.random))
      switch Int.random(in: 0...19, using: &village.random) {
      case 0..<10: try pick().say("step \(step)")
      case 10..<13:
        let speaker = pick()
        for number in 0..<4 { try speaker.say("step \(step).\(number)") }
      case 13..<15: try pick().lose()
      case 15..<17: pick().crash(for: Int64.random(in: 0...4_000, using: &village.random))
      case 17:
        let inviter = pick()
        if let next = outside.popLast(), inviter.member != nil {
          try inviter.invite([village[next]])
          members.append(next)
          try village.run(seconds: 40)
        }
      case 18 where members.count > 3:
        let leaver = pick()
        if leaver !== village[0], leaver.member != nil {
          try leaver.handle(.leave)
          members.removeAll { village[$0] === leaver }
        }
      default:
        if members.count > 3, let kicked = members.last, kicked != 0, village[0].member != nil {
          try village[0].handle(.kick(village[kicked].user.name))
          members.removeAll { $0 == kicked }
          // Whoever is removed reads no more, however much it asks.
          try village.run(seconds: 30)
        }
      }
    }
    try village.run(seconds: 400)
    return (village, members.map { village[$0] })
  }

  @Test(arguments: seeds)
  func whatHasAReceiptIsReadOnceAndInOrderByEveryMember(seed: UInt64) throws {
    let (village, members) = try Self.history(seed)
    #expect(village.faults(among: members) == [], "seed \(seed)")
    for member in members {
      #expect(member.promised == member.accepted, "seed \(seed): \(member.user.name)")
    }
    for villager in village.villagers where villager.end != nil {
      #expect(!members.contains { $0 === villager })
    }
  }

  @Test func aStoreThatForgetsWhatItTookIsFoundOut() throws {
    var faults = 0
    for seed in Self.seeds {
      do {
        let (village, members) = try Self.history(seed, losesStores: true)
        faults += village.faults(among: members).count
      } catch {
        // Members who do not know one another any more.
        faults += 1
      }
    }
    #expect(faults > 0)
  }

  @Test func aNewcomerReadsNothingEarlierAndOneWhoWasRemovedNothingLater() throws {
    let village = try Village(seed: 5, users: ["alice", "bob", "carol"])
    try village.found(inviting: 1..<2)
    #expect(try village.run(seconds: 60) { (0..<2).allSatisfy { village[$0].member?.isSettled == true } })
    try village[0].say("before")
    try village.run(seconds: 5)
    try village[0].invite([village[2]])
    #expect(try village.run(seconds: 60) { village[2].member?.isSettled == true })
    try village.run(seconds: 40)
    try village[1].say("with carol")
    try village.run(seconds: 5)
    // Carol keeps all that she has, and goes on reading the relay's log for herself.
    let log = village.relay.log.count
    try village[0].handle(.kick(village[2].user.name))
    #expect(try village.run(seconds: 60) { village[2].end == .removed(by: village[0].user.profile) })
    try village.run(seconds: 5)
    try village[1].say("after")
    try village.run(seconds: 10)
    #expect(village[2].shown.map(\.text) == [Array("with carol".utf8)])
    #expect(village[1].shown.map(\.text) == [Array("before".utf8)])
    #expect(village[0].shown.map(\.text) == ["with carol", "after"].map { Array($0.utf8) })
    #expect(village.relay.log.count > log)
    #expect(village[0].notices.contains(.removed(village[2].user.profile, by: village[0].user.profile)))
    #expect(village[1].notices.contains(.invited(village[2].user.profile, by: village[0].user.profile)))
    #expect(village[1].notices.contains(.joined(village[2].user.profile)))
    #expect(village.faults(among: [village[0], village[1]]) == [])
  }

  @Test func whoLeavesIsCommittedByAnotherAlsoWhenTheCreatorIsGone() throws {
    let village = try Village(seed: 6, users: ["alice", "bob", "carol", "dave"])
    try village.found(inviting: 1..<4)
    #expect(try village.run(seconds: 60) { village.villagers.allSatisfy { $0.member?.isSettled == true } })
    try village.run(seconds: 40)
    try village[0].handle(.leave)
    #expect(try village.run(seconds: 30) { village[0].end == .left })
    try village.run(seconds: 5)
    // Nobody is an admin now: the lowest leaf is.
    try village[3].say("without alice")
    try village.run(seconds: 5)
    #expect(throws: GroupVerbRefusal.notAdmin) { try village[2].handle(.kick(village[3].user.name)) }
    try village[1].handle(.kick(village[3].user.name))
    #expect(try village.run(seconds: 60) { village[3].end != nil })
    for villager in [village[1], village[2]] {
      #expect(villager.notices.contains(.left(village[0].user.profile)))
      #expect(villager.shown.map(\.text) == [Array("without alice".utf8)])
    }
    #expect(village.faults(among: [village[1], village[2]]) == [])
  }

  @Test func thoseWhoAreOfflineFallBackToTheNextOne() throws {
    let village = try Village(seed: 7, users: ["alice", "bob", "carol"])
    try village.found(inviting: 1..<3)
    #expect(try village.run(seconds: 60) { village.villagers.allSatisfy { $0.member?.isSettled == true } })
    try village.run(seconds: 40)
    // Alice, the lowest, hangs without a word: her link stands and nothing goes over it.
    let silent = village[0].link
    village.relay.falsifies = { answer, link in link == silent ? [] : [answer] }
    try village[2].handle(.leave)
    #expect(try village.run(seconds: 30) { village[2].end == .left })
    #expect(village[1].notices.contains(.left(village[2].user.profile)))
  }

  @Test func presenceTellsWhoIsHereAndWhoWent() throws {
    let village = try Village(seed: 8, users: ["alice", "bob", "carol"])
    try village.found(inviting: 1..<3)
    #expect(try village.run(seconds: 60) { village.villagers.allSatisfy { $0.member?.isSettled == true } })
    try village.run(seconds: 60)
    func sees(_ reader: Int, _ other: Int) -> Bool {
      guard let member = village[reader].member else { return false }
      return member.members.contains { $0.name == village[other].user.name && member.isOnline($0) }
    }
    for reader in 0..<3 { for other in 0..<3 where other != reader { #expect(sees(reader, other)) } }
    village[2].crash(for: 30_000)
    try village.run(seconds: 2)
    #expect(!sees(0, 2) && !sees(1, 2))
    #expect(village[0].notices.last == .online(village[2].user.name, false))
    #expect(try village.run(seconds: 60) { sees(0, 2) && sees(1, 2) && sees(2, 0) })
    // A link that only looks alive.
    let dead = village[1].link
    village.relay.falsifies = { answer, link in
      if case .ephemeral(let from, _) = answer, from == dead { return [] }
      return [answer]
    }
    #expect(try village.run(seconds: 60) { !sees(0, 1) })
  }

  @Test func whoCouldNotBeReachedIsNamedToAll() throws {
    let village = try Village(seed: 9, users: ["alice", "bob"])
    try village.found(inviting: 1..<2)
    #expect(try village.run(seconds: 60) { village.villagers.allSatisfy { $0.member?.isSettled == true } })
    let carol = try PeerName("carol")
    try village[0].handle(.nameOffline([carol]))
    try village.run(seconds: 10)
    for villager in village.villagers {
      #expect(villager.notices.contains(.offline([carol], by: village[0].user.profile)))
    }
  }

  @Test func aSecondUserOfOneNameAndAKeyTwiceAreRefused() throws {
    let village = try Village(seed: 10, users: ["alice", "bob", "bob", "carol"])
    try village.found(inviting: 1..<2)
    #expect(try village.run(seconds: 60) { (0..<2).allSatisfy { village[$0].member?.isSettled == true } })
    let second = village[2].user.name
    #expect(throws: GroupVerbRefusal.nameTaken(second)) { try village[0].invite([village[2]]) }
    #expect(throws: GroupVerbRefusal.notInvitable(village[3].user.name, .member(.certificateProfileDiffers)))
    {
      try village[0].handle(
        .invite([
          GroupInvitee(
            profile: village[3].user.profile, keyPackage: try village[2].freshKeyPackage(), inbox: [])
        ]))
    }
    // Two members who invite two of one name at the same time: one is in, the other is told of.
    let other = try Village(seed: 11, users: ["alice", "bob", "carol", "carol"])
    try other.found(inviting: 1..<2)
    #expect(try other.run(seconds: 60) { (0..<2).allSatisfy { other[$0].member?.isSettled == true } })
    try other.run(seconds: 40)
    try other[0].invite([other[2]])
    try other[1].invite([other[3]])
    try other.run(seconds: 60)
    #expect((other[2].member == nil) != (other[3].member == nil))
    #expect(other.faults(among: [other[0], other[1]]) == [])
  }

  @Test func allWhoCommitAtOnceGetTheirTurn() throws {
    // All fifty take half a minute: they run with the larger figures.
    let count = ProcessInfo.processInfo.environment["SECURE_CHAT_VILLAGE_SEEDS"] == nil ? 12 : 50
    // Each of the members invites one more in the same moment.
    let names = (0..<2 * count).map { "user \($0)" }
    let village = try Village(seed: 12, users: names)
    village.longestFrameDelay = 2
    village.longestStoreDelay = 1
    try village.found(inviting: 1..<count)
    #expect(
      try village.run(seconds: 300) {
        (0..<count).allSatisfy {
          village[$0].member?.isSettled == true && village[$0].member?.hasPendingCommit == false
        }
      })
    village.hasInboxes = false
    let before = village.relay.slot
    for index in 0..<count { try village[index].invite([village[count + index]]) }
    #expect(
      try village.run(seconds: 300) {
        (0..<count).allSatisfy {
          village[$0].member?.members.count == 2 * count && village[$0].member?.hasPendingCommit == false
        }
      })
    // One winner a slot, and every one of them wins one.
    #expect(village.relay.slot >= before + UInt64(count))
    #expect(village.faults(among: Array(village.villagers[..<count])) == [])
  }
}
