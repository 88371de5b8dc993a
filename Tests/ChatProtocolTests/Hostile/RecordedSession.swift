import ChatProtocol
import Cryptography
import Synchronization
import Wire

/// One whole session of two machines, first byte to last, whose entropy is scripted, so that either side
/// can be played again alone, and be given something else than what it got.
final class RecordedSession: Sendable {
  /// What one side lived through, in its order.
  enum Step: Sendable {
    case take([UInt8])
    case say(String)
    case close
  }

  let mode: HandshakeMode
  private let cast: Cast
  private let steps: [Role: [Step]]
  /// What each side sent, frame by frame.
  let sent: [Role: [[UInt8]]]
  /// What each side showed its user.
  let shown: [Role: [[UInt8]]]
  private let encapsulation: (ciphertext: [UInt8], secret: [UInt8])

  /// Remembers the one encapsulation of a handshake.
  private final class RememberingEncapsulation: KeyEncapsulation {
    let result = Mutex<(ciphertext: [UInt8], secret: [UInt8])>(([], []))

    func encapsulate(
      to publicKey: Span<UInt8>, into secret: inout MutableSpan<UInt8>
    ) throws(CryptographyError) -> [UInt8] {
      let ciphertext = try MLKEM768Encapsulation().encapsulate(to: publicKey, into: &secret)
      let copy = [UInt8](copying: secret.span)
      result.withLock { $0 = (ciphertext, copy) }
      return ciphertext
    }
  }

  /// Both say something, both acknowledge, and the dialling side says goodbye.
  init(_ mode: HandshakeMode) throws {
    let cast = try Cast()
    let remembering = RememberingEncapsulation()
    let peers: [Role: TestPeer] = [
      .initiator: try RecordedSession.peer(.initiator, mode, cast, remembering),
      .responder: try RecordedSession.peer(.responder, mode, cast, remembering),
    ]
    let streams: [Role: MessageStream] = RecordedSession.streams()
    var steps: [Role: [Step]] = [.initiator: [], .responder: []]
    var sent: [Role: [[UInt8]]] = [.initiator: [], .responder: []]
    func carry() {
      var isSilent = false
      while !isSilent {
        isSilent = true
        for role in [Role.initiator, .responder] {
          for frame in peers[role]?.sent() ?? [] {
            isSilent = false
            sent[role]?.append(frame)
            steps[role.other]?.append(.take(frame))
            peers[role.other]?.receive(frame)
          }
        }
      }
    }
    carry()
    for (role, text) in [(Role.initiator, "one"), (.responder, "two"), (.initiator, "three")] {
      steps[role]?.append(.say(text))
      if let stream = streams[role] { peers[role]?.say(text, stream) }
      carry()
    }
    steps[.initiator]?.append(.close)
    peers[.initiator]?.tell(.close(.bye))
    carry()
    self.mode = mode
    self.cast = cast
    self.steps = steps
    self.sent = sent
    shown = peers.mapValues { $0.shown.map(\.text) }
    encapsulation = remembering.result.withLock { $0 }
  }

  /// One side before anything has come.
  private func fresh(_ role: Role, scripted: Bool) throws -> TestPeer {
    let encapsulation: any KeyEncapsulation =
      scripted
      ? ScriptedEncapsulation(ciphertext: self.encapsulation.ciphertext, secret: self.encapsulation.secret)
      : MLKEM768Encapsulation()
    return try RecordedSession.peer(role, mode, cast, encapsulation)
  }

  /// Plays one side again; it takes `changed` in place of the frame of this index, or of all that follow
  /// with `stopping`. Then the link closes and a minute passes.
  ///
  /// Also says whether the machine refused before anything else came.
  func play(
    _ role: Role, taking changed: [[UInt8]], at index: Int, stopping: Bool = false
  ) throws -> (peer: TestPeer, isRefusedAtOnce: Bool) {
    // A listener encapsulates to what the first message says.
    let peer = try fresh(role, scripted: role == .initiator || index > 0)
    let stream = RecordedSession.streams()[role]
    var taken = 0
    var isRefusedAtOnce = false
    for step in steps[role] ?? [] where !stopping || taken <= index {
      // What leaves belongs to the turn in which it was made.
      _ = peer.sent()
      switch step {
      case .take(let frame):
        for bytes in taken == index ? changed : [frame] { peer.receive(bytes) }
        if taken == index { isRefusedAtOnce = peer.code != nil }
        taken += 1
      case .say(let text): if let stream { peer.say(text, stream) }
      case .close: peer.tell(.close(.bye))
      }
    }
    _ = peer.sent()
    peer.tell(.linkClosed)
    peer.pass(seconds: 60)
    return (peer, isRefusedAtOnce)
  }

  /// Plays both sides with each other; the first message to one of them arrives changed.
  func playBoth(changingFirstTo role: Role, _ change: ([UInt8]) -> [UInt8]) throws -> [TestPeer] {
    let (receiver, sender) = (try fresh(role, scripted: false), try fresh(role.other, scripted: false))
    var isFirst = true
    var isSilent = false
    while !isSilent {
      isSilent = true
      for (from, to) in [(sender, receiver), (receiver, sender)] {
        for frame in from.sent() {
          isSilent = false
          to.receive(from === sender && isFirst ? change(frame) : frame)
          if from === sender { isFirst = false }
        }
        if from.closesLink != nil { to.tell(.linkClosed) }
      }
    }
    for peer in [receiver, sender] { peer.pass(seconds: 60) }
    return [receiver, sender]
  }

  private static func peer(
    _ role: Role, _ mode: HandshakeMode, _ cast: Cast, _ encapsulation: any KeyEncapsulation
  ) throws -> TestPeer {
    let identity = role == .initiator ? cast.alice : cast.bob
    var context = cast.context(of: identity, seed: role == .initiator ? 11 : 12)
    context.encapsulation = encapsulation
    switch (role, mode == .known) {
    case (.initiator, true): return try cast.dialling(nil, context)
    case (.initiator, false): return try cast.diallingFirst(nil, context)
    case (.responder, _): return try cast.accepting(context, knows: mode == .known)
    }
  }

  private static func streams() -> [Role: MessageStream] {
    [
      .initiator: MessageStream(entropy: ScriptedEntropy(seed: 13)),
      .responder: MessageStream(entropy: ScriptedEntropy(seed: 14)),
    ]
  }
}
