package import Cryptography

/// The private keys that one member holds: of the own leaf, and of nodes above it.
package struct PrivateKeys: Sendable {
  package var leaf: GroupSecret
  package var nodes: [Int: GroupSecret]

  package init(leaf: GroupSecret, nodes: [Int: GroupSecret] = [:]) {
    self.leaf = leaf
    self.nodes = nodes
  }

  /// Lets go of keys whose nodes are blank now.
  mutating func keep(in tree: RatchetTree) {
    nodes = nodes.filter { tree.parent($0.key) != nil }
  }
}

/// Secrets along a path (RFC 9420, 7.4): each node's derives its keys and the next node's secret.
package enum PathSecrets {
  /// Derives from `secret`, that of the first step, to the end. Throws `pathPublicKeyWrong` where a public key is another.
  package static func follow(
    _ secret: GroupSecret, steps: some Collection<(node: Int, publicKey: [UInt8])>, suite: GroupSuite,
    into keys: inout PrivateKeys
  ) throws(GroupError) -> GroupSecret {
    var secret = secret
    for step in steps {
      let pair = try suite.derivedKeyPair(suite.derive(secret, label: "node"))
      try require(pair.publicKey == step.publicKey, .pathPublicKeyWrong)
      keys.nodes[step.node] = pair.privateKey
      secret = try suite.derive(secret, label: "path")
    }
    return secret
  }
}

/// A path that was made here, before it is encrypted.
package struct FreshPath: Sendable {
  package let steps: [RatchetTree.Step]
  /// One a step.
  package let secrets: [GroupSecret]
  package let publicKeys: [[UInt8]]
  package let leaf: GroupKeyPair
  package let keys: PrivateKeys
  package let commitSecret: GroupSecret

  /// Draws new keys from a leaf to the root (7.5).
  package init(
    for leaf: LeafIndex, in tree: RatchetTree, suite: GroupSuite, slab: SecretSlab, entropy: any EntropySource
  ) throws(GroupError) {
    steps = tree.filteredDirectPath(leaf)
    let pair = try cryptography { () throws(CryptographyError) in
      try suite.freshKeyPair(in: slab, from: entropy)
    }
    self.leaf = pair
    var keys = PrivateKeys(leaf: pair.privateKey)
    var secret = try cryptography { () throws(CryptographyError) in
      try GroupSecret.random(byteCount: suite.hashByteCount, in: slab, from: entropy)
    }
    var secrets: [GroupSecret] = []
    var publicKeys: [[UInt8]] = []
    for step in steps {
      secrets.append(secret)
      let pair = try suite.derivedKeyPair(suite.derive(secret, label: "node"))
      publicKeys.append(pair.publicKey)
      keys.nodes[step.node] = pair.privateKey
      secret = try suite.derive(secret, label: "path")
    }
    self.secrets = secrets
    self.publicKeys = publicKeys
    self.keys = keys
    commitSecret = secret
  }
}

extension RatchetTree {
  /// Encrypts each path secret to the resolution of the step's copath, without the leaves that were just added (7.5).
  package func encrypt(
    _ path: FreshPath, leafNode: LeafNode, context: [UInt8], excluding added: Set<Int>, suite: GroupSuite,
    by sealing: any GroupSealing
  ) throws(GroupError) -> UpdatePath {
    var nodes: [UpdatePath.Node] = []
    for (index, step) in path.steps.enumerated() {
      var sealed: [GroupSealed] = []
      for node in resolution(step.copath) where !added.contains(node) {
        guard let key = encryptionKey(node) else { continue }
        sealed.append(
          try suite.seal(path.secrets[index], to: key, label: "UpdatePathNode", context: context, by: sealing)
        )
      }
      nodes.append(UpdatePath.Node(encryptionKey: path.publicKeys[index], pathSecrets: sealed))
    }
    return UpdatePath(leafNode: leafNode, nodes: nodes)
  }

  /// The form of a path for this tree (12.4.2): a node a step, a ciphertext for each that must read it.
  func requireForm(_ path: UpdatePath, steps: [Step], excluding added: Set<Int>) throws(GroupError) {
    try require(path.nodes.count == steps.count, .pathLengthWrong)
    for (step, node) in zip(steps, path.nodes) {
      let readers = resolution(step.copath).count { !added.contains($0) }
      try require(node.pathSecrets.count == readers, .pathCiphertextCountWrong)
    }
  }

  /// Decrypts the secret that is meant for `own`, and derives the keys above it (7.5, 7.6).
  ///
  /// The tree is already the one after the path. Returns commit_secret; `keys` gains the nodes'.
  package func decrypt(
    _ path: UpdatePath, steps: [Step], for own: LeafIndex, keys: inout PrivateKeys, context: [UInt8],
    excluding added: Set<Int>, suite: GroupSuite
  ) throws(GroupError) -> GroupSecret {
    guard let place = steps.firstIndex(where: { TreeMath.isAncestor($0.node, of: own) }) else {
      throw .refused(.pathLengthWrong)
    }
    let readers = resolution(steps[place].copath).filter { !added.contains($0) }
    for (node, sealed) in zip(readers, path.nodes[place].pathSecrets) {
      // An unmerged leaf has not the key of the node above it, and stands in the resolution for itself.
      let key = node == own.node ? keys.leaf : keys.nodes[node]
      guard let key else { continue }
      let secret = try suite.open(sealed, privateKey: key, label: "UpdatePathNode", context: context)
      try require(secret.byteCount == suite.hashByteCount, .pathSecretLength)
      let rest = zip(steps, path.nodes).dropFirst(place).map { (node: $0.node, publicKey: $1.encryptionKey) }
      return try PathSecrets.follow(secret, steps: rest, suite: suite, into: &keys)
    }
    throw .refused(.pathCiphertextCountWrong)
  }
}
