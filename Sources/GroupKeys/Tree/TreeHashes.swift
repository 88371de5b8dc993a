package import Cryptography

/// Tree hashes (RFC 9420, 7.8) and parent hashes (7.9).
extension RatchetTree {
  /// The tree hash of a node; computed once until something below it changes.
  package mutating func hash(_ node: Int, _ suite: GroupSuite) -> [UInt8] {
    if let hash = hashes[node] { return hash }
    let hash: [UInt8]
    if let left = TreeMath.left(node), let right = TreeMath.right(node) {
      let (leftHash, rightHash) = (self.hash(left, suite), self.hash(right, suite))
      hash = RatchetTree.hash(parent(node), leftHash, rightHash, suite)
    } else {
      hash = RatchetTree.hash(leaf(LeafIndex(node / 2)), at: node / 2, suite)
    }
    hashes[node] = hash
    return hash
  }

  /// The hash of the whole tree.
  package mutating func treeHash(_ suite: GroupSuite) -> [UInt8] { hash(root, suite) }

  private static func hash(_ leaf: LeafNode?, at index: Int, _ suite: GroupSuite) -> [UInt8] {
    var writer = TLSWriter(reserving: 512)
    writer.write(UInt8(1))
    writer.write(UInt32(index))
    writer.optional(leaf)
    return suite.hash(writer.bytes)
  }

  private static func hash(
    _ parent: ParentNode?, _ left: [UInt8], _ right: [UInt8], _ suite: GroupSuite
  ) -> [UInt8] {
    var writer = TLSWriter(reserving: 256)
    writer.write(UInt8(2))
    writer.optional(parent)
    writer.opaque(left)
    writer.opaque(right)
    return suite.hash(writer.bytes)
  }

  /// The tree hash of a node as if these leaves had never been added (7.9: the original sibling's).
  ///
  /// Subtrees without any of them come from the cache. `leaves` is sorted.
  mutating func hash(_ node: Int, excluding leaves: [UInt32], _ suite: GroupSuite) -> [UInt8] {
    let below = TreeMath.leaves(below: node)
    let excluded = leaves.filter(below.contains)
    if excluded.isEmpty { return hash(node, suite) }
    guard let left = TreeMath.left(node), let right = TreeMath.right(node) else {
      return RatchetTree.hash(nil as LeafNode?, at: node / 2, suite)
    }
    let leftHash = hash(left, excluding: excluded, suite)
    let rightHash = hash(right, excluding: excluded, suite)
    var parent = parent(node)
    parent?.unmergedLeaves.removeAll { excluded.contains(sorted: $0) }
    return RatchetTree.hash(parent, leftHash, rightHash, suite)
  }

  /// ParentHashInput, hashed: what the next node down the path carries.
  mutating func parentHash(of parent: ParentNode, copath: Int, _ suite: GroupSuite) -> [UInt8] {
    var writer = TLSWriter(reserving: 256)
    writer.opaque(parent.encryptionKey)
    writer.opaque(parent.parentHash)
    writer.opaque(hash(copath, excluding: parent.unmergedLeaves, suite))
    return suite.hash(writer.bytes)
  }

  /// Puts new keys on the filtered direct path of a leaf, blanks the rest of the direct path, and sets parent hashes.
  ///
  /// Returns the parent hash that the leaf must carry (7.5).
  mutating func mergePath(_ leaf: LeafIndex, _ steps: [Step], keys: [[UInt8]], _ suite: GroupSuite) -> [UInt8]
  {
    blankDirectPath(leaf)
    // From the root down, since each carries the hash of the one above.
    var parentHash: [UInt8] = []
    for (step, key) in zip(steps, keys).reversed() {
      let parent = ParentNode(encryptionKey: key, parentHash: parentHash)
      set(step.node, .parent(parent))
      parentHash = self.parentHash(of: parent, copath: step.copath, suite)
    }
    return parentHash
  }

  /// Every parent node is linked by its hash to one node below it (7.9.2). Throws `parentHashUnlinked`.
  mutating func verifyParentHashes(_ suite: GroupSuite) throws(GroupError) {
    for node in stride(from: 1, to: nodes.count, by: 2) {
      guard let parent = parent(node), let left = TreeMath.left(node), let right = TreeMath.right(node) else {
        continue
      }
      let isLinked =
        isLinked(parent, child: left, copath: right, suite)
        || isLinked(parent, child: right, copath: left, suite)
      try require(isLinked, .parentHashUnlinked)
    }
  }

  private mutating func isLinked(
    _ parent: ParentNode, child: Int, copath: Int, _ suite: GroupSuite
  ) -> Bool {
    let resolution = resolution(child)
    let below = TreeMath.leaves(below: child)
    let unmerged = Set(parent.unmergedLeaves.filter(below.contains).map { Int($0) * 2 })
    // All of the resolution but the one node that was on the path must have come later.
    let candidates = resolution.filter { !unmerged.contains($0) }
    guard candidates.count == 1, resolution.count == unmerged.count + 1 else { return false }
    let carried: [UInt8]? =
      switch nodes[candidates[0]] {
      case .parent(let below)?: below.parentHash
      case .leaf(let leaf)?: if case .commit(let hash) = leaf.content.source { hash } else { nil }
      case nil: nil
      }
    guard let carried else { return false }
    return carried == parentHash(of: parent, copath: copath, suite)
  }
}
