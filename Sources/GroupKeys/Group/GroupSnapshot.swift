package import Cryptography

/// A group's state for a store: public bytes, and secrets beside them, which stay in guarded memory until the store
/// seals them. The same state gives the same bytes, and as many secrets in the same order.
package struct GroupSnapshot: Sendable {
  package let bytes: [UInt8]
  package let secrets: [GroupSecret]

  package init(bytes: [UInt8], secrets: [GroupSecret]) {
    self.bytes = bytes
    self.secrets = secrets
  }
}

struct SnapshotWriter {
  var writer = TLSWriter()
  var secrets: [GroupSecret] = []

  mutating func secret(_ secret: GroupSecret) { secrets.append(secret) }

  mutating func optional(_ secret: GroupSecret?) {
    writer.write(UInt8(secret == nil ? 0 : 1))
    if let secret { secrets.append(secret) }
  }

  mutating func count(_ count: Int) { writer.write(UInt32(count)) }
}

struct SnapshotReader {
  var reader: TLSReader
  private var secrets: ArraySlice<GroupSecret>

  init(_ snapshot: GroupSnapshot) {
    reader = TLSReader(snapshot.bytes)
    secrets = snapshot.secrets[...]
  }

  mutating func secret() throws(GroupError) -> GroupSecret {
    guard let secret = secrets.popFirst() else { throw .misuse(.damagedState) }
    return secret
  }

  mutating func optionalSecret() throws(GroupError) -> GroupSecret? {
    try reader.uint8() == 0 ? nil : try secret()
  }

  mutating func count() throws(GroupError) -> Int { Int(try reader.uint32()) }

  func finish() throws(GroupError) {
    guard reader.isAtEnd, secrets.isEmpty else { throw .misuse(.damagedState) }
  }
}

extension Group {
  private static let snapshotVersion: UInt16 = 1

  /// Everything that a later process needs to go on. To be stored with what a message gave, in one transaction, and
  /// before anything that `protect` or `commit` made is sent.
  package func snapshot() -> GroupSnapshot {
    var output = SnapshotWriter()
    output.writer.write(Group.snapshotVersion)
    output.writer.write(suite.identifier)
    epoch.encode(to: &output)
    output.count(past.count)
    for reading in past { reading.encode(to: &output) }
    output.count(pending.count)
    for proposal in pending {
      proposal.sent.encode(to: &output)
      output.writer.opaque(proposal.reference)
      output.optional(proposal.ownKey)
    }
    output.count(staged.count)
    for commit in staged.values.sorted(by: { $0.hash.lexicographicallyPrecedes($1.hash) }) {
      commit.encode(to: &output)
    }
    output.count(resumptionEpochs.count)
    for number in resumptionEpochs {
      output.writer.write(number)
      output.optional(preSharedKeys.resumption[.init(groupID: groupID, epoch: number)])
    }
    output.writer.optional(reInit)
    output.writer.write(UInt8(isRemoved ? 1 : 0))
    return GroupSnapshot(bytes: output.writer.bytes, secrets: output.secrets)
  }

  /// What `snapshot` wrote. Throws `misuse(.damagedState)` or `malformed` for anything else.
  package static func restore(
    _ snapshot: GroupSnapshot, in surroundings: Surroundings
  ) throws(GroupError) -> Group {
    var input = SnapshotReader(snapshot)
    guard try input.reader.uint16() == snapshotVersion,
      let suite = GroupSuite.numbered(try input.reader.uint16())
    else { throw .misuse(.damagedState) }
    let group = Group(
      restoring: try Epoch(from: &input, suite: suite), suite: suite, surroundings: surroundings)
    for _ in 0..<(try input.count()) { group.past.append(try ReadingKeys(from: &input)) }
    for _ in 0..<(try input.count()) {
      group.pending.append(
        PendingProposal(
          sent: try SentProposal(from: &input), reference: try input.reader.opaque(),
          ownKey: try input.optionalSecret()))
    }
    for _ in 0..<(try input.count()) {
      let commit = try StagedCommit(from: &input, suite: suite)
      group.staged[commit.hash] = commit
    }
    for _ in 0..<(try input.count()) {
      let number = try input.reader.uint64()
      group.resumptionEpochs.append(number)
      group.preSharedKeys.resumption[.init(groupID: group.groupID, epoch: number)] =
        try input.optionalSecret()
    }
    group.reInit = try input.reader.optional()
    group.isRemoved = try input.reader.uint8() == 1
    try input.finish()
    return group
  }
}

extension Epoch {
  func encode(to output: inout SnapshotWriter) {
    output.writer.write(context)
    output.writer.write(tree)
    output.writer.opaque(confirmationTag)
    output.writer.write(own.rawValue)
    output.writer.opaque(secrets.authenticator)
    for secret in secrets.stored { output.secret(secret) }
    output.secret(signatureKey)
    output.secret(keys.leaf)
    output.count(keys.nodes.count)
    for (node, key) in keys.nodes.sorted(by: { $0.key < $1.key }) {
      output.count(node)
      output.secret(key)
    }
    secretTree.encode(to: &output)
  }

  init(from input: inout SnapshotReader, suite: GroupSuite) throws(GroupError) {
    let context = try GroupContext(from: &input.reader)
    let tree = try RatchetTree(from: &input.reader)
    let tag = try input.reader.opaque()
    let own = LeafIndex(rawValue: try input.reader.uint32())
    let authenticator = try input.reader.opaque()
    var stored: [GroupSecret] = []
    for _ in 0..<EpochSecrets.storedCount { stored.append(try input.secret()) }
    let signatureKey = try input.secret()
    var keys = PrivateKeys(leaf: try input.secret())
    for _ in 0..<(try input.count()) { keys.nodes[try input.count()] = try input.secret() }
    self.init(
      context: context, tree: tree,
      secrets: try EpochSecrets(restoring: stored, authenticator: authenticator),
      confirmationTag: tag, own: own, keys: keys, signatureKey: signatureKey, suite: suite,
      secretTree: try SecretTree(from: &input))
  }
}

extension ReadingKeys {
  func encode(to output: inout SnapshotWriter) {
    output.writer.write(number)
    output.writer.opaque(contextBytes)
    output.writer.write(tree)
    output.writer.write(own.rawValue)
    output.secret(senderData)
    secretTree.encode(to: &output)
  }

  init(from input: inout SnapshotReader) throws(GroupError) {
    number = try input.reader.uint64()
    contextBytes = try input.reader.opaque()
    tree = try RatchetTree(from: &input.reader)
    own = LeafIndex(rawValue: try input.reader.uint32())
    senderData = try input.secret()
    secretTree = try SecretTree(from: &input)
  }
}

extension SecretTree {
  func encode(to output: inout SnapshotWriter) {
    output.count(leafCount)
    output.count(nodes.count)
    for (node, secret) in nodes.sorted(by: { $0.key < $1.key }) {
      output.count(node)
      output.secret(secret)
    }
    for ratchets in ratchets {
      output.count(ratchets.count)
      for (leaf, ratchet) in ratchets.sorted(by: { $0.key < $1.key }) {
        output.writer.write(leaf.rawValue)
        output.writer.write(ratchet.generation)
        output.secret(ratchet.secret)
        output.count(ratchet.kept.count)
        for (generation, key) in ratchet.kept.sorted(by: { $0.key < $1.key }) {
          output.writer.write(generation)
          output.secret(key.key)
          output.secret(key.nonce)
        }
      }
    }
  }

  init(from input: inout SnapshotReader) throws(GroupError) {
    let leafCount = try input.count()
    guard leafCount > 0, leafCount <= GroupLimits.leafCount, leafCount.nonzeroBitCount == 1 else {
      throw .misuse(.damagedState)
    }
    var nodes: [Int: GroupSecret] = [:]
    for _ in 0..<(try input.count()) { nodes[try input.count()] = try input.secret() }
    var ratchets: [[LeafIndex: Ratchet]] = []
    for _ in Kind.allCases {
      var chains: [LeafIndex: Ratchet] = [:]
      for _ in 0..<(try input.count()) {
        let leaf = LeafIndex(rawValue: try input.reader.uint32())
        let generation = try input.reader.uint32()
        var ratchet = Ratchet(secret: try input.secret(), generation: generation)
        for _ in 0..<(try input.count()) {
          let number = try input.reader.uint32()
          ratchet.kept[number] = MessageKey(key: try input.secret(), nonce: try input.secret())
        }
        chains[leaf] = ratchet
      }
      ratchets.append(chains)
    }
    self.init(leafCount: leafCount, nodes: nodes, ratchets: ratchets)
  }
}

extension SentProposal {
  func encode(to output: inout SnapshotWriter) {
    output.writer.write(proposal)
    output.writer.write(sender)
    output.writer.opaque(reference ?? [])
  }

  init(from input: inout SnapshotReader) throws(GroupError) {
    proposal = try Proposal(from: &input.reader)
    sender = try Sender(from: &input.reader)
    let reference = try input.reader.opaque()
    self.reference = reference.isEmpty ? nil : reference
  }
}

extension StagedCommit {
  func encode(to output: inout SnapshotWriter) {
    output.writer.opaque(hash)
    output.writer.write(committer)
    output.count(proposals.count)
    for proposal in proposals { proposal.encode(to: &output) }
    output.writer.vector(added.map(\.rawValue))
    output.writer.vector(removed.map(\.rawValue))
    output.writer.optional(reInit)
    output.writer.write(UInt8(next == nil ? 0 : 1))
    next?.encode(to: &output)
  }

  init(from input: inout SnapshotReader, suite: GroupSuite) throws(GroupError) {
    hash = try input.reader.opaque()
    committer = try Sender(from: &input.reader)
    var proposals: [SentProposal] = []
    for _ in 0..<(try input.count()) { proposals.append(try SentProposal(from: &input)) }
    self.proposals = proposals
    added = try input.reader.vector(of: UInt32.self).map(LeafIndex.init(rawValue:))
    removed = try input.reader.vector(of: UInt32.self).map(LeafIndex.init(rawValue:))
    reInit = try input.reader.optional()
    next = try input.reader.uint8() == 0 ? nil : try Epoch(from: &input, suite: suite)
  }
}
