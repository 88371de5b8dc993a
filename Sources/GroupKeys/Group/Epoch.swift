package import Cryptography

/// Everything that a commit makes new: what one member knows of one epoch.
package struct Epoch: Sendable {
  package var context: GroupContext
  /// `context` on the wire, which every signature and tag of the epoch covers.
  package var contextBytes: [UInt8]
  package var tree: RatchetTree
  package var secrets: EpochSecrets
  package var secretTree: SecretTree
  package var interimTranscriptHash: [UInt8]
  package var confirmationTag: [UInt8]
  package var own: LeafIndex
  package var keys: PrivateKeys
  package var signatureKey: GroupSecret

  init(
    context: GroupContext, tree: RatchetTree, secrets: EpochSecrets, confirmationTag: [UInt8],
    own: LeafIndex, keys: PrivateKeys, signatureKey: GroupSecret, suite: GroupSuite,
    secretTree: SecretTree? = nil
  ) {
    self.context = context
    contextBytes = context.encoded
    self.tree = tree
    self.secrets = secrets
    self.secretTree =
      secretTree ?? SecretTree(encryptionSecret: secrets.encryption, leafCount: tree.leafCount)
    self.secrets.encryption = nil
    interimTranscriptHash = suite.interimTranscriptHash(
      context.confirmedTranscriptHash, confirmationTag: confirmationTag)
    self.confirmationTag = confirmationTag
    self.own = own
    self.keys = keys
    self.signatureKey = signatureKey
  }

  /// Opens a PrivateMessage of this epoch.
  mutating func open(_ message: PrivateMessage, suite: GroupSuite) throws(GroupError) -> AuthenticatedContent
  {
    var reading = reading
    // Moved, not copied: a thousand senders' ratchets would be copied with each message.
    secretTree = SecretTree(encryptionSecret: nil, leafCount: 1)
    defer { secretTree = reading.secretTree }
    return try reading.open(message, suite: suite)
  }

  /// What reads its messages, without what leads to the next epoch.
  var reading: ReadingKeys {
    ReadingKeys(
      number: context.epoch, contextBytes: contextBytes, tree: tree, own: own, senderData: secrets.senderData,
      secretTree: secretTree)
  }

  /// Signs, encrypts and lets go of the key.
  mutating func seal(
    _ authenticated: AuthenticatedContent, padding: Int, suite: GroupSuite, entropy: any EntropySource
  ) throws(GroupError) -> PrivateMessage {
    let kind: SecretTree.Kind =
      if case .application = authenticated.content.content { .application } else { .handshake }
    let (generation, key) = try secretTree.next(own, kind, suite)
    let sender = PrivateMessage.SenderData(
      leaf: own, generation: generation, reuseGuard: entropy.publicBytes(count: 4))
    return try PrivateMessage.sealed(
      authenticated, sender: sender, key: key, senderDataSecret: secrets.senderData, padding: padding,
      suite: suite)
  }
}

/// What reads the messages of an epoch, and is all that is kept of one that ended.
struct ReadingKeys: Sendable {
  let number: UInt64
  let contextBytes: [UInt8]
  let tree: RatchetTree
  let own: LeafIndex
  let senderData: GroupSecret
  var secretTree: SecretTree

  /// Opens a PrivateMessage; the key is used up only when the signature holds too.
  mutating func open(
    _ message: PrivateMessage, suite: GroupSuite
  ) throws(GroupError) -> AuthenticatedContent {
    let sender = try message.senderData(senderData, suite: suite)
    try require(sender.leaf != own, .ownMessage)
    guard let leaf = tree.leaf(sender.leaf) else { throw .refused(.blankSender) }
    let kind: SecretTree.Kind = message.contentType == 1 ? .application : .handshake
    let context = contextBytes
    return try secretTree.open(sender.leaf, kind, generation: sender.generation, suite) {
      (key) throws(GroupError) in
      let content = try message.opened(sender, key: key, suite: suite)
      try content.verify(context: context, suite: suite, publicKey: leaf.signatureKey)
      return content
    }
  }
}

/// Secrets that were agreed outside of this epoch (RFC 9420, 8.4), handed in by whoever keeps them.
package struct PreSharedKeys: Sendable {
  package struct Past: Hashable, Sendable {
    package let groupID: [UInt8]
    package let epoch: UInt64
  }

  package var external: [[UInt8]: GroupSecret] = [:]
  package var resumption: [Past: GroupSecret] = [:]

  package init() {}

  func secret(_ id: PreSharedKeyID) throws(GroupError) -> GroupSecret {
    switch id.key {
    case .external(let name):
      guard let secret = external[name] else { throw .refused(.pskUnknown) }
      return secret
    case .resumption(_, let groupID, let epoch):
      guard let secret = resumption[Past(groupID: groupID, epoch: epoch)] else {
        throw .refused(.pskGroupOrEpochUnknown)
      }
      return secret
    }
  }

  /// psk_secret of these in their order.
  func pskSecret(_ ids: [PreSharedKeyID], suite: GroupSuite, slab: SecretSlab) throws(GroupError)
    -> GroupSecret
  {
    var keys: [(id: PreSharedKeyID, secret: GroupSecret)] = []
    for id in ids { keys.append((id, try secret(id))) }
    return try suite.pskSecret(keys, in: slab)
  }
}
