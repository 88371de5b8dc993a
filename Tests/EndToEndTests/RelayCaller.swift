import ChatProtocol
import Cryptography
import Foundation
import ProtocolTestSupport
import TestSupport
import Wire

/// The key of a mailbox.
final class MailboxKey {
  let publicKey: [UInt8]
  private let seed: Secret<IdentitySigningSeed>

  convenience init(_ seed: [UInt8]) throws {
    let secret: Secret<IdentitySigningSeed> = try makeSecret(seed)
    self.init(publicKey: try Ed25519.publicKey(of: secret), secret)
  }

  private init(publicKey: [UInt8], _ seed: consuming Secret<IdentitySigningSeed>) {
    self.publicKey = publicKey
    self.seed = seed
  }

  var pseudonym: [UInt8] {
    let publicKey = publicKey
    return SHA256Hash.hash(publicKey.span)
  }

  func sign(_ bytes: [UInt8]) throws -> [UInt8] { try Ed25519.sign(bytes.span, seed: seed) }
}

/// A member of a group as far as a relay knows one: the machine of the link, a key for a mailbox, and no group.
final class RelayCaller {
  private let key: MailboxKey
  private let socket: RawSocket
  private let heard: Gathered
  private let machine: RelayLinkMachine
  private var read = 0
  private var answers: [RelayAnswer] = []
  private var transcriptHash: [UInt8]?
  /// How the link ended; nil while it stands, and where it never stood.
  private(set) var end: RelayLinkEnd?
  private var isOver = false
  private var lastRequest: UInt32 = 0
  private let now = Moment(nanoseconds: 0)

  /// Calls and proves the relay. `seed`: 32 bytes, the mailbox's key; the same ones open the same mailbox.
  static func call(port: Int, relay: Profile, seed: [UInt8]) async throws -> RelayCaller {
    let caller = RelayCaller(
      try MailboxKey(seed), try RawSocket(connectedTo: port),
      RelayLinkMachine(dialling: RelayDialSetup(context: context, relay: relay)))
    caller.machine.start(at: caller.now)
    caller.flush()
    while caller.transcriptHash == nil { try await caller.hear() }
    return caller
  }

  private init(_ key: MailboxKey, _ socket: RawSocket, _ machine: RelayLinkMachine) {
    self.key = key
    self.socket = socket
    self.machine = machine
    heard = socket.listening()
  }

  var pseudonym: [UInt8] { key.pseudonym }

  static var context: HandshakeContext {
    HandshakeContext(
      policy: NegotiationPolicy(), outstandingShares: OutstandingShares(), entropy: SystemEntropy.shared,
      encapsulation: MLKEM768Encapsulation())
  }

  /// Says HELLO for the mailbox and takes the WELCOME.
  @discardableResult
  func hello() async throws -> RelayWelcome {
    let bytes = RelaySignedBytes.authentication(th: transcriptHash ?? [], pseudonym: pseudonym)
    let signature = try key.sign(bytes)
    send(
      .hello(
        .member(RelayMembership(pseudonym: pseudonym, key: key.publicKey, signature: signature))))
    return try await answer { if case .welcome(let welcome) = $0 { welcome } else { nil } }
  }

  /// Appends without waiting for the receipt; returns the number of the request.
  @discardableResult
  func append(_ body: [UInt8], id: MessageID) -> UInt32 {
    lastRequest += 1
    send(.append(RelayAppend(request: lastRequest, id: id, content: .application, body: body)))
    return lastRequest
  }

  func receipt() async throws -> RelayReceipt {
    try await answer { if case .receipt(let receipt) = $0 { receipt } else { nil } }
  }

  /// So many entries from a number on.
  func entries(from: UInt64, count: Int) async throws -> [RelayEntry] {
    send(.subscribe(RelaySubscribe(from: from, credit: 1 << 20)))
    var entries: [RelayEntry] = []
    while entries.count < count {
      entries.append(try await answer { if case .entry(let entry) = $0 { entry } else { nil } })
    }
    return entries
  }

  func send(_ request: RelayRequest) {
    machine.send(type: request.type, body: request.body, at: now)
    flush()
  }

  /// The next answer that fits; the others stay for later.
  func answer<Part>(_ pick: (RelayAnswer) -> Part?) async throws -> Part {
    while true {
      for (index, answer) in answers.enumerated() {
        if let part = pick(answer) {
          answers.remove(at: index)
          return part
        }
      }
      try await hear()
    }
  }

  /// Receipts that are here already.
  func receiptsThatCame() -> [RelayReceipt] {
    answers.compactMap { if case .receipt(let receipt) = $0 { receipt } else { nil } }
  }

  /// Waits for the link's end.
  func waitForEnd() async throws -> RelayLinkEnd {
    while true {
      if let end { return end }
      try await hear()
    }
  }

  /// Takes everything that came until the other side is gone.
  func drain() async {
    while !isOver, (try? await hear()) != nil {}
  }

  private func hear() async throws {
    guard !isOver, await heard.bytes(1, from: read, within: 60) != nil else {
      throw ProgramFailure("the relay says nothing more: \(String(describing: end))")
    }
    let bytes = Array(heard.bytes.dropFirst(read))
    read += bytes.count
    machine.received(bytes.span, at: now)
    flush()
  }

  private func flush() {
    collect()
    machine.takeOutbound(at: now) { socket.write([UInt8](copying: $0)) }
    collect()
  }

  private func collect() {
    while let action = machine.nextAction() {
      switch action {
      case .established(let summary): transcriptHash = summary.transcriptHash
      case .frame(let type, let body):
        if let answer = try? RelayAnswer(type: type, body: body) { answers.append(answer) }
      case .refused: isOver = true
      case .ended(let ended):
        end = ended
        isOver = true
      case .profile, .closeLink: break
      }
    }
  }
}
