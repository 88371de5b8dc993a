/// The labels of PROTOCOL 1.6: in every one of them the ASCII bytes "secure_chat/1 " come first.
package enum Label {
  package static let prefix: [UInt8] = [UInt8]("secure_chat/1 ".utf8)

  /// The prefix and `name`.
  package static func bytes(_ name: StaticString) -> [UInt8] {
    prefix + [UInt8](name.description.utf8)
  }
}

/// Which side of a connection sends: the side that dialled, or the side that accepted.
package enum Role: UInt8, Sendable {
  case initiator = 0x49
  case responder = 0x52

  package var other: Role {
    switch self {
    case .initiator: .responder
    case .responder: .initiator
    }
  }
}
