/// A frame from a client to the relay, by its parts.
package enum RelayRequest: Hashable, Sendable {
  case hello(RelayHello)
  case append(RelayAppend)
  case subscribe(RelaySubscribe)
  /// So many bytes of ENTRY bodies more.
  case credit(UInt32)
  case range(RelayRange)
  /// For the other live links of the mailbox; at most 1 KiB, never stored.
  case ephemeral([UInt8])
  case inboxPut(RelayInboxPut)
  /// The item may be deleted.
  case inboxAcknowledgement(item: UInt64)
  case keyPackagePut(RelayKeyPackagePut)
  case keyPackageTake(RelayKeyPackageTake)
  case badCommit(RelayBadCommit)

  /// Reads a frame; anything that a relay alone may send is `unknownType`.
  package init(type: UInt8, body: [UInt8]) throws(RelayFrameError) {
    guard let known = RelayFrameType(rawValue: type) else { throw .unknownType(type) }
    guard body.count <= RelayFrame.largestBody else { throw .tooLarge }
    let span = body.span
    switch known {
    case .hello: self = .hello(try RelayHello(parsing: span))
    case .append: self = .append(try RelayAppend(parsing: span))
    case .subscribe: self = .subscribe(try RelaySubscribe(parsing: span))
    case .credit:
      try span.require(count: 4)
      self = .credit(span.bigEndianUInt32(at: 0))
    case .range: self = .range(try RelayRange(parsing: span))
    case .ephemeral:
      try span.require(head: 0, largest: RelaySize.ephemeral)
      self = .ephemeral(body)
    case .inboxPut: self = .inboxPut(try RelayInboxPut(parsing: span))
    case .inboxAcknowledgement:
      try span.require(count: 8)
      self = .inboxAcknowledgement(item: span.bigEndianUInt64(at: 0))
    case .keyPackagePut: self = .keyPackagePut(try RelayKeyPackagePut(parsing: span))
    case .keyPackageTake: self = .keyPackageTake(try RelayKeyPackageTake(parsing: span))
    case .badCommit: self = .badCommit(try RelayBadCommit(parsing: span))
    case .welcome, .receipt, .conflict, .refused, .entry, .rangeEnd, .linkDown, .linkUp, .accepted,
      .inboxItem,
      .keyPackage:
      throw .unknownType(type)
    }
  }

  package var frameType: RelayFrameType {
    switch self {
    case .hello: .hello
    case .append: .append
    case .subscribe: .subscribe
    case .credit: .credit
    case .range: .range
    case .ephemeral: .ephemeral
    case .inboxPut: .inboxPut
    case .inboxAcknowledgement: .inboxAcknowledgement
    case .keyPackagePut: .keyPackagePut
    case .keyPackageTake: .keyPackageTake
    case .badCommit: .badCommit
    }
  }

  /// The inner record type on the link.
  package var type: UInt8 { frameType.rawValue }

  package var body: [UInt8] {
    switch self {
    case .hello(let hello): return hello.body
    case .append(let append): return append.frameBody
    case .subscribe(let subscribe): return subscribe.body
    case .credit(let bytes):
      var body: [UInt8] = []
      body.append(bigEndian: bytes)
      return body
    case .range(let range): return range.body
    case .ephemeral(let body): return body
    case .inboxPut(let put): return put.frameBody
    case .inboxAcknowledgement(let item):
      var body: [UInt8] = []
      body.append(bigEndian: item)
      return body
    case .keyPackagePut(let put): return put.frameBody
    case .keyPackageTake(let take): return take.body
    case .badCommit(let bad): return bad.body
    }
  }
}
