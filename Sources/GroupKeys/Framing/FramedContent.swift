package import Cryptography

/// WireFormat (RFC 9420, 6 and 17.2).
package enum WireFormat: UInt16, Hashable, Sendable {
  case publicMessage = 1
  case privateMessage = 2
  case welcome = 3
  case groupInfo = 4
  case keyPackage = 5

  init(reading reader: inout TLSReader) throws(GroupError) {
    guard let format = WireFormat(rawValue: try reader.uint16()) else {
      throw .malformed(.unknownValue(structure: .wireFormat))
    }
    self = format
  }
}

/// Sender (RFC 9420, 6).
package enum Sender: TLSCodable, Hashable {
  case member(LeafIndex)
  case external(UInt32)
  case newMemberProposal
  case newMemberCommit

  package init(from reader: inout TLSReader) throws(GroupError) {
    switch try reader.uint8() {
    case 1: self = .member(LeafIndex(rawValue: try reader.uint32()))
    case 2: self = .external(try reader.uint32())
    case 3: self = .newMemberProposal
    case 4: self = .newMemberCommit
    default: throw .malformed(.unknownValue(structure: .senderType))
    }
  }

  package func encode(to writer: inout TLSWriter) {
    switch self {
    case .member(let leaf):
      writer.write(UInt8(1))
      writer.write(leaf.rawValue)
    case .external(let index):
      writer.write(UInt8(2))
      writer.write(index)
    case .newMemberProposal: writer.write(UInt8(3))
    case .newMemberCommit: writer.write(UInt8(4))
    }
  }

  /// Whether what it signs covers the group's context (6.1).
  var signsContext: Bool {
    switch self {
    case .member, .newMemberCommit: true
    case .external, .newMemberProposal: false
    }
  }
}

/// What a message is about (RFC 9420, 6).
package enum MessageContent: Equatable, Sendable {
  case application([UInt8])
  case proposal(Proposal)
  case commit(Commit)

  package var type: UInt8 {
    switch self {
    case .application: 1
    case .proposal: 2
    case .commit: 3
    }
  }

  init(type: UInt8, from reader: inout TLSReader) throws(GroupError) {
    switch type {
    case 1: self = .application(try reader.opaque())
    case 2: self = .proposal(try Proposal(from: &reader))
    case 3: self = .commit(try Commit(from: &reader))
    default: throw .malformed(.unknownValue(structure: .contentType))
    }
  }

  func encode(to writer: inout TLSWriter) {
    switch self {
    case .application(let bytes): writer.opaque(bytes)
    case .proposal(let proposal): writer.write(proposal)
    case .commit(let commit): writer.write(commit)
    }
  }
}

/// FramedContent (RFC 9420, 6).
package struct FramedContent: TLSCodable, Equatable {
  package var groupID: [UInt8]
  package var epoch: UInt64
  package var sender: Sender
  package var authenticatedData: [UInt8]
  package var content: MessageContent

  package init(
    groupID: [UInt8], epoch: UInt64, sender: Sender, authenticatedData: [UInt8] = [], content: MessageContent
  ) {
    self.groupID = groupID
    self.epoch = epoch
    self.sender = sender
    self.authenticatedData = authenticatedData
    self.content = content
  }

  package init(from reader: inout TLSReader) throws(GroupError) {
    groupID = try reader.opaque()
    epoch = try reader.uint64()
    sender = try Sender(from: &reader)
    authenticatedData = try reader.opaque()
    content = try MessageContent(type: try reader.uint8(), from: &reader)
  }

  package func encode(to writer: inout TLSWriter) {
    writer.opaque(groupID)
    writer.write(epoch)
    writer.write(sender)
    writer.opaque(authenticatedData)
    writer.write(content.type)
    content.encode(to: &writer)
  }
}

/// AuthenticatedContent (RFC 9420, 6): content with its signature and, for a commit, its confirmation tag.
package struct AuthenticatedContent: TLSCodable, Equatable {
  package var wireFormat: WireFormat
  package var content: FramedContent
  package var signature: [UInt8]
  package var confirmationTag: [UInt8]?

  package init(
    wireFormat: WireFormat, content: FramedContent, signature: [UInt8], confirmationTag: [UInt8]? = nil
  ) {
    self.wireFormat = wireFormat
    self.content = content
    self.signature = signature
    self.confirmationTag = confirmationTag
  }

  package init(from reader: inout TLSReader) throws(GroupError) {
    let format = try WireFormat(reading: &reader)
    let content = try FramedContent(from: &reader)
    self = try AuthenticatedContent(wireFormat: format, content: content, authenticationFrom: &reader)
  }

  /// Reads FramedContentAuthData behind content that is known.
  init(wireFormat: WireFormat, content: FramedContent, authenticationFrom reader: inout TLSReader)
    throws(GroupError)
  {
    self.wireFormat = wireFormat
    self.content = content
    signature = try reader.opaque()
    confirmationTag = if case .commit = content.content { try reader.opaque() } else { nil }
  }

  package func encode(to writer: inout TLSWriter) {
    writer.write(wireFormat.rawValue)
    writer.write(content)
    encodeAuthentication(to: &writer)
  }

  func encodeAuthentication(to writer: inout TLSWriter) {
    writer.opaque(signature)
    if case .commit = content.content { writer.opaque(confirmationTag ?? []) }
  }

  /// FramedContentTBS (6.1).
  private func signedBytes(_ context: [UInt8]) -> [UInt8] {
    var writer = TLSWriter()
    writer.write(protocolVersion)
    writer.write(wireFormat.rawValue)
    writer.write(content)
    if content.sender.signsContext { writer.fixed(context) }
    return writer.bytes
  }

  /// AuthenticatedContentTBM (6.2).
  func membershipBytes(_ context: [UInt8]) -> [UInt8] {
    var writer = TLSWriter()
    writer.fixed(signedBytes(context))
    encodeAuthentication(to: &writer)
    return writer.bytes
  }

  /// Signs content for a wire format.
  package static func signed(
    _ content: FramedContent, as wireFormat: WireFormat, context: [UInt8], suite: GroupSuite, key: GroupSecret
  ) throws(GroupError) -> AuthenticatedContent {
    var result = AuthenticatedContent(wireFormat: wireFormat, content: content, signature: [])
    result.signature = try suite.sign(
      label: "FramedContentTBS", result.signedBytes(context), privateKey: key)
    return result
  }

  /// Throws `notAuthentic` unless the owner of the key signed it in this context.
  package func verify(context: [UInt8], suite: GroupSuite, publicKey: [UInt8]) throws(GroupError) {
    try suite.verify(signature, label: "FramedContentTBS", signedBytes(context), publicKey: publicKey)
  }

  /// ProposalRef (5.2).
  package func reference(_ suite: GroupSuite) -> [UInt8] {
    suite.reference(label: "MLS 1.0 Proposal Reference", encoded)
  }
}
