package import Cryptography

/// The key and nonce of one message.
package struct MessageKey: Sendable {
  package let key: GroupSecret
  package let nonce: GroupSecret

  /// The nonce with its first bytes guarded against reuse (RFC 9420, 6.3.1).
  func nonce(guard bytes: [UInt8]) -> [UInt8] {
    var nonce = nonce.publicBytes
    for (index, byte) in bytes.enumerated() where index < nonce.count { nonce[index] ^= byte }
    return nonce
  }
}

/// The secret tree and its ratchets (RFC 9420, 9): keys of messages, each used once and wiped.
///
/// Nodes are derived on the way to a leaf that speaks, and wiped as their children exist.
package struct SecretTree: Sendable {
  package enum Kind: Int, Sendable, CaseIterable {
    case handshake, application

    fileprivate var label: String {
      switch self {
      case .handshake: "handshake"
      case .application: "application"
      }
    }
  }

  /// One sender's chain of keys.
  struct Ratchet: Sendable {
    var secret: GroupSecret
    /// The generation that comes next.
    var generation: UInt32 = 0
    /// Keys of messages that later ones overtook.
    var kept: [UInt32: MessageKey] = [:]

    /// The next key; the secret that it came from is let go.
    mutating func advance(_ suite: GroupSuite) throws(GroupError) -> MessageKey {
      let key = MessageKey(
        key: try suite.derive(secret, label: "key", generation: generation, byteCount: suite.keyByteCount),
        nonce: try suite.derive(
          secret, label: "nonce", generation: generation, byteCount: suite.nonceByteCount))
      secret = try suite.derive(
        secret, label: "secret", generation: generation, byteCount: suite.hashByteCount)
      generation += 1
      return key
    }
  }

  let leafCount: Int
  /// Node secrets that were not used up yet.
  var nodes: [Int: GroupSecret]
  var ratchets: [[LeafIndex: Ratchet]] = [[:], [:]]

  /// Without a secret, all keys are used up.
  package init(encryptionSecret: GroupSecret?, leafCount: Int) {
    self.leafCount = leafCount
    nodes = [:]
    nodes[TreeMath.root(leafCount)] = encryptionSecret
  }

  /// For restoring what was stored.
  init(leafCount: Int, nodes: [Int: GroupSecret], ratchets: [[LeafIndex: Ratchet]]) {
    self.leafCount = leafCount
    self.nodes = nodes
    self.ratchets = ratchets
  }

  /// The key of the next message that this leaf sends.
  package mutating func next(
    _ leaf: LeafIndex, _ kind: Kind, _ suite: GroupSuite
  ) throws(GroupError) -> (generation: UInt32, key: MessageKey) {
    var ratchet = try ratchet(leaf, kind, suite)
    let generation = ratchet.generation
    try require(generation < UInt32.max, .limitExceeded)
    let key = try ratchet.advance(suite)
    ratchets[kind.rawValue][leaf] = ratchet
    return (generation, key)
  }

  /// Lends the key of a generation; it is used up only when `body` succeeds.
  ///
  /// Throws `generationUsed` for one that was used or let go, `generationTooFar` beyond the limit.
  package mutating func open<R>(
    _ leaf: LeafIndex, _ kind: Kind, generation: UInt32, _ suite: GroupSuite,
    _ body: (MessageKey) throws(GroupError) -> R
  ) throws(GroupError) -> R {
    var ratchet = try ratchet(leaf, kind, suite)
    let key: MessageKey
    if generation < ratchet.generation {
      guard let kept = ratchet.kept.removeValue(forKey: generation) else { throw .refused(.generationUsed) }
      key = kept
    } else {
      try require(generation - ratchet.generation <= GroupLimits.generationsAhead, .generationTooFar)
      try require(generation < UInt32.max, .limitExceeded)
      while ratchet.generation < generation {
        let skipped = ratchet.generation
        ratchet.kept[skipped] = try ratchet.advance(suite)
        if ratchet.kept.count > GroupLimits.keptGenerations, let oldest = ratchet.kept.keys.min() {
          ratchet.kept[oldest] = nil
        }
      }
      key = try ratchet.advance(suite)
    }
    let result = try body(key)
    ratchets[kind.rawValue][leaf] = ratchet
    return result
  }

  private mutating func ratchet(
    _ leaf: LeafIndex, _ kind: Kind, _ suite: GroupSuite
  ) throws(GroupError) -> Ratchet {
    guard leaf.node < TreeMath.nodeCount(leafCount) else { throw .refused(.unknownSender) }
    if ratchets[kind.rawValue][leaf] == nil { try grow(to: leaf, suite) }
    guard let ratchet = ratchets[kind.rawValue][leaf] else { throw .refused(.generationUsed) }
    return ratchet
  }

  /// Derives both ratchets of a leaf, and the siblings on the way to it.
  private mutating func grow(to leaf: LeafIndex, _ suite: GroupSuite) throws(GroupError) {
    let way = [leaf.node] + TreeMath.directPath(leaf, leafCount: leafCount)
    guard let start = way.firstIndex(where: { nodes[$0] != nil }) else { return }
    for node in way[...start].reversed() {
      guard let secret = nodes[node] else { return }
      if let left = TreeMath.left(node), let right = TreeMath.right(node) {
        let size = suite.hashByteCount
        nodes[left] = try suite.expand(secret, label: "tree", context: Array("left".utf8), byteCount: size)
        nodes[right] = try suite.expand(secret, label: "tree", context: Array("right".utf8), byteCount: size)
      } else {
        for kind in Kind.allCases {
          ratchets[kind.rawValue][leaf] = Ratchet(secret: try suite.derive(secret, label: kind.label))
        }
      }
      nodes[node] = nil
    }
  }
}
