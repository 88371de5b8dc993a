import ChatProtocol
import ProtocolTestSupport
import Testing
import Wire

/// Records of groups on a direct session (PROTOCOL 1.7, types 48 to 63).
@Suite("Records of groups")
struct GroupRecordTests {
  private let cast: Cast
  private let stream = MessageStream(entropy: ScriptedEntropy(seed: 9))

  init() throws { cast = try Cast() }

  private func records(_ peer: TestPeer) -> [GroupRecord] {
    peer.said.compactMap { if case .groupRecord(let record) = $0 { record } else { nil } }
  }

  @Test func aRecordComesAsItWasSentAndTheConversationGoesOn() throws {
    let script = try Script(cast)
    for type in GroupRecord.types {
      try script.sendRaw(type: type, flags: 2, [type, 7])
    }
    let largest = [UInt8](repeating: 5, count: GroupRecord.largestBody)
    try script.sendRaw(type: 50, flags: 2, largest)
    #expect(records(script.bob).map(\.type) == Array(GroupRecord.types) + [50])
    #expect(records(script.bob).last?.body == largest)
    // Bob's driver did nothing with any of them.
    try script.sendText([65], number: 1)
    #expect(script.bob.shown.map(\.text) == [[65]])
    #expect(script.bob.isUp)
  }

  @Test func aRecordLeavesWithTheFlagThatLetsItBeIgnored() throws {
    let end = try OpenEnd.accepting(cast)
    let record = try GroupRecord(type: 51, body: Array("where".utf8))
    end.peer.tell(.sendGroupRecord(record))
    let frames = end.peer.sent()
    #expect(try frames.map { try end.openWhole($0) } == [record])
    #expect(end.peer.isUp)
  }

  // [Y-02] [Y-09]
  @Test func noneComesBeforeSYNCOrAfterCLOSE() throws {
    let early = try Script(cast, synchronises: false)
    try early.sendRaw(type: 48, flags: 2, [1])
    #expect(early.bob.code == .proto)

    let late = try Script(cast)
    late.bob.answersLogs = false
    late.bob.say("wait", stream)
    try late.send(.close(Closing(reason: .bye, sent: 0, received: 0)))
    try late.sendRaw(type: 48, flags: 2, [1])
    late.bob.answerLogs()
    #expect(late.bob.code == .proto)
    #expect(records(early.bob).isEmpty && records(late.bob).isEmpty)
  }

  //
  @Test func aRecordWithoutTheFlagOrThatGoesOnIsRefused() throws {
    for flags: UInt8 in [0, 1, 3] {
      let script = try Script(cast)
      try script.sendRaw(type: 50, flags: flags, [1])
      #expect(script.bob.code == .proto)
    }
  }

  @Test func nothingLeavesBeforeTheSessionIsUpOrWhileItCloses() throws {
    let record = try GroupRecord(type: 50, body: [])
    let early = try Script(cast, synchronises: false)
    early.bob.tell(.sendGroupRecord(record))
    #expect(early.bob.sent().isEmpty)

    let script = try Script(cast)
    script.bob.tell(.close(.bye))
    _ = script.bob.sent()
    script.bob.tell(.sendGroupRecord(record))
    #expect(script.bob.sent().isEmpty)
  }

  @Test func onlyWhatOneRecordHoldsCanBeMade() {
    #expect(throws: RecordError.malformed) { try GroupRecord(type: 47, body: []) }
    #expect(throws: RecordError.malformed) { try GroupRecord(type: 64, body: []) }
    #expect(throws: RecordError.malformed) {
      try GroupRecord(type: 48, body: [UInt8](repeating: 0, count: GroupRecord.largestBody + 1))
    }
  }
}
