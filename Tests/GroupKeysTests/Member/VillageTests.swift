import GroupKeys
import TestSupport
import Testing
import Wire

@Suite struct VillageTests {
  @Test func threeMembersReadWhatEveryOtherWritesOnceAndInOrder() throws {
    let village = try Village(seed: 1, users: ["alice", "bob", "carol"])
    try village.found(inviting: 1..<3)
    #expect(try village.run(seconds: 30) { village.villagers.allSatisfy { $0.member?.isSettled == true } })
    for round in 0..<5 {
      for villager in village.villagers { try villager.say("round \(round)") }
      try village.run(seconds: 1)
    }
    try village.run(seconds: 60)
    for villager in village.villagers {
      #expect(villager.shown.count == 10, "\(villager.user.name)")
      #expect(villager.accepted.count == 5)
    }
    #expect(village.faults(among: village.villagers) == [])
  }
}
