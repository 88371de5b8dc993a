import Cryptography
import GroupKeys
import Testing

@Suite struct TreeVectorTests {
  let slab = SecretSlab()

  @Test func treeOperations() throws {
    try runVectors("tree-operations", passed: 5, skipped: 0) { value, suite in
      var tree = try RatchetTree(parsing: value["tree_before"].bytes)
      try same(tree.treeHash(suite), try value["tree_hash_before"].bytes, "tree_hash_before")
      let sender = LeafIndex(Int(try value["proposal_sender"].number))
      try tree.apply(Proposal(parsing: value["proposal"].bytes), by: sender)
      try same(tree.encoded, try value["tree_after"].bytes, "tree_after")
      try same(tree.treeHash(suite), try value["tree_hash_after"].bytes, "tree_hash_after")
    }
  }

  @Test func treeValidation() throws {
    try runVectors("tree-validation", passed: 70, skipped: 28) { value, suite in
      var tree = try RatchetTree(parsing: value["tree"].bytes)
      for (node, hash) in try value["tree_hashes"].list.enumerated() {
        try same(tree.hash(node, suite), try hash.bytes, "tree hash of \(node)")
      }
      for (node, resolution) in try value["resolutions"].list.enumerated() {
        try same(
          tree.resolution(node), try resolution.list.map { Int(try $0.number) }, "resolution of \(node)")
      }
      try tree.validate(suite)
      let context = GroupContext(
        cipherSuite: suite.identifier, groupID: try value["group_id"].bytes, epoch: 0, treeHash: [],
        confirmedTranscriptHash: [], extensions: [])
      try tree.validateLeaves(context: context, suite: suite, policy: .everythingForTestsOnly)
    }
  }

  @Test func treeKEM() throws {
    try runVectors("treekem", passed: 55, skipped: 22) { value, suite in
      let before = try RatchetTree(parsing: value["ratchet_tree"].bytes)
      let groupID = try value["group_id"].bytes
      var members: [LeafIndex: (keys: PrivateKeys, signatureKey: GroupSecret)] = [:]
      for member in try value["leaves_private"].list {
        var keys = PrivateKeys(
          leaf: try privateKey(member["encryption_priv"].bytes, suite.privateKeyByteCount, slab))
        for node in try member["path_secrets"].list {
          let pair = try suite.derivedKeyPair(
            suite.derive(secret(node["path_secret"].bytes, slab), label: "node"))
          let index = Int(try node["node"].number)
          try same(pair.publicKey, try #require(before.encryptionKey(index)), "public key of \(index)")
          keys.nodes[index] = pair.privateKey
        }
        members[LeafIndex(Int(try member["index"].number))] = (
          keys, try privateKey(member["signature_priv"].bytes, suite.signatureKeyByteCount, slab)
        )
      }
      func context(_ treeHash: [UInt8]) throws -> [UInt8] {
        GroupContext(
          cipherSuite: suite.identifier, groupID: groupID, epoch: try value["epoch"].number,
          treeHash: treeHash,
          confirmedTranscriptHash: try value["confirmed_transcript_hash"].bytes, extensions: []
        ).encoded
      }
      for update in try value["update_paths"].list {
        let sender = LeafIndex(Int(try update["sender"].number))
        let path = try UpdatePath(parsing: update["update_path"].bytes)
        var tree = before
        let steps = try tree.merge(path, by: sender, excluding: [], suite: suite)
        try same(tree.treeHash(suite), try update["tree_hash_after"].bytes, "tree_hash_after")
        let bytes = try context(tree.treeHash(suite))
        let wanted = try update["path_secrets"].list
        for (index, member) in members where index != sender {
          var keys = member.keys
          let found = try tree.decrypt(
            path, steps: steps, for: index, keys: &keys, context: bytes, excluding: [], suite: suite)
          try same(found.publicBytes, try update["commit_secret"].bytes, "commit_secret")
          // The path secret itself is let go; the key it derives is what is left.
          let step = try #require(steps.first { TreeMath.isAncestor($0.node, of: index) })
          let pair = try suite.derivedKeyPair(
            suite.derive(secret(wanted[Int(index.rawValue)].bytes, slab), label: "node"))
          try same(
            try #require(keys.nodes[step.node]).publicBytes, pair.privateKey.publicBytes, "path secret")
        }
        // A path of our own for the same sender, which all others can read.
        let own = try #require(members[sender])
        var mine = before
        let fresh = try FreshPath(
          for: sender, in: mine, suite: suite, slab: slab, entropy: SystemEntropy.shared)
        let leafNode = try mine.place(
          fresh, at: sender, groupID: groupID, suite: suite, signatureKey: own.signatureKey)
        let mineBytes = try context(mine.treeHash(suite))
        let myPath = try mine.encrypt(
          fresh, leafNode: leafNode, context: mineBytes, excluding: [], suite: suite, by: GroupHPKE.shared)
        var seen = before
        let seenSteps = try seen.merge(myPath, by: sender, excluding: [], suite: suite)
        try same(seen.treeHash(suite), mine.treeHash(suite), "tree hash of an own path")
        for (index, member) in members where index != sender {
          var keys = member.keys
          let found = try seen.decrypt(
            myPath, steps: seenSteps, for: index, keys: &keys, context: mineBytes, excluding: [], suite: suite
          )
          try same(found.publicBytes, fresh.commitSecret.publicBytes, "commit secret of an own path")
        }
      }
    }
  }
}
