package import Cryptography

/// The only version there is (RFC 9420, 6).
package let protocolVersion: UInt16 = 1

/// KeyPackage (RFC 9420, 10): what lets others add somebody who is not there.
package struct KeyPackage: TLSCodable, Equatable {
  package let version: UInt16
  package let cipherSuite: UInt16
  package let initKey: [UInt8]
  package let leafNode: LeafNode
  package let extensions: [Extension]
  package let signature: [UInt8]

  package init(
    version: UInt16 = protocolVersion, cipherSuite: UInt16, initKey: [UInt8], leafNode: LeafNode,
    extensions: [Extension], signature: [UInt8]
  ) {
    self.version = version
    self.cipherSuite = cipherSuite
    self.initKey = initKey
    self.leafNode = leafNode
    self.extensions = extensions
    self.signature = signature
  }

  package init(from reader: inout TLSReader) throws(GroupError) {
    version = try reader.uint16()
    cipherSuite = try reader.uint16()
    initKey = try reader.opaque()
    leafNode = try LeafNode(from: &reader)
    extensions = try reader.vector()
    signature = try reader.opaque()
  }

  package func encode(to writer: inout TLSWriter) {
    writer.fixed(signedBytes)
    writer.opaque(signature)
  }

  private var signedBytes: [UInt8] {
    var writer = TLSWriter()
    writer.write(version)
    writer.write(cipherSuite)
    writer.opaque(initKey)
    writer.write(leafNode)
    writer.vector(extensions)
    return writer.bytes
  }

  /// KeyPackageRef (RFC 9420, 5.2).
  package func reference(_ suite: GroupSuite) -> [UInt8] {
    suite.reference(label: "MLS 1.0 KeyPackage Reference", encoded)
  }

  /// The same package with a signature by `key`.
  package func signed(_ suite: GroupSuite, key: GroupSecret) throws(GroupError) -> KeyPackage {
    KeyPackage(
      version: version, cipherSuite: cipherSuite, initKey: initKey, leafNode: leafNode,
      extensions: extensions,
      signature: try suite.sign(label: "KeyPackageTBS", signedBytes, privateKey: key))
  }

  /// Throws `notAuthentic` unless the owner of the leaf signed it.
  func verify(_ suite: GroupSuite) throws(GroupError) {
    try suite.verify(signature, label: "KeyPackageTBS", signedBytes, publicKey: leafNode.signatureKey)
  }
}
