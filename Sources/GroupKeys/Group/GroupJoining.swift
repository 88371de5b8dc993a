internal import Cryptography

extension Group {
  /// Joins by a Welcome (RFC 9420, 12.4.3.1). The tree comes in it or beside it.
  package static func join(
    _ welcome: Welcome, with own: OwnKeyPackage, ratchetTree: [UInt8]? = nil, preSharedKeys: PreSharedKeys,
    in surroundings: Surroundings
  ) throws(GroupError) -> Group {
    let suite = own.suite
    guard surroundings.policy.suites.contains(suite.identifier) else { throw .misuse(.unsupportedSuite) }
    try require(welcome.cipherSuite == suite.identifier, .welcomeSuiteDiffers)
    let secrets = try groupSecrets(welcome, own)
    try requireTogether(secrets.preSharedKeys, suite)
    let psk = try preSharedKeys.pskSecret(secrets.preSharedKeys, suite: suite, slab: surroundings.slab)
    let joiner = try JoinerSecrets(joiner: secrets.joinerSecret, psk: psk, suite: suite)
    let info = try groupInfo(welcome, joiner, suite)
    var tree = try tree(info, beside: ratchetTree)
    guard let signer = tree.leaf(info.signer) else { throw .refused(.welcomeSignerBlank) }
    try info.verify(suite, publicKey: signer.signatureKey)
    try require(info.context.version == own.keyPackage.version, .welcomeVersionDiffers)
    try require(info.context.cipherSuite == suite.identifier, .welcomeSuiteDiffers)
    try info.context.extensions.requireDistinct()
    try requireFirstEpoch(secrets.preSharedKeys, info.context)
    try require(tree.treeHash(suite) == info.context.treeHash, .treeHashDiffers)
    try tree.validate(suite)
    try tree.validateLeaves(context: info.context, suite: suite, policy: surroundings.policy)

    let leaf = own.keyPackage.leafNode
    guard let place = tree.members.first(where: { $0.leaf == leaf })?.index else {
      throw .refused(.welcomeOwnLeafMissing)
    }
    try require(place != info.signer, .welcomeSignerIsSelf)
    var keys = PrivateKeys(leaf: own.leafKey)
    if let secret = secrets.pathSecret {
      try follow(secret, from: info.signer, to: place, in: tree, suite: suite, into: &keys)
    }
    let epochSecrets = try joiner.epochSecrets(context: info.context.encoded)
    try suite.verify(
      tag: info.confirmationTag, of: info.context.confirmedTranscriptHash, key: epochSecrets.confirmation)
    let epoch = Epoch(
      context: info.context, tree: tree, secrets: epochSecrets, confirmationTag: info.confirmationTag,
      own: place,
      keys: keys, signatureKey: own.signatureKey, suite: suite)
    let group = Group(
      epoch: epoch, suite: suite, surroundings: surroundings, preSharedKeys: preSharedKeys)
    group.inviter = info.signer
    return group
  }

  private static func groupSecrets(_ welcome: Welcome, _ own: OwnKeyPackage) throws(GroupError)
    -> GroupSecrets
  {
    let reference = own.keyPackage.reference(own.suite)
    let mine = welcome.entries.filter { $0.newMember == reference }
    guard let entry = mine.first else { throw .refused(.welcomeNotForKeyPackage) }
    try require(mine.count == 1, .duplicateKeyPackageReference)
    let opened = try own.suite.open(
      entry.secrets, privateKey: own.initKey, label: "Welcome", context: welcome.encryptedGroupInfo)
    let secrets = try GroupSecrets(parsing: opened)
    try require(secrets.joinerSecret.byteCount == own.suite.hashByteCount, .joinerSecretLength)
    try require(
      secrets.pathSecret.map { $0.byteCount == own.suite.hashByteCount } ?? true, .pathSecretLength)
    return secrets
  }

  private static func requireTogether(_ ids: [PreSharedKeyID], _ suite: GroupSuite) throws(GroupError) {
    try require(ids.count <= GroupLimits.proposalCount, .tooManyProposals)
    try require(Set(ids).count == ids.count, .duplicatePSK)
    var continuing = 0
    for id in ids {
      try require(id.nonce.count == suite.hashByteCount, .pskNonceLength)
      if case .resumption(let usage, _, _) = id.key, usage != .application { continuing += 1 }
    }
    try require(continuing <= 1, .welcomePSKNotAlone)
  }

  /// A group that continues another begins anew (11.2, 11.3).
  private static func requireFirstEpoch(
    _ ids: [PreSharedKeyID], _ context: GroupContext
  ) throws(GroupError) {
    for case .resumption(let usage, _, _) in ids.map(\.key) where usage != .application {
      try require(context.epoch == 1, .welcomeEpochNotFirst)
    }
  }

  private static func groupInfo(
    _ welcome: Welcome, _ joiner: JoinerSecrets, _ suite: GroupSuite
  ) throws(GroupError) -> GroupInfo {
    let key = try joiner.welcomeKey()
    let opened = try suite.opened(
      welcome.encryptedGroupInfo, key: key.key, nonce: key.nonce.publicBytes, authenticating: [])
    let info = try GroupInfo(parsing: opened)
    try info.extensions.requireDistinct()
    return info
  }

  private static func tree(_ info: GroupInfo, beside ratchetTree: [UInt8]?) throws(GroupError) -> RatchetTree
  {
    guard let bytes = info.extensions.content(Extension.ratchetTree) ?? ratchetTree else {
      throw .refused(.welcomeWithoutTree)
    }
    return try RatchetTree(parsing: bytes)
  }

  /// The keys above the place where the signer's path and ours meet.
  private static func follow(
    _ secret: GroupSecret, from signer: LeafIndex, to own: LeafIndex, in tree: RatchetTree, suite: GroupSuite,
    into keys: inout PrivateKeys
  ) throws(GroupError) {
    let path = tree.directPath(signer)
    guard let meeting = path.firstIndex(where: { TreeMath.isAncestor($0, of: own) }) else {
      throw .refused(.welcomePathSecretWrong)
    }
    try require(!tree.isBlank(path[meeting]), .welcomePathSecretWrong)
    let steps = path[meeting...].compactMap { node in
      tree.parent(node).map { (node: node, publicKey: $0.encryptionKey) }
    }
    do throws(GroupError) {
      _ = try PathSecrets.follow(secret, steps: steps, suite: suite, into: &keys)
    } catch .refused {
      throw .refused(.welcomePathSecretWrong)
    }
  }
}
