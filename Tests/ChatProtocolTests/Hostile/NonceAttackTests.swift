import ChatProtocol
import Cryptography
import Testing
import Wire

/// A real machine that answers one question over and over, in AES-256-GCM: where the first bytes of two answers
/// are the same on the wire, key and nonce were.
@Suite("Attacks on nonces")
struct NonceAttackTests {
  private let cast: Cast
  private let stream = MessageStream(entropy: ScriptedEntropy(seed: 3))

  init() throws { cast = try Cast() }

  private final class Answers {
    private(set) var count = 0
    private(set) var starts: Set<[UInt8]> = []

    func ask(_ end: OpenEnd, times: Int) throws {
      for _ in 0..<times {
        try end.send(.ping(7))
        for frame in end.peer.sent() {
          guard case .pong(7)? = try end.open(frame) else { continue }
          count += 1
          starts.insert(Array(frame[3..<19]))
        }
      }
    }
  }

  // [R-04] [U-04]
  @Test(
    "attack 15: no key and nonce of aes256-gcm come twice through rekeys and reconnects, from either side",
    arguments: [Role.initiator, .responder])
  func noKeyAndNonceComeTwiceThroughRekeys(machine role: Role) throws {
    let answers = Answers()
    let identity = role == .initiator ? cast.alice : cast.bob
    for _ in 0..<3 {
      let context = cast.context(of: identity, ciphers: [.aes256GCM])
      let end =
        try role == .initiator
        ? OpenEnd.accepting(cast, context, suite: .aes256GCM)
        : OpenEnd.dialling(cast, context, suite: .aes256GCM)
      #expect(end.peer.summary?.cipher == .aes256GCM)
      try answers.ask(end, times: 200)
      for epoch in UInt32(1)...2 {
        try role == .initiator ? answerRekey(end) : beginRekey(end, epoch)
        try answers.ask(end, times: 200)
        #expect(end.peer.machine.epoch == epoch && end.peer.code == nil)
      }
    }
    #expect(answers.count == 3 * 3 * 200)
    #expect(answers.starts.count == answers.count, "two records under one key and nonce")
  }

  /// The machine is R.
  private func beginRekey(_ end: OpenEnd, _ epoch: UInt32) throws {
    end.peer.pass(seconds: Limits.rekeyPauseSeconds)
    _ = try end.heard()
    try end.finish(try end.begin(epoch: epoch), epoch: epoch)
  }

  /// The machine is I.
  private func answerRekey(_ end: OpenEnd) throws {
    let (answer, keys) = try end.rekey.answer(try end.awaitOffer(stream))
    try end.send(.rekey(answer))
    try end.switchSending(to: keys)
    // KU3 is the last record of the old chain.
    for frame in end.peer.sent() {
      if case .rekey(.finish)? = try end.open(frame) { try end.switchReceiving(to: keys) }
    }
    end.rekey.root = keys.root
  }
}
