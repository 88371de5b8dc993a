import ChatProtocol
import Cryptography
import ProtocolTestSupport
import Testing
import Wire

@Suite("How connections end, and what must be durable before")
struct SessionEndTests {
  private let cast: Cast
  private let stream = MessageStream(entropy: ScriptedEntropy(seed: 3))

  init() throws { cast = try Cast() }

  // MARK: A clean end

  // [Y-08] [Y-10]
  @Test func aCloseOnEitherSideEndsBothWithTheSameCounts() throws {
    let (alice, bob) = try cast.session()
    for text in ["one", "two"] { alice.say(text, stream) }
    bob.say("three", MessageStream(entropy: ScriptedEntropy(seed: 4)))
    cast.talk(alice, bob)
    alice.tell(.close(.bye))
    cast.talk(alice, bob)
    let (one, two) = (try #require(alice.end), try #require(bob.end))
    #expect(one.code == nil && two.code == nil)
    #expect(one.reason == .bye && two.reason == .peer)
    #expect(one.sent == 2 && two.received == 2 && one.received == 1 && two.sent == 1)
    #expect(one.confirmed == 2 && two.confirmed == 1)
    #expect(!one.isTruncated && !two.isTruncated)
    #expect(alice.closesLink == true && bob.closesLink == true)
    for peer in [alice, bob] {
      guard
        case .log(.close(let why, let sent, let received), _)? = peer.said.last(where: {
          if case .log = $0 { true } else { false }
        })
      else {
        Issue.record("no close record")
        continue
      }
      #expect(why == (peer === alice ? .bye : .peer))
      #expect(sent + received == 3)
    }
  }

  @Test func crossingClosesEndBothCleanly() throws {
    let (alice, bob) = try cast.session()
    alice.say("one", stream)
    bob.say("two", MessageStream(entropy: ScriptedEntropy(seed: 4)))
    alice.tell(.close(.bye))
    bob.tell(.close(.shuttingDown))
    cast.talk(alice, bob)
    #expect(alice.end?.code == nil && bob.end?.code == nil)
    #expect(alice.end?.reason == .bye && bob.end?.reason == .stop)
    #expect(alice.end?.peerReason == .shuttingDown)
    #expect(alice.end?.confirmed == 1 && bob.end?.confirmed == 1)
  }

  @Test func textsTakenBeforeACloseAreSentAndLaterOnesAreNot() throws {
    let (alice, bob) = try cast.session()
    alice.answersLogs = false
    alice.say("one", stream)
    alice.tell(.close(.bye))
    #expect(!alice.machine.canTakeText)
    alice.say("late", stream)
    #expect(alice.said.contains { if case .notSent = $0 { true } else { false } })
    #expect(alice.sent().isEmpty)
    alice.answersLogs = true
    alice.answerLogs()
    cast.talk(alice, bob)
    #expect(bob.shown.count == 1)
    #expect(alice.end?.code == nil)
    #expect(bob.end?.received == 1)
  }

  // MARK: 16, truncation

  // [Y-10]
  @Test func anEndWithoutACloseIsTruncatedAndNamesTheLastConfirmedText() throws {
    let (alice, bob) = try cast.session()
    for text in ["one", "two"] { alice.say(text, stream) }
    cast.talk(alice, bob)
    alice.say("three", stream)
    _ = alice.sent()
    for peer in [alice, bob] { peer.tell(.linkClosed) }
    #expect(alice.code == .truncated && bob.code == .truncated)
    #expect(alice.end?.reason == .truncated)
    #expect(alice.end?.sent == 3 && alice.end?.confirmed == 2)
    #expect(alice.end?.lastConfirmed?.number == 2)
    #expect(bob.end?.received == 2)
    #expect(bob.end?.isTruncated == true)
  }

  // [Y-10]
  @Test func aCutInsideARecordIsTruncated() throws {
    for count in [1, 2, 3, 100, 290] {
      let (alice, bob) = try cast.session()
      alice.say("one", stream)
      bob.receive(Array(alice.sent()[0].prefix(count)))
      bob.tell(.linkClosed)
      #expect(bob.code == .truncated)
      #expect(bob.shown.isEmpty)
    }
  }

  @Test func whatCameBeforeTheEndIsReadWhenThePinIsStored() throws {
    // Bob's SYNC and a text are here, and the link is gone, before alice's disk has answered.
    let machine = ConnectionMachine(
      dialling: DialSetup(
        context: cast.context(of: cast.alice),
        target: .firstContact(
          name: cast.bob.profile.name, password: try makePasswordSecret(cast.password), floor: nil,
          purpose: .conversation)))
    let now = Moment(nanoseconds: 0)
    let bob = try Handmade(cast.bob, .responder, .pair)
    machine.start(at: now)
    try bob.takeInitiation(machine.outbound(at: now))
    machine.receive(try bob.response(), at: now)
    try bob.takePairingRequest(machine.outbound(at: now), cast.password)
    machine.receive(try bob.pairingReply(), at: now)
    _ = machine.actions()
    machine.handle(.keyOwner(isAnother: false), at: now)
    try bob.takeAuthentication(machine.outbound(at: now), pairSecret: nil)
    var last = try bob.confirmation()
    var writer = try bob.writer()
    try writer.seal(.synchronisation(.nothing), appendingTo: &last)
    let id = MessageID(stream: 1 << 63, number: 1)
    let head = TextHead(
      id: id, sentAt: UnixTime(milliseconds: 1), commitmentKey: [UInt8](repeating: 9, count: 32))
    try writer.seal(try TextMessage(head: head, text: [65]), appendingTo: &last)
    machine.receive(last, at: now)
    #expect(!machine.wantsToRead)
    machine.handle(.linkClosed, at: now)
    #expect(machine.outbound(at: now).isEmpty)
    machine.handle(.stored, at: now)
    let said = machine.actions()
    #expect(said.contains { if case .connected = $0 { true } else { false } })
    let ticket = said.compactMap { if case .log(.message, let ticket) = $0 { ticket } else { nil } }
    machine.handle(.logged(try #require(ticket.first), nil), at: now)
    let rest = machine.actions()
    #expect(rest.contains { if case .deliver(let text) = $0 { text.id == id } else { false } })
    #expect(rest.contains { if case .ended(let end) = $0 { end.code == .truncated } else { false } })
  }

  // [Y-10]
  @Test func aSwallowedCloseIsTruncatedAfterFiveSeconds() throws {
    let (alice, _) = try cast.session()
    alice.tell(.close(.bye))
    _ = alice.sent()
    alice.pass(seconds: 4)
    #expect(alice.code == nil)
    alice.pass(seconds: 1)
    #expect(alice.code == .truncated)
  }

  @Test func whatArrivedBeforeACutIsStillShownWhenItsSyncEnds() throws {
    let (alice, bob) = try cast.session()
    bob.answersLogs = false
    alice.say("one", stream)
    bob.receive(alice.sent()[0])
    bob.tell(.linkClosed)
    #expect(bob.shown.isEmpty && bob.end == nil)
    bob.answerLogs()
    #expect(bob.shown.count == 1)
    #expect(bob.code == .truncated)
  }

  // MARK: Log, sync, then send, show and acknowledge

  // [Y-07]
  @Test func nothingLeavesIsShownOrAcknowledgedBeforeItsRecordIsSynced() throws {
    let (alice, bob) = try cast.session()
    alice.answersLogs = false
    bob.answersLogs = false
    alice.say("one", stream)
    #expect(alice.sent().isEmpty)
    alice.answerLogs()
    let record = alice.sent()
    #expect(record.count == 1)
    bob.receive(record[0])
    #expect(bob.shown.isEmpty && bob.sent().isEmpty)
    bob.answerLogs()
    #expect(bob.shown.count == 1)
    let acknowledgement = bob.sent()
    #expect(acknowledgement.count == 1)
    alice.receive(acknowledgement[0])
    #expect(alice.receipts.count == 1)
    #expect(alice.receipts[0].position?.record == 1)
  }

  //
  @Test func oneAcknowledgementCoversAllThatWasSynced() throws {
    let (alice, bob) = try cast.session()
    for _ in 0..<10 { alice.say("x", stream) }
    for record in alice.sent() { bob.receive(record) }
    let acknowledgements = bob.sent()
    #expect(acknowledgements.count == 1)
    alice.receive(acknowledgements[0])
    #expect(alice.receipts.map(\.count) == [10])
    #expect(alice.receipts[0].ids.count == 10)
  }

  // [Y-07]
  @Test func aLogThatCannotBeWrittenEndsTheSession() throws {
    let (alice, bob) = try cast.session()
    alice.answersLogs = false
    alice.say("one", stream)
    alice.tell(.logFailed)
    #expect(alice.code == .state)
    cast.talk(alice, bob)
    #expect(bob.code == .alert)
    #expect(bob.shown.isEmpty)
  }

  // MARK: 30, pins that cannot be stored

  // [G-07] [S-11]
  @Test func aListenerThatCannotStoreItsPinNeverConfirms() throws {
    let (alice, bob) = (try cast.diallingFirst(), try cast.accepting(knows: false))
    bob.receive(alice.sent()[0])
    alice.receive(bob.sent()[0])
    bob.receive(alice.sent()[0])
    alice.receive(bob.sent()[0])
    bob.storingFails = true
    bob.receive(alice.sent()[0])
    #expect(bob.code == .state)
    #expect(bob.sent().isEmpty)
    alice.tell(.linkClosed)
    #expect(alice.code == .closed)
    #expect(alice.stored.isEmpty)
  }

  // [G-07] [S-11]
  @Test func aDiallerThatCannotStoreItsPinSendsNoRecord() throws {
    let (alice, bob) = (try cast.diallingFirst(), try cast.accepting(knows: false))
    alice.storingFails = true
    cast.talk(alice, bob)
    #expect(alice.code == .state)
    #expect(alice.sent().isEmpty)
    bob.tell(.linkClosed)
    // So the listener's pin stays provisional, and a later first contact is taken.
    #expect(!bob.said.contains { if case .confirmPin = $0 { true } else { false } })
    #expect(bob.stored.map(\.standing) == [.provisional])
    #expect(bob.summary == nil)
  }

  // [G-02] [G-07]
  @Test func thePinsAreStoredInTheirOrder() throws {
    let (alice, bob) = (try cast.diallingFirst(), try cast.accepting(knows: false))
    cast.talk(alice, bob)
    #expect(alice.isUp && bob.isUp)
    #expect(bob.stored.map(\.standing) == [.provisional])
    #expect(alice.stored.map(\.standing) == [.confirmed])
    #expect(alice.stored[0].secret.key.revealed() == bob.stored[0].secret.key.revealed())
    func place(_ peer: TestPeer, _ matches: (ConnectionAction) -> Bool) -> Int? {
      peer.said.firstIndex(where: matches)
    }
    let returned = try #require(place(bob) { if case .returnGuess = $0 { true } else { false } })
    let spent = try #require(place(bob) { if case .spendGuess = $0 { true } else { false } })
    let confirmed = try #require(place(bob) { if case .confirmPin = $0 { true } else { false } })
    let up = try #require(place(bob) { if case .connected = $0 { true } else { false } })
    #expect(spent < returned && returned < confirmed && confirmed < up)
  }

  // MARK: verify NAME

  // [G-10]
  @Test func aVerifyingRunHoldsItsPinAndSaysSo() throws {
    let (alice, bob) = (try cast.diallingFirst(purpose: .verification), try cast.accepting(knows: false))
    bob.say("early", stream)
    cast.talk(alice, bob)
    #expect(alice.stored.isEmpty)
    #expect(alice.code == nil && alice.end != nil)
    #expect(bob.end?.peerReason == .verified)
    #expect(
      alice.said.contains {
        if case .pinHeld(let pin) = $0 { pin.profile.name == cast.bob.profile.name } else { false }
      })
    #expect(!alice.said.contains { if case .log = $0 { true } else { false } })
    #expect(alice.shown.isEmpty)
  }

  // MARK: 4, 38, guesses and uniform refusal

  // [G-01] [M-09]
  @Test("attack 38: a wrong password, an unknown name and a closed window are the same frames")
  func aWrongPasswordAnUnknownNameAndAClosedWindowLookAlike() throws {
    var shapes: Set<[Int]> = []
    var steps: Set<[String]> = []
    for cause in 0..<3 {
      let alice = try cast.diallingFirst(password: cause == 0 ? [UInt8](repeating: 1, count: 32) : nil)
      let bob = try cast.accepting(knows: false)
      if cause > 0 { bob.password = nil }
      var sizes: [Int] = []
      bob.receive(alice.sent()[0])
      for _ in 0..<2 {
        let frames = bob.sent()
        sizes += frames.map(\.count)
        for frame in frames { alice.receive(frame) }
        for frame in alice.sent() { bob.receive(frame) }
      }
      #expect(alice.code == .auth)
      bob.tell(.linkClosed)
      #expect(bob.code == .closed)
      #expect(bob.refusal?.guessSpent == true)
      #expect(bob.refusal?.claimed?.name == cast.alice.profile.name)
      shapes.insert(sizes)
      steps.insert(bob.said.map { String(describing: $0).prefix(14).description })
    }
    #expect(shapes.count == 1)
    #expect(steps.count == 1)
  }

  // [M-09] [S-09]
  @Test("attack 46: a bad name in PAIR1 goes on with a random password and fails alike")
  func aBadNameGoesOnWithARandomPasswordAndFailsAlike() throws {
    for field in [
      [UInt8](repeating: 0xff, count: 64), [0] + [UInt8](repeating: 0, count: 63),
      [3, 0x1b, 0x5b, 0x41] + [UInt8](repeating: 0, count: 60),
    ] {
      let bob = try cast.accepting()
      let evil = try Handmade(cast.alice, .initiator, .pair)
      evil.alter = { $0 == .claim ? field : $1 }
      bob.receive(try evil.initiation(to: nil))
      try evil.takeResponse(bob.sent()[0])
      bob.receive(try evil.pairingRequest(cast.password, responder: cast.bob.profile.name))
      let reply = bob.sent()
      #expect(reply.map(\.count) == [403])
      #expect(throws: (any Error).self) { try evil.takePairingReply(reply[0]) }
    }
  }

  // [M-15]
  @Test func anUnknownKeyAndAWrongSecretLookAlike() throws {
    for knows in [true, false] {
      let bob = try cast.accepting(knows: knows)
      let alice = try Handmade(cast.alice, .initiator, .known)
      bob.receive(try alice.initiation(to: cast.bob.profile))
      try alice.takeResponse(bob.sent()[0])
      bob.receive(try alice.authentication(pairSecret: [UInt8](repeating: 1, count: 32)))
      #expect(bob.code == .auth)
      #expect(bob.sent().isEmpty)
    }
  }

  // [M-15]
  @Test("attack 38: a pinned ik_dh with a wrong ik_sig is refused in K")
  func aPinnedKeyWithAnotherSigningKeyIsRefused() throws {
    let bob = try cast.accepting()
    let other = try IdentityKeys(
      name: PeerName("alice"),
      agreementKey: Secret(copying: cast.alice.agreementKey, in: cast.alice.agreementKey.region),
      signingSeed: Secret(copying: cast.carol.signingSeed, in: cast.carol.signingSeed.region))
    let evil = try Handmade(other, .initiator, .known)
    bob.receive(try evil.initiation(to: cast.bob.profile))
    try evil.takeResponse(bob.sent()[0])
    bob.receive(try evil.authentication(pairSecret: cast.pairSecret))
    #expect(bob.code == .ident)
    #expect(bob.sent().isEmpty)
  }

  // [E-03]
  @Test func aPeerThatIsNotWantedGetsFINAndAnAlert() throws {
    let alice = try cast.dialling()
    let machine = ConnectionMachine(
      accepting: AcceptSetup(context: cast.context(of: cast.bob), takesFirstContact: false))
    let now = Moment(nanoseconds: 0)
    machine.start(at: now)
    machine.receive(alice.sent()[0], at: now)
    alice.receive(machine.outbound(at: now))
    machine.receive(alice.sent()[0], at: now)
    _ = machine.actions()
    machine.handle(
      .contact(ContactAnswer(pin: try cast.pin(of: cast.alice), alert: .blocked)), at: now)
    for frame in splitFrames(machine.outbound(at: now)) { alice.receive(frame) }
    #expect(alice.code == .alert)
    #expect(alice.end?.alert == .blocked)
    #expect(
      machine.actions().contains {
        if case .refused(let refusal) = $0 { refusal.code == .policy } else { false }
      })
  }

  // [K-03]
  @Test func theKeysOfAConnectionGoWithIt() throws {
    weak var region: GuardedRegion?
    weak var refused: ConnectionMachine?
    do {
      let (alice, bob) = try cast.session()
      region = alice.summary?.exports.witnessKey.region
      #expect(region != nil)
      alice.say("one", stream)
      cast.talk(alice, bob)
      alice.tell(.linkClosed)
      let stranger = try cast.accepting()
      stranger.receive([1, 2, 3])
      refused = stranger.machine
    }
    #expect(region == nil)
    #expect(refused == nil)
  }
}
