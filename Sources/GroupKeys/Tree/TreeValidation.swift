package import Cryptography

/// What every tree must keep (RFC 9420, 7.3, 7.9 and 12.4.3.1), whoever sent it.
extension RatchetTree {
  /// The structure of unmerged leaves and of parent hashes, and that no key stands twice.
  package mutating func validate(_ suite: GroupSuite) throws(GroupError) {
    try validateUnmergedLeaves()
    try requireDistinctKeys()
    try verifyParentHashes(suite)
  }

  private func validateUnmergedLeaves() throws(GroupError) {
    for node in stride(from: 1, to: nodes.count, by: 2) {
      guard let parent = parent(node) else { continue }
      let isSorted = zip(parent.unmergedLeaves, parent.unmergedLeaves.dropFirst()).allSatisfy(<)
      try require(isSorted, .unmergedLeafNotSorted)
    }
    for node in stride(from: 1, to: nodes.count, by: 2) {
      guard let parent = parent(node) else { continue }
      let below = TreeMath.leaves(below: node)
      for leaf in parent.unmergedLeaves {
        try require(below.contains(leaf), .unmergedLeafNotBelow)
        let index = LeafIndex(rawValue: leaf)
        try require(self.leaf(index) != nil, .unmergedLeafBlank)
        for between in directPath(index) {
          if between == node { break }
          guard let inner = self.parent(between) else { continue }
          try require(inner.unmergedLeaves.contains(sorted: leaf), .unmergedLeafNotInBetween)
        }
      }
    }
  }

  /// No two nodes have one encryption key, and no two members one signature key (7.3, 12.4.2).
  func requireDistinctKeys() throws(GroupError) {
    var encryptionKeys: Set<[UInt8]> = []
    var signatureKeys: Set<[UInt8]> = []
    for node in nodes {
      switch node {
      case .leaf(let leaf)?:
        try require(encryptionKeys.insert(leaf.encryptionKey).inserted, .duplicateEncryptionKey)
        try require(signatureKeys.insert(leaf.signatureKey).inserted, .duplicateSignatureKey)
      case .parent(let parent)?:
        try require(encryptionKeys.insert(parent.encryptionKey).inserted, .duplicateEncryptionKey)
      case nil: break
      }
    }
  }

  /// Every leaf by itself, for its place, and all of them together (7.3, 12.4.3.1).
  package func validateLeaves(
    context: GroupContext, suite: GroupSuite, policy: GroupPolicy
  ) throws(GroupError) {
    let rules = try LeafRules(context: context, suite: suite, policy: policy, tree: self)
    for (index, leaf) in members {
      try rules.check(leaf, at: index)
    }
  }
}

extension [UInt32] {
  /// Whether a sorted list holds this; a peer may make such lists long.
  func contains(sorted value: UInt32) -> Bool {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle] < value { low = middle + 1 } else { high = middle }
    }
    return low < count && self[low] == value
  }
}
