internal import Cryptography

/// A commit of one's own: what to publish, and what follows when it has won its place.
package struct OwnCommit: Sendable {
  /// What `Group.adopt` takes.
  package let hash: [UInt8]
  /// The commit on the wire.
  package let message: [UInt8]
  /// For those whom it adds, to be sent after the commit has won its place; nil where it adds nobody.
  package let welcome: Welcome?
  /// The tree that belongs to the Welcome, where that does not carry it.
  package let ratchetTree: [UInt8]
}

/// What a commit is to hold beside the proposals that wait.
package struct CommitRequest: Sendable {
  package var proposals: [Proposal] = []
  /// Whether the proposals that others (and this member) made are committed too; own updates never are.
  package var includesPending = true
  /// Whether there is a path also where RFC 9420 does not ask for one: it renews the committer's keys.
  package var alwaysHasPath = true
  package var form = HandshakeForm.private(padding: 0)
  package var treeInWelcome = true

  package init(_ proposals: [Proposal] = []) { self.proposals = proposals }
}

extension Group {
  /// Makes a commit (RFC 9420, 12.4.1) and stages the epoch that it leads to; nothing moves until `adopt`.
  package func commit(_ request: CommitRequest, now: GroupTime?) throws(GroupError) -> OwnCommit {
    try requireUsable()
    var resolved: [SentProposal] = []
    if request.includesPending {
      for proposal in pending where proposal.ownKey == nil { resolved.append(proposal.sent) }
    }
    resolved += request.proposals.map { SentProposal(proposal: $0, sender: .member(own), reference: nil) }
    let list = try ProposalList(resolved, by: .member(own), suite: suite)
    var applied = try list.applied(to: epoch.tree, epoch.context)
    try list.checkLeaves(applied, suite: suite, policy: policy, now: now)
    let added = Set(applied.added.map(\.node))

    var context = applied.context
    context.epoch += 1
    var keys = epoch.keys
    var commitSecret: GroupSecret
    var path: FreshPath?
    var updatePath: UpdatePath?
    if list.needsPath || request.alwaysHasPath {
      let fresh = try FreshPath(for: own, in: applied.tree, suite: suite, slab: slab, entropy: entropy)
      let leafNode = try applied.tree.place(
        fresh, at: own, groupID: groupID, suite: suite, signatureKey: epoch.signatureKey)
      context.treeHash = applied.tree.treeHash(suite)
      updatePath = try applied.tree.encrypt(
        fresh, leafNode: leafNode, context: context.encoded, excluding: added, suite: suite, by: sealing)
      (keys, commitSecret, path) = (fresh.keys, fresh.commitSecret, fresh)
    } else {
      context.treeHash = applied.tree.treeHash(suite)
      keys.keep(in: applied.tree)
      commitSecret = try zeros()
    }
    try applied.tree.requireDistinctKeys()
    let references = resolved.map { sent in
      sent.reference.map(ProposalOrReference.reference) ?? .proposal(sent.proposal)
    }
    let framed = FramedContent(
      groupID: groupID, epoch: epochNumber, sender: .member(own),
      content: .commit(Commit(proposals: references, path: updatePath)))
    var authenticated = try signed(framed, as: wireFormat(request.form))
    let joiner = try derive(authenticated, list, context: &context, commitSecret: commitSecret)
    let secrets = try joiner.epochSecrets(context: context.encoded)
    let tag = suite.authenticate(context.confirmedTranscriptHash, key: secrets.confirmation)
    authenticated.confirmationTag = tag
    let message = try protected(authenticated, request.form)
    let next = Epoch(
      context: context, tree: applied.tree, secrets: secrets, confirmationTag: tag, own: own, keys: keys,
      signatureKey: epoch.signatureKey, suite: suite)
    let hash = SHA256Hash.hash(message.span)
    try stage(
      StagedCommit(
        hash: hash, committer: .member(own), proposals: list.all, added: applied.added, removed: list.removes,
        reInit: list.reInit, next: next))
    let tree = next.tree.encoded
    let welcome =
      try list.adds.isEmpty
      ? nil
      : welcome(
        list, applied.added, next, joiner, path, tree: request.treeInWelcome ? tree : nil)
    return OwnCommit(hash: hash, message: message, welcome: welcome, ratchetTree: tree)
  }

  /// The Welcome of those whom the commit adds (12.4.3.1).
  private func welcome(
    _ list: ProposalList, _ added: [LeafIndex], _ next: Epoch, _ joiner: JoinerSecrets, _ path: FreshPath?,
    tree: [UInt8]?
  ) throws(GroupError) -> Welcome {
    let extensions = tree.map { [Extension(type: Extension.ratchetTree, content: $0)] } ?? []
    let info = try GroupInfo(
      context: next.context, extensions: extensions, confirmationTag: next.confirmationTag, signer: own,
      signature: []
    ).signed(suite, key: next.signatureKey)
    let key = try joiner.welcomeKey()
    let sealedInfo = try suite.sealed(
      info.encoded, key: key.key, nonce: key.nonce.publicBytes, authenticating: [])
    var entries: [Welcome.Entry] = []
    for (keyPackage, leaf) in zip(list.adds, added) {
      let meeting = path?.steps.firstIndex { TreeMath.isAncestor($0.node, of: leaf) }
      let secrets = GroupSecrets(
        joinerSecret: joiner.joiner, pathSecret: meeting.flatMap { path?.secrets[$0] },
        preSharedKeys: list.preSharedKeys)
      let sealed = try suite.seal(
        secrets.encoded(), to: keyPackage.initKey, label: "Welcome", context: sealedInfo, by: sealing)
      entries.append(Welcome.Entry(newMember: keyPackage.reference(suite), secrets: sealed))
    }
    return Welcome(cipherSuite: suite.identifier, entries: entries, encryptedGroupInfo: sealedInfo)
  }
}
