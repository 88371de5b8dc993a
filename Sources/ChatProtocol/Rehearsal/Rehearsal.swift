import Cryptography
import Synchronization
package import Wire

/// Which secret a MixKey takes in; PROTOCOL 1.4.
package enum MixedSecret: String, Sendable {
  case es, ee, se
  /// What the groups add to X25519.
  case encapsulated = "ML-KEM"
  case finiteField = "ffdhe3072"
  /// CPace's key.
  case password = "ISK"
  case pair = "pair_psk"
}

/// What happens inside a handshake, secrets included. Its initialiser is private to this file, so that
/// only a `Rehearsal`, whose keys are published test keys, can have one; every other machine carries nil.
package final class HandshakeTrace: Sendable {
  package enum Operation: Equatable, Sendable {
    case start
    case mixHash(byteCount: Int)
    case mixKey(MixedSecret, secret: [UInt8])
    case seal([UInt8])
    case open([UInt8])
    case response(ResponseLabel, challenge: [UInt8], value: [UInt8])
  }

  /// An operation, and h, ck and k after it.
  package struct Entry: Equatable, Sendable {
    package let operation: Operation
    package let hash: [UInt8]
    package let chainingKey: [UInt8]
    package let key: [UInt8]
  }

  /// One sealed record: its inner plaintext with the CRC32 at its end, and ek | ak | iv.
  package struct Record: Sendable {
    package let inner: [UInt8]
    package let keyMaterial: [UInt8]
  }

  private let entries = Mutex<[Entry]>([])
  private let records = Mutex<[Record]>([])

  fileprivate init() {}

  func note(_ operation: Operation, hash: [UInt8], chainingKey: [UInt8], key: [UInt8]) {
    entries.withLock {
      $0.append(Entry(operation: operation, hash: hash, chainingKey: chainingKey, key: key))
    }
  }

  func note(record inner: [UInt8], keyMaterial: Span<UInt8>) {
    let keys = [UInt8](copying: keyMaterial)
    records.withLock { $0.append(Record(inner: inner, keyMaterial: keys)) }
  }

  fileprivate func takeEntries() -> [Entry] {
    entries.withLock { entries in
      defer { entries = [] }
      return entries
    }
  }

  fileprivate func takeRecords() -> [Record] {
    records.withLock { records in
      defer { records = [] }
      return records
    }
  }
}

/// The real machines, run against each other with the published test keys: what `explain` shows.
package struct Rehearsal: Sendable {
  package enum Item: Sendable {
    /// A whole frame on the wire.
    case frame(FrameType, from: Role, [UInt8])
    /// What one side's handshake did.
    case operation(HandshakeTrace.Entry, at: Role)
    case step(HandshakeStep, StepDirection, at: Role)
    case record(HandshakeTrace.Record, from: Role)
    case shown([UInt8], at: Role)
  }

  package let mode: HandshakeMode
  package private(set) var items: [Item] = []
  /// Both sides' public names of the session, I's first.
  package private(set) var sessionIDs: [[UInt8]] = []

  private static let text = "Hello, bob."
  private static let moment = Moment(nanoseconds: 0)

  /// Throws what a machine refused, which would be a fault of this build.
  package static func perform(_ mode: HandshakeMode) throws(ProtocolFailure) -> Rehearsal {
    var rehearsal = Rehearsal(mode: mode)
    do {
      let values = RehearsalValues.of(mode)
      let initiator = try Player(.initiator, values)
      let responder = try Player(.responder, values)
      try rehearsal.run([initiator, responder], values)
    } catch let failure as ProtocolFailure {
      throw failure
    } catch {
      throw ProtocolFailure(.state)
    }
    return rehearsal
  }

  private init(mode: HandshakeMode) { self.mode = mode }

  private mutating func run(_ sides: [Player], _ values: RehearsalValues) throws {
    for side in sides { side.machine.start(at: Self.moment) }
    for turn in 0..<12 {
      let (speaker, listener) = (sides[turn % 2], sides[1 - turn % 2])
      try settle(speaker, values)
      let sent = speaker.unsent
      speaker.unsent = []
      if sent.isEmpty { continue }
      try tell(sent, from: speaker)
      listener.machine.received(sent.span, at: Self.moment)
    }
    guard sessionIDs.count == 2, sessionIDs[0] == sessionIDs[1], hasShownTheText else {
      throw ProtocolFailure(.state)
    }
  }

  private var hasShownTheText: Bool {
    items.contains { if case .shown(Array(Self.text.utf8), _) = $0 { true } else { false } }
  }

  /// The frames of what one side sent in a turn; of records only the text.
  private mutating func tell(_ bytes: [UInt8], from side: Player) throws {
    var rest = bytes[...]
    while rest.count >= FrameHead.byteCount {
      let count = 2 + Int(rest[rest.startIndex]) << 8 + Int(rest[rest.startIndex + 1])
      guard count <= rest.count, let type = FrameType(rawValue: rest[rest.startIndex + 2]) else {
        throw ProtocolFailure(.proto)
      }
      var isTold = true
      if type == .record {
        guard !side.records.isEmpty else { throw ProtocolFailure(.state) }
        let record = side.records.removeFirst()
        isTold = record.inner.first == Self.textType
        if isTold { items.append(.record(record, from: side.role)) }
      }
      if isTold { items.append(.frame(type, from: side.role, Array(rest.prefix(count)))) }
      rest = rest.dropFirst(count)
    }
  }

  /// Answers everything that a side asks, and notes what it did.
  private mutating func settle(_ side: Player, _ values: RehearsalValues) throws {
    // What a side received is told before what it computes from that, and what it sent after.
    var after: [Item] = []
    while let action = side.machine.nextAction() {
      switch action {
      case .lookUpPairing:
        side.tell(.pairing(PairingAnswer(password: try values.password())))
      case .spendGuess, .storePin, .confirmPin, .raiseFloor: side.tell(.stored)
      case .lookUpContact: side.tell(.contact(ContactAnswer(pin: try values.pin(of: .initiator))))
      case .lookUpKeyOwner: side.tell(.keyOwner(isAnother: false))
      case .step(let step, let direction):
        switch direction {
        case .received: items.append(.step(step, direction, at: side.role))
        case .sent, .local: after.append(.step(step, direction, at: side.role))
        }
      case .connected(let summary):
        sessionIDs.append(summary.sessionID)
        if side.role == .initiator { side.tell(.send(values.message(Self.text))) }
      case .log(_, let ticket):
        side.tell(
          .logged(ticket, LoggedPosition(record: ticket.number, tag: [UInt8](repeating: 0, count: 32))))
      case .deliver(let text): items.append(.shown(text.text, at: side.role))
      case .returnGuess, .releaseGuess, .delivered, .peerClosing, .pinHeld, .notSent, .groupRecord,
        .dialGuessFailed,
        .refused, .ended, .closeLink:
        break
      }
    }
    side.machine.takeOutbound(at: Self.moment) { side.unsent += [UInt8](copying: $0) }
    for entry in side.trace.takeEntries() { items.append(.operation(entry, at: side.role)) }
    items += after
    side.records += side.trace.takeRecords()
  }

  private static let textType: UInt8 = 1

  /// One side.
  private final class Player {
    let role: Role
    let machine: ConnectionMachine
    let trace = HandshakeTrace()
    var unsent: [UInt8] = []
    var records: [HandshakeTrace.Record] = []

    init(_ role: Role, _ values: RehearsalValues) throws {
      self.role = role
      var context = ConnectionContext(
        identity: try values.identity(of: role),
        policy: NegotiationPolicy(
          groups: [.x25519MLKEM768],
          ciphers: [.aes256CBCHMACCRC32, .xchacha20Poly1305, .aes256GCM]),
        outstandingShares: OutstandingShares(), seenMessages: SeenMessages(),
        entropy: values.entropy(of: role), encapsulation: values.encapsulation, reportsSteps: true)
      context.trace = trace
      switch role {
      case .initiator:
        machine = ConnectionMachine(
          dialling: DialSetup(context: context, target: try values.target()))
      case .responder:
        machine = ConnectionMachine(
          accepting: AcceptSetup(context: context, takesFirstContact: values.mode == .pair))
      }
    }

    func tell(_ event: ConnectionEvent) { machine.handle(event, at: Rehearsal.moment) }
  }
}
