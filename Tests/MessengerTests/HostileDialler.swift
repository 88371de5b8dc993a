import ChatProtocol
import Cryptography
import Foundation
import Messenger
import TestSupport
import Transport
import Wire

/// Somebody who dials a running listener with our own machine and stops keeping to the protocol where a
/// test wants it; everything the listener sends is counted.
final class HostileDialler: LinkDriver {
  enum Habit: Sendable {
    /// Ends the connection as soon as the reply under the password is judged.
    case hangsUp
    /// Answers that reply with bytes that are no AUTH, and waits for the end.
    case answersRubbish
    /// Goes on as the machine says, to the end.
    case goesOn
  }

  /// What came of it.
  struct Result: Sendable {
    /// Type and whole size of every frame that came, in order.
    var frames: [[Int]] = []
    /// Whether the reply verified under the password; nil where none came.
    var guessedRight: Bool?
    /// It is over: the listener, or this side, ended the connection.
    var isOver = false
  }

  private let machine: ConnectionMachine
  private let habit: Habit
  private let result: Watched<Result>
  private var link: (any Link)?
  private var bytes: [UInt8] = []
  private var isDeaf = false

  private init(_ setup: DialSetup, _ habit: Habit, _ result: Watched<Result>) {
    machine = ConnectionMachine(dialling: setup)
    self.habit = habit
    self.result = result
  }

  /// Dials once and returns when the connection is over.
  static func dial(_ setup: DialSetup, port: UInt16, on group: TransportGroup, _ habit: Habit) async throws
    -> Result
  {
    let result = Watched(Result())
    try await group.dial(host: "127.0.0.1", port: port, timeoutSeconds: 60, on: group.nextLoop()) { _ in
      HostileDialler(setup, habit, result)
    }
    return await result.wait(within: 60) { $0.isOver ? $0 : nil } ?? result.value
  }

  /// A first contact as `claimed` with a listener.
  static func firstContact(
    _ claimed: String, to name: PeerName, _ password: PasswordSecret
  ) throws -> DialSetup {
    let identity = try People.keys(claimed)
    return DialSetup(
      context: context(identity),
      target: .firstContact(name: name, password: password, floor: nil, purpose: .conversation))
  }

  static func context(_ identity: IdentityKeys) -> ConnectionContext {
    ConnectionContext(
      identity: identity,
      policy: NegotiationPolicy(groups: [.x25519MLKEM768], ciphers: [.aes256CBCHMACCRC32]),
      outstandingShares: OutstandingShares(), seenMessages: SeenMessages(), entropy: SystemEntropy.shared,
      encapsulation: MLKEM768Encapsulation())
  }

  func linkOpened(_ link: any Link, at now: Moment) {
    self.link = link
    machine.start(at: now)
    settle(now)
  }

  func received(_ bytes: Span<UInt8>, at now: Moment) {
    for index in bytes.indices { self.bytes.append(bytes[index]) }
    while self.bytes.count >= 3 {
      let count = 2 + Int(self.bytes[0]) << 8 + Int(self.bytes[1])
      guard self.bytes.count >= count else { return }
      let frame = Array(self.bytes.prefix(count))
      self.bytes.removeFirst(count)
      result.change { $0.frames.append([Int(frame[2]), count]) }
      if !isDeaf { machine.received(frame.span, at: now) }
      settle(now)
    }
  }

  func linkBecameWritable(at now: Moment) {}
  func alarm(at now: Moment) {}

  func linkClosed(_ cause: LinkEnd, at now: Moment) {
    link = nil
    result.change { $0.isOver = true }
  }

  private func settle(_ now: Moment) {
    while let action = machine.nextAction() {
      switch action {
      case .lookUpKeyOwner: judged(right: true)
      case .dialGuessFailed: judged(right: false)
      case .closeLink: if !isDeaf { link?.close(afterFlushing: true) }
      case .lookUpPairing, .spendGuess, .releaseGuess, .returnGuess, .lookUpContact, .storePin, .confirmPin,
        .raiseFloor, .pinHeld, .step, .connected, .log, .deliver, .delivered, .notSent, .groupRecord,
        .peerClosing,
        .refused,
        .ended:
        break
      }
    }
    if !isDeaf { machine.takeOutbound(at: now) { link?.write($0) } }
  }

  private func judged(right: Bool) {
    result.change { $0.guessedRight = right }
    switch habit {
    case .goesOn: break
    case .hangsUp:
      isDeaf = true
      link?.close(afterFlushing: false)
    case .answersRubbish:
      isDeaf = true
      // AUTH's size, and nobody's tag.
      let frame = [0x01, 0x41, 0x05] + SystemEntropy.shared.publicBytes(count: 320)
      link?.write(frame.span)
    }
  }
}
