import ChatProtocol
import Cryptography
import ProtocolTestSupport
import Testing
import Wire

/// A client and a relay face to face (GROUPS 3.5), under a clock in the test's hand.
@Suite struct RelayLinkTests {
  private let cast: RelayCast

  init() throws { cast = try RelayCast() }

  //
  @Test func everyGroupAndCipherMakesALinkThatCarriesFramesBothWays() throws {
    for group in KeyAgreementGroup.allCases {
      for cipher in CipherSuite.allCases {
        let client = cast.client(nil, cast.context([group], [cipher]))
        let relay = cast.server()
        meet(client, relay)
        let summary = try #require(client.summary)
        #expect(relay.summary == summary)
        #expect(summary.group == group && summary.cipher == cipher && summary.transcriptHash.count == 32)
        #expect(client.send(64, [1, 2, 3]))
        #expect(relay.send(65, []))
        carry(client, relay)
        #expect(relay.frames == [try RelayLinkFrame(type: 64, body: [1, 2, 3])])
        #expect(client.frames == [try RelayLinkFrame(type: 65, body: [])])
        client.close(.bye)
        carry(client, relay)
        #expect(client.end == RelayLinkEnd(code: nil, peerReason: .bye, alert: nil))
        #expect(relay.end == RelayLinkEnd(code: nil, peerReason: .bye, alert: nil))
        #expect(client.closesLink && relay.closesLink)
      }
    }
  }

  @Test func theLinkIsThatOfAHandMadeClientAndOfAHandMadeRelay() throws {
    let client = try Handmade(cast.other, .initiator, .relay)
    let relay = cast.server()
    relay.start()
    relay.receive(try client.initiation(to: cast.relay.profile))
    try client.takeResponse(relay.takeSent())
    var writer = try client.writer()
    var frame: [UInt8] = []
    try writer.seal(RelayLinkFrame(type: 64, body: [7]), appendingTo: &frame)
    relay.receive(frame)
    #expect(relay.frames == [try RelayLinkFrame(type: 64, body: [7])])

    let machine = cast.client()
    let handmade = try Handmade(cast.relay, .responder, .relay)
    machine.start()
    try handmade.takeInitiation(machine.takeSent())
    machine.receive(try handmade.response())
    #expect(machine.summary != nil)
  }

  //
  @Test func aFrameOfOneMebibyteGoesBothWaysAndALongerOneIsNotTaken() throws {
    let (client, relay) = (cast.client(), cast.server())
    meet(client, relay)
    let body = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    #expect(client.send(78, body) && relay.send(80, body))
    #expect(!client.send(78, body + [0]) && !relay.send(80, body + [0]))
    #expect(!client.send(63, []) && !client.send(96, []))
    carry(client, relay)
    #expect(relay.frames == [try RelayLinkFrame(type: 78, body: body)])
    #expect(client.frames == [try RelayLinkFrame(type: 80, body: body)])
    #expect(client.machine.isUp && relay.machine.isUp)
  }

  @Test func framesArriveInWhateverPiecesTheNetworkMakes() throws {
    let (client, relay) = (cast.client(), cast.server())
    client.start()
    relay.start()
    for byte in client.takeSent() { relay.receive([byte]) }
    for byte in relay.takeSent() { client.receive([byte]) }
    let body = [UInt8](repeating: 9, count: 20_000)
    #expect(client.send(66, body))
    for byte in client.takeSent() { relay.receive([byte]) }
    #expect(relay.frames == [try RelayLinkFrame(type: 66, body: body)])
  }

  //
  @Test func theRelaysProfileIsGivenToWhoeverAsksAndItsSignatureIsChecked() throws {
    let (asker, relay) = (RelayEnd(RelayLinkMachine(asking: cast.context())), cast.server())
    asker.start()
    relay.start()
    let question = asker.takeSent()
    #expect(question == [0, 1, 7])
    relay.receive(question)
    let answer = relay.takeSent()
    #expect(answer == [0, 194, 8] + cast.relay.profile.bytes)
    #expect(relay.refusal?.answeredAsk == true && relay.closesLink)
    asker.receive(answer)
    guard case .profile(let proven)? = asker.said.first else { throw TestFailure() }
    #expect(proven.profile == cast.relay.profile)
    #expect(asker.closesLink)

    for index in answer.indices.dropFirst(3) {
      let fooled = RelayEnd(RelayLinkMachine(asking: cast.context()))
      fooled.start()
      var changed = answer
      changed[index] ^= 1
      fooled.receive(changed)
      #expect(fooled.code == .ident)
    }
  }

  //
  @Test func aQuestionWithABodyAndAnAnswerOfAnotherLengthAreRefused() {
    let relay = cast.server()
    relay.start()
    relay.receive([0, 2, 7, 0])
    #expect(relay.code == .proto && relay.sent.isEmpty)
    let asker = RelayEnd(RelayLinkMachine(asking: cast.context()))
    asker.start()
    asker.receive([0, 193, 8])
    #expect(asker.code == .proto)
  }

  // MARK: Time

  //
  @Test func silentPeersTimeOut() {
    let (client, relay) = (cast.client(), cast.server())
    client.start()
    relay.start()
    client.pass(seconds: 9)
    relay.pass(seconds: 9)
    #expect(client.code == nil && relay.code == nil)
    client.pass(seconds: 1)
    relay.pass(seconds: 1)
    #expect(client.code == .timeout && relay.code == .timeout)
    #expect(client.refusal?.peerSentBytes == false && relay.sent.isEmpty)

    let (one, two) = (cast.client(), cast.server())
    meet(one, two)
    // They hear each other's PINGs for as long as these pass.
    for _ in 0..<60 {
      one.pass(seconds: 1)
      two.pass(seconds: 1)
      carry(one, two)
    }
    #expect(one.machine.isUp && two.machine.isUp)
    one.pass(seconds: 31)
    #expect(one.code == .timeout)
  }

  @Test func aFrameThatIsBegunMustBeWholeInTwentySeconds() {
    let (client, relay) = (cast.client(), cast.server())
    meet(client, relay)
    #expect(client.send(64, [1]))
    let frame = client.takeSent()
    relay.receive(Array(frame.dropLast()))
    relay.pass(seconds: 19)
    #expect(relay.code == nil)
    relay.pass(seconds: 1)
    #expect(relay.code == .timeout)
  }

  //
  @Test func aLinkEndsWhenItsTimeOrItsRecordsAreUsedUp() throws {
    let (client, relay) = (cast.client(), cast.server(lifetime: RelayLinkLifetime(seconds: 100)))
    meet(client, relay)
    for _ in 0..<101 {
      client.pass(seconds: 1)
      relay.pass(seconds: 1)
      carry(client, relay)
    }
    #expect(relay.end?.code == nil && relay.end != nil)
    #expect(client.end == RelayLinkEnd(code: nil, peerReason: .bye, alert: nil))

    let few = RelayLinkLifetime(records: 5)
    let (one, two) = (cast.client(lifetime: few), cast.server())
    meet(one, two)
    for number in 1...4 { #expect(one.send(64, [UInt8(number)])) }
    // The fifth record is CLOSE.
    #expect(!one.send(64, [5]))
    carry(one, two)
    #expect(two.frames.count == 4)
    #expect(two.end == RelayLinkEnd(code: nil, peerReason: .bye, alert: nil))
    // And whoever sends more than that is not heard.
    let (three, four) = (cast.client(), cast.server(lifetime: few))
    meet(three, four)
    for number in 1...6 { #expect(three.send(64, [UInt8(number)])) }
    carry(three, four)
    #expect(four.frames.count == 5 && four.code == .limit)
  }

  //
  @Test func anEndWithoutAWordIsTold() {
    let (client, relay) = (cast.client(), cast.server())
    meet(client, relay)
    client.loseLink()
    #expect(client.code == .truncated)
    relay.close(.shuttingDown)
    relay.pass(seconds: 5)
    #expect(relay.code == .truncated)
  }

  @Test func aRelayThatSendsAClientAwayIsUnderstood() {
    let (client, relay) = (cast.client(), cast.server())
    meet(client, relay)
    relay.machine.end(with: .notMember, as: .auth, at: relay.now)
    _ = relay.send(64, [])
    carry(client, relay)
    #expect(relay.code == .auth)
    #expect(client.end == RelayLinkEnd(code: .alert, peerReason: nil, alert: .notMember))
  }

  private struct TestFailure: Error {}
}
