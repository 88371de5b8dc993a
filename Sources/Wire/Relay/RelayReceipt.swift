/// How far an entry had come when its receipt was signed.
package enum RelayLevel: UInt8, Hashable, Sendable, CaseIterable {
  /// Synced to the relay's disk.
  case durable = 1
  /// Held by several machines, maybe only in memory.
  case replicated = 2
}

/// RECEIPT: the relay's signed word that an entry has this number and place in the chain.
package struct RelayReceipt: Hashable, Sendable {
  static let byteCount = 126

  package let request: UInt32
  package let term: UInt64
  package let sequence: UInt64
  /// The chain with this entry, 32 bytes.
  package let chain: [UInt8]
  package let level: RelayLevel
  package let kind: RelayKind
  /// Zero unless a commit's.
  package let slot: UInt64
  /// 64 bytes, by the relay's ik_sig, over `RelaySignedBytes.receipt`.
  package let signature: [UInt8]

  package init(
    request: UInt32, term: UInt64, sequence: UInt64, chain: [UInt8], level: RelayLevel, kind: RelayKind,
    slot: UInt64, signature: [UInt8]
  ) {
    self.request = request
    self.term = term
    self.sequence = sequence
    self.chain = chain
    self.level = level
    self.kind = kind
    self.slot = slot
    self.signature = signature
  }

  init(parsing body: Span<UInt8>) throws(RelayFrameError) {
    try body.require(count: Self.byteCount)
    guard let level = RelayLevel(rawValue: body[52]), let kind = RelayKind(rawValue: body[53]) else {
      throw .malformed
    }
    request = body.bigEndianUInt32(at: 0)
    term = body.bigEndianUInt64(at: 4)
    sequence = body.bigEndianUInt64(at: 12)
    chain = body.bytes(at: 20, count: 32)
    self.level = level
    self.kind = kind
    slot = body.bigEndianUInt64(at: 54)
    guard sequence != 0, kind == .commit || slot == 0 else { throw .malformed }
    signature = body.bytes(at: 62, count: 64)
  }

  var body: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.byteCount)
    bytes.append(bigEndian: request)
    bytes.append(bigEndian: term)
    bytes.append(bigEndian: sequence)
    bytes += chain
    bytes.append(level.rawValue)
    bytes.append(kind.rawValue)
    bytes.append(bigEndian: slot)
    return bytes + signature
  }

  /// What the relay has signed for the mailbox `pseudonym`.
  package func signedBytes(pseudonym: [UInt8]) -> [UInt8] {
    RelaySignedBytes.receipt(
      pseudonym: pseudonym, term: term, sequence: sequence, chain: chain, level: level, kind: kind, slot: slot
    )
  }
}

/// CONFLICT: another commit has the slot; here it is.
package struct RelayConflict: Hashable, Sendable {
  package let request: UInt32
  package let winner: RelayEntry

  package init(request: UInt32, winner: RelayEntry) {
    self.request = request
    self.winner = winner
  }

  init(parsing body: Span<UInt8>) throws(RelayFrameError) {
    guard body.count >= 4 else { throw .malformed }
    request = body.bigEndianUInt32(at: 0)
    winner = try RelayEntry(parsing: body.extracting(droppingFirst: 4))
    guard winner.content.commit != nil else { throw .malformed }
  }

  var body: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: request)
    winner.append(to: &bytes)
    return bytes
  }
}

/// Why a request was refused.
package enum RelayRefusalReason: UInt8, Hashable, Sendable, CaseIterable {
  case rate = 1
  case quota = 2
  case tooLarge = 3
  case unknownMailbox = 4
  case notNewestKey = 5
  case badSignature = 6
  case storageFailed = 7
  case puzzle = 8
  case nothingThere = 9
  case slotIsNotNext = 10
}

/// REFUSED: nothing was done.
package struct RelayRefusal: Hashable, Sendable {
  package let request: UInt32
  package let reason: RelayRefusalReason
  /// Milliseconds after which it may be tried again; 0 where time alone changes nothing.
  package let retryAfter: UInt32

  package init(request: UInt32, reason: RelayRefusalReason, retryAfter: UInt32 = 0) {
    self.request = request
    self.reason = reason
    self.retryAfter = retryAfter
  }

  init(parsing body: Span<UInt8>) throws(RelayFrameError) {
    try body.require(count: 9)
    guard let reason = RelayRefusalReason(rawValue: body[4]) else { throw .malformed }
    request = body.bigEndianUInt32(at: 0)
    self.reason = reason
    retryAfter = body.bigEndianUInt32(at: 5)
  }

  var body: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: request)
    bytes.append(reason.rawValue)
    bytes.append(bigEndian: retryAfter)
    return bytes
  }
}
