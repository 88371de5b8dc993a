internal import Cryptography

/// A proposal with who made it.
package struct SentProposal: Equatable, Sendable {
  package let proposal: Proposal
  package let sender: Sender
  /// ProposalRef, where the commit names it and does not carry it.
  package let reference: [UInt8]?
}

/// The proposals of one commit, resolved, and held to RFC 9420, 12.1 and 12.2.
struct ProposalList {
  let all: [SentProposal]
  var updates: [(leaf: LeafIndex, node: LeafNode, reference: [UInt8]?)] = []
  var removes: [LeafIndex] = []
  var adds: [KeyPackage] = []
  var preSharedKeys: [PreSharedKeyID] = []
  var extensions: [Extension]?
  var reInit: ReInit?
  var externalInit: [UInt8]?

  var needsPath: Bool { all.isEmpty || all.contains(where: \.proposal.needsPath) }

  /// Who commits: a member, or somebody who joins by the commit.
  enum Committer: Equatable {
    case member(LeafIndex)
    case newMember
  }

  /// Sorts the proposals by kind; refuses what cannot stand together or not by this committer.
  init(_ all: [SentProposal], by committer: Committer, suite: GroupSuite) throws(GroupError) {
    try require(all.count <= GroupLimits.proposalCount, .tooManyProposals)
    self.all = all
    for sent in all {
      try ProposalList.requireAllowed(sent, committer)
      switch sent.proposal {
      case .add(let keyPackage): adds.append(keyPackage)
      case .update(let node):
        guard case .member(let leaf) = sent.sender else { throw .refused(.updateOutsideOwnLeaf) }
        if case .member(leaf) = committer { throw .refused(.updateByCommitter) }
        updates.append((leaf, node, sent.reference))
      case .remove(let leaf):
        if case .member(leaf) = committer { throw .refused(.removeOfCommitter) }
        removes.append(leaf)
      case .preSharedKey(let id):
        try require(id.nonce.count == suite.hashByteCount, .pskNonceLength)
        if case .resumption(let usage, _, _) = id.key { try require(usage == .application, .pskUsageWrong) }
        preSharedKeys.append(id)
      case .reInit(let value):
        try require(all.count == 1, .reInitNotAlone)
        try require(value.version >= protocolVersion, .reInitVersionLower)
        reInit = value
      case .externalInit(let kemOutput):
        try require(committer == .newMember, .externalInitInMemberCommit)
        try require(externalInit == nil, .severalExternalInit)
        externalInit = kemOutput
      case .groupContextExtensions(let value):
        try require(extensions == nil, .severalGroupContextExtensions)
        try value.requireDistinct()
        extensions = value
      }
    }
    try requireTogether(committer)
  }

  private static func requireAllowed(_ sent: SentProposal, _ committer: Committer) throws(GroupError) {
    if committer == .newMember {
      try require(sent.reference == nil, .externalCommitByReference)
      switch sent.proposal {
      case .externalInit, .remove, .preSharedKey: return
      case .add, .update, .reInit, .groupContextExtensions: throw .refused(.externalCommitProposalNotAllowed)
      }
    }
    switch (sent.sender, sent.proposal) {
    case (.external, .update), (.external, .externalInit): throw .refused(.externalSenderProposalNotAllowed)
    case (.newMemberProposal, .add), (.member, _), (.external, _): return
    case (.newMemberProposal, _), (.newMemberCommit, _): throw .refused(.newMemberProposalNotAdd)
    }
  }

  private func requireTogether(_ committer: Committer) throws(GroupError) {
    let changed = updates.map(\.leaf) + removes
    try require(Set(changed).count == changed.count, .severalChangesOfOneLeaf)
    try require(Set(preSharedKeys).count == preSharedKeys.count, .duplicatePSK)
    let newcomers = adds.map(\.leafNode.signatureKey)
    try require(Set(newcomers).count == newcomers.count, .duplicateAdd)
    if committer == .newMember {
      try require(externalInit != nil, .externalCommitWithoutInit)
      try require(removes.count <= 1, .severalRemovesInExternalCommit)
    }
  }

  /// What the proposals make of a tree.
  struct Applied {
    var tree: RatchetTree
    var context: GroupContext
    var added: [LeafIndex] = []
  }

  /// Applies everything in the order of RFC 9420, 12.3; leaves' own rules are checked by `checkLeaves`.
  func applied(to tree: RatchetTree, _ context: GroupContext) throws(GroupError) -> Applied {
    var result = Applied(tree: tree, context: context)
    if let extensions { result.context.extensions = extensions }
    for update in updates {
      guard let old = tree.leaf(update.leaf) else { throw .refused(.blankSender) }
      try require(old.encryptionKey != update.node.encryptionKey, .updateOfUnchangedKey)
      result.tree.update(update.leaf, update.node)
    }
    for leaf in removes {
      try require(tree.leaf(leaf) != nil, .removeOfBlankLeaf)
    }
    for leaf in removes { result.tree.remove(leaf) }
    let members = Set(result.tree.members.map(\.leaf.signatureKey))
    for keyPackage in adds {
      try require(!members.contains(keyPackage.leafNode.signatureKey), .addOfMember)
      result.added.append(try result.tree.add(keyPackage.leafNode))
    }
    return result
  }

  /// The rules of every leaf that is new, in the tree as it will be, and of all where the group asks for more.
  func checkLeaves(
    _ applied: Applied, suite: GroupSuite, policy: GroupPolicy, now: GroupTime?
  ) throws(GroupError) {
    let rules = try LeafRules(context: applied.context, suite: suite, policy: policy, tree: applied.tree)
    for update in updates { try rules.check(update.node, at: update.leaf, for: .update, now: now) }
    for keyPackage in adds {
      try keyPackage.validate(suite: suite, policy: policy, now: now)
      try rules.checkForm(keyPackage.leafNode)
    }
    guard let extensions else { return }
    _ = try applied.context.externalSenders()
    let required = try applied.context.requiredCapabilities()
    for (_, leaf) in applied.tree.members {
      for type in extensions.map(\.type) {
        try require(leaf.capabilities.supports(extension: type), .groupContextExtensionUnsupported)
      }
      do throws(GroupError) {
        try required.require(of: leaf.capabilities)
      } catch .refused {
        throw .refused(.requiredCapabilityUnsupported)
      }
    }
  }
}
