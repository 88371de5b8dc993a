package import Cryptography

/// PrivateMessage (RFC 9420, 6.3): encrypted, with a sender that only members see.
package struct PrivateMessage: TLSCodable, Hashable {
  package let groupID: [UInt8]
  package let epoch: UInt64
  package let contentType: UInt8
  package let authenticatedData: [UInt8]
  package let encryptedSenderData: [UInt8]
  package let ciphertext: [UInt8]

  package init(
    groupID: [UInt8], epoch: UInt64, contentType: UInt8, authenticatedData: [UInt8],
    encryptedSenderData: [UInt8],
    ciphertext: [UInt8]
  ) {
    self.groupID = groupID
    self.epoch = epoch
    self.contentType = contentType
    self.authenticatedData = authenticatedData
    self.encryptedSenderData = encryptedSenderData
    self.ciphertext = ciphertext
  }

  package init(from reader: inout TLSReader) throws(GroupError) {
    groupID = try reader.opaque()
    epoch = try reader.uint64()
    contentType = try reader.uint8()
    guard (1...3).contains(contentType) else { throw .malformed(.unknownValue(structure: .contentType)) }
    authenticatedData = try reader.opaque()
    encryptedSenderData = try reader.opaque()
    ciphertext = try reader.opaque()
  }

  package func encode(to writer: inout TLSWriter) {
    writer.opaque(groupID)
    writer.write(epoch)
    writer.write(contentType)
    writer.opaque(authenticatedData)
    writer.opaque(encryptedSenderData)
    writer.opaque(ciphertext)
  }

  /// SenderData (6.3.2).
  package struct SenderData: TLSCodable, Hashable {
    package let leaf: LeafIndex
    package let generation: UInt32
    package let reuseGuard: [UInt8]

    package init(leaf: LeafIndex, generation: UInt32, reuseGuard: [UInt8]) {
      self.leaf = leaf
      self.generation = generation
      self.reuseGuard = reuseGuard
    }

    package init(from reader: inout TLSReader) throws(GroupError) {
      leaf = LeafIndex(rawValue: try reader.uint32())
      generation = try reader.uint32()
      reuseGuard = try reader.fixed(4)
    }

    package func encode(to writer: inout TLSWriter) {
      writer.write(leaf.rawValue)
      writer.write(generation)
      writer.fixed(reuseGuard)
    }

    /// The key and nonce that the ciphertext's first bytes select (6.3.2).
    package static func key(
      _ secret: GroupSecret, ciphertext: [UInt8], suite: GroupSuite
    ) throws(GroupError) -> MessageKey {
      let sample = Array(ciphertext.prefix(suite.hashByteCount))
      return MessageKey(
        key: try suite.expand(secret, label: "key", context: sample, byteCount: suite.keyByteCount),
        nonce: try suite.expand(secret, label: "nonce", context: sample, byteCount: suite.nonceByteCount))
    }
  }

  private static func head(_ groupID: [UInt8], _ epoch: UInt64, _ contentType: UInt8) -> TLSWriter {
    var writer = TLSWriter()
    writer.opaque(groupID)
    writer.write(epoch)
    writer.write(contentType)
    return writer
  }

  /// SenderDataAAD (6.3.2).
  private var senderDataContext: [UInt8] { PrivateMessage.head(groupID, epoch, contentType).bytes }

  /// PrivateContentAAD (6.3.1).
  private var contentContext: [UInt8] {
    var writer = PrivateMessage.head(groupID, epoch, contentType)
    writer.opaque(authenticatedData)
    return writer.bytes
  }

  /// Who sent it, as far as the epoch's sender data key says.
  package func senderData(_ secret: GroupSecret, suite: GroupSuite) throws(GroupError) -> SenderData {
    let key = try SenderData.key(secret, ciphertext: ciphertext, suite: suite)
    let opened = try suite.opened(
      encryptedSenderData, key: key.key, nonce: key.nonce.publicBytes, authenticating: senderDataContext)
    return try SenderData(parsing: opened)
  }

  /// The content; not yet checked for its signature.
  package func opened(
    _ sender: SenderData, key: MessageKey, suite: GroupSuite
  ) throws(GroupError) -> AuthenticatedContent {
    let plaintext = try suite.opened(
      ciphertext, key: key.key, nonce: key.nonce(guard: sender.reuseGuard), authenticating: contentContext)
    var reader = TLSReader(plaintext)
    let content = FramedContent(
      groupID: groupID, epoch: epoch, sender: .member(sender.leaf), authenticatedData: authenticatedData,
      content: try MessageContent(type: contentType, from: &reader))
    let authenticated = try AuthenticatedContent(
      wireFormat: .privateMessage, content: content, authenticationFrom: &reader)
    try require(reader.rest().allSatisfy { $0 == 0 }, .paddingNotZero)
    return authenticated
  }

  /// Seals content that was signed for this wire format, with zeros up to a multiple of `padding` bytes.
  package static func sealed(
    _ authenticated: AuthenticatedContent, sender: SenderData, key: MessageKey, senderDataSecret: GroupSecret,
    padding: Int, suite: GroupSuite
  ) throws(GroupError) -> PrivateMessage {
    let content = authenticated.content
    var plaintext = TLSWriter()
    content.content.encode(to: &plaintext)
    authenticated.encodeAuthentication(to: &plaintext)
    if padding > 1 {
      let short = (padding - plaintext.bytes.count % padding) % padding
      plaintext.fixed([UInt8](repeating: 0, count: short))
    }
    let type = content.content.type
    var context = head(content.groupID, content.epoch, type)
    let senderContext = context.bytes
    context.opaque(content.authenticatedData)
    let ciphertext = try suite.sealed(
      plaintext.bytes, key: key.key, nonce: key.nonce(guard: sender.reuseGuard), authenticating: context.bytes
    )
    let senderKey = try SenderData.key(senderDataSecret, ciphertext: ciphertext, suite: suite)
    let senderData = try suite.sealed(
      sender.encoded, key: senderKey.key, nonce: senderKey.nonce.publicBytes, authenticating: senderContext)
    return PrivateMessage(
      groupID: content.groupID, epoch: content.epoch, contentType: type,
      authenticatedData: content.authenticatedData, encryptedSenderData: senderData, ciphertext: ciphertext)
  }
}
