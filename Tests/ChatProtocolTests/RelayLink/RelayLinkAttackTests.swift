import ChatProtocol
import Cryptography
import ProtocolTestSupport
import Testing
import Wire

/// What strangers, relays with other keys, and clients that break the rules can do to a relay link: nothing.
@Suite struct RelayLinkAttackTests {
  private let cast: RelayCast

  init() throws { cast = try RelayCast() }

  private func clientWithSeed(_ cipher: CipherSuite = .aes256CBCHMACCRC32) -> RelayEnd {
    cast.client(nil, cast.context([.x25519], [cipher], seed: 1))
  }

  private func serverWithSeed() -> RelayEnd { cast.server(nil, cast.context(seed: 2)) }

  //
  @Test func noBitOfALinkCanBeChanged() throws {
    let (client, relay) = (clientWithSeed(), serverWithSeed())
    client.start()
    relay.start()
    let initiation = client.takeSent()
    relay.receive(initiation)
    let response = relay.takeSent()
    client.receive(response)
    #expect(client.send(64, [1, 2, 3]))
    let record = client.takeSent()
    relay.receive(record)
    #expect(relay.frames.count == 1)

    for bit in 0..<initiation.count * 8 {
      let victim = serverWithSeed()
      victim.start()
      victim.receive(initiation.flipping(bit))
      victim.pass(seconds: 10)
      #expect(victim.code != nil && victim.sent.isEmpty && victim.summary == nil, "bit \(bit) of INIT")
    }
    for bit in 0..<response.count * 8 {
      let victim = clientWithSeed()
      victim.start()
      #expect(victim.takeSent() == initiation)
      victim.receive(response.flipping(bit))
      victim.pass(seconds: 10)
      #expect(victim.code != nil && victim.summary == nil, "bit \(bit) of RESP")
    }
    for bit in 0..<record.count * 8 {
      let victim = serverWithSeed()
      victim.start()
      victim.receive(initiation)
      victim.receive(record.flipping(bit))
      victim.pass(seconds: 31)
      #expect(victim.code != nil && victim.frames.isEmpty, "bit \(bit) of a record")
    }
  }

  @Test func aCutAnywhereIsToldFromAnEnd() {
    let (client, relay) = (clientWithSeed(), serverWithSeed())
    meet(client, relay)
    #expect(client.send(64, [1]) && client.send(66, [UInt8](repeating: 2, count: 40_000)))
    client.close(.bye)
    carry(client, relay)
    #expect(relay.end?.code == nil)
    let whole = Array(client.sent.joined())
    for count in stride(from: 0, to: whole.count, by: 7) {
      let victim = serverWithSeed()
      victim.start()
      victim.receive(Array(whole.prefix(count)))
      victim.loseLink()
      #expect(victim.code == (victim.summary == nil ? .closed : .truncated), "cut at \(count)")
    }
  }

  //
  @Test func whoeverAnswersInARelaysPlaceDoesNotGetAByteOfIt() {
    let (client, stranger) = (cast.client(), cast.server(cast.other))
    meet(client, stranger)
    #expect(stranger.code == .auth && stranger.sent.isEmpty)
    client.loseLink()
    #expect(client.code == .closed && client.refusal?.peerSentBytes == false)
  }

  @Test func aReplayGetsAnAnswerAndNoFrameOfItCounts() throws {
    let (client, relay) = (cast.client(), cast.server())
    meet(client, relay)
    #expect(client.send(64, [1]))
    carry(client, relay)
    let again = cast.server()
    again.start()
    for bytes in client.sent { again.receive(bytes) }
    #expect(again.summary != nil && again.frames.isEmpty && again.code == .mac)
  }

  @Test func reflectionIsRefused() {
    let shares = OutstandingShares()
    let (client, relay) = (
      cast.client(nil, cast.context(shares: shares)), cast.server(nil, cast.context(shares: shares))
    )
    meet(client, relay)
    #expect(relay.code == .reflect && relay.sent.isEmpty)

    let echoed = cast.client()
    echoed.start()
    echoed.receive(echoed.takeSent())
    #expect(echoed.code == .proto)

    let (one, two) = (cast.client(), cast.server())
    meet(one, two)
    #expect(two.send(65, [1]))
    two.receive(two.takeSent())
    #expect(two.code == .mac && two.frames.isEmpty)
  }

  //
  @Test func modesDoNotMix() throws {
    // A client of a relay at a user's listener.
    let user = ConnectionMachine(
      accepting: AcceptSetup(
        context: ConnectionContext(
          identity: cast.relay, policy: NegotiationPolicy(), outstandingShares: OutstandingShares(),
          seenMessages: SeenMessages(), entropy: SystemEntropy.shared,
          encapsulation: MLKEM768Encapsulation()), takesFirstContact: true))
    let client = cast.client()
    let now = Moment(nanoseconds: 0)
    client.start()
    user.start(at: now)
    user.received(client.takeSent().span, at: now)
    var refusal: HandshakeRefusal?
    while let action = user.nextAction() { if case .refused(let found) = action { refusal = found } }
    #expect(refusal?.code == .policy)
    user.takeOutbound(at: now) { _ in Issue.record("it answered") }

    // Users at a relay.
    for mode in HandshakeMode.betweenUsers {
      let dialler = try Handmade(cast.other, .initiator, mode)
      let relay = cast.server()
      relay.start()
      relay.receive(try dialler.initiation(to: mode.knowsResponder ? cast.relay.profile : nil))
      #expect(relay.code == .policy && relay.sent.isEmpty)
    }
  }

  @Test func otherProtocolsGetNothing() {
    for text in [
      "GET / HTTP/1.1\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", "SSH-2.0-x\r\n", "\u{0}\u{0}\u{7}",
    ] {
      let relay = cast.server()
      relay.start()
      relay.receive(Array(text.utf8))
      #expect(relay.code == .proto && relay.sent.isEmpty, "\(text.debugDescription)")
    }
  }

  // MARK: Records that no honest side sends

  /// A link whose client is made by hand.
  private func withHandmadeClient(
    _ body: (inout RecordWriter, RelayEnd) throws -> Void
  ) throws {
    let client = try Handmade(cast.other, .initiator, .relay)
    let relay = cast.server()
    relay.start()
    relay.receive(try client.initiation(to: cast.relay.profile))
    try client.takeResponse(relay.takeSent())
    var writer = try client.writer()
    try body(&writer, relay)
  }

  /// The frame of one record with this type, these flags and so many bytes of body.
  private static func record(
    _ type: UInt8, _ flags: UInt8, _ count: Int, _ writer: inout RecordWriter
  ) throws -> [UInt8] {
    var frame: [UInt8] = []
    let size = try #require(RecordSize(holding: count))
    try writer.seal(size, appendingTo: &frame) { inner in
      inner[0] = type
      inner[1] = flags
      inner.store(bigEndian: UInt16(count), at: 2)
      for index in 4..<inner.count { inner[index] = index < 4 + count ? 1 : 0 }
    }
    return frame
  }

  //
  @Test func oddPiecesAreRefused() throws {
    let full = RelayLinkFrame.fragmentByteCount
    let odd: [(String, [(type: UInt8, flags: UInt8, count: Int)])] = [
      ("a piece that is not full, more to come", [(66, 1, full - 1)]),
      ("an empty piece, more to come", [(66, 1, 0)]),
      ("an empty piece at the end", [(66, 1, full), (66, 0, 0)]),
      ("another type in between", [(66, 1, full), (67, 0, 1)]),
      ("a PING in between", [(66, 1, full), (3, 0, 8)]),
      ("a type that may be ignored in between", [(66, 1, full), (40, 2, 1)]),
      ("more than 1 MiB", Array(repeating: (66, 1, full), count: 65)),
      ("a TEXT", [(1, 0, 60)]), ("an ACK", [(2, 0, 48)]), ("a SYNC", [(10, 0, 56)]),
      ("a KU1", [(7, 0, 1220)]), ("an unknown type", [(40, 0, 1)]), ("bit 2", [(66, 4, 1)]),
      ("a TEXT in pieces", [(1, 1, full)]), ("a PING in pieces", [(3, 1, 8)]),
      ("a CLOSE that counts texts", [(5, 0, 17)]),
    ]
    for (name, records) in odd {
      try withHandmadeClient { writer, relay in
        for (type, flags, count) in records {
          relay.receive(try Self.record(type, flags, count, &writer))
        }
        #expect(relay.code == .proto && relay.frames.isEmpty, "\(name)")
      }
    }
    try withHandmadeClient { writer, relay in
      relay.receive(try Self.record(66, 1, full, &writer))
      relay.receive(try Self.record(66, 0, 1, &writer))
      relay.receive(try Self.record(40, 2, 1, &writer))
      #expect(relay.frames.map(\.body.count) == [full + 1] && relay.machine.isUp)
    }
  }

  @Test func framesAreRefusedBetweenUsers() throws {
    for (type, flags) in [(UInt8(64), UInt8(0)), (64, 1), (95, 0)] {
      var inner = [UInt8](repeating: 0, count: 240 - 4)
      inner[0] = type
      inner[1] = flags
      #expect(throws: RecordError.malformed) { try RecordBody(parsing: inner.span) }
    }
  }
}

extension [UInt8] {
  fileprivate func flipping(_ bit: Int) -> [UInt8] {
    var changed = self
    changed[bit / 8] ^= 1 << (bit % 8)
    return changed
  }
}
