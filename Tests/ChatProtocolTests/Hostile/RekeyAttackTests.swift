import ChatProtocol
import Cryptography
import TestSupport
import Testing
import Wire

@Suite("Attacks on rekeys")
struct RekeyAttackTests {
  private let cast: Cast
  private let stream = MessageStream(entropy: ScriptedEntropy(seed: 3))

  init() throws { cast = try Cast() }

  private let blank = [UInt8](repeating: 0, count: 32)

  private func expectEnd(_ peer: TestPeer, _ code: ChatErrorCode) {
    #expect(peer.code == code)
    #expect(peer.end?.reason == .error)
    #expect(peer.closesLink == true)
    #expect(peer.loggedEpochs.isEmpty)
  }

  // MARK: On the path

  /// Two machines of which alice has just said KU1.
  private func offered() throws -> (alice: TestPeer, bob: TestPeer, frame: [UInt8]) {
    let (alice, bob) = try cast.session()
    for _ in 0..<32 { alice.say("one", stream) }
    bob.say("turn", MessageStream(entropy: ScriptedEntropy(seed: 4)))
    cast.talk(alice, bob)
    alice.pass(seconds: 5)
    bob.pass(seconds: 5)
    let frames = alice.sent()
    #expect(frames.map(\.count) == [2083])
    return (alice, bob, frames[0])
  }

  // [R-09] [U-04]
  @Test("attack 39: a rekey message that is dropped, replayed or changed on the way is E_MAC")
  func droppedReplayedOrChanged() throws {
    for position in 0..<3 {
      for harm in [Harm.drop, .replay, .flip] {
        let (alice, bob, begin) = try offered()
        var frames = [begin]
        var (from, to) = (alice, bob)
        for index in 0...position {
          if index > 0 {
            (from, to) = (to, from)
            frames = from.sent()
          }
          #expect(frames.count == 1)
          if index < position { to.receive(frames[0]) }
        }
        var frame = frames[0]
        switch harm {
        case .drop: break
        case .flip:
          frame[frame.count / 2] ^= 1
          to.receive(frame)
        case .replay:
          to.receive(frame)
          #expect(to.code == nil)
          to.receive(frame)
        }
        if harm == .drop {
          from.say("the next record", stream)
          for frame in from.sent() { to.receive(frame) }
        }
        #expect(to.code == .mac, "message \(position + 1), \(harm)")
      }
    }
  }

  private enum Harm { case drop, replay, flip }

  // [U-01]
  @Test("attack 39: a rekey that R begins, or any message from the wrong side, is E_KU")
  func fromTheWrongSide() throws {
    let offer = HandmadeRekey(
      .responder, root: blank, sessionID: blank, peerKey: blank, identity: nil)
    let toInitiator: [RekeyMessage] = [
      try offer.offer(epoch: 1), .finish(epoch: 1, confirmation: blank),
      try offer.answer(offer.offer(epoch: 1)).0,
    ]
    for message in toInitiator {
      let end = try OpenEnd.accepting(cast)
      try end.send(.rekey(message))
      expectEnd(end.peer, .ku)
    }
    // R: KU2 at any time, KU3 where none is awaited.
    for message in toInitiator.dropFirst() {
      let end = try OpenEnd.dialling(cast)
      try end.send(.rekey(message))
      expectEnd(end.peer, .ku)
    }
    // I while its own KU1 waits: KU1 and KU3.
    for message in toInitiator.dropLast() {
      let end = try OpenEnd.accepting(cast)
      _ = try end.awaitOffer(stream)
      try end.send(.rekey(message))
      expectEnd(end.peer, .ku)
    }
  }

  // [U-03]
  @Test("attack 39: R's confirmation echoed to it as I's is E_KU")
  func anEchoedConfirmation() throws {
    let end = try OpenEnd.dialling(cast)
    let keys = try end.begin(epoch: 1)
    let echo = try #require(keys.confirmations[.responder])
    try end.send(.rekey(.finish(epoch: 1, confirmation: echo)))
    expectEnd(end.peer, .ku)
  }

  // [U-03]
  @Test("attack 39: a wrong confirmation is E_KU at either side, each bit of it")
  func aWrongConfirmation() throws {
    for bit in stride(from: 0, to: 256, by: 37) {
      let dialling = try OpenEnd.dialling(cast)
      let keys = try dialling.begin(epoch: 1)
      var confirmation = try #require(keys.confirmations[.initiator])
      confirmation[bit / 8] ^= 1 << UInt8(bit % 8)
      try dialling.send(.rekey(.finish(epoch: 1, confirmation: confirmation)))
      expectEnd(dialling.peer, .ku)

      let accepting = try OpenEnd.accepting(cast)
      let answer = try accepting.rekey.answer(try accepting.awaitOffer(stream)).0
      guard case .answer(let epoch, let share, let ciphertext, var wrong) = answer else { return }
      wrong[bit / 8] ^= 1 << UInt8(bit % 8)
      try accepting.send(
        .rekey(
          .answer(epoch: epoch, ephemeral: share, ciphertext: ciphertext, confirmation: wrong)))
      expectEnd(accepting.peer, .ku)
    }
  }

  // [U-02] [M-18]
  @Test("attack 39: a changed KEM ciphertext, or the confirmation of the other role, is E_KU at I")
  func aChangedAnswer() throws {
    for change in 0..<2 {
      let end = try OpenEnd.accepting(cast)
      let (answer, keys) = try end.rekey.answer(try end.awaitOffer(stream))
      guard case .answer(let epoch, let share, var ciphertext, var confirmation) = answer else {
        return
      }
      if change == 0 {
        ciphertext[500] ^= 1
      } else {
        confirmation = try #require(keys.confirmations[.initiator])
      }
      try end.send(
        .rekey(
          .answer(
            epoch: epoch, ephemeral: share, ciphertext: ciphertext, confirmation: confirmation)))
      expectEnd(end.peer, .ku)
    }
  }

  // [U-01] [U-03]
  @Test("attack 39: a wrong epoch number is E_KU in each of the three")
  func aWrongEpoch() throws {
    for epoch: UInt32 in [0, 2, .max] {
      let first = try OpenEnd.dialling(cast)
      try first.send(.rekey(try first.rekey.offer(epoch: epoch)))
      expectEnd(first.peer, .ku)

      let second = try OpenEnd.accepting(cast)
      let answer = try second.rekey.answer(try second.awaitOffer(stream)).0
      guard case .answer(_, let share, let ciphertext, let confirmation) = answer else { return }
      try second.send(
        .rekey(
          .answer(
            epoch: epoch, ephemeral: share, ciphertext: ciphertext, confirmation: confirmation)))
      expectEnd(second.peer, .ku)

      let third = try OpenEnd.dialling(cast)
      let keys = try third.begin(epoch: 1)
      try third.send(
        .rekey(.finish(epoch: epoch, confirmation: keys.confirmations[.initiator] ?? [])))
      expectEnd(third.peer, .ku)
    }
    // The number of the last one, again.
    let end = try OpenEnd.dialling(cast)
    try end.finish(try end.begin(epoch: 1), epoch: 1)
    try end.send(.rekey(try end.rekey.offer(epoch: 1)))
    #expect(end.peer.code == .ku)
  }

  // [U-06]
  @Test("attack 39: a KU1 while an answered one waits for its KU3 is E_KU")
  func anOfferInBetween() throws {
    let end = try OpenEnd.dialling(cast)
    _ = try end.begin(epoch: 1)
    end.peer.pass(seconds: 10)
    try end.send(.rekey(try end.rekey.offer(epoch: 2)))
    expectEnd(end.peer, .ku)
  }

  // [U-06]
  @Test("attack 39: a flood of rekeys is E_LIMIT at the third gap under two seconds")
  func aFlood() throws {
    let end = try OpenEnd.dialling(cast)
    for epoch in UInt32(1)...3 {
      try end.finish(try end.begin(epoch: epoch), epoch: epoch)
      end.peer.pass(seconds: 1)
    }
    // Long pauses forgive nothing.
    end.peer.pass(seconds: 10)
    try end.finish(try end.begin(epoch: 4), epoch: 4)
    end.peer.pass(seconds: 1)
    try end.send(.rekey(try end.rekey.offer(epoch: 5)))
    #expect(end.peer.code == .limit)
    #expect(end.peer.loggedEpochs == [1, 2, 3, 4])
    // One ALERT and no KU2.
    #expect(try end.heard() == [.alert(.error)])
  }

  // [U-04]
  @Test("attack 39: a record of the new chain too early, or of the old one too late, is E_MAC")
  func aSwitchOutOfPlace() throws {
    // I's chain before its KU3.
    let early = try OpenEnd.dialling(cast)
    let keys = try early.begin(epoch: 1)
    try early.switchSending(to: keys)
    try early.sendText(stream)
    expectEnd(early.peer, .mac)

    // KU3 itself in the new chain.
    let finish = try OpenEnd.dialling(cast)
    let others = try finish.begin(epoch: 1)
    try finish.switchSending(to: others)
    try finish.send(
      .rekey(.finish(epoch: 1, confirmation: others.confirmations[.initiator] ?? [])))
    expectEnd(finish.peer, .mac)

    // The old chain after KU3.
    let late = try OpenEnd.dialling(cast)
    let rest = try late.begin(epoch: 1)
    try late.send(.rekey(.finish(epoch: 1, confirmation: rest.confirmations[.initiator] ?? [])))
    #expect(late.peer.code == nil)
    try late.sendText(stream)
    #expect(late.peer.code == .mac)
    #expect(late.peer.shown.isEmpty)

    // R's chain before its KU2, and the old one after it.
    for isEarly in [true, false] {
      let end = try OpenEnd.accepting(cast)
      let (answer, keys) = try end.rekey.answer(try end.awaitOffer(stream))
      if isEarly {
        try end.switchSending(to: keys)
        try end.sendText(MessageStream(entropy: SystemEntropy.shared))
      } else {
        try end.send(.rekey(answer))
        #expect(end.peer.code == nil)
        try end.sendText(MessageStream(entropy: SystemEntropy.shared))
      }
      #expect(end.peer.code == .mac)
      #expect(end.peer.shown.count == 1, "the turn alone")
    }
  }

  // MARK: 22, 25: weak shares

  // [F-10] [U-03]
  @Test func anEphemeralKeyOfSmallOrderIsRefusedByBothSides() throws {
    for point in Self.smallOrder {
      let first = try OpenEnd.dialling(cast)
      guard case .begin(_, _, let key) = try first.rekey.offer(epoch: 1) else { return }
      try first.send(.rekey(.begin(epoch: 1, ephemeral: point, encapsulationKey: key)))
      expectEnd(first.peer, .dh)

      let second = try OpenEnd.accepting(cast)
      let answer = try second.rekey.answer(try second.awaitOffer(stream)).0
      guard case .answer(_, _, let ciphertext, let confirmation) = answer else { return }
      try second.send(
        .rekey(
          .answer(epoch: 1, ephemeral: point, ciphertext: ciphertext, confirmation: confirmation)))
      expectEnd(second.peer, .dh)
    }
  }

  // [M-18] [U-03]
  @Test func anEncapsulationKeyThatIsNoneIsRefused() throws {
    let end = try OpenEnd.dialling(cast)
    guard case .begin(_, let share, var key) = try end.rekey.offer(epoch: 1) else { return }
    // The first coefficient becomes 4095, which is above q.
    key[0] = 0xff
    key[1] |= 0x0f
    try end.send(.rekey(.begin(epoch: 1, ephemeral: share, encapsulationKey: key)))
    expectEnd(end.peer, .dh)
    #expect(try end.heard() == [.alert(.error)])
  }

  //
  @Test func arekeyMessageOfAWrongLengthIsRefused() throws {
    for type: UInt8 in [7, 8, 9] {
      let script = try Script(cast)
      try script.sendRaw(type: type, [UInt8](repeating: 0, count: 37))
      #expect(script.bob.code == .ku)
    }
  }

  /// The points of small order: 0, 1, the two of order 8, p - 1, p, p + 1; each with and without the
  /// ignored top bit.
  private static let smallOrder: [[UInt8]] = {
    let order8 =
      [
        [
          0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
          0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
        ],
        [
          0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
          0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
        ],
      ] as [[UInt8]]
    let middle = [UInt8](repeating: 0xff, count: 30)
    let near = [UInt8](0xec...0xee).map { [$0] + middle + [0x7f] }
    let small = [UInt8](0...1).map { [$0] + [UInt8](repeating: 0, count: 31) }
    let all = small + order8 + near
    return all + all.map { point in point.dropLast() + [point[31] | 0x80] }
  }()
}
