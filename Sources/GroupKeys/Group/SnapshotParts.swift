internal import Cryptography

// How each part of a group's state is written into a snapshot and read back.

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
