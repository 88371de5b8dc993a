internal import Cryptography

/// PreSharedKeyID (RFC 9420, 8.4).
package struct PreSharedKeyID: TLSCodable, Hashable {
  package enum Key: Hashable, Sendable {
    case external(id: [UInt8])
    case resumption(usage: Usage, groupID: [UInt8], epoch: UInt64)
  }

  package enum Usage: UInt8, Hashable, Sendable {
    case application = 1
    case reInit = 2
    case branch = 3
  }

  package let key: Key
  package let nonce: [UInt8]

  package init(key: Key, nonce: [UInt8]) {
    self.key = key
    self.nonce = nonce
  }

  package init(from reader: inout TLSReader) throws(GroupError) {
    switch try reader.uint8() {
    case 1: key = .external(id: try reader.opaque())
    case 2:
      guard let usage = Usage(rawValue: try reader.uint8()) else {
        throw .malformed(.unknownValue(structure: .pskUsage))
      }
      key = .resumption(usage: usage, groupID: try reader.opaque(), epoch: try reader.uint64())
    default: throw .malformed(.unknownValue(structure: .pskType))
    }
    nonce = try reader.opaque()
  }

  package func encode(to writer: inout TLSWriter) {
    switch key {
    case .external(let id):
      writer.write(UInt8(1))
      writer.opaque(id)
    case .resumption(let usage, let groupID, let epoch):
      writer.write(UInt8(2))
      writer.write(usage.rawValue)
      writer.opaque(groupID)
      writer.write(epoch)
    }
    writer.opaque(nonce)
  }
}

/// ReInit (RFC 9420, 12.1.5): the group that is to follow this one.
package struct ReInit: TLSCodable, Hashable {
  package let groupID: [UInt8]
  package let version: UInt16
  package let cipherSuite: UInt16
  package let extensions: [Extension]

  package init(groupID: [UInt8], version: UInt16, cipherSuite: UInt16, extensions: [Extension]) {
    self.groupID = groupID
    self.version = version
    self.cipherSuite = cipherSuite
    self.extensions = extensions
  }

  package init(from reader: inout TLSReader) throws(GroupError) {
    groupID = try reader.opaque()
    version = try reader.uint16()
    cipherSuite = try reader.uint16()
    extensions = try reader.vector()
  }

  package func encode(to writer: inout TLSWriter) {
    writer.opaque(groupID)
    writer.write(version)
    writer.write(cipherSuite)
    writer.vector(extensions)
  }
}

/// Proposal (RFC 9420, 12.1). A type without a meaning cannot be skipped, since it has no length: it is malformed.
package enum Proposal: TLSCodable, Equatable {
  case add(KeyPackage)
  case update(LeafNode)
  case remove(LeafIndex)
  case preSharedKey(PreSharedKeyID)
  case reInit(ReInit)
  case externalInit(kemOutput: [UInt8])
  case groupContextExtensions([Extension])

  package var type: UInt16 {
    switch self {
    case .add: 1
    case .update: 2
    case .remove: 3
    case .preSharedKey: 4
    case .reInit: 5
    case .externalInit: 6
    case .groupContextExtensions: 7
    }
  }

  package init(from reader: inout TLSReader) throws(GroupError) {
    self = try Proposal(type: try reader.uint16(), from: &reader)
  }

  /// Reads what stands behind the type.
  init(type: UInt16, from reader: inout TLSReader) throws(GroupError) {
    switch type {
    case 1: self = .add(try KeyPackage(from: &reader))
    case 2: self = .update(try LeafNode(from: &reader))
    case 3: self = .remove(LeafIndex(rawValue: try reader.uint32()))
    case 4: self = .preSharedKey(try PreSharedKeyID(from: &reader))
    case 5: self = .reInit(try ReInit(from: &reader))
    case 6: self = .externalInit(kemOutput: try reader.opaque())
    case 7: self = .groupContextExtensions(try reader.vector())
    default: throw .malformed(.unknownValue(structure: .proposalType))
    }
  }

  package func encode(to writer: inout TLSWriter) {
    writer.write(type)
    encodeContent(to: &writer)
  }

  /// Writes what stands behind the type.
  package func encodeContent(to writer: inout TLSWriter) {
    switch self {
    case .add(let keyPackage): writer.write(keyPackage)
    case .update(let leafNode): writer.write(leafNode)
    case .remove(let leaf): writer.write(leaf.rawValue)
    case .preSharedKey(let id): writer.write(id)
    case .reInit(let reInit): writer.write(reInit)
    case .externalInit(let kemOutput): writer.opaque(kemOutput)
    case .groupContextExtensions(let extensions): writer.vector(extensions)
    }
  }

  /// Whether a commit with it needs a path (RFC 9420, 17.4).
  var needsPath: Bool {
    switch self {
    case .update, .remove, .externalInit, .groupContextExtensions: true
    case .add, .preSharedKey, .reInit: false
    }
  }
}

/// ProposalOrRef (RFC 9420, 12.4).
package enum ProposalOrReference: TLSCodable, Equatable {
  case proposal(Proposal)
  case reference([UInt8])

  package init(from reader: inout TLSReader) throws(GroupError) {
    switch try reader.uint8() {
    case 1: self = .proposal(try Proposal(from: &reader))
    case 2: self = .reference(try reader.opaque())
    default: throw .malformed(.unknownValue(structure: .proposalOrReference))
    }
  }

  package func encode(to writer: inout TLSWriter) {
    switch self {
    case .proposal(let proposal):
      writer.write(UInt8(1))
      writer.write(proposal)
    case .reference(let reference):
      writer.write(UInt8(2))
      writer.opaque(reference)
    }
  }
}
