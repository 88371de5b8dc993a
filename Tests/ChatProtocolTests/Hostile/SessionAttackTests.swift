import ChatProtocol
import Cryptography
import ProtocolTestSupport
import Testing
import Wire

@Suite("Attacks on a session")
struct SessionAttackTests {
  private let cast: Cast
  private let stream = MessageStream(entropy: ScriptedEntropy(seed: 3))

  init() throws { cast = try Cast() }

  // MARK: 37, order

  // [Y-02]
  @Test("attack 37: only SYNC or an ALERT comes first")
  func onlySYNCOrAnAlertComesFirst() throws {
    let firsts: [RecordBody] = [
      .ping(1), .pong(1), .acknowledgement(Acknowledgement(count: 0, position: nil)),
      .close(Closing(reason: .bye, sent: 0, received: 0)),
      .rekey(.finish(epoch: 1, confirmation: [UInt8](repeating: 0, count: 32))),
    ]
    for first in firsts {
      let script = try Script(cast, synchronises: false)
      try script.send(first)
      #expect(script.bob.code == .proto)
      #expect(script.bob.summary == nil)
      #expect(script.bob.refusal?.stage == .firstRecord)
    }
    let script = try Script(cast, synchronises: false)
    try script.sendText([65], number: 1)
    #expect(script.bob.code == .proto)
    let alerted = try Script(cast, synchronises: false)
    try alerted.send(.alert(.tooManySessions))
    #expect(alerted.bob.code == .alert)
    #expect(alerted.bob.end?.alert == .tooManySessions)
  }

  // [Y-02]
  @Test("attack 37: a second SYNC is refused")
  func aSecondSYNCIsRefused() throws {
    let script = try Script(cast)
    try script.send(.synchronisation(.nothing))
    #expect(script.bob.code == .proto)
  }

  // [Y-09]
  @Test("attack 37: after a CLOSE only ACKs and ALERTs are taken")
  func afterACloseOnlyAcknowledgementsAndAlertsAreTaken() throws {
    let later: [RecordBody] = [
      .ping(1), .pong(1), .close(Closing(reason: .bye, sent: 0, received: 0)),
      .synchronisation(.nothing),
    ]
    for body in later {
      let script = try Script(cast)
      // Bob's answer waits for a text of his, so that the session is still there.
      script.bob.answersLogs = false
      script.bob.say("wait", stream)
      try script.send(.close(Closing(reason: .bye, sent: 0, received: 0)))
      #expect(script.bob.code == nil)
      try script.send(.acknowledgement(Acknowledgement(count: 0, position: nil)))
      #expect(script.bob.code == nil)
      try script.send(body)
      #expect(script.bob.code == nil)
      script.bob.answerLogs()
      #expect(script.bob.code == .proto)
    }
  }

  // [F-04]
  @Test("attack 37: every type of frame is refused where it does not belong")
  func everyHandshakeFrameIsRefusedWhereItDoesNotBelong() throws {
    let lengths: [UInt8: Int] = [1: 1313, 2: 1234, 3: 144, 4: 400, 5: 320, 6: 80, 0x10: 288]
    let waiting: [(String, () throws -> TestPeer, UInt8)] = [
      ("R, INIT", { try cast.accepting() }, 1),
      ("I, RESP", { try cast.dialling() }, 2),
      (
        "R, PAIR1",
        {
          let (alice, bob) = (try cast.diallingFirst(), try cast.accepting())
          bob.receive(alice.sent()[0])
          return bob
        }, 3
      ),
      (
        "I, PAIR2",
        {
          let (alice, bob) = (try cast.diallingFirst(), try cast.accepting())
          bob.receive(alice.sent()[0])
          alice.receive(bob.sent()[0])
          return alice
        }, 4
      ),
      (
        "R, AUTH",
        {
          let (alice, bob) = (try cast.dialling(), try cast.accepting())
          bob.receive(alice.sent()[0])
          return bob
        }, 5
      ),
      (
        "I, FIN",
        {
          let (alice, bob) = (try cast.dialling(), try cast.accepting())
          bob.receive(alice.sent()[0])
          alice.receive(bob.sent()[0])
          return alice
        }, 6
      ),
      ("session", { try cast.session().1 }, 0x10),
    ]
    for (state, make, expected) in waiting {
      for type in UInt8(0)...0x20 where type != expected {
        let peer = try make()
        _ = peer.sent()
        let length = (lengths[type] ?? 288) + 1
        peer.receive([UInt8(length >> 8), UInt8(length & 0xff), type])
        #expect(peer.code == .proto, "type \(type) in state \(state)")
      }
    }
  }

  // [F-04]
  @Test("attack 37: bytes behind a message are the start of a frame that cannot come")
  func aPeerThatSpeaksOutOfTurnIsRefused() throws {
    // Trailing bytes behind RESP are the start of a frame that cannot come.
    let (alice, bob) = (try cast.dialling(), try cast.accepting())
    bob.receive(alice.sent()[0])
    alice.receive(bob.sent()[0] + [0])
    #expect(alice.code == nil)
    alice.receive([82, 6])
    #expect(alice.code == .proto)
  }

  @Test("attack 37: bytes while an answer is awaited end a handshake")
  func bytesWhileAnAnswerIsAwaitedEndAHandshake() throws {
    // Bob looks the claimed name up, and it is his turn.
    let context = cast.context(of: cast.bob)
    let machine = ConnectionMachine(
      accepting: AcceptSetup(context: context, takesFirstContact: true))
    let now = Moment(nanoseconds: 0)
    machine.start(at: now)
    let alice = try cast.diallingFirst()
    machine.receive(alice.sent()[0], at: now)
    alice.receive(machine.outbound(at: now))
    machine.receive(alice.sent()[0], at: now)
    #expect(machine.actions().contains { if case .lookUpPairing = $0 { true } else { false } })
    machine.receive([0], at: now)
    let said = machine.actions()
    #expect(said.contains { if case .refused(let refusal) = $0 { refusal.code == .proto } else { false } })
    // The late answer changes nothing.
    machine.handle(.pairing(PairingAnswer(password: nil)), at: now)
    #expect(machine.actions().isEmpty)
    #expect(machine.outbound(at: now).isEmpty)
  }

  // MARK: Counts

  // [Y-08]
  @Test func countsThatCannotBeAreRefused() throws {
    let position = LoggedPosition(record: 1, tag: [UInt8](repeating: 0, count: 32))
    for body: RecordBody in [
      .acknowledgement(Acknowledgement(count: 1, position: position)),
      .acknowledgement(Acknowledgement(count: .max, position: nil)),
      .close(Closing(reason: .bye, sent: 1, received: 0)),
      .close(Closing(reason: .bye, sent: 0, received: 1)),
      .close(Closing(reason: .bye, sent: .max, received: .max)),
    ] {
      let script = try Script(cast)
      try script.send(body)
      #expect(script.bob.code == .proto)
    }
    let falling = try Script(cast)
    for text in ["a", "b"] { falling.bob.say(text, stream) }
    try falling.send(.acknowledgement(Acknowledgement(count: 2, position: position)))
    #expect(falling.bob.receipts.map(\.count) == [2])
    try falling.send(.acknowledgement(Acknowledgement(count: 1, position: position)))
    #expect(falling.bob.code == .proto)

    // A record number that no log can hold.
    let large = try Script(cast)
    large.bob.say("a", stream)
    let beyond = LoggedPosition(record: 1 << 31, tag: [UInt8](repeating: 0, count: 32))
    try large.send(.acknowledgement(Acknowledgement(count: 1, position: beyond)))
    #expect(large.bob.code == .proto)
  }

  // MARK: 46, 49

  //
  @Test func textsThatAreNotUTF8OrTooLongAreRefused() throws {
    let script = try Script(cast)
    try script.sendText([0xff], number: 1)
    #expect(script.bob.code == .proto)
    #expect(script.bob.shown.isEmpty)

    let zero = try Script(cast)
    try zero.sendText([65], number: 0)
    #expect(zero.bob.code == .proto)
  }

  //
  @Test func fragmentsOfAnotherTextAreRefused() throws {
    let whole = [UInt8](repeating: 65, count: TextMessage.fragmentByteCount)
    func body(_ number: UInt64, _ text: [UInt8]) -> [UInt8] {
      var body: [UInt8] = []
      body.append(bigEndian: UInt64(1) << 63)
      body.append(bigEndian: number)
      body.append(bigEndian: UInt64(5))
      return body + [UInt8](repeating: 9, count: 32) + text
    }
    let script = try Script(cast)
    try script.sendRaw(type: 1, flags: 1, body(1, whole))
    try script.send(.ping(1))
    #expect(script.bob.code == nil)
    try script.sendRaw(type: 1, body(2, [65]))
    #expect(script.bob.code == .proto)

    let short = try Script(cast)
    try short.sendRaw(type: 1, flags: 1, body(1, [65]))
    #expect(short.bob.code == .proto)

    let long = try Script(cast)
    for _ in 0..<4 { try long.sendRaw(type: 1, flags: 1, body(1, whole)) }
    try long.sendRaw(type: 1, body(1, whole))
    #expect(long.bob.code == .proto)

    let closing = try Script(cast)
    try closing.sendRaw(type: 1, flags: 1, body(1, whole))
    try closing.send(.close(Closing(reason: .bye, sent: 0, received: 0)))
    #expect(closing.bob.code == .proto)
  }

  // [Y-05]
  @Test("attack 49: a text that comes again, in whichever session, is shown once and acknowledged")
  func doubled() throws {
    let seen = SeenMessages()
    let script = try Script(cast, cast.context(of: cast.bob, seen: seen))
    try script.sendText([65], number: 1)
    try script.sendText([65], number: 1)
    #expect(script.bob.shown.count == 1)
    #expect(script.bob.code == nil)
    guard case .acknowledgement(let acknowledgement)? = try script.heard().last else {
      Issue.record("no acknowledgement")
      return
    }
    #expect(acknowledgement.count == 2)
    // Another session of the same process, at once.
    let second = try Script(cast, cast.context(of: cast.bob, seen: seen))
    try second.sendText([65], number: 1)
    #expect(second.bob.shown.isEmpty)
    #expect(second.bob.sent().count == 1)
    // And a new text there, which the first one then brings again.
    try second.sendText([67], number: 2)
    try script.sendText([67], number: 2)
    #expect(second.bob.shown.count == 1 && script.bob.shown.count == 1)
    #expect(second.bob.code == nil && script.bob.code == nil)
  }

  // [Y-05]
  @Test("attack 49: another text under a known id ends the session, and leaves the others alone")
  func exchanged() throws {
    let seen = SeenMessages()
    let script = try Script(cast, cast.context(of: cast.bob, seen: seen))
    try script.sendText([65], number: 1)
    for other in [[66], [], [65, 0]] as [[UInt8]] {
      let second = try Script(cast, cast.context(of: cast.bob, seen: seen))
      try second.sendText(other, number: 1)
      #expect(second.bob.code == .proto)
      #expect(second.bob.shown.isEmpty)
    }
    #expect(script.bob.isUp)
  }

  // [Y-01] [Y-05]
  @Test("attack 49: another stream's number, or another number for a text, is another message")
  func renumbered() throws {
    let script = try Script(cast)
    try script.sendText([65], number: 1)
    try script.sendText([66], number: 1, stream: 1 << 63 | 1)
    // A durable stream's number says nothing about an ephemeral one's.
    try script.sendText([67], number: 1, stream: 1)
    try script.sendText([65], number: 2)
    try script.sendText([68], number: 7)
    #expect(script.bob.shown.map(\.text) == [[65], [66], [67], [65], [68]])
    #expect(script.bob.code == nil)
    // What one contact sent is nobody else's id.
    #expect(Set(script.bob.shown.map(\.id)).count == 5)
  }

  // [Y-05]
  @Test("attack 49: what is remembered is bounded, and what falls out is shown rather than lost")
  func remembered() throws {
    let seen = SeenMessages(limit: 4)
    let script = try Script(cast, cast.context(of: cast.bob, seen: seen))
    for number in UInt64(1)...6 { try script.sendText([UInt8(number)], number: number) }
    #expect(script.bob.shown.count == 6)
    for number in UInt64(3)...6 { try script.sendText([UInt8(number)], number: number) }
    #expect(script.bob.shown.count == 6)
    try script.sendText([1], number: 1)
    #expect(script.bob.shown.count == 7)
    try script.sendText([1], number: 6)
    #expect(script.bob.code == .proto)
  }

  // MARK: 36, 39

  // [G-15]
  @Test("attack 36: a handshake that fails leaves a live session alone")
  func aHandshakeThatFailsLeavesALiveSessionAlone() throws {
    let context = cast.context(of: cast.bob)
    let script = try Script(cast, context)
    let evil = try cast.accepting(context)
    let fake = try Handmade(cast.carol, .initiator, .known)
    fake.claimedProfile = cast.alice.profile.bytes
    evil.receive(try fake.initiation(to: cast.bob.profile))
    try fake.takeResponse(evil.sent()[0])
    evil.receive(try fake.authentication(pairSecret: cast.pairSecret))
    #expect(evil.code == .auth)
    try script.sendText([65], number: 1)
    #expect(script.bob.shown.count == 1)
  }

  //
  @Test func aRekeyMessageOfTheWrongLengthIsARekeyError() throws {
    for type in UInt8(7)...9 {
      let script = try Script(cast)
      try script.sendRaw(type: type, [1, 2, 3])
      #expect(script.bob.code == .ku)
    }
  }

  // MARK: Floods and alerts

  @Test func aFloodOfPingsIsAnsweredInBounds() throws {
    let script = try Script(cast)
    _ = script.bob.sent()
    for token in 0..<UInt64(100) { try script.send(.ping(token)) }
    #expect(script.bob.sent().count == Limits.waitingPongs)
    #expect(script.bob.isUp)
  }

  // [E-01]
  @Test func anAlertIsNotAnsweredByOne() throws {
    let script = try Script(cast)
    _ = script.bob.sent()
    try script.send(.alert(.blocked))
    #expect(script.bob.code == .alert)
    #expect(script.bob.end?.alert == .blocked)
    #expect(script.bob.sent().isEmpty)
  }

  // [E-01]
  @Test func allFatalErrorsLookTheSameOnTheWire() throws {
    var lengths: Set<[Int]> = []
    for make in [
      { (script: Script) in try script.send(.synchronisation(.nothing)) },
      { try $0.sendText([0xff], number: 1) }, { try $0.sendRaw(type: 200, []) },
      { try $0.sendRaw(type: 7, []) },
    ] {
      let script = try Script(cast)
      _ = script.bob.sent()
      try make(script)
      lengths.insert(script.bob.sent().map(\.count))
      #expect(script.bob.closesLink == true)
    }
    #expect(lengths == [[291]])
  }
}
