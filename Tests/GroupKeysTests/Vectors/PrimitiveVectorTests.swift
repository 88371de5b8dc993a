import Cryptography
import GroupKeys
import Testing

@Suite struct PrimitiveVectorTests {
  let slab = SecretSlab()

  @Test func deserialization() throws {
    try runVectors("deserialization", passed: 14, skipped: 0) { value, _ in
      let header = try value["vlbytes_header"].bytes
      var reader = TLSReader(header)
      try same(try reader.length(), Int(try value["length"].number), "length")
      try reader.finish()
      var writer = TLSWriter()
      writer.length(Int(try value["length"].number))
      try same(writer.bytes, header, "header")
    }
  }

  @Test func treeMath() throws {
    try runVectors("tree-math", passed: 10, skipped: 0) { value, _ in
      let leaves = Int(try value["n_leaves"].number)
      try same(TreeMath.nodeCount(leaves), Int(try value["n_nodes"].number), "n_nodes")
      try same(TreeMath.root(leaves), Int(try value["root"].number), "root")
      func check(_ name: String, _ function: (Int) -> Int?) throws {
        for (node, wanted) in try value[name].list.enumerated() {
          try same(function(node), wanted.isNull ? nil : Int(try wanted.number), "\(name) of \(node)")
        }
      }
      try check("left", TreeMath.left)
      try check("right", TreeMath.right)
      try check("parent") { TreeMath.parent($0, leafCount: leaves) }
      try check("sibling") { TreeMath.sibling($0, leafCount: leaves) }
    }
  }

  @Test func cryptoBasics() throws {
    try runVectors("crypto-basics", passed: 5, skipped: 2) { value, suite in
      let hash = value["ref_hash"]
      try same(
        suite.reference(label: hash["label"].text, hash["value"].bytes), try hash["out"].bytes, "ref_hash")
      let expand = value["expand_with_label"]
      try same(
        suite.expand(
          secret(expand["secret"].bytes, slab), label: expand["label"].text, context: expand["context"].bytes,
          byteCount: Int(expand["length"].number)
        ).publicBytes, try expand["out"].bytes, "expand_with_label")
      let derive = value["derive_secret"]
      try same(
        suite.derive(secret(derive["secret"].bytes, slab), label: derive["label"].text).publicBytes,
        try derive["out"].bytes, "derive_secret")
      let tree = value["derive_tree_secret"]
      try same(
        suite.derive(
          secret(tree["secret"].bytes, slab), label: tree["label"].text,
          generation: UInt32(tree["generation"].number), byteCount: Int(tree["length"].number)
        ).publicBytes, try tree["out"].bytes, "derive_tree_secret")
      let sign = value["sign_with_label"]
      let (label, content, publicKey) = (
        try sign["label"].text, try sign["content"].bytes, try sign["pub"].bytes
      )
      try suite.verify(sign["signature"].bytes, label: label, content, publicKey: publicKey)
      let key = try privateKey(sign["priv"].bytes, suite.signatureKeyByteCount, slab)
      try same(try suite.signaturePublicKey(of: key), publicKey, "sign_with_label public key")
      try suite.verify(
        suite.sign(label: label, content, privateKey: key), label: label, content, publicKey: publicKey)
      let box = value["encrypt_with_label"]
      let sealed = GroupSealed(
        kemOutput: try box["kem_output"].bytes, ciphertext: try box["ciphertext"].bytes)
      let boxKey = try privateKey(box["priv"].bytes, suite.privateKeyByteCount, slab)
      let plaintext = try box["plaintext"].bytes
      try same(
        suite.open(sealed, privateKey: boxKey, label: box["label"].text, context: box["context"].bytes)
          .publicBytes,
        plaintext, "encrypt_with_label")
      try same(suite.keyPair(of: boxKey).publicKey, try box["pub"].bytes, "encrypt_with_label public key")
      let again = try suite.seal(
        secret(plaintext, slab), to: box["pub"].bytes, label: "again", context: [1], by: GroupHPKE.shared)
      try same(
        suite.open(again, privateKey: boxKey, label: "again", context: [1]).publicBytes, plaintext,
        "sealed again")
    }
  }

  @Test func secretTree() throws {
    try runVectors("secret-tree", passed: 15, skipped: 6) { value, suite in
      let sender = value["sender_data"]
      let key = try PrivateMessage.SenderData.key(
        secret(sender["sender_data_secret"].bytes, slab), ciphertext: sender["ciphertext"].bytes, suite: suite
      )
      try same(key.key.publicBytes, try sender["key"].bytes, "sender data key")
      try same(key.nonce.publicBytes, try sender["nonce"].bytes, "sender data nonce")
      let leaves = try value["leaves"].list
      var count = 1
      while count < leaves.count { count *= 2 }
      var tree = SecretTree(
        encryptionSecret: try secret(value["encryption_secret"].bytes, slab), leafCount: count)
      for (index, generations) in leaves.enumerated() {
        for wanted in try generations.list {
          let generation = UInt32(try wanted["generation"].number)
          for (kind, name) in [(SecretTree.Kind.handshake, "handshake"), (.application, "application")] {
            let found = try tree.open(LeafIndex(index), kind, generation: generation, suite) { $0 }
            try same(found.key.publicBytes, try wanted["\(name)_key"].bytes, "\(name) key")
            try same(found.nonce.publicBytes, try wanted["\(name)_nonce"].bytes, "\(name) nonce")
          }
        }
      }
    }
  }

  @Test func pskSecret() throws {
    try runVectors("psk_secret", passed: 55, skipped: 22) { value, suite in
      let keys = try value["psks"].list.map { psk in
        (
          id: PreSharedKeyID(key: .external(id: try psk["psk_id"].bytes), nonce: try psk["psk_nonce"].bytes),
          secret: try secret(psk["psk"].bytes, slab)
        )
      }
      try same(suite.pskSecret(keys, in: slab).publicBytes, try value["psk_secret"].bytes, "psk_secret")
    }
  }

  @Test func transcriptHashes() throws {
    try runVectors("transcript-hashes", passed: 5, skipped: 2) { value, suite in
      let content = try AuthenticatedContent(parsing: value["authenticated_content"].bytes)
      let confirmed = suite.confirmedTranscriptHash(
        try value["interim_transcript_hash_before"].bytes, content)
      try same(confirmed, try value["confirmed_transcript_hash_after"].bytes, "confirmed")
      let tag = try #require(content.confirmationTag)
      try suite.verify(tag: tag, of: confirmed, key: secret(value["confirmation_key"].bytes, slab))
      try same(
        suite.interimTranscriptHash(confirmed, confirmationTag: tag),
        try value["interim_transcript_hash_after"].bytes,
        "interim")
    }
  }

  @Test func keySchedule() throws {
    try runVectors("key-schedule", passed: 5, skipped: 2) { value, suite in
      var initial = try secret(value["initial_init_secret"].bytes, slab)
      let groupID = try value["group_id"].bytes
      for (number, epoch) in try value["epochs"].list.enumerated() {
        let context = GroupContext(
          cipherSuite: suite.identifier, groupID: groupID, epoch: UInt64(number),
          treeHash: try epoch["tree_hash"].bytes,
          confirmedTranscriptHash: try epoch["confirmed_transcript_hash"].bytes, extensions: []
        ).encoded
        try same(context, try epoch["group_context"].bytes, "group_context")
        let joiner = try JoinerSecrets(
          initial: initial, commit: secret(epoch["commit_secret"].bytes, slab),
          psk: secret(epoch["psk_secret"].bytes, slab), context: context, suite: suite)
        try same(joiner.joiner.publicBytes, try epoch["joiner_secret"].bytes, "joiner_secret")
        try same(joiner.welcome.publicBytes, try epoch["welcome_secret"].bytes, "welcome_secret")
        let secrets = try joiner.epochSecrets(context: context)
        for (name, found) in [
          ("init_secret", secrets.initial), ("sender_data_secret", secrets.senderData),
          ("encryption_secret", try #require(secrets.encryption)), ("exporter_secret", secrets.exporter),
          ("external_secret", secrets.external), ("confirmation_key", secrets.confirmation),
          ("membership_key", secrets.membership), ("resumption_psk", secrets.resumption),
        ] {
          try same(found.publicBytes, try epoch[name].bytes, name)
        }
        try same(secrets.authenticator, try epoch["epoch_authenticator"].bytes, "epoch_authenticator")
        try same(
          suite.derivedKeyPair(secrets.external).publicKey, try epoch["external_pub"].bytes, "external_pub")
        let exporter = epoch["exporter"]
        try same(
          secrets.export(
            label: exporter["label"].text, context: exporter["context"].bytes,
            byteCount: Int(exporter["length"].number), suite: suite
          ).publicBytes, try exporter["secret"].bytes, "exporter")
        initial = secrets.initial
      }
    }
  }
}
