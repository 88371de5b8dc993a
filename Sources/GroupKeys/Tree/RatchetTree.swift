internal import Cryptography

/// ParentNode (RFC 9420, 7.1).
package struct ParentNode: TLSCodable, Hashable {
  package var encryptionKey: [UInt8]
  package var parentHash: [UInt8]
  package var unmergedLeaves: [UInt32]

  package init(encryptionKey: [UInt8], parentHash: [UInt8] = [], unmergedLeaves: [UInt32] = []) {
    self.encryptionKey = encryptionKey
    self.parentHash = parentHash
    self.unmergedLeaves = unmergedLeaves
  }

  package init(from reader: inout TLSReader) throws(GroupError) {
    encryptionKey = try reader.opaque()
    parentHash = try reader.opaque()
    unmergedLeaves = try reader.vector()
  }

  package func encode(to writer: inout TLSWriter) {
    writer.opaque(encryptionKey)
    writer.opaque(parentHash)
    writer.vector(unmergedLeaves)
  }
}

/// The ratchet tree (RFC 9420, 4 and 7): public keys of members and of subgroups, with its hashes cached.
///
/// A copy shares the leaves; a change costs the way to the root, not the tree.
package struct RatchetTree: Sendable {
  package enum Node: Sendable, Equatable {
    case leaf(LeafNode)
    case parent(ParentNode)
  }

  /// All nodes of a full tree; blank ones are nil.
  package private(set) var nodes: [Node?]
  /// The tree hash of each node that was asked for since it last changed.
  var hashes: [[UInt8]?]

  /// A power of two.
  package var leafCount: Int { (nodes.count + 1) / 2 }
  package var root: Int { TreeMath.root(leafCount) }

  /// The tree of a group with one member.
  package init(leaf: LeafNode) {
    nodes = [.leaf(leaf)]
    hashes = [nil]
  }

  init(nodes: [Node?]) {
    self.nodes = nodes
    hashes = Array(repeating: nil, count: nodes.count)
  }

  package func leaf(_ index: LeafIndex) -> LeafNode? {
    guard index.node < nodes.count, case .leaf(let leaf)? = nodes[index.node] else { return nil }
    return leaf
  }

  package func parent(_ node: Int) -> ParentNode? {
    guard node < nodes.count, case .parent(let parent)? = nodes[node] else { return nil }
    return parent
  }

  package func isBlank(_ node: Int) -> Bool { nodes[node] == nil }

  /// The public key of a node that is not blank.
  package func encryptionKey(_ node: Int) -> [UInt8]? {
    switch nodes[node] {
    case .leaf(let leaf)?: leaf.encryptionKey
    case .parent(let parent)?: parent.encryptionKey
    case nil: nil
    }
  }

  /// The members in their order.
  package var members: [(index: LeafIndex, leaf: LeafNode)] {
    stride(from: 0, to: nodes.count, by: 2).compactMap { node in
      guard case .leaf(let leaf)? = nodes[node] else { return nil }
      return (LeafIndex(node / 2), leaf)
    }
  }

  package func directPath(_ leaf: LeafIndex) -> [Int] {
    TreeMath.directPath(leaf, leafCount: leafCount)
  }

  // MARK: changes

  mutating func set(_ node: Int, _ value: Node?) {
    nodes[node] = value
    forgetHashes(from: node)
  }

  private mutating func forgetHashes(from node: Int) {
    var node = node
    // What is forgotten already is forgotten up to the root.
    while hashes[node] != nil {
      hashes[node] = nil
      guard let parent = TreeMath.parent(node, leafCount: leafCount) else { return }
      node = parent
    }
  }

  mutating func blankDirectPath(_ leaf: LeafIndex) {
    for node in directPath(leaf) where nodes[node] != nil { set(node, nil) }
  }

  /// Puts a new member on the leftmost blank leaf, doubling the tree where there is none (7.7, 12.1.1).
  @discardableResult
  mutating func add(_ leaf: LeafNode) throws(GroupError) -> LeafIndex {
    var index = stride(from: 0, to: nodes.count, by: 2).first { nodes[$0] == nil }.map { LeafIndex($0 / 2) }
    if index == nil {
      guard leafCount * 2 <= GroupLimits.leafCount else { throw .refused(.treeTooLarge) }
      index = LeafIndex(leafCount)
      let more = leafCount * 2
      nodes.append(contentsOf: Array(repeating: nil, count: more))
      hashes.append(contentsOf: Array(repeating: nil, count: more))
    }
    guard let index else { throw .refused(.treeTooLarge) }
    for node in directPath(index) {
      guard case .parent(var parent)? = nodes[node] else { continue }
      let place = parent.unmergedLeaves.firstIndex { $0 > index.rawValue } ?? parent.unmergedLeaves.count
      parent.unmergedLeaves.insert(index.rawValue, at: place)
      set(node, .parent(parent))
    }
    set(index.node, .leaf(leaf))
    return index
  }

  /// Replaces a leaf and blanks its direct path (12.1.2).
  mutating func update(_ index: LeafIndex, _ leaf: LeafNode) {
    set(index.node, .leaf(leaf))
    blankDirectPath(index)
  }

  /// Blanks a leaf and its direct path, and halves the tree while its right half has no member (7.7, 12.1.3).
  mutating func remove(_ index: LeafIndex) {
    set(index.node, nil)
    blankDirectPath(index)
    while leafCount > 1, stride(from: root + 1, to: nodes.count, by: 2).allSatisfy({ nodes[$0] == nil }) {
      let keep = nodes.count / 2
      nodes.removeLast(nodes.count - keep)
      hashes.removeLast(hashes.count - keep)
    }
  }

  // MARK: views

  /// The resolution of a node (4.1.1): what covers exactly the members below it.
  package func resolution(_ node: Int) -> [Int] {
    var found: [Int] = []
    resolve(node, into: &found)
    return found
  }

  private func resolve(_ node: Int, into found: inout [Int]) {
    switch nodes[node] {
    case .leaf?: found.append(node)
    case .parent(let parent)?:
      found.append(node)
      for leaf in parent.unmergedLeaves { found.append(Int(leaf) * 2) }
    case nil:
      guard let left = TreeMath.left(node), let right = TreeMath.right(node) else { return }
      resolve(left, into: &found)
      resolve(right, into: &found)
    }
  }

  private func hasMembers(_ node: Int) -> Bool {
    if nodes[node] != nil { return true }
    guard let left = TreeMath.left(node), let right = TreeMath.right(node) else { return false }
    return hasMembers(left) || hasMembers(right)
  }

  /// A node of a filtered direct path, and its child that is not on the path.
  package struct Step: Hashable, Sendable {
    package let node: Int
    package let copath: Int
  }

  /// The filtered direct path (4.1.2): without nodes whose child on the copath has no member.
  package func filteredDirectPath(_ leaf: LeafIndex) -> [Step] {
    var below = leaf.node
    var steps: [Step] = []
    for node in directPath(leaf) {
      if let copath = TreeMath.sibling(below, leafCount: leafCount), hasMembers(copath) {
        steps.append(Step(node: node, copath: copath))
      }
      below = node
    }
    return steps
  }
}

extension RatchetTree: TLSCodable {
  /// `optional<Node> ratchet_tree<V>` (12.4.3.3): full again where trailing blanks were left out.
  package init(from reader: inout TLSReader) throws(GroupError) {
    var inside = try reader.nested()
    var nodes: [Node?] = []
    while !inside.isAtEnd {
      guard nodes.count < TreeMath.nodeCount(GroupLimits.leafCount) else { throw .refused(.treeTooLarge) }
      let isLeaf = nodes.count & 1 == 0
      switch try inside.uint8() {
      case 0: nodes.append(nil)
      case 1:
        switch try inside.uint8() {
        case 1:
          try require(isLeaf, .treeLeafAtParent)
          nodes.append(.leaf(try LeafNode(from: &inside)))
        case 2:
          try require(!isLeaf, .treeParentAtLeaf)
          nodes.append(.parent(try ParentNode(from: &inside)))
        default: throw .malformed(.unknownValue(structure: .nodeType))
        }
      default: throw .malformed(.unknownValue(structure: .optional))
      }
    }
    guard let last = nodes.last else { throw .refused(.treeEmpty) }
    try require(last != nil, .treeEndsBlank)
    var leafCount = 1
    while TreeMath.nodeCount(leafCount) < nodes.count { leafCount *= 2 }
    nodes.append(contentsOf: Array(repeating: nil, count: TreeMath.nodeCount(leafCount) - nodes.count))
    self.init(nodes: nodes)
  }

  package func encode(to writer: inout TLSWriter) {
    var inside = TLSWriter()
    let end = (nodes.lastIndex { $0 != nil } ?? -1) + 1
    for node in nodes[..<end] {
      switch node {
      case nil: inside.write(UInt8(0))
      case .leaf(let leaf)?:
        inside.fixed([1, 1])
        inside.write(leaf)
      case .parent(let parent)?:
        inside.fixed([1, 2])
        inside.write(parent)
      }
    }
    writer.opaque(inside.bytes)
  }
}
