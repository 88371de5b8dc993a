/// RequiredCapabilities (RFC 9420, 11.1).
package struct RequiredCapabilities: TLSCodable, Hashable {
  package var extensions: [UInt16]
  package var proposals: [UInt16]
  package var credentials: [UInt16]

  package init(extensions: [UInt16] = [], proposals: [UInt16] = [], credentials: [UInt16] = []) {
    self.extensions = extensions
    self.proposals = proposals
    self.credentials = credentials
  }

  package init(from reader: inout TLSReader) throws(GroupError) {
    extensions = try reader.vector()
    proposals = try reader.vector()
    credentials = try reader.vector()
  }

  package func encode(to writer: inout TLSWriter) {
    writer.vector(extensions)
    writer.vector(proposals)
    writer.vector(credentials)
  }

  /// That one member can do all of it.
  func require(of capabilities: Capabilities) throws(GroupError) {
    try GroupKeys.require(
      extensions.allSatisfy(capabilities.supports(extension:)), .leafLacksRequiredExtension)
    try GroupKeys.require(proposals.allSatisfy(capabilities.supports(proposal:)), .leafLacksRequiredProposal)
    try GroupKeys.require(
      credentials.allSatisfy(capabilities.credentials.contains), .leafLacksRequiredCredential)
  }
}

/// ExternalSender (RFC 9420, 12.1.8.1): somebody outside who may propose.
package struct ExternalSender: TLSCodable, Hashable {
  package let signatureKey: [UInt8]
  package let credential: Credential

  package init(signatureKey: [UInt8], credential: Credential) {
    self.signatureKey = signatureKey
    self.credential = credential
  }

  package init(from reader: inout TLSReader) throws(GroupError) {
    signatureKey = try reader.opaque()
    credential = try Credential(from: &reader)
  }

  package func encode(to writer: inout TLSWriter) {
    writer.opaque(signatureKey)
    writer.write(credential)
  }
}

extension GroupContext {
  /// What the group asks of every member; nothing where it says nothing.
  func requiredCapabilities() throws(GroupError) -> RequiredCapabilities {
    guard let content = extensions.content(Extension.requiredCapabilities) else {
      return RequiredCapabilities()
    }
    return try RequiredCapabilities(parsing: content)
  }

  func externalSenders() throws(GroupError) -> [ExternalSender] {
    guard let content = extensions.content(Extension.externalSenders) else { return [] }
    var reader = TLSReader(content)
    let senders: [ExternalSender] = try reader.vector()
    try reader.finish()
    return senders
  }
}
