/// Why the body of a record on a relay link is no frame; the link that it came by is closed.
package enum RelayFrameError: Error, Hashable, Sendable {
  /// No frame has this type, or none that this side may send.
  case unknownType(UInt8)
  /// Lengths, or a number that means nothing.
  case malformed
  /// More bytes than the frame may have.
  case tooLarge
}

/// The inner record type of a frame on a relay link (GROUPS 3.2, docs/RELAY.md).
package enum RelayFrameType: UInt8, Hashable, Sendable, CaseIterable {
  case hello = 64
  case welcome = 65
  case append = 66
  case receipt = 67
  case conflict = 68
  case refused = 69
  case subscribe = 70
  case credit = 71
  case entry = 72
  case range = 73
  case rangeEnd = 74
  case ephemeral = 75
  case linkDown = 76
  case linkUp = 77
  case inboxPut = 78
  case accepted = 79
  case inboxItem = 80
  case inboxAcknowledgement = 81
  case keyPackagePut = 82
  case keyPackageTake = 83
  case keyPackage = 84
  case badCommit = 85
}

/// A frame as the link carries it: its type and its whole body, fragments put together.
package struct RelayFrame: Hashable, Sendable {
  /// Bytes of the largest body: 1 MiB.
  package static let largestBody = 1 << 20

  package let type: RelayFrameType
  package let body: [UInt8]

  package init(type: RelayFrameType, body: [UInt8]) {
    self.type = type
    self.body = body
  }
}

/// Bytes of what the frames are made of.
package enum RelaySize {
  package static let pseudonym = 32
  package static let key = 32
  package static let signature = 64
  package static let hash = 32
  /// The largest body of an EPHEMERAL.
  package static let ephemeral = 1 << 10
  /// The largest key package in a mailbox.
  package static let keyPackage = 8 << 10
}

extension Span where Element == UInt8 {
  /// Copies `count` bytes from `offset`; the caller has checked that they are there.
  func bytes(at offset: Int, count: Int) -> [UInt8] {
    [UInt8](copying: extracting(offset..<offset + count))
  }

  /// The message id at `offset`; the caller has checked that its 16 bytes are there.
  func messageID(at offset: Int) -> MessageID {
    MessageID(stream: bigEndianUInt64(at: offset), number: bigEndianUInt64(at: offset + 8))
  }

  /// Says that these bytes are a body of exactly `count` bytes.
  func require(count: Int) throws(RelayFrameError) {
    guard self.count == count else { throw .malformed }
  }

  /// Says that these bytes begin with `head` bytes and have no more than `largest` after them.
  func require(head: Int, largest: Int) throws(RelayFrameError) {
    guard count >= head else { throw .malformed }
    guard count - head <= largest else { throw .tooLarge }
  }
}
