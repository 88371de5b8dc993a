/// What an entry is, as far as the relay may know (docs/RELAY.md).
package enum RelayKind: UInt8, Hashable, Sendable, CaseIterable {
  case application = 1
  case proposal = 2
  case commit = 3
}

/// The kind of an entry, with what a commit says to the relay.
package enum RelayContent: Hashable, Sendable {
  case application
  case proposal
  case commit(RelayCommit)

  package var kind: RelayKind {
    switch self {
    case .application: .application
    case .proposal: .proposal
    case .commit: .commit
    }
  }

  package var commit: RelayCommit? {
    switch self {
    case .application, .proposal: nil
    case .commit(let commit): commit
    }
  }

  /// The slot of a commit; 0 for the other kinds, as in a receipt.
  package var slot: UInt64 { commit?.slot ?? 0 }

  /// Bytes that stand between an entry's head and its body.
  var byteCount: Int { commit == nil ? 0 : RelayCommit.byteCount }

  /// Reads what stands from `offset` on, which `byteCount` says.
  init(kind: RelayKind, parsing body: Span<UInt8>, at offset: Int) throws(RelayFrameError) {
    switch kind {
    case .application: self = .application
    case .proposal: self = .proposal
    case .commit:
      guard body.count >= offset + RelayCommit.byteCount else { throw .malformed }
      self = .commit(RelayCommit(parsing: body.extracting(offset..<offset + RelayCommit.byteCount)))
    }
  }
}

/// What the relay needs of a commit: its slot, and the key that speaks for the group after it.
package struct RelayCommit: Hashable, Sendable {
  package static let byteCount = 136

  /// The epoch that it ends.
  package let slot: UInt64
  /// SHA-256 of the body of the commit that it takes the place of, 32 bytes; zeros for none.
  package let replaces: [UInt8]
  /// The Ed25519 key of the epoch that it begins, 32 bytes.
  package let nextKey: [UInt8]
  /// 64 bytes, by the key of the epoch that it ends, over `RelaySignedBytes.epoch`.
  package let signature: [UInt8]

  /// What `replaces` is where nothing is replaced.
  package static let replacesNothing = [UInt8](repeating: 0, count: RelaySize.hash)

  package init(
    slot: UInt64, replaces: [UInt8] = RelayCommit.replacesNothing, nextKey: [UInt8], signature: [UInt8]
  ) {
    self.slot = slot
    self.replaces = replaces
    self.nextKey = nextKey
    self.signature = signature
  }

  /// Reads exactly `byteCount` bytes, which the caller has counted.
  init(parsing bytes: Span<UInt8>) {
    slot = bytes.bigEndianUInt64(at: 0)
    replaces = bytes.bytes(at: 8, count: 32)
    nextKey = bytes.bytes(at: 40, count: 32)
    signature = bytes.bytes(at: 72, count: 64)
  }

  func append(to bytes: inout [UInt8]) {
    bytes.append(bigEndian: slot)
    bytes += replaces
    bytes += nextKey
    bytes += signature
  }
}

/// APPEND: what a member wants in its group's log.
package struct RelayAppend: Hashable, Sendable {
  static let headByteCount = 21

  package let request: UInt32
  /// The same id again has the same receipt: an append is repeated without harm.
  package let id: MessageID
  package let content: RelayContent
  package let body: [UInt8]

  package init(request: UInt32, id: MessageID, content: RelayContent, body: [UInt8]) {
    self.request = request
    self.id = id
    self.content = content
    self.body = body
  }

  init(parsing frame: Span<UInt8>) throws(RelayFrameError) {
    guard frame.count >= Self.headByteCount, let kind = RelayKind(rawValue: frame[4]) else {
      throw .malformed
    }
    request = frame.bigEndianUInt32(at: 0)
    id = frame.messageID(at: 5)
    content = try RelayContent(kind: kind, parsing: frame, at: Self.headByteCount)
    body = [UInt8](copying: frame.extracting(droppingFirst: Self.headByteCount + content.byteCount))
  }

  var frameBody: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.headByteCount + content.byteCount + body.count)
    bytes.append(bigEndian: request)
    bytes.append(content.kind.rawValue)
    bytes += id.bytes
    content.commit?.append(to: &bytes)
    bytes += body
    return bytes
  }
}

/// BAD_COMMIT: a commit in the log cannot be applied; its slot is to open again.
package struct RelayBadCommit: Hashable, Sendable {
  static let byteCount = 45

  package let request: UInt32
  package let slot: UInt64
  /// SHA-256 of the body of the entry, 32 bytes.
  package let bodyHash: [UInt8]
  /// The members' own number for why; the relay only counts it.
  package let reason: UInt8

  package init(request: UInt32, slot: UInt64, bodyHash: [UInt8], reason: UInt8) {
    self.request = request
    self.slot = slot
    self.bodyHash = bodyHash
    self.reason = reason
  }

  init(parsing body: Span<UInt8>) throws(RelayFrameError) {
    try body.require(count: Self.byteCount)
    request = body.bigEndianUInt32(at: 0)
    slot = body.bigEndianUInt64(at: 4)
    bodyHash = body.bytes(at: 12, count: 32)
    reason = body[44]
  }

  var body: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: request)
    bytes.append(bigEndian: slot)
    return bytes + bodyHash + [reason]
  }
}
