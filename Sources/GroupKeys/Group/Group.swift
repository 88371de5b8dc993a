package import Cryptography

/// One member's state of one group: a sans-I/O machine. Bytes and the time go in, messages and staged epochs come out.
///
/// Every step either succeeds whole or throws and changes nothing. A commit, own or another's, only stages the next
/// epoch under its hash; `adopt` moves on, when the relay's receipt or the fork rule says so. One owner, one thread.
package final class Group {
  package let suite: GroupSuite
  package let policy: GroupPolicy
  package let slab: SecretSlab
  let entropy: any EntropySource
  let sealing: any GroupSealing

  package internal(set) var epoch: Epoch
  /// The epochs before it whose late messages can still be read, newest first.
  var past: [ReadingKeys] = []
  /// Proposals of this epoch in the order in which they came.
  var pending: [PendingProposal] = []
  var staged: [[UInt8]: StagedCommit] = [:]
  /// External PSKs and resumption secrets; this group's own are added as epochs pass.
  package var preSharedKeys: PreSharedKeys
  /// Epochs of this group whose resumption secrets are kept, oldest first.
  var resumptionEpochs: [UInt64] = []
  /// The group that is to follow this one, after a commit with a ReInit; nothing is sent in this one any more.
  package internal(set) var reInit: ReInit?
  /// Who signed the Welcome by which this member joined; not kept in snapshots.
  package internal(set) var inviter: LeafIndex?
  /// Whether the own leaf was removed by the commit that was adopted last.
  package internal(set) var isRemoved = false

  struct PendingProposal: Sendable {
    let sent: SentProposal
    let reference: [UInt8]
    /// The new private key, where it is an update of the own leaf.
    let ownKey: GroupSecret?
    /// Bytes of the proposal on the wire.
    let byteCount: Int

    init(sent: SentProposal, reference: [UInt8], ownKey: GroupSecret?) {
      self.sent = sent
      self.reference = reference
      self.ownKey = ownKey
      byteCount = sent.proposal.encoded.count
    }
  }

  /// Where randomness, guarded memory and HPKE come from.
  package struct Surroundings: Sendable {
    package var slab: SecretSlab
    package var entropy: any EntropySource
    package var sealing: any GroupSealing
    package var policy: GroupPolicy

    package init(
      slab: SecretSlab = SecretSlab(), entropy: any EntropySource = SystemEntropy.shared,
      sealing: any GroupSealing = GroupHPKE.shared, policy: GroupPolicy = GroupPolicy()
    ) {
      self.slab = slab
      self.entropy = entropy
      self.sealing = sealing
      self.policy = policy
    }
  }

  init(restoring epoch: Epoch, suite: GroupSuite, surroundings: Surroundings) {
    self.epoch = epoch
    self.suite = suite
    policy = surroundings.policy
    slab = surroundings.slab
    entropy = surroundings.entropy
    sealing = surroundings.sealing
    preSharedKeys = PreSharedKeys()
  }

  convenience init(
    epoch: Epoch, suite: GroupSuite, surroundings: Surroundings, preSharedKeys: PreSharedKeys
  ) {
    self.init(restoring: epoch, suite: suite, surroundings: surroundings)
    self.preSharedKeys = preSharedKeys
    rememberResumption()
  }

  /// A group of one member (RFC 9420, 11): the first commit adds the others.
  package static func create(
    groupID: [UInt8], extensions: [Extension] = [], creator: OwnKeyPackage, in surroundings: Surroundings
  ) throws(GroupError) -> Group {
    let suite = creator.suite
    guard surroundings.policy.suites.contains(suite.identifier) else { throw .misuse(.unsupportedSuite) }
    try extensions.requireDistinct()
    var tree = RatchetTree(leaf: creator.keyPackage.leafNode)
    let context = GroupContext(
      cipherSuite: suite.identifier, groupID: groupID, epoch: 0, treeHash: tree.treeHash(suite),
      confirmedTranscriptHash: [], extensions: extensions)
    try tree.validateLeaves(context: context, suite: suite, policy: surroundings.policy)
    let secret = try cryptography { () throws(CryptographyError) in
      try GroupSecret.random(
        byteCount: suite.hashByteCount, in: surroundings.slab, from: surroundings.entropy)
    }
    let secrets = try EpochSecrets(epoch: secret, suite: suite)
    let tag = suite.authenticate([], key: secrets.confirmation)
    let epoch = Epoch(
      context: context, tree: tree, secrets: secrets, confirmationTag: tag, own: LeafIndex(0),
      keys: PrivateKeys(leaf: creator.leafKey), signatureKey: creator.signatureKey, suite: suite)
    return Group(epoch: epoch, suite: suite, surroundings: surroundings, preSharedKeys: PreSharedKeys())
  }

  package var groupID: [UInt8] { epoch.context.groupID }
  package var epochNumber: UInt64 { epoch.context.epoch }
  /// What members compare to know that they are in the same epoch of the same group.
  package var epochAuthenticator: [UInt8] { epoch.secrets.authenticator }
  package var own: LeafIndex { epoch.own }
  package var members: [(index: LeafIndex, leaf: LeafNode)] { epoch.tree.members }
  /// The tree on the wire, for whoever joins without it in the Welcome.
  package var ratchetTree: [UInt8] { epoch.tree.encoded }
  /// References of the proposals that wait for a commit.
  package var pendingProposals: [SentProposal] { pending.map(\.sent) }

  /// MLS-Exporter (RFC 9420, 8.5).
  package func export(label: String, context: [UInt8], byteCount: Int) throws(GroupError) -> GroupSecret {
    try epoch.secrets.export(label: label, context: context, byteCount: byteCount, suite: suite)
  }

  /// Moves to the epoch that was staged under this commit's hash; everything else that was staged is let go.
  package func adopt(_ hash: [UInt8]) throws(GroupError) {
    guard let commit = staged[hash] else { throw .misuse(.nothingStaged) }
    staged = [:]
    pending = []
    guard let next = commit.next else {
      isRemoved = true
      past = []
      return
    }
    if policy.pastEpochs > 0 {
      past.insert(epoch.reading, at: 0)
      if past.count > policy.pastEpochs { past.removeLast(past.count - policy.pastEpochs) }
    }
    epoch = next
    reInit = commit.reInit
    rememberResumption()
  }

  /// Lets go of a staged commit that lost its place in the order.
  package func discard(_ hash: [UInt8]) { staged[hash] = nil }

  func stage(_ commit: StagedCommit) throws(GroupError) {
    try require(staged[commit.hash] != nil || staged.count < GroupLimits.stagedCommits, .limitExceeded)
    staged[commit.hash] = commit
  }

  private func rememberResumption() {
    let number = epochNumber
    preSharedKeys.resumption[.init(groupID: groupID, epoch: number)] = epoch.secrets.resumption
    resumptionEpochs.append(number)
    if resumptionEpochs.count > GroupLimits.resumptionEpochs {
      preSharedKeys.resumption[.init(groupID: groupID, epoch: resumptionEpochs.removeFirst())] = nil
    }
  }

  func requireUsable() throws(GroupError) {
    if isRemoved { throw .misuse(.removedFromGroup) }
    if reInit != nil { throw .misuse(.groupIsReinitialised) }
  }
}

/// A commit that was checked whole, and the epoch that it leads to.
package struct StagedCommit: Sendable {
  /// SHA-256 of the message that carried it.
  package let hash: [UInt8]
  package let committer: Sender
  package let proposals: [SentProposal]
  package let added: [LeafIndex]
  package let removed: [LeafIndex]
  package let reInit: ReInit?
  /// nil where the commit removes the own leaf.
  let next: Epoch?

  /// What members compare, of the epoch to come; nil for whom the commit removes.
  package var epochAuthenticator: [UInt8]? { next?.secrets.authenticator }
}

/// A key package with its private keys, until it is used.
package struct OwnKeyPackage: Sendable {
  package let suite: GroupSuite
  package let keyPackage: KeyPackage
  package let initKey: GroupSecret
  package let leafKey: GroupSecret
  package let signatureKey: GroupSecret

  package init(
    suite: GroupSuite, keyPackage: KeyPackage, initKey: GroupSecret, leafKey: GroupSecret,
    signatureKey: GroupSecret
  ) {
    self.suite = suite
    self.keyPackage = keyPackage
    self.initKey = initKey
    self.leafKey = leafKey
    self.signatureKey = signatureKey
  }

  /// Makes a key package with fresh keys (RFC 9420, 10).
  package static func make(
    suite: GroupSuite, credential: Credential, lifetime: Lifetime, extensions: [UInt16] = [],
    in surroundings: Group.Surroundings
  ) throws(GroupError) -> OwnKeyPackage {
    let signatureKey = try cryptography { () throws(CryptographyError) in
      try suite.freshSignatureKey(in: surroundings.slab, from: surroundings.entropy)
    }
    return try make(
      suite: suite, credential: credential, lifetime: lifetime, extensions: extensions,
      signatureKey: signatureKey, in: surroundings)
  }

  /// The same for a signature key that the credential names.
  static func make(
    suite: GroupSuite, credential: Credential, lifetime: Lifetime, extensions: [UInt16],
    signatureKey: GroupSecret, in surroundings: Group.Surroundings
  ) throws(GroupError) -> OwnKeyPackage {
    let (slab, entropy) = (surroundings.slab, surroundings.entropy)
    let leaf = try cryptography { () throws(CryptographyError) in
      try suite.freshKeyPair(in: slab, from: entropy)
    }
    let initial = try cryptography { () throws(CryptographyError) in
      try suite.freshKeyPair(in: slab, from: entropy)
    }
    let content = LeafNodeContent(
      encryptionKey: leaf.publicKey,
      signatureKey: try cryptography { () throws(CryptographyError) in
        try suite.signaturePublicKey(of: signatureKey)
      },
      credential: credential,
      capabilities: Capabilities(
        cipherSuites: [suite.identifier], extensions: extensions, credentials: [credential.type]),
      source: .keyPackage(lifetime))
    let node = try LeafNode.signed(content, at: nil, suite: suite, key: signatureKey)
    let keyPackage = try KeyPackage(
      cipherSuite: suite.identifier, initKey: initial.publicKey, leafNode: node, extensions: [], signature: []
    ).signed(suite, key: signatureKey)
    return OwnKeyPackage(
      suite: suite, keyPackage: keyPackage, initKey: initial.privateKey, leafKey: leaf.privateKey,
      signatureKey: signatureKey)
  }
}
