package import Cryptography

extension GroupSealed: TLSCodable {
  /// HPKECiphertext (RFC 9420, 7.6).
  package init(from reader: inout TLSReader) throws(GroupError) {
    self.init(kemOutput: try reader.opaque(), ciphertext: try reader.opaque())
  }

  package func encode(to writer: inout TLSWriter) {
    writer.opaque(kemOutput)
    writer.opaque(ciphertext)
  }
}

/// UpdatePath (RFC 9420, 7.6): new keys from a leaf to the root.
package struct UpdatePath: TLSCodable, Equatable {
  package struct Node: TLSCodable, Hashable {
    package let encryptionKey: [UInt8]
    package let pathSecrets: [GroupSealed]

    package init(encryptionKey: [UInt8], pathSecrets: [GroupSealed]) {
      self.encryptionKey = encryptionKey
      self.pathSecrets = pathSecrets
    }

    package init(from reader: inout TLSReader) throws(GroupError) {
      encryptionKey = try reader.opaque()
      pathSecrets = try reader.vector()
    }

    package func encode(to writer: inout TLSWriter) {
      writer.opaque(encryptionKey)
      writer.vector(pathSecrets)
    }
  }

  package let leafNode: LeafNode
  package let nodes: [Node]

  package init(leafNode: LeafNode, nodes: [Node]) {
    self.leafNode = leafNode
    self.nodes = nodes
  }

  package init(from reader: inout TLSReader) throws(GroupError) {
    leafNode = try LeafNode(from: &reader)
    nodes = try reader.vector()
  }

  package func encode(to writer: inout TLSWriter) {
    writer.write(leafNode)
    writer.vector(nodes)
  }
}

/// Commit (RFC 9420, 12.4).
package struct Commit: TLSCodable, Equatable {
  package let proposals: [ProposalOrReference]
  package let path: UpdatePath?

  package init(proposals: [ProposalOrReference], path: UpdatePath?) {
    self.proposals = proposals
    self.path = path
  }

  package init(from reader: inout TLSReader) throws(GroupError) {
    proposals = try reader.vector()
    path = try reader.optional()
  }

  package func encode(to writer: inout TLSWriter) {
    writer.vector(proposals)
    writer.optional(path)
  }
}

/// GroupContext (RFC 9420, 8.1): what all members of an epoch agree on.
package struct GroupContext: TLSCodable, Hashable {
  package var version: UInt16
  package var cipherSuite: UInt16
  package var groupID: [UInt8]
  package var epoch: UInt64
  package var treeHash: [UInt8]
  package var confirmedTranscriptHash: [UInt8]
  package var extensions: [Extension]

  package init(
    version: UInt16 = protocolVersion, cipherSuite: UInt16, groupID: [UInt8], epoch: UInt64,
    treeHash: [UInt8],
    confirmedTranscriptHash: [UInt8], extensions: [Extension]
  ) {
    self.version = version
    self.cipherSuite = cipherSuite
    self.groupID = groupID
    self.epoch = epoch
    self.treeHash = treeHash
    self.confirmedTranscriptHash = confirmedTranscriptHash
    self.extensions = extensions
  }

  package init(from reader: inout TLSReader) throws(GroupError) {
    version = try reader.uint16()
    cipherSuite = try reader.uint16()
    groupID = try reader.opaque()
    epoch = try reader.uint64()
    treeHash = try reader.opaque()
    confirmedTranscriptHash = try reader.opaque()
    extensions = try reader.vector()
  }

  package func encode(to writer: inout TLSWriter) {
    writer.write(version)
    writer.write(cipherSuite)
    writer.opaque(groupID)
    writer.write(epoch)
    writer.opaque(treeHash)
    writer.opaque(confirmedTranscriptHash)
    writer.vector(extensions)
  }
}
