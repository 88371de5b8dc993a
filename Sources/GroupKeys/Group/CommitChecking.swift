internal import Cryptography

/// The receiving side of a commit (RFC 9420, 12.4.2).
extension Group {
  /// Checks a commit whole and makes the epoch that it leads to, beside the one that is.
  func check(
    _ commit: Commit, _ authenticated: AuthenticatedContent, _ hash: [UInt8], _ now: GroupTime?
  ) throws(GroupError) -> StagedCommit {
    guard let tag = authenticated.confirmationTag else { throw .refused(.confirmationTagMissing) }
    let sender = authenticated.content.sender
    let committer: ProposalList.Committer =
      if case .member(let leaf) = sender { .member(leaf) } else { .newMember }
    let list = try ProposalList(try resolve(commit.proposals, by: sender), by: committer, suite: suite)
    try require(commit.path != nil || !list.needsPath, .pathMissing)
    var applied = try list.applied(to: epoch.tree, epoch.context)
    try list.checkLeaves(applied, suite: suite, policy: policy, now: now)
    let added = Set(applied.added.map(\.node))
    var steps: [RatchetTree.Step] = []
    if let path = commit.path {
      steps = try merge(path, by: committer, added, into: &applied, now)
    }
    try applied.tree.requireDistinctKeys()
    var next: Epoch?
    if !list.removes.contains(epoch.own) {
      var context = applied.context
      context.epoch += 1
      context.treeHash = applied.tree.treeHash(suite)
      var keys = ownKeys(after: list)
      keys.keep(in: applied.tree)
      for step in steps { keys.nodes[step.node] = nil }
      let commitSecret =
        if let path = commit.path {
          try applied.tree.decrypt(
            path, steps: steps, for: epoch.own, keys: &keys, context: context.encoded, excluding: added,
            suite: suite)
        } else {
          try zeros()
        }
      let derived = try derive(authenticated, list, context: &context, commitSecret: commitSecret)
      let secrets = try derived.epochSecrets(context: context.encoded)
      try suite.verify(tag: tag, of: context.confirmedTranscriptHash, key: secrets.confirmation)
      next = Epoch(
        context: context, tree: applied.tree, secrets: secrets, confirmationTag: tag, own: epoch.own,
        keys: keys,
        signatureKey: epoch.signatureKey, suite: suite)
    }
    return StagedCommit(
      hash: hash, committer: sender, proposals: list.all, added: applied.added, removed: list.removes,
      reInit: list.reInit, next: next)
  }

  /// Puts the committer's path into the tree, and checks its form and its leaf.
  private func merge(
    _ path: UpdatePath, by committer: ProposalList.Committer, _ added: Set<Int>,
    into applied: inout ProposalList.Applied, _ now: GroupTime?
  ) throws(GroupError) -> [RatchetTree.Step] {
    let place: LeafIndex
    switch committer {
    case .member(let leaf):
      place = leaf
      guard let old = epoch.tree.leaf(leaf) else { throw .refused(.blankSender) }
      try require(old.encryptionKey != path.leafNode.encryptionKey, .pathKeyNotNew)
    case .newMember:
      place = try applied.tree.add(path.leafNode)
      applied.added.append(place)
    }
    let steps = try applied.tree.merge(path, by: place, excluding: added, suite: suite)
    let rules = try LeafRules(context: applied.context, suite: suite, policy: policy, tree: applied.tree)
    try rules.check(path.leafNode, at: place, for: .commit, now: now)
    return steps
  }

  /// The own private keys when the proposals are applied, before any path.
  private func ownKeys(after list: ProposalList) -> PrivateKeys {
    guard let update = list.updates.first(where: { $0.leaf == epoch.own }),
      let key = pending.first(where: { $0.reference == update.reference })?.ownKey
    else { return epoch.keys }
    return PrivateKeys(leaf: key)
  }

  func zeros() throws(GroupError) -> GroupSecret {
    try cryptography { () throws(CryptographyError) in
      try GroupSecret(zeros: suite.hashByteCount, in: slab)
    }
  }

  /// The secrets after a commit; `context` gains the commit's transcript hash.
  func derive(
    _ authenticated: AuthenticatedContent, _ list: ProposalList, context: inout GroupContext,
    commitSecret: GroupSecret
  ) throws(GroupError) -> JoinerSecrets {
    context.confirmedTranscriptHash = suite.confirmedTranscriptHash(
      epoch.interimTranscriptHash, authenticated)
    let psk = try preSharedKeys.pskSecret(list.preSharedKeys, suite: suite, slab: slab)
    var initial = epoch.secrets.initial
    if let kemOutput = list.externalInit {
      let pair = try suite.derivedKeyPair(epoch.secrets.external)
      initial = try cryptography { () throws(CryptographyError) in
        try GroupHPKE.exportSecret(
          kemOutput: kemOutput, privateKey: pair.privateKey,
          context: Array("MLS 1.0 external init secret".utf8),
          byteCount: suite.hashByteCount, suite: suite)
      }
    }
    return try JoinerSecrets(
      initial: initial, commit: commitSecret, psk: psk, context: context.encoded, suite: suite)
  }
}
