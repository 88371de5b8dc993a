import Cryptography
import GroupKeys
import Testing

/// A small group, and messages that no honest member makes, each right in all but what a test breaks.
struct Forge {
  let crowd: Crowd
  let suite: GroupSuite
  /// Who sends what is wrong, who must refuse it, and another.
  let forger: Group
  let victim: Group
  let third: Group

  /// Five members, all of whom have committed, so that the tree has no blank parents.
  init(policy: GroupPolicy = .everythingForTestsOnly, suite: GroupSuite = .x25519AES128) throws {
    let crowd = try Crowd(suite: suite, seed: 42, largest: 5)
    crowd.policy = policy
    self.crowd = crowd
    self.suite = suite
    let creator = crowd.members[0]
    var request = CommitRequest()
    let newcomers = try (0..<4).map { _ in try crowd.newcomer() }
    request.proposals = newcomers.map { .add($0.own.keyPackage) }
    let commit = try creator.commit(request, now: nil)
    try creator.adopt(commit.hash)
    var members = [creator]
    for newcomer in newcomers {
      members.append(
        try Group.join(
          #require(commit.welcome), with: newcomer.own, preSharedKeys: PreSharedKeys(),
          in: newcomer.surroundings))
    }
    for member in members {
      let commit = try member.commit(CommitRequest(), now: nil)
      for other in members where other !== member { _ = try other.process(commit.message, now: nil) }
      for other in members { try other.adopt(commit.hash) }
    }
    (forger, victim, third) = (members[1], members[2], members[3])
  }

  var slab: SecretSlab { forger.slab }
  var context: GroupContext { forger.epoch.context }

  func framed(_ content: MessageContent, sender: Sender? = nil) -> FramedContent {
    FramedContent(
      groupID: context.groupID, epoch: context.epoch, sender: sender ?? .member(forger.own), content: content)
  }

  /// A public message with a right signature and a right membership tag; a commit's confirmation tag is not right.
  func message(_ content: FramedContent, key: GroupSecret? = nil) throws -> [UInt8] {
    var authenticated = try AuthenticatedContent.signed(
      content, as: .publicMessage, context: forger.epoch.contextBytes, suite: suite,
      key: key ?? forger.epoch.signatureKey)
    if case .commit = content.content { authenticated.confirmationTag = suite.hash([0]) }
    return MLSMessage.publicMessage(
      PublicMessage.protected(
        authenticated, context: forger.epoch.contextBytes, membershipKey: forger.epoch.secrets.membership,
        suite: suite)
    ).encoded
  }

  func message(_ content: MessageContent, sender: Sender? = nil) throws -> [UInt8] {
    try message(framed(content, sender: sender))
  }

  /// A commit of these proposals by value, with a path that fits them or with this one.
  func commit(_ proposals: [Proposal], path: UpdatePath? = nil, withPath: Bool = true) throws -> [UInt8] {
    let path = try path ?? (withPath ? self.path(after: proposals) : nil)
    return try message(.commit(Commit(proposals: proposals.map(ProposalOrReference.proposal), path: path)))
  }

  /// A right path of the forger, whose leaf `change` may spoil before it is signed.
  func path(
    after proposals: [Proposal] = [], _ change: (inout LeafNodeContent) -> Void = { _ in }
  ) throws -> UpdatePath {
    var tree = forger.epoch.tree
    let before = tree
    for proposal in proposals { try? tree.apply(proposal, by: forger.own) }
    let added = Set(tree.members.filter { before.leaf($0.index) != $0.leaf }.map(\.index.node))
    let fresh = try FreshPath(
      for: forger.own, in: tree, suite: suite, slab: slab, entropy: SystemEntropy.shared)
    let leaf = try tree.place(
      fresh, at: forger.own, groupID: context.groupID, suite: suite, signatureKey: forger.epoch.signatureKey)
    var content = leaf.content
    change(&content)
    var next = context
    next.epoch += 1
    next.treeHash = tree.treeHash(suite)
    return try tree.encrypt(
      fresh, leafNode: signed(content), context: next.encoded, excluding: added, suite: suite,
      by: GroupHPKE.shared)
  }

  /// A leaf of the forger's, signed for the forger's place.
  func signed(_ content: LeafNodeContent, key: GroupSecret? = nil) throws -> LeafNode {
    try LeafNode.signed(
      content, at: LeafNode.Place(groupID: context.groupID, leaf: forger.own), suite: suite,
      key: key ?? forger.epoch.signatureKey)
  }

  /// An update of the forger's leaf with fresh keys, which `change` may spoil.
  func update(_ change: (inout LeafNodeContent) throws -> Void = { _ in }, key: GroupSecret? = nil) throws
    -> Proposal
  {
    var content = try #require(forger.epoch.tree.leaf(forger.own)).content
    content.encryptionKey = try suite.freshKeyPair(in: slab, from: SystemEntropy.shared).publicKey
    content.source = .update
    try change(&content)
    return .update(try signed(content, key: key))
  }

  /// A newcomer's key package, which `change` may spoil before both signatures.
  func keyPackage(
    version: UInt16 = 1, cipherSuite: UInt16? = nil, initKey: [UInt8]? = nil, extensions: [Extension] = [],
    _ change: (inout LeafNodeContent) throws -> Void = { _ in }
  ) throws -> KeyPackage {
    let own = try crowd.newcomer().own
    var content = own.keyPackage.leafNode.content
    try change(&content)
    return try KeyPackage(
      version: version, cipherSuite: cipherSuite ?? suite.identifier,
      initKey: initKey ?? own.keyPackage.initKey,
      leafNode: LeafNode.signed(content, at: nil, suite: suite, key: own.signatureKey),
      extensions: extensions,
      signature: []
    ).signed(suite, key: own.signatureKey)
  }

  /// The victim refuses these bytes for this reason, and stays as it was.
  func refuses(
    _ error: GroupError, _ bytes: [UInt8], now: GroupTime? = nil, by member: Group? = nil,
    location: SourceLocation = #_sourceLocation
  ) {
    let member = member ?? victim
    let before = member.snapshot().bytes
    #expect(throws: error, sourceLocation: location) { try member.process(bytes, now: now) }
    #expect(
      member.snapshot().bytes == before, "a refused message changed the state", sourceLocation: location)
  }

  func refuses(
    _ refusal: Refusal, _ bytes: [UInt8], now: GroupTime? = nil, location: SourceLocation = #_sourceLocation
  ) {
    refuses(.refused(refusal), bytes, now: now, location: location)
  }

  /// The update is committed by another member, who must have taken it for good until then.
  func refusesUpdate(
    _ refusal: Refusal, _ proposal: Proposal, location: SourceLocation = #_sourceLocation
  ) throws {
    let bytes = try message(.proposal(proposal))
    guard case .proposal = try victim.process(bytes, now: nil) else { return }
    #expect(throws: GroupError.refused(refusal), sourceLocation: location) {
      try victim.commit(CommitRequest(), now: nil)
    }
    // The same from another's hand: a commit that names it.
    guard case .proposal(let sent) = try third.process(bytes, now: nil), let reference = sent.reference else {
      return
    }
    let path = UpdatePath(
      leafNode: try #require(third.epoch.tree.leaf(third.own)), nodes: [])
    let framed = FramedContent(
      groupID: context.groupID, epoch: context.epoch, sender: .member(third.own),
      content: .commit(Commit(proposals: [.reference(reference)], path: path)))
    refuses(refusal, try message(framed, key: third.epoch.signatureKey), location: location)
  }
}
