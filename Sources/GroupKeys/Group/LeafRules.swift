package import Cryptography

/// The rules of one leaf node in a group (RFC 9420, 7.3).
struct LeafRules {
  let context: GroupContext
  let suite: GroupSuite
  let policy: GroupPolicy
  let required: RequiredCapabilities
  /// Credential types that members use, and that every member can read.
  let usedCredentials: Set<UInt16>
  let readableByAll: Set<UInt16>

  init(
    context: GroupContext, suite: GroupSuite, policy: GroupPolicy, tree: RatchetTree
  ) throws(GroupError) {
    self.context = context
    self.suite = suite
    self.policy = policy
    required = try context.requiredCapabilities()
    var used: Set<UInt16> = []
    var readable: Set<UInt16>?
    for (_, leaf) in tree.members {
      used.insert(leaf.credential.type)
      readable = readable?.intersection(leaf.capabilities.credentials) ?? Set(leaf.capabilities.credentials)
    }
    usedCredentials = used
    readableByAll = readable ?? []
  }

  enum Purpose: Equatable {
    case keyPackage, update, commit
  }

  /// A leaf that is in the tree, at its place.
  func check(_ leaf: LeafNode, at index: LeafIndex) throws(GroupError) {
    try checkForm(leaf)
    try leaf.verify(at: LeafNode.Place(groupID: context.groupID, leaf: index), suite: suite)
  }

  /// A leaf that is to come into the tree.
  func check(_ leaf: LeafNode, at index: LeafIndex, for purpose: Purpose, now: GroupTime?) throws(GroupError)
  {
    switch (leaf.content.source, purpose) {
    case (.keyPackage(let lifetime), .keyPackage): try LeafRules.check(lifetime, policy: policy, now: now)
    case (.update, .update), (.commit, .commit): break
    case (.keyPackage, _), (.update, _), (.commit, _): throw .refused(.leafSourceWrong)
    }
    try check(leaf, at: index)
  }

  /// All but the signature, which a key package checks for itself.
  func checkForm(_ leaf: LeafNode) throws(GroupError) {
    let capabilities = leaf.capabilities
    try LeafRules.checkAlone(leaf, suite: suite, policy: policy)
    try required.require(of: capabilities)
    for type in context.extensions.map(\.type) {
      try require(capabilities.supports(extension: type), .leafLacksGroupExtension)
    }
    try require(usedCredentials.isSubset(of: capabilities.credentials), .leafUnsupportsMemberCredential)
    try require(
      readableByAll.isEmpty || readableByAll.contains(leaf.credential.type),
      .leafCredentialUnsupportedByMember)
  }

  /// What a leaf must be whatever the group is.
  static func checkAlone(_ leaf: LeafNode, suite: GroupSuite, policy: GroupPolicy) throws(GroupError) {
    let capabilities = leaf.capabilities
    try require(capabilities.versions.contains(protocolVersion), .leafVersionUnsupported)
    try require(capabilities.cipherSuites.contains(suite.identifier), .leafSuiteUnsupported)
    try require(capabilities.credentials.contains(leaf.credential.type), .leafCredentialUnlisted)
    try leaf.content.extensions.requireDistinct()
    try require(
      leaf.content.extensions.allSatisfy { capabilities.supports(extension: $0.type) }, .leafExtensionUnlisted
    )
    if case .x509 = leaf.credential { try require(policy.carriesX509, .credentialTypeByPolicy) }
    do throws(CryptographyError) {
      try suite.requireKeyAgreementKey(leaf.encryptionKey)
    } catch .weakShare {
      throw .refused(.invalidEncryptionKey)
    } catch {
      throw GroupError(error)
    }
    do throws(Refusal) {
      try policy.checkCredential(leaf.credential)
    } catch {
      throw .refused(error)
    }
  }

  static func check(_ lifetime: Lifetime, policy: GroupPolicy, now: GroupTime?) throws(GroupError) {
    if let longest = policy.longestLifetime {
      let (length, backwards) = lifetime.notAfter.subtractingReportingOverflow(lifetime.notBefore)
      try require(!backwards && length <= longest, .leafLifetimeTooLong)
    }
    guard let now else { return }
    let (latest, overflow) = now.addingReportingOverflow(policy.clockSkew)
    try require(overflow || lifetime.notBefore <= latest, .leafNotYetValid)
    try require(lifetime.notAfter >= (now > policy.clockSkew ? now - policy.clockSkew : 0), .leafExpired)
  }
}

extension KeyPackage {
  /// The rules of a key package by itself (RFC 9420, 10.1), before any group.
  package func validate(
    suite: GroupSuite, policy: GroupPolicy, now: GroupTime?
  ) throws(GroupError) {
    try require(version == protocolVersion, .keyPackageVersion)
    try require(cipherSuite == suite.identifier, .keyPackageSuite)
    guard case .keyPackage(let lifetime) = leafNode.content.source else { throw .refused(.leafSourceWrong) }
    try LeafRules.checkAlone(leafNode, suite: suite, policy: policy)
    try LeafRules.check(lifetime, policy: policy, now: now)
    try require(initKey != leafNode.encryptionKey, .keyPackageInitKeyIsEncryptionKey)
    do throws(CryptographyError) {
      try suite.requireKeyAgreementKey(initKey)
    } catch .weakShare {
      throw .refused(.keyPackageInitKeyInvalid)
    } catch {
      throw GroupError(error)
    }
    try extensions.requireDistinct()
    try leafNode.verify(at: LeafNode.Place(groupID: [], leaf: LeafIndex(0)), suite: suite)
    try verify(suite)
  }
}
