package import Cryptography

/// How proposals and paths change a tree; the leaves' own rules are `LeafRules`'.
extension RatchetTree {
  /// Applies one proposal of a member (RFC 9420, 12.1); those that do not touch the tree change nothing.
  package mutating func apply(_ proposal: Proposal, by sender: LeafIndex) throws(GroupError) {
    switch proposal {
    case .add(let keyPackage): try add(keyPackage.leafNode)
    case .update(let leafNode):
      try require(leaf(sender) != nil, .blankSender)
      update(sender, leafNode)
    case .remove(let index):
      try require(leaf(index) != nil, .removeOfBlankLeaf)
      remove(index)
    case .preSharedKey, .reInit, .externalInit, .groupContextExtensions: break
    }
  }

  /// Puts another's path into the tree (7.5, 12.4.2): its form, its keys and its parent hashes are checked.
  ///
  /// `added` are the nodes of leaves that the same commit adds. Returns the filtered direct path.
  package mutating func merge(
    _ path: UpdatePath, by place: LeafIndex, excluding added: Set<Int>, suite: GroupSuite
  ) throws(GroupError) -> [Step] {
    let steps = filteredDirectPath(place)
    try requireForm(path, steps: steps, excluding: added)
    for node in path.nodes {
      do throws(CryptographyError) {
        try suite.requireKeyAgreementKey(node.encryptionKey)
      } catch .weakShare {
        throw .refused(.invalidEncryptionKey)
      } catch {
        throw GroupError(error)
      }
    }
    let hash = mergePath(place, steps, keys: path.nodes.map(\.encryptionKey), suite)
    guard case .commit(let carried) = path.leafNode.content.source else { throw .refused(.leafSourceWrong) }
    try require(carried == hash, .leafParentHashWrong)
    set(place.node, .leaf(path.leafNode))
    return steps
  }

  /// Puts fresh keys of one's own into the tree, with a leaf that carries their parent hash.
  package mutating func place(
    _ path: FreshPath, at own: LeafIndex, groupID: [UInt8], suite: GroupSuite, signatureKey: GroupSecret
  ) throws(GroupError) -> LeafNode {
    guard let old = leaf(own) else { throw .misuse(.notAMember) }
    let parentHash = mergePath(own, path.steps, keys: path.publicKeys, suite)
    var content = old.content
    content.encryptionKey = path.leaf.publicKey
    content.source = .commit(parentHash: parentHash)
    let leafNode = try LeafNode.signed(
      content, at: LeafNode.Place(groupID: groupID, leaf: own), suite: suite, key: signatureKey)
    set(own.node, .leaf(leafNode))
    return leafNode
  }
}
