/// What a client says first on a relay link, and again after each change of epoch (GROUPS 3.5, L3).
package enum RelayHello: Hashable, Sendable {
  package static let version: UInt8 = 1
  package static let byteCount = 129

  /// 128 zeros: somebody who has no mailbox here; may put into inboxes and take key packages.
  case guest
  case member(RelayMembership)

  init(parsing body: Span<UInt8>) throws(RelayFrameError) {
    try body.require(count: Self.byteCount)
    guard body[0] == Self.version else { throw .malformed }
    if body.extracting(droppingFirst: 1).isAllZero {
      self = .guest
    } else {
      self = .member(
        RelayMembership(
          pseudonym: body.bytes(at: 1, count: 32), key: body.bytes(at: 33, count: 32),
          signature: body.bytes(at: 65, count: 64)))
    }
  }

  var body: [UInt8] {
    switch self {
    case .guest: [Self.version] + [UInt8](repeating: 0, count: Self.byteCount - 1)
    case .member(let member): [Self.version] + member.pseudonym + member.key + member.signature
    }
  }
}

/// The claim to write to a mailbox, or to read it: nothing of who claims it.
package struct RelayMembership: Hashable, Sendable {
  /// 32 bytes.
  package let pseudonym: [UInt8]
  /// The Ed25519 key of the epoch, 32 bytes.
  package let key: [UInt8]
  /// 64 bytes, over `RelaySignedBytes.authentication`.
  package let signature: [UInt8]

  package init(pseudonym: [UInt8], key: [UInt8], signature: [UInt8]) {
    self.pseudonym = pseudonym
    self.key = key
    self.signature = signature
  }
}

/// The relay's answer to HELLO: where the mailbox stands, who else is linked, what is granted.
///
/// To a guest the mailbox's part is all zeros.
package struct RelayWelcome: Hashable, Sendable {
  static let headByteCount = 70
  static let tailByteCount = 12

  /// Which numbering of the relay this is; it rises when the relay lost what it had numbered.
  package var term: UInt64
  /// The lowest number that is still kept; one above the head where nothing is.
  package var floor: UInt64
  /// The highest number given; 0 in a new mailbox.
  package var head: UInt64
  /// The chain at the head, 32 bytes.
  package var chain: [UInt8]
  /// The slot that the next commit is for.
  package var slot: UInt64
  /// The number of this link in its mailbox, from 1; 0 for a guest.
  package var link: UInt32
  /// The other live links, rising.
  package var others: [UInt32]
  /// Bytes that an entry's body may have.
  package var entryLimit: UInt32
  /// Bytes that an inbox item's body may have.
  package var objectLimit: UInt32
  /// Bytes of credit that count at most.
  package var creditLimit: UInt32

  package init(
    term: UInt64, floor: UInt64, head: UInt64, chain: [UInt8], slot: UInt64, link: UInt32, others: [UInt32],
    entryLimit: UInt32, objectLimit: UInt32, creditLimit: UInt32
  ) {
    self.term = term
    self.floor = floor
    self.head = head
    self.chain = chain
    self.slot = slot
    self.link = link
    self.others = others
    self.entryLimit = entryLimit
    self.objectLimit = objectLimit
    self.creditLimit = creditLimit
  }

  init(parsing body: Span<UInt8>) throws(RelayFrameError) {
    guard body.count >= Self.headByteCount + Self.tailByteCount else { throw .malformed }
    let count = Int(body.bigEndianUInt16(at: 68))
    try body.require(count: Self.headByteCount + 4 * count + Self.tailByteCount)
    term = body.bigEndianUInt64(at: 0)
    floor = body.bigEndianUInt64(at: 8)
    head = body.bigEndianUInt64(at: 16)
    chain = body.bytes(at: 24, count: 32)
    slot = body.bigEndianUInt64(at: 56)
    link = body.bigEndianUInt32(at: 64)
    others = (0..<count).map { body.bigEndianUInt32(at: Self.headByteCount + 4 * $0) }
    let tail = Self.headByteCount + 4 * count
    entryLimit = body.bigEndianUInt32(at: tail)
    objectLimit = body.bigEndianUInt32(at: tail + 4)
    creditLimit = body.bigEndianUInt32(at: tail + 8)
  }

  /// Of more than 65,535 other links the rest is left out.
  var body: [UInt8] {
    let others = others.prefix(Int(UInt16.max))
    var body: [UInt8] = []
    body.reserveCapacity(Self.headByteCount + 4 * others.count + Self.tailByteCount)
    body.append(bigEndian: term)
    body.append(bigEndian: floor)
    body.append(bigEndian: head)
    body += chain
    body.append(bigEndian: slot)
    body.append(bigEndian: link)
    body.append(bigEndian: UInt16(others.count))
    for other in others { body.append(bigEndian: other) }
    body.append(bigEndian: entryLimit)
    body.append(bigEndian: objectLimit)
    body.append(bigEndian: creditLimit)
    return body
  }
}
