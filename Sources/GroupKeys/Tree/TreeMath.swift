/// A leaf's place in the tree, counted from the left; it is the member's number in its group.
package struct LeafIndex: Hashable, Sendable, Comparable {
  package let rawValue: UInt32

  package init(rawValue: UInt32) { self.rawValue = rawValue }
  package init(_ index: Int) { rawValue = UInt32(truncatingIfNeeded: index) }

  /// The leaf's place among all nodes.
  package var node: Int { Int(rawValue) * 2 }

  package static func < (left: LeafIndex, right: LeafIndex) -> Bool { left.rawValue < right.rawValue }
}

/// The arithmetic of full binary trees in an array (RFC 9420, appendix C): leaves at even places.
///
/// `leafCount` is always a power of two.
package enum TreeMath {
  /// Nodes of a tree of so many leaves.
  package static func nodeCount(_ leafCount: Int) -> Int { leafCount * 2 - 1 }

  package static func root(_ leafCount: Int) -> Int { leafCount - 1 }

  /// 0 for a leaf, one more for each step up.
  package static func level(_ node: Int) -> Int { (~node).trailingZeroBitCount }

  package static func isLeaf(_ node: Int) -> Bool { node & 1 == 0 }

  package static func left(_ node: Int) -> Int? {
    let level = level(node)
    return level == 0 ? nil : node ^ (1 << (level - 1))
  }

  package static func right(_ node: Int) -> Int? {
    let level = level(node)
    return level == 0 ? nil : node ^ (3 << (level - 1))
  }

  package static func parent(_ node: Int, leafCount: Int) -> Int? {
    guard node != root(leafCount) else { return nil }
    let level = level(node)
    let bit = (node >> (level + 1)) & 1
    return (node | (1 << level)) ^ (bit << (level + 1))
  }

  package static func sibling(_ node: Int, leafCount: Int) -> Int? {
    guard let parent = parent(node, leafCount: leafCount) else { return nil }
    return node < parent ? right(parent) : left(parent)
  }

  /// The ancestors of a leaf from its parent to the root.
  package static func directPath(_ leaf: LeafIndex, leafCount: Int) -> [Int] {
    var path: [Int] = []
    var node = leaf.node
    while let parent = parent(node, leafCount: leafCount) {
      path.append(parent)
      node = parent
    }
    return path
  }

  /// The leaves below a node, itself where it is one.
  package static func leaves(below node: Int) -> Range<UInt32> {
    let half = (1 << level(node)) - 1
    return UInt32((node - half) / 2)..<UInt32((node + half) / 2 + 1)
  }

  package static func isAncestor(_ node: Int, of leaf: LeafIndex) -> Bool {
    leaves(below: node).contains(leaf.rawValue)
  }
}
