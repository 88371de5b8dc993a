package import Cryptography

/// GroupInfo (RFC 9420, 12.4.3).
package struct GroupInfo: TLSCodable, Hashable {
  package let context: GroupContext
  package let extensions: [Extension]
  package let confirmationTag: [UInt8]
  package let signer: LeafIndex
  package let signature: [UInt8]

  package init(
    context: GroupContext, extensions: [Extension], confirmationTag: [UInt8], signer: LeafIndex,
    signature: [UInt8]
  ) {
    self.context = context
    self.extensions = extensions
    self.confirmationTag = confirmationTag
    self.signer = signer
    self.signature = signature
  }

  package init(from reader: inout TLSReader) throws(GroupError) {
    context = try GroupContext(from: &reader)
    extensions = try reader.vector()
    confirmationTag = try reader.opaque()
    signer = LeafIndex(rawValue: try reader.uint32())
    signature = try reader.opaque()
  }

  package func encode(to writer: inout TLSWriter) {
    writer.fixed(signedBytes)
    writer.opaque(signature)
  }

  private var signedBytes: [UInt8] {
    var writer = TLSWriter()
    writer.write(context)
    writer.vector(extensions)
    writer.opaque(confirmationTag)
    writer.write(signer.rawValue)
    return writer.bytes
  }

  package func signed(_ suite: GroupSuite, key: GroupSecret) throws(GroupError) -> GroupInfo {
    GroupInfo(
      context: context, extensions: extensions, confirmationTag: confirmationTag, signer: signer,
      signature: try suite.sign(label: "GroupInfoTBS", signedBytes, privateKey: key))
  }

  package func verify(_ suite: GroupSuite, publicKey: [UInt8]) throws(GroupError) {
    try suite.verify(signature, label: "GroupInfoTBS", signedBytes, publicKey: publicKey)
  }
}

/// Welcome (RFC 9420, 12.4.3.1).
package struct Welcome: TLSCodable, Hashable {
  /// What is sealed to one new member.
  package struct Entry: TLSCodable, Hashable {
    package let newMember: [UInt8]
    package let secrets: GroupSealed

    package init(newMember: [UInt8], secrets: GroupSealed) {
      self.newMember = newMember
      self.secrets = secrets
    }

    package init(from reader: inout TLSReader) throws(GroupError) {
      newMember = try reader.opaque()
      secrets = try GroupSealed(from: &reader)
    }

    package func encode(to writer: inout TLSWriter) {
      writer.opaque(newMember)
      writer.write(secrets)
    }
  }

  package let cipherSuite: UInt16
  package let entries: [Entry]
  package let encryptedGroupInfo: [UInt8]

  package init(cipherSuite: UInt16, entries: [Entry], encryptedGroupInfo: [UInt8]) {
    self.cipherSuite = cipherSuite
    self.entries = entries
    self.encryptedGroupInfo = encryptedGroupInfo
  }

  package init(from reader: inout TLSReader) throws(GroupError) {
    cipherSuite = try reader.uint16()
    entries = try reader.vector()
    encryptedGroupInfo = try reader.opaque()
  }

  package func encode(to writer: inout TLSWriter) {
    writer.write(cipherSuite)
    writer.vector(entries)
    writer.opaque(encryptedGroupInfo)
  }
}

/// GroupSecrets (RFC 9420, 12.4.3.1); its reader and writer stay in guarded memory.
package struct GroupSecrets: Sendable {
  package let joinerSecret: GroupSecret
  package let pathSecret: GroupSecret?
  package let preSharedKeys: [PreSharedKeyID]

  package init(joinerSecret: GroupSecret, pathSecret: GroupSecret?, preSharedKeys: [PreSharedKeyID]) {
    self.joinerSecret = joinerSecret
    self.pathSecret = pathSecret
    self.preSharedKeys = preSharedKeys
  }

  package init(parsing secret: GroupSecret) throws(GroupError) {
    let parts = try secret.withBytes { (bytes) throws(GroupError) in try GroupSecrets.layout(bytes) }
    func part(_ range: Range<Int>) throws(GroupError) -> GroupSecret {
      try secret.withBytes { (bytes) throws(GroupError) in
        let piece = bytes.extracting(range)
        do throws(CryptographyError) {
          return try GroupSecret(copying: piece, in: secret.slab)
        } catch {
          throw GroupError(error)
        }
      }
    }
    joinerSecret = try part(parts.joiner)
    if let path = parts.path { pathSecret = try part(path) } else { pathSecret = nil }
    var reader = parts.rest
    preSharedKeys = try reader.vector()
    try reader.finish()
  }

  private struct Layout {
    var joiner: Range<Int>
    var path: Range<Int>?
    var rest: TLSReader
  }

  /// Where the two secrets stand; what follows them is public.
  private static func layout(_ bytes: Span<UInt8>) throws(GroupError) -> Layout {
    var position = 0
    let joiner = try opaque(bytes, &position)
    guard position < bytes.count else { throw .malformed(.truncated) }
    let flag = bytes[position]
    position += 1
    guard flag < 2 else { throw .malformed(.unknownValue(structure: .optional)) }
    let path = flag == 1 ? try opaque(bytes, &position) : nil
    return Layout(joiner: joiner, path: path, rest: TLSReader(copying: bytes.extracting(position...)))
  }

  private static func opaque(_ bytes: Span<UInt8>, _ position: inout Int) throws(GroupError) -> Range<Int> {
    // Only the length is looked at, in ordinary memory; it is public.
    var reader = TLSReader(copying: bytes.extracting(position..<min(position + 4, bytes.count)))
    let before = reader.remaining
    let count = try reader.length()
    position += before - reader.remaining
    guard bytes.count - position >= count else { throw .malformed(.truncated) }
    defer { position += count }
    return position..<(position + count)
  }

  /// The bytes that are sealed to a new member.
  package func encoded() throws(GroupError) -> GroupSecret {
    var first = TLSWriter()
    first.length(joinerSecret.byteCount)
    var middle = TLSWriter()
    middle.write(UInt8(pathSecret == nil ? 0 : 1))
    if let pathSecret { middle.length(pathSecret.byteCount) }
    var last = TLSWriter()
    last.vector(preSharedKeys)
    let (head, gap, tail) = (first.bytes, middle.bytes, last.bytes)
    let pathCount = pathSecret?.byteCount ?? 0
    let count = head.count + joinerSecret.byteCount + gap.count + pathCount + tail.count
    let (joiner, path) = (joinerSecret, pathSecret)
    return try cryptography { () throws(CryptographyError) in
      try GroupSecret(byteCount: count, in: joiner.slab) { (output) throws(CryptographyError) in
        output.copy(head.span, at: 0)
        joiner.withBytes { output.copy($0, at: head.count) }
        let next = head.count + joiner.byteCount
        output.copy(gap.span, at: next)
        path?.withBytes { output.copy($0, at: next + gap.count) }
        output.copy(tail.span, at: next + gap.count + pathCount)
      }
    }
  }
}
