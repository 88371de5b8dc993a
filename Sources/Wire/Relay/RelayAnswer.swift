/// A frame from the relay to a client, by its parts.
package enum RelayAnswer: Hashable, Sendable {
  case welcome(RelayWelcome)
  case receipt(RelayReceipt)
  case conflict(RelayConflict)
  case refused(RelayRefusal)
  case entry(RelayEntry)
  /// All entries of the range that are there have been sent.
  case rangeEnd(request: UInt32)
  /// From another live link of the mailbox; at most 1 KiB.
  case ephemeral(link: UInt32, body: [UInt8])
  case linkDown(UInt32)
  case linkUp(UInt32)
  /// The request was carried out and is durable.
  case accepted(request: UInt32)
  case inboxItem(RelayInboxItem)
  case keyPackage(RelayKeyPackage)

  /// Reads a frame; anything that a client alone may send is `unknownType`.
  package init(type: UInt8, body: [UInt8]) throws(RelayFrameError) {
    guard let known = RelayFrameType(rawValue: type) else { throw .unknownType(type) }
    guard body.count <= RelayFrame.largestBody else { throw .tooLarge }
    let span = body.span
    switch known {
    case .welcome: self = .welcome(try RelayWelcome(parsing: span))
    case .receipt: self = .receipt(try RelayReceipt(parsing: span))
    case .conflict: self = .conflict(try RelayConflict(parsing: span))
    case .refused: self = .refused(try RelayRefusal(parsing: span))
    case .entry: self = .entry(try RelayEntry(parsing: span))
    case .rangeEnd: self = .rangeEnd(request: try Self.number(span))
    case .ephemeral:
      try span.require(head: 4, largest: RelaySize.ephemeral)
      self = .ephemeral(
        link: span.bigEndianUInt32(at: 0), body: [UInt8](copying: span.extracting(droppingFirst: 4)))
    case .linkDown: self = .linkDown(try Self.number(span))
    case .linkUp: self = .linkUp(try Self.number(span))
    case .accepted: self = .accepted(request: try Self.number(span))
    case .inboxItem: self = .inboxItem(try RelayInboxItem(parsing: span))
    case .keyPackage: self = .keyPackage(try RelayKeyPackage(parsing: span))
    case .hello, .append, .subscribe, .credit, .range, .inboxPut, .inboxAcknowledgement, .keyPackagePut,
      .keyPackageTake, .badCommit:
      throw .unknownType(type)
    }
  }

  package var frameType: RelayFrameType {
    switch self {
    case .welcome: .welcome
    case .receipt: .receipt
    case .conflict: .conflict
    case .refused: .refused
    case .entry: .entry
    case .rangeEnd: .rangeEnd
    case .ephemeral: .ephemeral
    case .linkDown: .linkDown
    case .linkUp: .linkUp
    case .accepted: .accepted
    case .inboxItem: .inboxItem
    case .keyPackage: .keyPackage
    }
  }

  /// The inner record type on the link.
  package var type: UInt8 { frameType.rawValue }

  package var body: [UInt8] {
    switch self {
    case .welcome(let welcome): return welcome.body
    case .receipt(let receipt): return receipt.body
    case .conflict(let conflict): return conflict.body
    case .refused(let refusal): return refusal.body
    case .entry(let entry):
      var body: [UInt8] = []
      body.reserveCapacity(entry.frameByteCount)
      entry.append(to: &body)
      return body
    case .ephemeral(let link, let bytes): return Self.body(link) + bytes
    case .rangeEnd(let number), .linkDown(let number), .linkUp(let number), .accepted(let number):
      return Self.body(number)
    case .inboxItem(let item): return item.frameBody
    case .keyPackage(let keyPackage): return keyPackage.frameBody
    }
  }

  /// The frame, encoded once: a body that many links get is one array.
  package var frame: RelayFrame { RelayFrame(type: frameType, body: body) }

  private static func number(_ body: Span<UInt8>) throws(RelayFrameError) -> UInt32 {
    try body.require(count: 4)
    return body.bigEndianUInt32(at: 0)
  }

  private static func body(_ number: UInt32) -> [UInt8] {
    var body: [UInt8] = []
    body.append(bigEndian: number)
    return body
  }
}
