package import Cryptography

/// Credential (RFC 9420, 5.3): whom a leaf's signature key speaks for.
package enum Credential: TLSCodable, Hashable {
  case basic(identity: [UInt8])
  /// Carried, and never believed: `GroupPolicy` refuses it unless told otherwise.
  case x509(certificates: [[UInt8]])

  package static let basicType: UInt16 = 1
  package static let x509Type: UInt16 = 2

  package var type: UInt16 {
    switch self {
    case .basic: Credential.basicType
    case .x509: Credential.x509Type
    }
  }

  package init(from reader: inout TLSReader) throws(GroupError) {
    switch try reader.uint16() {
    case Credential.basicType: self = .basic(identity: try reader.opaque())
    case Credential.x509Type:
      var inside = try reader.nested()
      var certificates: [[UInt8]] = []
      while !inside.isAtEnd { certificates.append(try inside.opaque()) }
      self = .x509(certificates: certificates)
    default: throw .malformed(.unknownValue(structure: .credential))
    }
  }

  package func encode(to writer: inout TLSWriter) {
    writer.write(type)
    switch self {
    case .basic(let identity): writer.opaque(identity)
    case .x509(let certificates):
      var inside = TLSWriter()
      for certificate in certificates { inside.opaque(certificate) }
      writer.opaque(inside.bytes)
    }
  }
}

/// Capabilities (RFC 9420, 7.2). Values without a meaning (GREASE, 13.5) are kept and never matched.
package struct Capabilities: TLSCodable, Hashable {
  package var versions: [UInt16]
  package var cipherSuites: [UInt16]
  package var extensions: [UInt16]
  package var proposals: [UInt16]
  package var credentials: [UInt16]

  package init(
    versions: [UInt16] = [1], cipherSuites: [UInt16], extensions: [UInt16] = [], proposals: [UInt16] = [],
    credentials: [UInt16] = [Credential.basicType]
  ) {
    self.versions = versions
    self.cipherSuites = cipherSuites
    self.extensions = extensions
    self.proposals = proposals
    self.credentials = credentials
  }

  package init(from reader: inout TLSReader) throws(GroupError) {
    versions = try reader.vector()
    cipherSuites = try reader.vector()
    extensions = try reader.vector()
    proposals = try reader.vector()
    credentials = try reader.vector()
  }

  package func encode(to writer: inout TLSWriter) {
    writer.vector(versions)
    writer.vector(cipherSuites)
    writer.vector(extensions)
    writer.vector(proposals)
    writer.vector(credentials)
  }

  /// Extension types up to 5 and proposal types up to 7 are everybody's (RFC 9420, 7.2).
  package func supports(extension type: UInt16) -> Bool {
    (1...5).contains(type) || extensions.contains(type)
  }
  package func supports(proposal type: UInt16) -> Bool { (1...7).contains(type) || proposals.contains(type) }
}

/// How long a key package's leaf is good, in seconds since 1970 (RFC 9420, 7.2).
package struct Lifetime: TLSCodable, Hashable {
  package var notBefore: UInt64
  package var notAfter: UInt64

  package init(notBefore: UInt64, notAfter: UInt64) {
    self.notBefore = notBefore
    self.notAfter = notAfter
  }

  package init(from reader: inout TLSReader) throws(GroupError) {
    notBefore = try reader.uint64()
    notAfter = try reader.uint64()
  }

  package func encode(to writer: inout TLSWriter) {
    writer.write(notBefore)
    writer.write(notAfter)
  }
}

/// What a leaf node was made for (RFC 9420, 7.2).
package enum LeafNodeSource: TLSCodable, Hashable {
  case keyPackage(Lifetime)
  case update
  case commit(parentHash: [UInt8])

  package init(from reader: inout TLSReader) throws(GroupError) {
    switch try reader.uint8() {
    case 1: self = .keyPackage(try Lifetime(from: &reader))
    case 2: self = .update
    case 3: self = .commit(parentHash: try reader.opaque())
    default: throw .malformed(.unknownValue(structure: .leafNodeSource))
    }
  }

  package func encode(to writer: inout TLSWriter) {
    switch self {
    case .keyPackage(let lifetime):
      writer.write(UInt8(1))
      writer.write(lifetime)
    case .update: writer.write(UInt8(2))
    case .commit(let parentHash):
      writer.write(UInt8(3))
      writer.opaque(parentHash)
    }
  }
}

/// Extension (RFC 9420, 13): a type and bytes.
package struct Extension: TLSCodable, Hashable {
  package static let applicationID: UInt16 = 1
  package static let ratchetTree: UInt16 = 2
  package static let requiredCapabilities: UInt16 = 3
  package static let externalPublicKey: UInt16 = 4
  package static let externalSenders: UInt16 = 5

  package let type: UInt16
  package let content: [UInt8]

  package init(type: UInt16, content: [UInt8]) {
    self.type = type
    self.content = content
  }

  package init(from reader: inout TLSReader) throws(GroupError) {
    type = try reader.uint16()
    content = try reader.opaque()
  }

  package func encode(to writer: inout TLSWriter) {
    writer.write(type)
    writer.opaque(content)
  }
}

extension [Extension] {
  /// The content of the extension of a type.
  package func content(_ type: UInt16) -> [UInt8]? { first { $0.type == type }?.content }

  /// No type stands twice (RFC 9420, 13.4).
  func requireDistinct() throws(GroupError) {
    try require(Set(map(\.type)).count == count, .duplicateExtension)
  }
}

/// What a leaf node says, before its signature (RFC 9420, 7.2).
package struct LeafNodeContent: Hashable, Sendable {
  package var encryptionKey: [UInt8]
  package var signatureKey: [UInt8]
  package var credential: Credential
  package var capabilities: Capabilities
  package var source: LeafNodeSource
  package var extensions: [Extension]

  package init(
    encryptionKey: [UInt8], signatureKey: [UInt8], credential: Credential, capabilities: Capabilities,
    source: LeafNodeSource, extensions: [Extension] = []
  ) {
    self.encryptionKey = encryptionKey
    self.signatureKey = signatureKey
    self.credential = credential
    self.capabilities = capabilities
    self.source = source
    self.extensions = extensions
  }

  func encode(to writer: inout TLSWriter) {
    writer.opaque(encryptionKey)
    writer.opaque(signatureKey)
    writer.write(credential)
    writer.write(capabilities)
    writer.write(source)
    writer.vector(extensions)
  }
}

/// LeafNode (RFC 9420, 7.2). Immutable, and one place in memory however many trees hold it.
package final class LeafNode: TLSCodable, Equatable {
  package let content: LeafNodeContent
  package let signature: [UInt8]
  /// As it stands on the wire.
  let bytes: [UInt8]

  package init(content: LeafNodeContent, signature: [UInt8]) {
    self.content = content
    self.signature = signature
    var writer = TLSWriter()
    content.encode(to: &writer)
    writer.opaque(signature)
    bytes = writer.bytes
  }

  package init(from reader: inout TLSReader) throws(GroupError) {
    let mark = reader.mark
    content = LeafNodeContent(
      encryptionKey: try reader.opaque(), signatureKey: try reader.opaque(),
      credential: try Credential(from: &reader), capabilities: try Capabilities(from: &reader),
      source: try LeafNodeSource(from: &reader), extensions: try reader.vector())
    signature = try reader.opaque()
    bytes = reader.since(mark)
  }

  package func encode(to writer: inout TLSWriter) { writer.fixed(bytes) }

  package static func == (left: LeafNode, right: LeafNode) -> Bool {
    left === right || left.bytes == right.bytes
  }

  package var encryptionKey: [UInt8] { content.encryptionKey }
  package var signatureKey: [UInt8] { content.signatureKey }
  package var credential: Credential { content.credential }
  package var capabilities: Capabilities { content.capabilities }

  /// The leaf's place, which an update's or a commit's signature covers (LeafNodeTBS).
  package struct Place: Sendable {
    package let groupID: [UInt8]
    package let leaf: LeafIndex

    package init(groupID: [UInt8], leaf: LeafIndex) {
      self.groupID = groupID
      self.leaf = leaf
    }
  }

  /// Signs a leaf node.
  package static func signed(
    _ content: LeafNodeContent, at place: Place?, suite: GroupSuite, key: GroupSecret
  ) throws(GroupError) -> LeafNode {
    let message = signedBytes(content, at: place)
    return LeafNode(
      content: content, signature: try suite.sign(label: "LeafNodeTBS", message, privateKey: key))
  }

  /// Throws `notAuthentic` unless the leaf signed itself for this place.
  func verify(at place: Place, suite: GroupSuite) throws(GroupError) {
    try suite.verify(
      signature, label: "LeafNodeTBS", LeafNode.signedBytes(content, at: place), publicKey: signatureKey)
  }

  /// The place does not count for key packages, which are signed before they have one.
  private static func signedBytes(_ content: LeafNodeContent, at place: Place?) -> [UInt8] {
    var writer = TLSWriter()
    content.encode(to: &writer)
    switch content.source {
    case .keyPackage: break
    case .update, .commit:
      writer.opaque(place?.groupID ?? [])
      writer.write(place?.leaf.rawValue ?? 0)
    }
    return writer.bytes
  }
}
