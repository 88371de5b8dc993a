import ChatProtocol
import Cryptography
import ProtocolTestSupport
import Testing
import Wire

/// One end of a session made by hand, with its keys laid open, and a real machine at the other.
final class OpenEnd {
  let peer: TestPeer
  let role: Role
  let rekey: HandmadeRekey
  /// The chain keys as FIN left them.
  let chains: [Role: [UInt8]]
  private let region: GuardedRegion
  private var writer: RecordWriter
  private var reader: RecordReader?

  /// Alice by hand, who dials a real Bob.
  static func dialling(
    _ cast: Cast, _ context: ConnectionContext? = nil, suite: CipherSuite = .aes256CBCHMACCRC32
  ) throws -> OpenEnd {
    let bob = try cast.accepting(context)
    let alice = try Handmade(cast.alice, .initiator, .known)
    bob.receive(try alice.initiation(to: cast.bob.profile, ciphers: [suite.rawValue, 0, 0, 0]))
    try alice.takeResponse(bob.sent()[0])
    bob.receive(try alice.authentication(pairSecret: cast.pairSecret))
    let answer = bob.sent()
    try alice.takeConfirmation(answer[0])
    let end = try OpenEnd(alice, bob, suite, peerKey: cast.bob.profile.ikDH)
    for frame in answer.dropFirst() { _ = try end.open(frame) }
    try end.send(.synchronisation(.nothing))
    return end
  }

  /// Bob by hand, whom a real Alice dials.
  static func accepting(
    _ cast: Cast, _ context: ConnectionContext? = nil, suite: CipherSuite = .aes256CBCHMACCRC32
  ) throws -> OpenEnd {
    let alice = try cast.dialling(nil, context)
    let bob = try Handmade(cast.bob, .responder, .known)
    try bob.takeInitiation(alice.sent()[0])
    alice.receive(try bob.response(cipher: suite.rawValue))
    try bob.takeAuthentication(alice.sent()[0], pairSecret: cast.pairSecret)
    alice.receive(try bob.confirmation())
    let end = try OpenEnd(bob, alice, suite, peerKey: cast.alice.profile.ikDH)
    for frame in alice.sent() { _ = try end.open(frame) }
    try end.send(.synchronisation(.nothing))
    return end
  }

  private init(_ handmade: Handmade, _ peer: TestPeer, _ suite: CipherSuite, peerKey: [UInt8]) throws {
    self.peer = peer
    role = handmade.role
    region = try GuardedRegion(byteCount: GuardedRegion.pageByteCount)
    rekey = HandmadeRekey(
      role, root: handmade.exported("root"), sessionID: handmade.exported("session id"),
      peerKey: peerKey, identity: handmade.identity)
    chains = [
      .initiator: handmade.exported("chain I"), .responder: handmade.exported("chain R"),
    ]
    writer = try handmade.writer(suite)
    reader = try handmade.reader(suite)
  }

  /// A record for the peer, not given to it yet.
  func seal(_ body: RecordBody) throws -> [UInt8] {
    var frame: [UInt8] = []
    try writer.seal(body, appendingTo: &frame)
    return frame
  }

  func send(_ body: RecordBody) throws { peer.receive(try seal(body)) }

  /// Returns the frames that it sent.
  @discardableResult
  func sendText(_ stream: MessageStream, _ text: String = "text") throws -> [UInt8] {
    let text = stream.next(text: Array(text.utf8), at: UnixTime(milliseconds: 1))
    let message = try TextMessage(
      head: TextHead(id: text.id, sentAt: text.sentAt, commitmentKey: text.commitmentKey),
      text: text.text)
    var frames: [UInt8] = []
    try writer.seal(message, appendingTo: &frames)
    peer.receive(frames)
    return frames
  }

  /// Some fragments of a text, not given to the peer yet.
  func seal(_ message: TextMessage, fragments: Range<Int>, to output: inout [UInt8]) throws {
    for index in fragments {
      try writer.seal(message.size(ofFragment: index), appendingTo: &output) {
        message.write(fragment: index, into: &$0)
      }
    }
  }

  func switchSending(to keys: HandmadeRekey.Keys) throws {
    let key = keys.chains[role] ?? []
    writer.switchEpoch(to: try Secret(copying: key.span, in: region))
  }

  func switchReceiving(to keys: HandmadeRekey.Keys) throws {
    let key = keys.chains[role.other] ?? []
    reader?.switchEpoch(to: try Secret(copying: key.span, in: region))
  }

  /// What one record says; a text is its head alone.
  func open(_ frame: [UInt8]) throws -> RecordBody? {
    guard var reader = reader.take() else { return nil }
    let record = try reader.open(frame.span.extracting(droppingFirst: 3))
    self.reader = consume reader
    switch record {
    case .text(let message): return .text(message.head, more: false)
    case .fragment: return nil
    case .other(let body): return body
    case .ofGroups: return nil
    }
  }

  /// A record of groups.
  func openWhole(_ frame: [UInt8]) throws -> GroupRecord? {
    guard var reader = reader.take() else { return nil }
    let record = try reader.open(frame.span.extracting(droppingFirst: 3))
    self.reader = consume reader
    guard case .ofGroups(let whole) = record else { return nil }
    return whole
  }

  /// What the peer says now.
  func heard() throws -> [RecordBody] {
    var bodies: [RecordBody] = []
    for frame in peer.sent() {
      if let body = try open(frame) { bodies.append(body) }
    }
    return bodies
  }

  // MARK: Whole rekeys

  /// As I: KU1, and the keys that the peer's KU2 gives; its receiving chain switches.
  func begin(epoch: UInt32) throws -> HandmadeRekey.Keys {
    try send(.rekey(try rekey.offer(epoch: epoch)))
    return try takeAnswer()
  }

  /// As I: takes KU2 and switches the receiving chain.
  func takeAnswer() throws -> HandmadeRekey.Keys {
    var keys: HandmadeRekey.Keys?
    for frame in peer.sent() {
      guard case .rekey(let answer)? = try open(frame) else { continue }
      let made = try rekey.accept(answer)
      try switchReceiving(to: made)
      keys = made
    }
    return try #require(keys, "no KU2")
  }

  /// As I: KU3, and the switch of the sending chain.
  func finish(_ keys: HandmadeRekey.Keys, epoch: UInt32) throws {
    try send(
      .rekey(.finish(epoch: epoch, confirmation: keys.confirmations[.initiator] ?? [])))
    try switchSending(to: keys)
    rekey.root = keys.root
  }

  /// As R: lets the peer have reason for a rekey, and gives its KU1.
  func awaitOffer(_ stream: MessageStream) throws -> RekeyMessage {
    for _ in 0..<32 { peer.say("reason", stream) }
    try sendText(MessageStream(entropy: SystemEntropy.shared), "turn")
    peer.pass(seconds: Limits.rekeyPauseSeconds)
    for body in try heard() {
      if case .rekey(let message) = body { return message }
    }
    throw ProtocolFailure(.timeout)
  }
}

extension TestPeer {
  /// The epochs that its log was told of.
  var loggedEpochs: [UInt64] {
    said.compactMap { action in
      guard case .log(.rekey(let epoch), _) = action else { return nil }
      return epoch
    }
  }
}
