import ChatProtocol
import Cryptography
import Testing
import Wire

/// What docs/PROTOCOL.md requires of rekeys: between two machines, and of one beside a hand-made other.
@Suite("Requirements of a rekey")
struct RekeyRequirementTests {
  private let cast: Cast
  private let stream = MessageStream(entropy: ScriptedEntropy(seed: 8))
  private let others = MessageStream(entropy: ScriptedEntropy(seed: 9))

  init() throws { cast = try Cast() }

  /// Both clocks go on, and what is said is heard, second by second.
  private func pass(_ seconds: Int, _ alice: TestPeer, _ bob: TestPeer) {
    for _ in 0..<seconds {
      for peer in [alice, bob] { peer.pass(seconds: 1) }
      cast.talk(alice, bob)
    }
  }

  /// More records than make a rekey due, and a turn.
  private func chat(_ alice: TestPeer, _ bob: TestPeer) {
    for _ in 0..<9 {
      alice.say("to bob", stream)
      cast.talk(alice, bob)
      bob.say("to alice", others)
      cast.talk(alice, bob)
    }
  }

  // MARK: Two machines

  // [U-01] [U-04] [U-05]
  @Test func aConversationRenewsItsKeysAgainAndAgain() throws {
    let (alice, bob) = try cast.session()
    for epoch: UInt32 in 1...4 {
      chat(alice, bob)
      pass(4, alice, bob)
      #expect(alice.machine.epoch == epoch - 1, "not before 5 s")
      pass(1, alice, bob)
      for peer in [alice, bob] {
        #expect(peer.machine.epoch == epoch)
        #expect(peer.loggedEpochs == (1...epoch).map(UInt64.init))
      }
    }
    chat(alice, bob)
    #expect(alice.isUp && bob.isUp)
    #expect(alice.shown.count == 45 && bob.shown.count == 45)
    let steps = [alice, bob].map { peer in
      peer.said.compactMap { action -> StepDirection? in
        guard case .step(.rekey, let direction) = action else { return nil }
        return direction
      }
    }
    #expect(steps == [[.sent, .sent, .sent, .sent], [.received, .received, .received, .received]])
  }

  // [U-01]
  @Test func threeRecordsMakeARekeyAndOnlyIBegins() throws {
    let (alice, bob) = try cast.session()
    chat(alice, bob)
    bob.pass(seconds: 5)
    #expect(bob.sent().isEmpty)
    alice.pass(seconds: 5)
    let begin = alice.sent()
    #expect(begin.map(\.count) == [3 + 2048 + 32])
    bob.receive(begin[0])
    let answer = bob.sent()
    #expect(answer.map(\.count) == [3 + 2048 + 32])
    #expect(bob.machine.epoch == 0)
    alice.receive(answer[0])
    #expect(alice.machine.epoch == 1)
    let finish = alice.sent()
    #expect(finish.map(\.count) == [3 + 256 + 32])
    bob.receive(finish[0])
    #expect(bob.machine.epoch == 1)
    #expect(bob.sent().isEmpty)
  }

  // [U-04]
  @Test func textsPassBetweenTheThreeUnderWhicheverChainIsCurrent() throws {
    let (alice, bob) = try cast.session()
    chat(alice, bob)
    alice.pass(seconds: 5)
    bob.pass(seconds: 5)
    alice.say("after KU1", stream)
    bob.say("before KU1 is here", others)
    let (fromAlice, early) = (alice.sent(), bob.sent())
    #expect(fromAlice.map(\.count) == [2083, 291])
    for frame in fromAlice { bob.receive(frame) }
    bob.say("after KU2", others)
    alice.say("still before KU2 is here", stream)
    let late = bob.sent()
    #expect(late.first?.count == 2083)
    for frame in early + late { alice.receive(frame) }
    alice.say("after KU3", stream)
    cast.talk(alice, bob)
    #expect(alice.isUp && bob.isUp)
    #expect(alice.machine.epoch == 1 && bob.machine.epoch == 1)
    #expect(
      bob.shown.map { String(decoding: $0.text, as: UTF8.self) }.suffix(3) == [
        "after KU1", "still before KU2 is here", "after KU3",
      ])
    #expect(
      alice.shown.map { String(decoding: $0.text, as: UTF8.self) }.suffix(2) == [
        "before KU1 is here", "after KU2",
      ])
  }

  // [U-04]
  @Test func aRekeyMayStandBetweenTheFragmentsOfAText() throws {
    let end = try OpenEnd.dialling(cast)
    var frames: [UInt8] = []
    let text = others.next(text: [UInt8](repeating: 65, count: 40_000), at: UnixTime(milliseconds: 1))
    let message = try TextMessage(
      head: TextHead(id: text.id, sentAt: text.sentAt, commitmentKey: text.commitmentKey),
      text: text.text)
    #expect(message.fragmentCount == 3)
    try end.seal(message, fragments: 0..<1, to: &frames)
    end.peer.receive(frames)
    let keys = try end.begin(epoch: 1)
    try end.finish(keys, epoch: 1)
    frames = []
    try end.seal(message, fragments: 1..<3, to: &frames)
    end.peer.receive(frames)
    #expect(end.peer.shown.map(\.text.count) == [40_000])
    #expect(end.peer.machine.epoch == 1)
  }

  // MARK: When

  // [U-05]
  @Test func anIdleConversationIsLeftAloneButForItsPings() throws {
    let (alice, bob) = try cast.session()
    pass(600, alice, bob)
    for peer in [alice, bob] {
      #expect(peer.isUp)
      #expect(peer.machine.epoch == 0)
      let deadline = try #require(peer.machine.deadline)
      // The next alarm is that of a PING, never sooner.
      #expect(deadline.milliseconds(since: peer.now) > 0)
    }
    #expect(!alice.said.contains { if case .log(.rekey, _) = $0 { true } else { false } })
    // A first turn after so long is one, what was said after it another, and then nothing more comes.
    chat(alice, bob)
    pass(130, alice, bob)
    #expect(alice.loggedEpochs == [1, 2])
    pass(600, alice, bob)
    #expect(alice.loggedEpochs == [1, 2])
    #expect(bob.loggedEpochs == [1, 2])
  }

  // [U-05]
  @Test func oneTextMakesARekeyDueAfterTwoMinutes() throws {
    let (alice, bob) = try cast.session()
    pass(50, alice, bob)
    alice.say("one", stream)
    pass(69, alice, bob)
    #expect(alice.loggedEpochs.isEmpty)
    pass(1, alice, bob)
    #expect(alice.loggedEpochs == [1])
    #expect(bob.loggedEpochs == [1])
    pass(300, alice, bob)
    #expect(alice.loggedEpochs == [1])
    bob.say("two", others)
    cast.talk(alice, bob)
    #expect(alice.loggedEpochs == [1, 2])
  }

  // [U-05]
  @Test func aTurnAfterThirtySecondsMakesARekeyDue() throws {
    let (alice, bob) = try cast.session()
    alice.say("a question", stream)
    pass(29, alice, bob)
    bob.say("an answer", others)
    cast.talk(alice, bob)
    #expect(alice.loggedEpochs.isEmpty)
    pass(1, alice, bob)
    bob.say("more of it: no turn", others)
    cast.talk(alice, bob)
    #expect(alice.loggedEpochs.isEmpty)
    alice.say("another question", stream)
    cast.talk(alice, bob)
    #expect(alice.loggedEpochs == [1])
    #expect(bob.loggedEpochs == [1])
  }

  // [U-05]
  @Test func theScheduleCountsRecordsOfBothDirections() {
    let start = Moment(nanoseconds: 0)
    func soon(_ seconds: Int64) -> Moment { start.advanced(bySeconds: seconds) }
    var schedule = RekeySchedule(at: start, records: 7)
    #expect(schedule.starts(records: 7) == nil)
    schedule.text(from: .initiator, records: 8, at: start)
    #expect(schedule.starts(records: 8) == soon(120))
    schedule.text(from: .responder, records: 38, at: start)
    #expect(schedule.starts(records: 38) == soon(120), "31 records")
    schedule.text(from: .responder, records: 50, at: start)
    #expect(schedule.starts(records: 50) == soon(120), "no turn")
    schedule.text(from: .initiator, records: 51, at: start)
    #expect(schedule.starts(records: 51) == soon(5))
    schedule.completed(records: 60, at: soon(9))
    #expect(schedule.starts(records: 60) == nil)
    // Without a turn, and without a text, after 2^20.
    #expect(schedule.starts(records: 59 + 1 << 20) == nil)
    #expect(schedule.starts(records: 60 + 1 << 20) == soon(14))
  }

  // MARK: Limits

  // [U-06]
  @Test func anOfferWithoutAnAnswerEndsTheSessionAfterFifteenMinutes() throws {
    let end = try OpenEnd.accepting(cast)
    _ = try end.awaitOffer(stream)
    for _ in 0..<89 {
      end.peer.pass(seconds: 10)
      try end.send(.pong(0))
    }
    end.peer.pass(seconds: 9)
    #expect(end.peer.code == nil)
    end.peer.pass(seconds: 1)
    #expect(end.peer.code == .ku)
  }

  // [U-06]
  @Test func anAnswerThatThisSideDoesNotReadIsNotLate() throws {
    let end = try OpenEnd.accepting(cast)
    _ = try end.awaitOffer(stream)
    end.peer.pass(seconds: 5)
    end.peer.answersLogs = false
    let text = String(repeating: "a", count: TextMessage.maximumByteCount)
    for _ in 0..<17 { try end.sendText(others, text) }
    #expect(!end.peer.machine.wantsToRead)
    end.peer.pass(seconds: 3600)
    #expect(end.peer.code == nil)
    end.peer.answerLogs()
    for _ in 0..<89 {
      end.peer.pass(seconds: 10)
      try end.send(.pong(0))
    }
    end.peer.pass(seconds: 4)
    #expect(end.peer.code == nil)
    end.peer.pass(seconds: 1)
    #expect(end.peer.code == .ku)
  }

  // [U-06]
  @Test func anOfferIsOverdueAfterSoManyRecordsOfItsSender() {
    var schedule = RekeySchedule(at: Moment(nanoseconds: 0))
    #expect(!schedule.isOverdue(sent: .max))
    schedule.offered(sent: 100)
    #expect(!schedule.isOverdue(sent: 99 + 1 << 24))
    #expect(schedule.isOverdue(sent: 100 + 1 << 24))
    schedule.completed(records: 200, at: Moment(nanoseconds: 0))
    #expect(!schedule.isOverdue(sent: .max))
  }

  // [U-06]
  @Test func offersTwoSecondsApartAreTakenForEver() throws {
    let end = try OpenEnd.dialling(cast)
    for epoch in UInt32(1)...20 {
      try end.finish(try end.begin(epoch: epoch), epoch: epoch)
      end.peer.pass(seconds: 2)
    }
    #expect(end.peer.loggedEpochs == (1...20).map(UInt64.init))
  }

  // MARK: Closing

  // [U-07]
  @Test func theDiallerTakesAnAnswerAfterItsOwnCloseAndSaysNothingToIt() throws {
    let (alice, bob) = try cast.session()
    chat(alice, bob)
    alice.pass(seconds: 5)
    bob.pass(seconds: 5)
    bob.answersLogs = false
    alice.say("last", stream)
    alice.tell(.close(.bye))
    let last = alice.sent()
    #expect(last.map(\.count) == [2083, 291, 291])
    for frame in last { bob.receive(frame) }
    bob.answerLogs()
    // KU2, then ACK and CLOSE under the new chain.
    let answer = bob.sent()
    #expect(answer.map(\.count) == [2083, 291, 291])
    for frame in answer { alice.receive(frame) }
    #expect(alice.sent().isEmpty)
    for peer in [alice, bob] {
      #expect(peer.code == nil)
      #expect(peer.end?.isTruncated == false)
      #expect(peer.loggedEpochs.isEmpty, "it was never completed")
    }
    #expect(alice.end?.confirmed == 10)
  }

  // [U-07]
  @Test func theListenerIgnoresAnOfferAfterItsOwnClose() throws {
    let end = try OpenEnd.dialling(cast)
    end.peer.tell(.close(.bye))
    #expect(try end.heard() == [.close(Closing(reason: .bye, sent: 0, received: 0))])
    try end.send(.rekey(try end.rekey.offer(epoch: 1)))
    #expect(try end.heard().isEmpty)
    try end.send(.close(Closing(reason: .bye, sent: 0, received: 0)))
    #expect(end.peer.end?.code == nil)
    #expect(end.peer.end?.isTruncated == false)
  }

  // [U-07] [U-04]
  @Test func theListenerTakesTheFinishAfterItsOwnClose() throws {
    let end = try OpenEnd.dialling(cast)
    let keys = try end.begin(epoch: 1)
    end.peer.tell(.close(.bye))
    #expect(try end.heard() == [.close(Closing(reason: .bye, sent: 0, received: 0))])
    try end.finish(keys, epoch: 1)
    try end.send(.close(Closing(reason: .bye, sent: 0, received: 0)))
    #expect(end.peer.end?.code == nil)
    #expect(end.peer.loggedEpochs == [1])
  }

  // [U-07]
  @Test func noRekeyBeginsWhileTheConversationIsBeingClosed() throws {
    let (alice, bob) = try cast.session()
    chat(alice, bob)
    alice.answersLogs = false
    alice.say("waits for the log", stream)
    alice.tell(.close(.bye))
    alice.pass(seconds: 20)
    #expect(alice.sent().map(\.count).allSatisfy { $0 == 291 })
  }

  // [Y-09]
  @Test func aRekeyAfterAPeersCloseIsRefused() throws {
    let end = try OpenEnd.dialling(cast)
    end.peer.answersLogs = false
    end.peer.say("holds the close back", stream)
    try end.send(.close(Closing(reason: .bye, sent: 0, received: 0)))
    try end.send(.rekey(try end.rekey.offer(epoch: 1)))
    end.peer.answerLogs()
    #expect(end.peer.code == .proto)
  }
}
