import ChatProtocol
import Wire

/// A handshake of the real machines with published test keys, part by part, for `explain`.
package struct HandshakeLesson: Sendable {
  package enum Person: String, Sendable { case alice, bob }

  /// What one side's handshake state did, and h, ck and k after it.
  package struct Operation: Sendable {
    package enum Kind: Sendable {
      case start
      case mixHash(byteCount: Int)
      /// es, ee, se, ML-KEM, ISK or pair_psk.
      case mixKey(name: String, secret: [UInt8])
      case seal([UInt8])
      case open([UInt8])
      case response(challenge: [UInt8], value: [UInt8])
    }
    package let kind: Kind
    package let hash: [UInt8]
    package let chainingKey: [UInt8]
    package let key: [UInt8]
  }

  /// One text's record before it is encrypted, and its keys.
  package struct Record: Sendable {
    package let inner: [UInt8]
    package let encryptionKey: [UInt8]
    package let authenticationKey: [UInt8]
    package let iv: [UInt8]

    /// The last four bytes of the inner plaintext.
    package var checksum: [UInt8] { Array(inner.suffix(4)) }
  }

  package enum Part: Sendable {
    case frame(name: String, [UInt8])
    case operation(Operation)
    case step(StepEvent)
    case record(Record)
    case shown([UInt8])
  }

  package let isFirstContact: Bool
  package let parts: [(who: Person, part: Part)]
  /// The public name of the session, the same on both sides.
  package let session: [UInt8]

  /// nil where a machine refused the other, which would be a fault of this build.
  package init?(firstContact: Bool) {
    guard let rehearsal = try? Rehearsal.perform(firstContact ? .pair : .known),
      let session = rehearsal.sessionIDs.first
    else { return nil }
    isFirstContact = firstContact
    self.session = session
    parts = rehearsal.items.map { item in
      switch item {
      case .frame(let type, let role, let bytes): (Person(role), .frame(name: type.lessonName, bytes))
      case .operation(let entry, let role): (Person(role), .operation(Operation(entry)))
      case .step(let step, let direction, let role):
        (
          Person(role),
          .step(
            StepEvent(
              address: "", name: step.name, direction: direction == .received ? .received : .sent))
        )
      case .record(let record, let role):
        (
          Person(role),
          .record(
            Record(
              inner: record.inner, encryptionKey: Array(record.keyMaterial.prefix(32)),
              authenticationKey: Array(record.keyMaterial.dropFirst(32).prefix(32)),
              iv: Array(record.keyMaterial.dropFirst(64))))
        )
      case .shown(let text, let role): (Person(role), .shown(text))
      }
    }
  }
}

extension HandshakeLesson.Person {
  fileprivate init(_ role: Role) {
    switch role {
    case .initiator: self = .alice
    case .responder: self = .bob
    }
  }
}

extension HandshakeLesson.Operation {
  fileprivate init(_ entry: HandshakeTrace.Entry) {
    kind =
      switch entry.operation {
      case .start: .start
      case .mixHash(let count): .mixHash(byteCount: count)
      case .mixKey(let name, let secret): .mixKey(name: name.rawValue, secret: secret)
      case .seal(let plaintext): .seal(plaintext)
      case .open(let plaintext): .open(plaintext)
      case .response(_, let challenge, let value): .response(challenge: challenge, value: value)
      }
    hash = entry.hash
    chainingKey = entry.chainingKey
    key = entry.key
  }
}

extension FrameType {
  fileprivate var lessonName: String {
    switch self {
    case .initiation: "INIT"
    case .response: "RESP"
    case .pair1: "PAIR1"
    case .pair2: "PAIR2"
    case .authentication: "AUTH"
    case .finish: "FIN"
    case .ask: "ASK"
    case .profile: "PROFILE"
    case .record: "TEXT"
    }
  }
}
