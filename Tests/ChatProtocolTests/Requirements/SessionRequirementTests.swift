import ChatProtocol
import Testing
import Wire

/// What docs/PROTOCOL.md requires of a session beyond what the attacks on it show: what its records say.
@Suite("Requirements of a session")
struct SessionRequirementTests {
  private let cast: Cast
  private let stream = MessageStream(entropy: ScriptedEntropy(seed: 8))

  init() throws { cast = try Cast() }

  // [Y-02] [Y-03]
  @Test func synchronisationIsSentAtOnceAndSaysWhatIsKnown() throws {
    let script = try Script(cast, synchronises: false)
    #expect(script.first == [.synchronisation(.nothing)])
    #expect(script.bob.summary == nil)
    try script.send(.synchronisation(.nothing))
    #expect(script.bob.summary != nil)
    #expect(try script.heard().isEmpty)
  }

  // [Y-13] [M-19]
  @Test func noTextIsTakenBeforeTheSessionIsUp() throws {
    let script = try Script(cast, synchronises: false)
    #expect(!script.bob.machine.canTakeText)
    script.bob.say("early", stream)
    #expect(script.bob.said.contains { if case .notSent = $0 { true } else { false } })
    #expect(try script.heard().isEmpty)
  }

  // [R-16] [Y-05]
  @Test func anAcknowledgementCountsTextsThatCameAgainAndNamesTheLastRecord() throws {
    let script = try Script(cast)
    for number: UInt64 in [1, 1, 2] { try script.sendText([65], number: number) }
    let tag = [UInt8](repeating: 3, count: 32)
    #expect(
      try script.heard() == [
        .acknowledgement(Acknowledgement(count: 3, position: LoggedPosition(record: 3, tag: tag)))
      ])
  }

  //
  @Test func anAcknowledgementOfARecordThatNoLogHasIsRefused() throws {
    let script = try Script(cast)
    script.bob.say("one", stream)
    _ = try script.heard()
    let position = LoggedPosition(record: 1 << 31, tag: [UInt8](repeating: 1, count: 32))
    try script.send(.acknowledgement(Acknowledgement(count: 1, position: position)))
    #expect(script.bob.code == .proto)
  }

  //
  @Test func aPingIsAnsweredWithItsOwnBytes() throws {
    let script = try Script(cast)
    for token: UInt64 in [0x0102_0304_0506_0708, .max] { try script.send(.ping(token)) }
    #expect(try script.heard() == [.pong(0x0102_0304_0506_0708), .pong(.max)])
    for token in 0..<UInt64(40) { try script.send(.ping(token)) }
    #expect(try script.heard().suffix(16) == (24..<40).map { .pong($0) }[...])
  }

  // [Y-08] [Y-09]
  @Test func aCloseIsAnsweredAfterWhatCameBeforeIsAcknowledged() throws {
    let script = try Script(cast)
    script.bob.answersLogs = false
    try script.sendText([65], number: 1)
    try script.send(.close(Closing(reason: .bye, sent: 1, received: 0)))
    #expect(try script.heard().isEmpty)
    script.bob.answerLogs()
    let heard = try script.heard()
    #expect(heard.count == 2)
    guard case .acknowledgement? = heard.first else {
      Issue.record("not acknowledged first: \(heard)")
      return
    }
    #expect(heard.last == .close(Closing(reason: .bye, sent: 0, received: 1)))
  }

  // [Y-09]
  @Test func afterItsOwnCloseASideSendsAcknowledgementsAlone() throws {
    let script = try Script(cast)
    script.bob.tell(.close(.bye))
    #expect(try script.heard() == [.close(Closing(reason: .bye, sent: 0, received: 0))])
    script.bob.say("late", stream)
    try script.send(.ping(1))
    try script.sendText([65], number: 1)
    let heard = try script.heard()
    guard case .acknowledgement? = heard.first, heard.count == 1 else {
      Issue.record("what crossed the CLOSE was not acknowledged alone: \(heard)")
      return
    }
    #expect(script.bob.code == nil)
  }
}
