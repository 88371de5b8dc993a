import Stores
import TestSupport
import Testing

@Suite struct GroupDatabaseTests {
  private let folder: TemporaryFolder
  private let path: String
  private let group: [UInt8] = [1, 2, 3]

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("groups/groups.sqlite")
  }

  private func row(_ number: UInt64, _ id: UInt8) -> StoredMessage {
    StoredMessage(number: number, id: [id], content: [id, id])
  }

  @Test func whatWasStoredStandsInTheNextRun() throws {
    let database = try GroupDatabase(path: path)
    var change = StoredGroupChange(group: group)
    change.facts = [9]
    change.state = [8]
    change.outbox = [row(2, 2), row(1, 1)]
    change.received = [row(7, 7), row(6, 6)]
    change.sentInvitations = [StoredItem(id: [4], content: [44])]
    try database.apply(change)
    try database.put(keyPackages: [StoredItem(id: [5], content: [55])])
    try database.put(place: StoredItem(id: [6], content: [66]))
    try database.put(relay: StoredItem(id: [7], content: [77]))
    try database.close()

    let later = try GroupDatabase(path: path)
    #expect(try later.groups() == [StoredGroup(id: group, facts: [9], state: [8], recent: nil)])
    #expect(try later.outbox(of: group) == [row(1, 1), row(2, 2)])
    #expect(try later.received(of: group) == [row(6, 6), row(7, 7)])
    #expect(try later.sentInvitations() == [StoredItem(id: [4], content: [44])])
    #expect(try later.keyPackages() == [StoredItem(id: [5], content: [55])])
    #expect(try later.places() == [StoredItem(id: [6], content: [66])])
    #expect(try later.relays() == [StoredItem(id: [7], content: [77])])
    #expect(try folder.mode(of: "groups") == 0o700)
  }

  @Test func aNewStateTakesThePlaceOfWhatWasBesideTheOldOne() throws {
    let database = try GroupDatabase(path: path)
    var change = StoredGroupChange(group: group)
    change.facts = [9]
    change.state = [1]
    try database.apply(change)
    var recent = StoredGroupChange(group: group)
    recent.recent = [2]
    try database.apply(recent)
    #expect(try database.groups().first?.recent == [2])
    var whole = StoredGroupChange(group: group)
    whole.state = [3]
    try database.apply(whole)
    #expect(try database.groups() == [StoredGroup(id: group, facts: [9], state: [3], recent: nil)])
    try database.wipe(group: group)
    #expect(try database.groups() == [StoredGroup(id: group, facts: [9], state: nil, recent: nil)])
  }

  @Test func whatIsDoneGoesAndTheRestStays() throws {
    let database = try GroupDatabase(path: path)
    var change = StoredGroupChange(group: group)
    change.facts = [9]
    change.outbox = [row(1, 1), row(2, 2)]
    change.received = [row(1, 1), row(2, 2)]
    try database.apply(change)
    var further = StoredGroupChange(group: group)
    further.sent = [[1]]
    try database.apply(further)
    try database.taken([[2]], of: group)
    #expect(try database.outbox(of: group) == [row(2, 2)])
    #expect(try database.received(of: group) == [row(1, 1)])
    try database.remove(group: group)
    #expect(try database.groups().isEmpty)
    #expect(try database.outbox(of: group).isEmpty)
  }

  @Test func lookingWhereNothingIsMakesNothing() throws {
    let isThere = try GroupDatabase.existing(path: path) != nil
    #expect(!isThere)
    #expect(folder.allFiles.isEmpty)
  }
}
