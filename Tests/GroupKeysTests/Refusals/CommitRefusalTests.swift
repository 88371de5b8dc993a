import Cryptography
import GroupKeys
import Testing

/// RFC 9420, 7.5 and 12.4.2.
@Suite struct CommitRefusalTests {
  let forge: Forge

  init() throws { forge = try Forge() }

  @Test func aRemoveWithoutAPath() throws {
    forge.refuses(.pathMissing, try forge.commit([.remove(forge.third.own)], withPath: false))
  }

  @Test func anEmptyCommitWithoutAPath() throws {
    forge.refuses(.pathMissing, try forge.commit([], withPath: false))
  }

  @Test func newGroupContextExtensionsWithoutAPath() throws {
    forge.refuses(.pathMissing, try forge.commit([.groupContextExtensions([])], withPath: false))
  }

  @Test func aPathOfAnotherLength() throws {
    let path = try forge.path()
    let short = UpdatePath(leafNode: path.leafNode, nodes: path.nodes.dropLast())
    forge.refuses(.pathLengthWrong, try forge.commit([], path: short))
    let long = UpdatePath(leafNode: path.leafNode, nodes: path.nodes + [path.nodes[0]])
    forge.refuses(.pathLengthWrong, try forge.commit([], path: long))
  }

  @Test func aPathWithoutACiphertextForEachReader() throws {
    let path = try forge.path()
    var nodes = path.nodes
    let last = nodes.count - 1
    nodes[last] = UpdatePath.Node(encryptionKey: nodes[last].encryptionKey, pathSecrets: [])
    forge.refuses(
      .pathCiphertextCountWrong, try forge.commit([], path: UpdatePath(leafNode: path.leafNode, nodes: nodes))
    )
    nodes[last] = UpdatePath.Node(
      encryptionKey: nodes[last].encryptionKey,
      pathSecrets: path.nodes[last].pathSecrets + path.nodes[0].pathSecrets)
    forge.refuses(
      .pathCiphertextCountWrong, try forge.commit([], path: UpdatePath(leafNode: path.leafNode, nodes: nodes))
    )
  }

  @Test func aPathThatIsSealedToTheNewcomerToo() throws {
    // A newcomer gets the secret in the Welcome, and is no reader of the path.
    let package = try forge.keyPackage()
    let path = try forge.path(after: [.add(package)])
    var nodes = path.nodes
    nodes[nodes.count - 1] = UpdatePath.Node(
      encryptionKey: nodes[nodes.count - 1].encryptionKey,
      pathSecrets: nodes[nodes.count - 1].pathSecrets + nodes[0].pathSecrets)
    forge.refuses(
      .pathCiphertextCountWrong,
      try forge.commit([.add(package)], path: UpdatePath(leafNode: path.leafNode, nodes: nodes)))
  }

  @Test func aPathThatKeepsTheLeafsKey() throws {
    let old = try #require(forge.forger.epoch.tree.leaf(forge.forger.own)).encryptionKey
    forge.refuses(.pathKeyNotNew, try forge.commit([], path: forge.path { $0.encryptionKey = old }))
  }

  @Test func aPathWhoseLeafTakesAnothersKey() throws {
    let stolen = try #require(forge.third.epoch.tree.leaf(forge.third.own)).encryptionKey
    forge.refuses(
      .duplicateEncryptionKey, try forge.commit([], path: forge.path { $0.encryptionKey = stolen }))
  }

  @Test func aPathNodeWithAKeyOfSmallOrder() throws {
    let path = try forge.path()
    var nodes = path.nodes
    nodes[0] = UpdatePath.Node(
      encryptionKey: [UInt8](repeating: 0, count: 32), pathSecrets: nodes[0].pathSecrets)
    forge.refuses(
      .invalidEncryptionKey, try forge.commit([], path: UpdatePath(leafNode: path.leafNode, nodes: nodes)))
  }

  @Test func aLeafWithAnotherParentHash() throws {
    forge.refuses(
      .leafParentHashWrong,
      try forge.commit(
        [], path: forge.path { $0.source = .commit(parentHash: [UInt8](repeating: 1, count: 32)) }))
    forge.refuses(
      .leafParentHashWrong, try forge.commit([], path: forge.path { $0.source = .commit(parentHash: []) }))
  }

  @Test func aPathNodeThatIsNotTheParentHashs() throws {
    let path = try forge.path()
    var nodes = path.nodes
    nodes[0] = UpdatePath.Node(
      encryptionKey: try forge.suite.freshKeyPair(in: forge.slab, from: SystemEntropy.shared).publicKey,
      pathSecrets: nodes[0].pathSecrets)
    forge.refuses(
      .leafParentHashWrong, try forge.commit([], path: UpdatePath(leafNode: path.leafNode, nodes: nodes)))
  }

  @Test func aPathSecretThatDoesNotGiveThePublicKey() throws {
    // Node for node right, but what the victim can open is the secret of another node.
    let steps = forge.forger.epoch.tree.filteredDirectPath(forge.forger.own)
    let place = try #require(steps.firstIndex { TreeMath.isAncestor($0.node, of: forge.victim.own) })
    let path = try forge.path()
    var tree = forge.forger.epoch.tree
    _ = try tree.merge(path, by: forge.forger.own, excluding: [], suite: forge.suite)
    var next = forge.context
    next.epoch += 1
    next.treeHash = tree.treeHash(forge.suite)
    var nodes = path.nodes
    let readers = tree.resolution(steps[place].copath)
    let sealed = try readers.map { node in
      try forge.suite.seal(
        secret([UInt8](repeating: 5, count: 32), forge.slab), to: #require(tree.encryptionKey(node)),
        label: "UpdatePathNode", context: next.encoded, by: GroupHPKE.shared)
    }
    nodes[place] = UpdatePath.Node(encryptionKey: nodes[place].encryptionKey, pathSecrets: sealed)
    forge.refuses(
      .pathPublicKeyWrong, try forge.commit([], path: UpdatePath(leafNode: path.leafNode, nodes: nodes)))
    let short = try readers.map { node in
      try forge.suite.seal(
        secret([5], forge.slab), to: #require(tree.encryptionKey(node)), label: "UpdatePathNode",
        context: next.encoded, by: GroupHPKE.shared)
    }
    nodes[place] = UpdatePath.Node(encryptionKey: nodes[place].encryptionKey, pathSecrets: short)
    forge.refuses(
      .pathSecretLength, try forge.commit([], path: UpdatePath(leafNode: path.leafNode, nodes: nodes)))
  }

  @Test func aPathThatIsSealedForAnotherContext() throws {
    // Made for the tree without the newcomer, and sent with the Add.
    let path = try forge.path()
    var nodes = path.nodes
    for index in nodes.indices {
      nodes[index] = UpdatePath.Node(
        encryptionKey: nodes[index].encryptionKey,
        pathSecrets: nodes[index].pathSecrets.map {
          GroupSealed(kemOutput: $0.kemOutput, ciphertext: $0.ciphertext.reversed())
        })
    }
    forge.refuses(
      .notAuthentic, try forge.commit([], path: UpdatePath(leafNode: path.leafNode, nodes: nodes)))
  }

  @Test func aPathWhoseLeafAnotherMemberSigned() throws {
    let path = try forge.path()
    let leaf = try forge.signed(path.leafNode.content, key: forge.third.epoch.signatureKey)
    forge.refuses(.notAuthentic, try forge.commit([], path: UpdatePath(leafNode: leaf, nodes: path.nodes)))
  }

  @Test func aConfirmationTagThatIsWrong() throws {
    forge.refuses(.notAuthentic, try forge.commit([.add(forge.keyPackage())], withPath: false))
  }

  @Test func moreCommitsThanCanBeStaged() throws {
    for number in 0..<GroupLimits.stagedCommits {
      _ = try forge.forger.commit(CommitRequest(), now: nil)
      _ = number
    }
    #expect(throws: GroupError.refused(.limitExceeded)) { try forge.forger.commit(CommitRequest(), now: nil) }
  }

  @Test func aMemberWhoWasRemovedCanDoNothingMore() throws {
    let commit = try forge.forger.commit(CommitRequest([.remove(forge.victim.own)]), now: nil)
    guard case .commit(let staged) = try forge.victim.process(commit.message, now: nil) else { return }
    #expect(staged.epochAuthenticator == nil)
    #expect(staged.removed == [forge.victim.own])
    try forge.victim.adopt(staged.hash)
    #expect(forge.victim.isRemoved)
    #expect(throws: GroupError.misuse(.removedFromGroup)) { try forge.victim.protect([1]) }
    try forge.forger.adopt(commit.hash)
    let later = try forge.forger.protect([1])
    #expect(throws: GroupError.misuse(.removedFromGroup)) { try forge.victim.process(later, now: nil) }
  }
}
