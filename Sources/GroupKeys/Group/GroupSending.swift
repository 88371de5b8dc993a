internal import Cryptography

/// How a handshake message travels. Private is the product's way; public is for what the vectors and others send.
package enum HandshakeForm: Sendable {
  case `private`(padding: Int)
  case `public`
}

extension Group {
  /// Encrypts an application message, padded with zeros to a multiple of `padding` bytes. The ratchet has moved when
  /// this returns: the state is to be stored before the message is sent, or a crash would use a key twice.
  package func protect(
    _ content: [UInt8], authenticatedData: [UInt8] = [], padding: Int = 0
  ) throws(GroupError) -> [UInt8] {
    try requireUsable()
    let framed = FramedContent(
      groupID: groupID, epoch: epochNumber, sender: .member(own), authenticatedData: authenticatedData,
      content: .application(content))
    let authenticated = try signed(framed, as: .privateMessage)
    return MLSMessage.privateMessage(
      try epoch.seal(authenticated, padding: padding, suite: suite, entropy: entropy)
    ).encoded
  }

  /// Proposes (RFC 9420, 12.1); the proposal waits here too, for a commit that names it.
  package func propose(_ proposal: Proposal, form: HandshakeForm = .private(padding: 0)) throws(GroupError)
    -> [UInt8]
  {
    try requireUsable()
    return try propose(proposal, form, ownKey: nil)
  }

  /// Proposes a fresh key for the own leaf.
  package func proposeUpdate(form: HandshakeForm = .private(padding: 0)) throws(GroupError) -> [UInt8] {
    try requireUsable()
    guard let old = epoch.tree.leaf(own) else { throw .misuse(.notAMember) }
    let pair = try cryptography { () throws(CryptographyError) in
      try suite.freshKeyPair(in: slab, from: entropy)
    }
    var content = old.content
    content.encryptionKey = pair.publicKey
    content.source = .update
    let node = try LeafNode.signed(
      content, at: LeafNode.Place(groupID: groupID, leaf: own), suite: suite, key: epoch.signatureKey)
    return try propose(.update(node), form, ownKey: pair.privateKey)
  }

  private func propose(
    _ proposal: Proposal, _ form: HandshakeForm, ownKey: GroupSecret?
  ) throws(GroupError) -> [UInt8] {
    let framed = FramedContent(
      groupID: groupID, epoch: epochNumber, sender: .member(own), content: .proposal(proposal))
    let authenticated = try signed(framed, as: wireFormat(form))
    let reference = authenticated.reference(suite)
    let bytes = try protected(authenticated, form)
    try keep(
      SentProposal(proposal: proposal, sender: .member(own), reference: reference), reference, ownKey: ownKey)
    return bytes
  }

  func wireFormat(_ form: HandshakeForm) -> WireFormat {
    switch form {
    case .private: .privateMessage
    case .public: .publicMessage
    }
  }

  func signed(_ content: FramedContent, as format: WireFormat) throws(GroupError) -> AuthenticatedContent {
    try AuthenticatedContent.signed(
      content, as: format, context: epoch.contextBytes, suite: suite, key: epoch.signatureKey)
  }

  /// The message on the wire.
  func protected(_ authenticated: AuthenticatedContent, _ form: HandshakeForm) throws(GroupError) -> [UInt8] {
    switch form {
    case .private(let padding):
      MLSMessage.privateMessage(
        try epoch.seal(authenticated, padding: padding, suite: suite, entropy: entropy)
      ).encoded
    case .public:
      MLSMessage.publicMessage(
        PublicMessage.protected(
          authenticated, context: epoch.contextBytes, membershipKey: epoch.secrets.membership, suite: suite)
      ).encoded
    }
  }

  /// What somebody outside must know to join (12.4.3); `withExternalKey` invites external commits.
  package func groupInfo(withExternalKey: Bool) throws(GroupError) -> GroupInfo {
    var extensions = [Extension(type: Extension.ratchetTree, content: ratchetTree)]
    if withExternalKey {
      var key = TLSWriter()
      key.opaque(try suite.derivedKeyPair(epoch.secrets.external).publicKey)
      extensions.append(Extension(type: Extension.externalPublicKey, content: key.bytes))
    }
    return try GroupInfo(
      context: epoch.context, extensions: extensions, confirmationTag: epoch.confirmationTag, signer: own,
      signature: []
    ).signed(suite, key: epoch.signatureKey)
  }
}
