internal import Cryptography

/// What a message turned out to be.
package enum Processed: Sendable {
  case application(ApplicationMessage)
  /// Kept until a commit names it, or the epoch ends.
  case proposal(SentProposal)
  /// Staged: `Group.adopt` moves on.
  case commit(StagedCommit)
  /// One that this member made and staged.
  case ownCommit(StagedCommit)
}

/// An application message whose sender the signature proves.
package struct ApplicationMessage: Hashable, Sendable {
  package let epoch: UInt64
  package let sender: LeafIndex
  /// The sender's leaf in the epoch of the message.
  package let signatureKey: [UInt8]
  package let authenticatedData: [UInt8]
  package let content: [UInt8]
}

extension Group {
  /// Takes one message from the wire (RFC 9420, 6, 12.3 and 12.4). `now` is for the lifetimes of new leaves.
  package func process(_ bytes: [UInt8], now: GroupTime?) throws(GroupError) -> Processed {
    if isRemoved { throw .misuse(.removedFromGroup) }
    let hash = SHA256Hash.hash(bytes.span)
    if let own = staged[hash] {
      if case .member(epoch.own) = own.committer { return .ownCommit(own) }
      return .commit(own)
    }
    switch try MLSMessage(parsing: bytes) {
    case .privateMessage(let message): return try process(message, hash, now)
    case .publicMessage(let message): return try process(message, hash, now)
    case .welcome, .groupInfo, .keyPackage: throw .refused(.wrongWireFormat)
    }
  }

  private func process(_ message: PrivateMessage, _ hash: [UInt8], _ now: GroupTime?) throws(GroupError)
    -> Processed
  {
    try require(message.groupID == groupID, .otherGroup)
    if message.epoch < epochNumber { return try processLate(message) }
    try require(message.epoch == epochNumber, .futureEpoch)
    if message.contentType == 1 {
      return try application(epoch.open(message, suite: suite), in: epoch.reading)
    }
    // The ratchet moves in a copy: it is taken over when all that the handshake says has held.
    var reading = epoch.reading
    let content = try reading.open(message, suite: suite)
    let processed = try process(content, hash, now)
    epoch.secretTree = reading.secretTree
    return processed
  }

  /// Late messages are application messages: handshakes of an epoch end with it.
  private func processLate(_ message: PrivateMessage) throws(GroupError) -> Processed {
    guard let index = past.firstIndex(where: { $0.number == message.epoch }),
      message.contentType == 1
    else { throw .refused(.pastEpoch) }
    var reading = past[index]
    let content = try reading.open(message, suite: suite)
    let processed = try application(content, in: reading)
    past[index] = reading
    return processed
  }

  private func process(_ message: PublicMessage, _ hash: [UInt8], _ now: GroupTime?) throws(GroupError)
    -> Processed
  {
    let content = message.authenticated.content
    try require(content.groupID == groupID, .otherGroup)
    try require(content.epoch >= epochNumber, .pastEpoch)
    try require(content.epoch == epochNumber, .futureEpoch)
    let authenticated = try message.unprotected(
      context: epoch.contextBytes, membershipKey: epoch.secrets.membership, suite: suite)
    try authenticated.verify(context: epoch.contextBytes, suite: suite, publicKey: try senderKey(content))
    return try process(authenticated, hash, now)
  }

  /// Whose key signed a public message, where its kind of sender may speak at all.
  private func senderKey(_ content: FramedContent) throws(GroupError) -> [UInt8] {
    switch (content.sender, content.content) {
    case (.member(let leaf), _):
      guard leaf != own else { throw .refused(.ownMessage) }
      guard let node = epoch.tree.leaf(leaf) else { throw .refused(.blankSender) }
      return node.signatureKey
    case (.external(let index), .proposal):
      try require(policy.allowsExternalProposals, .externalProposalByPolicy)
      let senders = try epoch.context.externalSenders()
      guard index < senders.count else { throw .refused(.externalSenderUnknown) }
      return senders[Int(index)].signatureKey
    case (.newMemberProposal, .proposal(let proposal)):
      try require(policy.allowsExternalProposals, .externalProposalByPolicy)
      guard case .add(let keyPackage) = proposal else { throw .refused(.newMemberProposalNotAdd) }
      return keyPackage.leafNode.signatureKey
    case (.newMemberCommit, .commit(let commit)):
      try require(policy.allowsExternalCommits, .externalCommitByPolicy)
      guard let path = commit.path else { throw .refused(.externalCommitWithoutPath) }
      return path.leafNode.signatureKey
    case (.external, _), (.newMemberProposal, _), (.newMemberCommit, _): throw .refused(.senderNotAllowed)
    }
  }

  private func process(
    _ authenticated: AuthenticatedContent, _ hash: [UInt8], _ now: GroupTime?
  ) throws(GroupError) -> Processed {
    switch authenticated.content.content {
    case .application: return try application(authenticated, in: epoch.reading)
    case .proposal(let proposal):
      let reference = authenticated.reference(suite)
      let sent = SentProposal(proposal: proposal, sender: authenticated.content.sender, reference: reference)
      try keep(sent, reference, ownKey: nil)
      return .proposal(sent)
    case .commit(let commit):
      let staged = try check(commit, authenticated, hash, now)
      try stage(staged)
      return .commit(staged)
    }
  }

  private func application(_ authenticated: AuthenticatedContent, in epoch: ReadingKeys) throws(GroupError)
    -> Processed
  {
    guard case .application(let content) = authenticated.content.content,
      case .member(let sender) = authenticated.content.sender, let leaf = epoch.tree.leaf(sender)
    else { throw .refused(.senderNotAllowed) }
    return .application(
      ApplicationMessage(
        epoch: epoch.number, sender: sender, signatureKey: leaf.signatureKey,
        authenticatedData: authenticated.content.authenticatedData, content: content))
  }

  /// Keeps a proposal until the epoch ends.
  func keep(_ sent: SentProposal, _ reference: [UInt8], ownKey: GroupSecret?) throws(GroupError) {
    guard !pending.contains(where: { $0.reference == reference }) else { return }
    try require(pending.count < GroupLimits.proposalCount, .tooManyProposals)
    let waiting = pending.reduce(sent.proposal.encoded.count) { $0 + $1.byteCount }
    try require(waiting <= GroupLimits.pendingByteCount, .limitExceeded)
    pending.append(PendingProposal(sent: sent, reference: reference, ownKey: ownKey))
  }

  /// Resolves what a commit carries or names.
  func resolve(_ proposals: [ProposalOrReference], by sender: Sender) throws(GroupError) -> [SentProposal] {
    try require(proposals.count <= GroupLimits.proposalCount, .tooManyProposals)
    var known: [[UInt8]: SentProposal] = [:]
    for proposal in pending { known[proposal.reference] = proposal.sent }
    var resolved: [SentProposal] = []
    for proposal in proposals {
      switch proposal {
      case .proposal(let proposal):
        resolved.append(SentProposal(proposal: proposal, sender: sender, reference: nil))
      case .reference(let reference):
        if case .newMemberCommit = sender { throw .refused(.externalCommitByReference) }
        guard let sent = known[reference] else { throw .refused(.proposalReferenceUnknown) }
        resolved.append(sent)
      }
    }
    return resolved
  }
}
