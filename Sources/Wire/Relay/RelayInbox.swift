/// INBOX_PUT: an object for the owner of an inbox, from anybody who solved the puzzle.
package struct RelayInboxPut: Hashable, Sendable {
  static let headByteCount = 44
  /// Bytes of the largest object, so that the frame stays within 1 MiB.
  package static let largestBody = RelayFrame.largestBody - headByteCount

  package let request: UInt32
  /// The inbox, 32 bytes.
  package let pseudonym: [UInt8]
  /// What solves the puzzle (`RelayPuzzle`).
  package let nonce: UInt64
  package let body: [UInt8]

  package init(request: UInt32, pseudonym: [UInt8], nonce: UInt64, body: [UInt8]) {
    self.request = request
    self.pseudonym = pseudonym
    self.nonce = nonce
    self.body = body
  }

  init(parsing frame: Span<UInt8>) throws(RelayFrameError) {
    try frame.require(head: Self.headByteCount, largest: Self.largestBody)
    request = frame.bigEndianUInt32(at: 0)
    pseudonym = frame.bytes(at: 4, count: 32)
    nonce = frame.bigEndianUInt64(at: 36)
    body = [UInt8](copying: frame.extracting(droppingFirst: Self.headByteCount))
  }

  var frameBody: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.headByteCount + body.count)
    bytes.append(bigEndian: request)
    bytes += pseudonym
    bytes.append(bigEndian: nonce)
    bytes += body
    return bytes
  }
}

/// INBOX_ITEM: an object that waits for the owner; deleted when the owner acknowledges its number.
package struct RelayInboxItem: Hashable, Sendable {
  /// From 1, rising in one inbox.
  package let item: UInt64
  package let body: [UInt8]

  package init(item: UInt64, body: [UInt8]) {
    self.item = item
    self.body = body
  }

  init(parsing frame: Span<UInt8>) throws(RelayFrameError) {
    try frame.require(head: 8, largest: RelayInboxPut.largestBody)
    item = frame.bigEndianUInt64(at: 0)
    body = [UInt8](copying: frame.extracting(droppingFirst: 8))
  }

  var frameBody: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + body.count)
    bytes.append(bigEndian: item)
    bytes += body
    return bytes
  }
}

/// KP_PUT: a key package of one's own, for somebody who wants to invite.
package struct RelayKeyPackagePut: Hashable, Sendable {
  static let headByteCount = 5

  package let request: UInt32
  /// Whether it is the one that is given out when the others are used up, and stays.
  package let isLastResort: Bool
  package let body: [UInt8]

  package init(request: UInt32, isLastResort: Bool, body: [UInt8]) {
    self.request = request
    self.isLastResort = isLastResort
    self.body = body
  }

  init(parsing frame: Span<UInt8>) throws(RelayFrameError) {
    try frame.require(head: Self.headByteCount, largest: RelaySize.keyPackage)
    guard frame[4] <= 1 else { throw .malformed }
    request = frame.bigEndianUInt32(at: 0)
    isLastResort = frame[4] == 1
    body = [UInt8](copying: frame.extracting(droppingFirst: Self.headByteCount))
  }

  var frameBody: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: request)
    bytes.append(isLastResort ? 1 : 0)
    return bytes + body
  }
}

/// KP_TAKE: asks for a key package of the owner of an inbox.
package struct RelayKeyPackageTake: Hashable, Sendable {
  package let request: UInt32
  /// The inbox, 32 bytes.
  package let pseudonym: [UInt8]

  package init(request: UInt32, pseudonym: [UInt8]) {
    self.request = request
    self.pseudonym = pseudonym
  }

  init(parsing body: Span<UInt8>) throws(RelayFrameError) {
    try body.require(count: 36)
    request = body.bigEndianUInt32(at: 0)
    pseudonym = body.bytes(at: 4, count: 32)
  }

  var body: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: request)
    return bytes + pseudonym
  }
}

/// KP: the key package that was asked for; given to nobody else, unless it is the last resort.
package struct RelayKeyPackage: Hashable, Sendable {
  package let request: UInt32
  package let body: [UInt8]

  package init(request: UInt32, body: [UInt8]) {
    self.request = request
    self.body = body
  }

  init(parsing frame: Span<UInt8>) throws(RelayFrameError) {
    try frame.require(head: 4, largest: RelaySize.keyPackage)
    request = frame.bigEndianUInt32(at: 0)
    body = [UInt8](copying: frame.extracting(droppingFirst: 4))
  }

  var frameBody: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: request)
    return bytes + body
  }
}
