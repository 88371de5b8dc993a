import ChatProtocol
import Cryptography
import ProtocolTestSupport
import Wire

/// Records behind a right MAC: a session on either side takes whatever the input says, sealed with the right
/// keys, between the doings of its own user, disk and clock.
enum RecordsTarget {
  static func run(_ input: inout FuzzInput) {
    let scene = input.byte() & 1 == 0 ? listening : dialling
    var session = made { try Session(scene) }
    while !input.isEmpty { made { try session.step(&input) } }
    session.end()
  }

  // MARK: One handshake, replayed

  /// What a handmade peer said to a side whose entropy follows from a seed: said again, it leads to the same
  /// keys, at a fraction of the work.
  private struct Scene: Sendable {
    let make: @Sendable () throws -> TestPeer
    let frames: [[UInt8]]
    let sendingKey: [UInt8]
    let role: Role
  }

  private static let cast = made { try Cast() }
  private static let listening = made { try sceneOfListener() }
  private static let dialling = made { try sceneOfDialler() }

  private static func sceneOfListener() throws -> Scene {
    let alice = try Handmade(cast.alice, .initiator, .known)
    let initiation = try alice.initiation(to: cast.bob.profile)
    let region = try GuardedRegion(byteCount: 64)
    var secret = try Secret<Encapsulated>(in: region)
    let offered = Array(initiation[84..<84 + HandshakeSize.encapsulationKey])
    let ciphertext = try secret.withMutableBytes { (bytes) throws(CryptographyError) in
      try MLKEM768Encapsulation().encapsulate(to: offered.span, into: &bytes)
    }
    let encapsulation = ScriptedEncapsulation(ciphertext: ciphertext, secret: secret.revealed())
    let make = { @Sendable in
      var context = cast.context(of: cast.bob, seed: 21)
      context.encapsulation = encapsulation
      return try cast.accepting(context)
    }
    let bob = try make()
    bob.receive(initiation)
    try alice.takeResponse(bob.sent()[0])
    let authentication = try alice.authentication(pairSecret: cast.pairSecret)
    bob.receive(authentication)
    try alice.takeConfirmation(bob.sent()[0])
    return Scene(
      make: make, frames: [initiation, authentication], sendingKey: alice.sendingKey, role: .initiator)
  }

  private static func sceneOfDialler() throws -> Scene {
    let make = { @Sendable in try cast.dialling(cast.alice, to: nil, cast.context(of: cast.alice, seed: 22)) }
    let alice = try make()
    let bob = try Handmade(cast.bob, .responder, .known)
    try bob.takeInitiation(alice.sent()[0])
    let response = try bob.response()
    alice.receive(response)
    try bob.takeAuthentication(alice.sent()[0], pairSecret: cast.pairSecret)
    let confirmation = try bob.confirmation()
    alice.receive(confirmation)
    return Scene(make: make, frames: [response, confirmation], sendingKey: bob.sendingKey, role: .responder)
  }

  private enum Encapsulated: SecretPurpose { static let byteCount = 32 }

  // MARK: A session

  private struct Session: ~Copyable {
    let peer: TestPeer
    let stream: MessageStream
    var writer: RecordWriter
    /// Every frame so far was sealed rightly, in order.
    var isFaithful = true

    init(_ scene: Scene) throws {
      let region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
      let chainKey = try Secret<SendingChainKey>(copying: scene.sendingKey.span, in: region)
      let writer = try RecordWriter(
        chainKey: chainKey, suite: .aes256CBCHMACCRC32, sender: scene.role, in: region)
      peer = try scene.make()
      stream = MessageStream(entropy: ScriptedEntropy(seed: 3))
      self.writer = writer
      _ = peer.sent()
      for frame in scene.frames {
        peer.receive(frame)
        _ = peer.sent()
      }
    }

    mutating func step(_ input: inout FuzzInput) throws {
      switch input.byte() % 16 {
      case 0: try send(.synchronisation(.nothing))
      case 1, 2: try sendRaw(type: input.byte(), flags: input.byte(), input.bytes(input.number16() % 2048))
      case 3: try sendInner(input.bytes(input.number16() % 2048))
      case 4, 5: try sendText(&input)
      case 6:
        let position = LoggedPosition(record: UInt64(input.byte()), tag: [UInt8](repeating: 1, count: 32))
        let count = UInt64(input.byte())
        try send(.acknowledgement(Acknowledgement(count: count, position: count & 1 == 0 ? nil : position)))
      case 7:
        let reason = CloseReason(rawValue: input.byte() % 4) ?? .bye
        try send(.close(Closing(reason: reason, sent: UInt64(input.byte()), received: UInt64(input.byte()))))
      case 8: try send(.ping(UInt64(input.byte())))
      case 9: peer.say("text", stream)
      case 10: peer.tell(.close(.bye))
      case 11: peer.pass(seconds: Int64(input.byte() % 40))
      case 12: if peer.answersLogs { peer.answersLogs = false } else { mendDisk() }
      case 13: peer.answerLogs()
      case 14: peer.storingFails.toggle()
      default:
        isFaithful = false
        peer.receive(input.bytes(input.number16()))
      }
      check()
    }

    private mutating func send(_ body: RecordBody) throws {
      var frame: [UInt8] = []
      try writer.seal(body, appendingTo: &frame)
      peer.receive(frame)
    }

    /// A text's fragment with a right head, its flags and bytes as they come.
    private mutating func sendText(_ input: inout FuzzInput) throws {
      var body: [UInt8] = []
      body.append(bigEndian: UInt64(1) << 63 | UInt64(input.byte() % 4))
      body.append(bigEndian: UInt64(input.byte() % 8))
      body.append(bigEndian: UInt64(5))
      body += [UInt8](repeating: 9, count: 32)
      let isFull = input.byte() & 1 == 1
      body +=
        isFull
        ? [UInt8](repeating: 0x61, count: TextMessage.fragmentByteCount) : input.bytes(Int(input.byte()))
      try sendRaw(type: RecordType.text.rawValue, flags: isFull ? input.byte() : 0, body)
    }

    private mutating func sendRaw(type: UInt8, flags: UInt8, _ body: [UInt8]) throws {
      try sendInner([type, flags, UInt8(body.count >> 8), UInt8(body.count & 0xff)] + body)
    }

    /// Any bytes as the inner plaintext; zeros fill what is left of the record, and the CRC is put right.
    private mutating func sendInner(_ inner: [UInt8]) throws {
      guard let size = RecordSize(holding: max(0, inner.count - InnerRecord.headByteCount)) else { return }
      check(parsing: inner + [UInt8](repeating: 0, count: size.innerByteCount - 4 - inner.count))
      var frame: [UInt8] = []
      try writer.seal(size, appendingTo: &frame) { output in
        for index in inner.indices { output[index] = inner[index] }
      }
      peer.receive(frame)
    }

    private func check(parsing inner: [UInt8]) {
      guard let body = try? RecordBody(parsing: inner.span), let again = body.bytes else { return }
      switch body {
      case .text: return  // its text lies beside it
      case .alert(.error) where inner[4] != AlertCode.error.rawValue: return  // a code of a later build
      case .alert, .acknowledgement, .ping, .pong, .close, .rekey, .synchronisation, .ignorable: break
      }
      demand(Array(inner.dropFirst(4).prefix(again.count)) == again, "a body has one spelling")
    }

    private func check() {
      if isFaithful {
        demand(
          peer.code != .mac && peer.code != .crc && peer.code != .auth,
          "what was sealed rightly and in order opens")
      }
      let ids = peer.shown.map(\.id)
      demand(Set(ids).count == ids.count, "a text is shown once")
      for text in peer.shown {
        demand(text.text.count <= TextMessage.maximumByteCount, "a text has at most 65,536 bytes")
        demand(String(validating: text.text, as: UTF8.self) != nil, "a text is well-formed UTF-8")
      }
    }

    /// Logs are answered in their order, the old ones first.
    private func mendDisk() {
      while !peer.ticketsWaiting.isEmpty { peer.answerLogs() }
      peer.answersLogs = true
    }

    /// However it went, it comes to one end.
    func end() {
      mendDisk()
      peer.tell(.linkClosed)
      peer.pass(seconds: 100)
      demand((peer.refusal == nil) != (peer.end == nil), "a connection ends once, refused or after a session")
      demand(peer.closesLink != nil, "a connection that is over closes its link")
      demand(peer.machine.nextAction() == nil, "nothing is said after the end")
    }
  }
}
