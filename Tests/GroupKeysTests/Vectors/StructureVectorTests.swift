import Cryptography
import GroupKeys
import Testing

@Suite struct StructureVectorTests {
  let slab = SecretSlab()

  private func again<Value: TLSCodable>(_: Value.Type, _ bytes: [UInt8], _ what: String) throws {
    try same(try Value(parsing: bytes).encoded, bytes, what)
  }

  @Test func messages() throws {
    try runVectors("messages", passed: 300, skipped: 0) { value, _ in
      for name in [
        "mls_welcome", "mls_group_info", "mls_key_package", "public_message_application",
        "public_message_proposal",
        "public_message_commit", "private_message",
      ] {
        try again(MLSMessage.self, value[name].bytes, name)
      }
      try again(RatchetTree.self, value["ratchet_tree"].bytes, "ratchet_tree")
      try again(Commit.self, value["commit"].bytes, "commit")
      let secrets = try value["group_secrets"].bytes
      try same(
        GroupSecrets(parsing: secret(secrets, slab)).encoded().publicBytes, secrets, "group_secrets")
      for (name, type) in [
        ("add", 1), ("update", 2), ("remove", 3), ("pre_shared_key", 4), ("re_init", 5), ("external_init", 6),
        ("group_context_extensions", 7),
      ] {
        let bytes = try value["\(name)_proposal"].bytes
        let proposal = try Proposal(parsing: [0, UInt8(type)] + bytes)
        try same(proposal.encoded, [0, UInt8(type)] + bytes, name)
      }
    }
  }

  @Test func messageProtection() throws {
    try runVectors("message-protection", passed: 5, skipped: 2) { value, suite in
      let context = GroupContext(
        cipherSuite: suite.identifier, groupID: try value["group_id"].bytes, epoch: try value["epoch"].number,
        treeHash: try value["tree_hash"].bytes,
        confirmedTranscriptHash: try value["confirmed_transcript_hash"].bytes, extensions: []
      )
      let bytes = context.encoded
      let membership = try secret(value["membership_key"].bytes, slab)
      let senderData = try secret(value["sender_data_secret"].bytes, slab)
      let signatureKey = try privateKey(value["signature_priv"].bytes, suite.signatureKeyByteCount, slab)
      let publicKey = try value["signature_pub"].bytes
      func tree() throws -> SecretTree {
        SecretTree(encryptionSecret: try secret(value["encryption_secret"].bytes, slab), leafCount: 2)
      }
      func unprotected(_ message: [UInt8]) throws -> MessageContent {
        let authenticated: AuthenticatedContent
        switch try MLSMessage(parsing: message) {
        case .publicMessage(let message):
          authenticated = try message.unprotected(context: bytes, membershipKey: membership, suite: suite)
        case .privateMessage(let message):
          let sender = try message.senderData(senderData, suite: suite)
          try same(sender.leaf, LeafIndex(1), "sender")
          var tree = try tree()
          let kind: SecretTree.Kind = message.contentType == 1 ? .application : .handshake
          authenticated = try tree.open(sender.leaf, kind, generation: sender.generation, suite) {
            (key) throws(GroupError) in
            try message.opened(sender, key: key, suite: suite)
          }
        case .welcome, .groupInfo, .keyPackage: throw MLSVector.Wrong(description: "another wire format")
        }
        try authenticated.verify(context: bytes, suite: suite, publicKey: publicKey)
        return authenticated.content.content
      }
      func protected(_ content: MessageContent, _ format: WireFormat) throws -> [UInt8] {
        var authenticated = try AuthenticatedContent.signed(
          FramedContent(
            groupID: context.groupID, epoch: context.epoch, sender: .member(LeafIndex(1)), content: content),
          as: format, context: bytes, suite: suite, key: signatureKey)
        if case .commit = content { authenticated.confirmationTag = suite.hash([7]) }
        if format == .publicMessage {
          return MLSMessage.publicMessage(
            PublicMessage.protected(authenticated, context: bytes, membershipKey: membership, suite: suite)
          ).encoded
        }
        var tree = try tree()
        let kind: SecretTree.Kind = if case .application = content { .application } else { .handshake }
        let (generation, key) = try tree.next(LeafIndex(1), kind, suite)
        let sender = PrivateMessage.SenderData(
          leaf: LeafIndex(1), generation: generation, reuseGuard: [1, 2, 3, 4])
        return MLSMessage.privateMessage(
          try PrivateMessage.sealed(
            authenticated, sender: sender, key: key, senderDataSecret: senderData, padding: 64, suite: suite)
        ).encoded
      }
      let application = MessageContent.application(try value["application"].bytes)
      let proposal = MessageContent.proposal(try Proposal(parsing: value["proposal"].bytes))
      let commit = MessageContent.commit(try Commit(parsing: value["commit"].bytes))
      try same(unprotected(value["application_priv"].bytes), application, "application_priv")
      for (name, content) in [("proposal", proposal), ("commit", commit)] {
        try same(unprotected(value["\(name)_pub"].bytes), content, "\(name)_pub")
        try same(unprotected(value["\(name)_priv"].bytes), content, "\(name)_priv")
        try same(unprotected(protected(content, .publicMessage)), content, "\(name) protected publicly")
        try same(unprotected(protected(content, .privateMessage)), content, "\(name) protected privately")
      }
      try same(unprotected(protected(application, .privateMessage)), application, "application protected")
    }
  }

  @Test func welcome() throws {
    try runVectors("welcome", passed: 5, skipped: 2) { value, suite in
      guard case .keyPackage(let keyPackage) = try MLSMessage(parsing: value["key_package"].bytes),
        case .welcome(let welcome) = try MLSMessage(parsing: value["welcome"].bytes)
      else { throw MLSVector.Wrong(description: "other wire formats") }
      let reference = keyPackage.reference(suite)
      let entry = try #require(welcome.entries.first { $0.newMember == reference })
      let opened = try suite.open(
        entry.secrets, privateKey: privateKey(value["init_priv"].bytes, suite.privateKeyByteCount, slab),
        label: "Welcome", context: welcome.encryptedGroupInfo)
      let secrets = try GroupSecrets(parsing: opened)
      try same(secrets.preSharedKeys, [], "psks")
      let joiner = try JoinerSecrets(
        joiner: secrets.joinerSecret, psk: suite.pskSecret([], in: slab), suite: suite)
      let key = try joiner.welcomeKey()
      let info = try GroupInfo(
        parsing: suite.opened(
          welcome.encryptedGroupInfo, key: key.key, nonce: key.nonce.publicBytes, authenticating: []))
      try info.verify(suite, publicKey: value["signer_pub"].bytes)
      let epoch = try joiner.epochSecrets(context: info.context.encoded)
      try suite.verify(
        tag: info.confirmationTag, of: info.context.confirmedTranscriptHash, key: epoch.confirmation)
    }
  }
}
