import Cryptography
import GroupKeys

/// The decoders of MLS, and what stands behind them: a member of a small group, a newcomer, a tree.
enum GroupsTarget {
  /// Any bytes as a message; and, behind a right signature and membership tag, as a proposal or a commit.
  static func message(_ input: inout FuzzInput) {
    let scene = Scene.shared
    let kind = input.byte() % 3
    let bytes = input.everything()
    let member = made { try Group.restore(scene.member, in: scene.surroundings) }
    let before = member.epochAuthenticator
    var message = bytes
    switch kind {
    case 0: same(MLSMessage.self, bytes)
    case 1:
      same(Proposal.self, bytes)
      guard let proposal = try? Proposal(parsing: bytes) else { return }
      message = scene.message(.proposal(proposal))
    default:
      same(Commit.self, bytes)
      guard let commit = try? Commit(parsing: bytes) else { return }
      message = scene.message(.commit(commit))
    }
    switch try? member.process(message, now: 1000) {
    case .commit?: demand(false, "a commit without a right confirmation tag is staged")
    case .application?: demand(message == scene.text, "a text is read that nobody wrote")
    case .proposal?:
      // It is right by itself, or it spoils the commit that would hold it.
      _ = try? member.commit(CommitRequest(), now: 1000)
    case .ownCommit?, nil: break
    }
    demand(member.epochAuthenticator == before, "a message moves no epoch")
  }

  /// Any bytes as a Welcome; and, behind right keys, as the GroupInfo or the secrets in one.
  static func welcome(_ input: inout FuzzInput) {
    let scene = Scene.shared
    let kind = input.byte() % 3
    let bytes = input.everything()
    var welcome: Welcome?
    switch kind {
    case 0:
      same(Welcome.self, bytes)
      welcome = try? Welcome(parsing: bytes)
    case 1:
      same(GroupInfo.self, bytes)
      welcome = made { try scene.welcome(info: bytes) }
    default:
      let secret = made { try GroupSecret(copying: bytes.span, in: scene.surroundings.slab) }
      guard let secrets = try? GroupSecrets(parsing: secret) else { return }
      demand(made { try secrets.encoded() }.publicBytes == bytes, "secrets are written as they were read")
      return
    }
    guard let welcome else { return }
    let group = try? Group.join(
      welcome, with: scene.newcomer, preSharedKeys: PreSharedKeys(), in: scene.surroundings)
    demand(group == nil, "nobody joins by a Welcome that no member made")
  }

  static func keyPackage(_ input: inout FuzzInput) {
    let bytes = input.everything()
    same(KeyPackage.self, bytes)
    guard let package = try? KeyPackage(parsing: bytes) else { return }
    do {
      try package.validate(suite: Scene.suite, policy: Scene.policy, now: 1000)
    } catch {
      return
    }
    demand(bytes == Scene.shared.newcomer.keyPackage.encoded, "a key package holds that nobody signed")
  }

  static func tree(_ input: inout FuzzInput) {
    let bytes = input.everything()
    same(RatchetTree.self, bytes)
    guard var tree = try? RatchetTree(parsing: bytes) else { return }
    let suite = Scene.suite
    demand(tree.treeHash(suite).count == 32, "every tree has a hash")
    for index in stride(from: 0, to: tree.leafCount, by: 1 + tree.leafCount / 16) {
      _ = tree.filteredDirectPath(LeafIndex(index))
    }
    _ = tree.resolution(tree.root)
    do {
      try tree.validate(suite)
      try tree.validateLeaves(context: Scene.shared.context, suite: suite, policy: Scene.policy)
    } catch {
      return
    }
    var again = tree
    demand(again.treeHash(suite) == tree.treeHash(suite), "a tree has one hash")
  }

  /// What can be read is written byte for byte as it was.
  private static func same<Value: TLSCodable>(_: Value.Type, _ bytes: [UInt8]) {
    guard let value = try? Value(parsing: bytes) else { return }
    demand(value.encoded == bytes, "a structure has one spelling")
  }

  /// Two members, whose state is made once.
  private final class Scene: Sendable {
    static let suite = GroupSuite.x25519AES128
    static let policy: GroupPolicy = {
      var policy = GroupPolicy()
      policy.longestLifetime = nil
      policy.allowsExternalProposals = true
      policy.allowsExternalCommits = true
      policy.carriesX509 = true
      return policy
    }()
    static let shared = made { try Scene() }

    let surroundings: Group.Surroundings
    let member: GroupSnapshot
    let context: GroupContext
    let contextBytes: [UInt8]
    let signatureKey: GroupSecret
    let membership: GroupSecret
    let sender: LeafIndex
    let newcomer: OwnKeyPackage
    let text: [UInt8]

    init() throws {
      let surroundings = Group.Surroundings(policy: Scene.policy)
      func own(_ name: UInt8) throws -> OwnKeyPackage {
        try OwnKeyPackage.make(
          suite: Scene.suite, credential: .basic(identity: [name]),
          lifetime: Lifetime(notBefore: 0, notAfter: 1 << 40),
          in: surroundings)
      }
      let creator = try Group.create(groupID: [1], creator: own(1), in: surroundings)
      let joiner = try own(2)
      let third = try own(3)
      let commit = try creator.commit(
        CommitRequest([.add(joiner.keyPackage), .add(third.keyPackage)]), now: nil)
      try creator.adopt(commit.hash)
      guard let welcome = commit.welcome else { throw GroupError.misuse(.nothingStaged) }
      let group = try Group.join(welcome, with: joiner, preSharedKeys: PreSharedKeys(), in: surroundings)
      self.surroundings = surroundings
      member = group.snapshot()
      context = creator.epoch.context
      contextBytes = creator.epoch.contextBytes
      signatureKey = creator.epoch.signatureKey
      membership = creator.epoch.secrets.membership
      sender = creator.own
      newcomer = try own(4)
      text = try creator.protect([1, 2, 3])
    }

    /// The creator's, with right signature and tag; a commit's confirmation tag is not right.
    func message(_ content: MessageContent) -> [UInt8] {
      var authenticated = made {
        try AuthenticatedContent.signed(
          FramedContent(
            groupID: context.groupID, epoch: context.epoch, sender: .member(sender), content: content),
          as: .publicMessage, context: contextBytes, suite: Scene.suite, key: signatureKey)
      }
      if case .commit = content { authenticated.confirmationTag = [1] }
      return MLSMessage.publicMessage(
        PublicMessage.protected(
          authenticated, context: contextBytes, membershipKey: membership, suite: Scene.suite)
      ).encoded
    }

    /// A Welcome for the newcomer, with these bytes in place of the GroupInfo.
    func welcome(info: [UInt8]) throws -> Welcome {
      let (suite, slab) = (Scene.suite, surroundings.slab)
      let secret = try GroupSecret(zeros: suite.hashByteCount, in: slab)
      let joiner = try JoinerSecrets(joiner: secret, psk: suite.pskSecret([], in: slab), suite: suite)
      let key = try joiner.welcomeKey()
      let sealedInfo = try suite.sealed(
        info, key: key.key, nonce: key.nonce.publicBytes, authenticating: [])
      let secrets = try GroupSecrets(joinerSecret: secret, pathSecret: nil, preSharedKeys: []).encoded()
      let sealed = try suite.seal(
        secrets, to: newcomer.keyPackage.initKey, label: "Welcome", context: sealedInfo, by: GroupHPKE.shared)
      return Welcome(
        cipherSuite: suite.identifier,
        entries: [Welcome.Entry(newMember: newcomer.keyPackage.reference(suite), secrets: sealed)],
        encryptedGroupInfo: sealedInfo)
    }
  }
}
