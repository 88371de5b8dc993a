import Cryptography
import GroupKeys
import Testing

/// RFC 9420, 7.3 and 10.1.
@Suite struct LeafAndKeyPackageRefusalTests {
  let forge: Forge

  init() throws { forge = try Forge() }

  private func add(_ refusal: Refusal, _ keyPackage: KeyPackage, now: GroupTime? = nil) throws {
    forge.refuses(refusal, try forge.commit([.add(keyPackage)]), now: now)
  }

  @Test func whatIsNotSpoiltIsTaken() throws {
    // The forged confirmation tag is what is left to refuse.
    forge.refuses(.notAuthentic, try forge.commit([.add(forge.keyPackage())]))
    forge.refuses(.notAuthentic, try forge.commit([]))
    guard case .proposal = try forge.victim.process(forge.message(.proposal(forge.update())), now: nil) else {
      Issue.record("a right update is refused")
      return
    }
    _ = try forge.victim.commit(CommitRequest(), now: nil)
  }

  @Test func aLeafMadeForAnUpdateInAKeyPackage() throws {
    try add(.leafSourceWrong, forge.keyPackage { $0.source = .update })
  }

  @Test func aLeafMadeForAKeyPackageInAnUpdate() throws {
    try forge.refusesUpdate(
      .leafSourceWrong, forge.update { $0.source = .keyPackage(Lifetime(notBefore: 0, notAfter: 1 << 40)) })
  }

  @Test func aLeafMadeForAnUpdateInAPath() throws {
    let path = try forge.path { $0.source = .update }
    forge.refuses(.leafSourceWrong, try forge.commit([], path: path))
  }

  @Test func aLeafThatCannotDoTheSuite() throws {
    try add(.leafSuiteUnsupported, forge.keyPackage { $0.capabilities.cipherSuites = [3, 0x0a0a] })
    try forge.refusesUpdate(.leafSuiteUnsupported, forge.update { $0.capabilities.cipherSuites = [] })
  }

  @Test func aLeafThatCannotDoTheVersion() throws {
    try add(.leafVersionUnsupported, forge.keyPackage { $0.capabilities.versions = [2] })
  }

  @Test func aLeafExtensionThatItsCapabilitiesDoNotList() throws {
    try add(
      .leafExtensionUnlisted, forge.keyPackage { $0.extensions = [Extension(type: 0xf001, content: [])] })
  }

  @Test func aLeafWithOneExtensionTwice() throws {
    try add(
      .duplicateExtension,
      forge.keyPackage {
        $0.extensions = [Extension(type: 1, content: [1]), Extension(type: 1, content: [2])]
      })
  }

  @Test func aCredentialThatItsCapabilitiesDoNotList() throws {
    try add(.leafCredentialUnlisted, forge.keyPackage { $0.capabilities.credentials = [2] })
  }

  @Test func aCredentialThatAMemberCannotRead() throws {
    try add(
      .leafCredentialUnsupportedByMember,
      forge.keyPackage {
        $0.credential = .x509(certificates: [[1]])
        $0.capabilities.credentials = [1, 2]
      })
  }

  @Test func aLeafThatCannotReadAMembersCredential() throws {
    try add(
      .leafUnsupportsMemberCredential,
      forge.keyPackage {
        $0.credential = .x509(certificates: [[1]])
        $0.capabilities.credentials = [2]
      })
  }

  @Test func anX509CredentialUnderTheProductsPolicy() throws {
    let forge = try Forge(policy: GroupPolicy.forForging { $0.carriesX509 = false })
    let package = try forge.keyPackage {
      $0.credential = .x509(certificates: [[1]])
      $0.capabilities.credentials = [1, 2]
    }
    forge.refuses(.credentialTypeByPolicy, try forge.commit([.add(package)]))
  }

  @Test func aCredentialThatTheApplicationRefuses() throws {
    let forge = try Forge(
      policy: GroupPolicy.forForging {
        $0.checkCredential = { (credential) throws(Refusal) in
          if case .basic(identity: Array("mallory".utf8)) = credential { throw .credentialRefused }
        }
      })
    let package = try forge.keyPackage { $0.credential = .basic(identity: Array("mallory".utf8)) }
    forge.refuses(.credentialRefused, try forge.commit([.add(package)]))
  }

  @Test func aKeyPackageThatHasExpired() throws {
    try add(
      .leafExpired, forge.keyPackage { $0.source = .keyPackage(Lifetime(notBefore: 0, notAfter: 1000)) },
      now: 10_000)
  }

  @Test func aKeyPackageOfTheFuture() throws {
    try add(
      .leafNotYetValid,
      forge.keyPackage { $0.source = .keyPackage(Lifetime(notBefore: 20_000, notAfter: 30_000)) },
      now: 10_000)
  }

  @Test func aKeyPackageThatLivesTooLong() throws {
    let forge = try Forge(policy: GroupPolicy.forForging { $0.longestLifetime = 1 << 41 })
    let package = try forge.keyPackage { $0.source = .keyPackage(Lifetime(notBefore: 0, notAfter: 1 << 42)) }
    forge.refuses(.leafLifetimeTooLong, try forge.commit([.add(package)]))
    let backwards = try forge.keyPackage { $0.source = .keyPackage(Lifetime(notBefore: 9, notAfter: 8)) }
    forge.refuses(.leafLifetimeTooLong, try forge.commit([.add(backwards)]))
  }

  @Test func anEncryptionKeyOfSmallOrder() throws {
    try add(.invalidEncryptionKey, forge.keyPackage { $0.encryptionKey = [UInt8](repeating: 0, count: 32) })
    try add(.invalidEncryptionKey, forge.keyPackage { $0.encryptionKey = [1] })
  }

  @Test func anUpdateToAnotherMembersEncryptionKey() throws {
    let stolen = try #require(forge.third.epoch.tree.leaf(forge.third.own)).encryptionKey
    let bytes = try forge.message(.proposal(forge.update { $0.encryptionKey = stolen }))
    _ = try forge.victim.process(bytes, now: nil)
    #expect(throws: GroupError.refused(.duplicateEncryptionKey)) {
      try forge.victim.commit(CommitRequest(), now: nil)
    }
  }

  @Test func anUpdateToAnotherMembersSignatureKey() throws {
    let other = forge.third
    let key = try #require(other.epoch.tree.leaf(other.own)).signatureKey
    let bytes = try forge.message(
      .proposal(forge.update({ $0.signatureKey = key }, key: other.epoch.signatureKey)))
    _ = try forge.victim.process(bytes, now: nil)
    #expect(throws: GroupError.refused(.duplicateSignatureKey)) {
      try forge.victim.commit(CommitRequest(), now: nil)
    }
  }

  @Test func anUpdateThatKeepsItsKey() throws {
    let old = try #require(forge.forger.epoch.tree.leaf(forge.forger.own)).encryptionKey
    try forge.refusesUpdate(.updateOfUnchangedKey, forge.update { $0.encryptionKey = old })
  }

  @Test func anUpdateSignedForAnotherPlace() throws {
    var content = try #require(forge.forger.epoch.tree.leaf(forge.forger.own)).content
    content.encryptionKey = try forge.suite.freshKeyPair(in: forge.slab, from: SystemEntropy.shared).publicKey
    content.source = .update
    let leaf = try LeafNode.signed(
      content, at: LeafNode.Place(groupID: forge.context.groupID, leaf: LeafIndex(0)), suite: forge.suite,
      key: forge.forger.epoch.signatureKey)
    _ = try forge.victim.process(forge.message(.proposal(.update(leaf))), now: nil)
    #expect(throws: GroupError.notAuthentic) { try forge.victim.commit(CommitRequest(), now: nil) }
  }

  @Test func aKeyPackageOfAnotherVersion() throws {
    try add(.keyPackageVersion, forge.keyPackage(version: 2))
  }

  @Test func aKeyPackageOfAnotherSuite() throws {
    try add(.keyPackageSuite, forge.keyPackage(cipherSuite: 3))
  }

  @Test func aKeyPackageWithOneKeyForBoth() throws {
    let key = try forge.suite.freshKeyPair(in: forge.slab, from: SystemEntropy.shared).publicKey
    try add(.keyPackageInitKeyIsEncryptionKey, forge.keyPackage(initKey: key) { $0.encryptionKey = key })
  }

  @Test func aKeyPackageWithAnInitKeyOfSmallOrder() throws {
    try add(.keyPackageInitKeyInvalid, forge.keyPackage(initKey: [UInt8](repeating: 0, count: 32)))
  }

  @Test func aKeyPackageWithOneExtensionTwice() throws {
    let twice = [Extension(type: 0x0a0a, content: []), Extension(type: 0x0a0a, content: [1])]
    try add(.duplicateExtension, forge.keyPackage(extensions: twice))
  }

  @Test func aKeyPackageThatSomebodyElseSigned() throws {
    let package = try forge.keyPackage().signed(forge.suite, key: forge.forger.epoch.signatureKey)
    forge.refuses(.notAuthentic, try forge.commit([.add(package)]))
    #expect(throws: GroupError.notAuthentic) {
      try package.validate(suite: forge.suite, policy: .everythingForTestsOnly, now: nil)
    }
  }

  @Test func aKeyPackageWhoseLeafSomebodyElseSigned() throws {
    let right = try forge.crowd.newcomer().own
    let leaf = try LeafNode.signed(
      right.keyPackage.leafNode.content, at: nil, suite: forge.suite, key: forge.forger.epoch.signatureKey)
    let package = try KeyPackage(
      cipherSuite: 1, initKey: right.keyPackage.initKey, leafNode: leaf, extensions: [], signature: []
    ).signed(forge.suite, key: right.signatureKey)
    #expect(throws: GroupError.notAuthentic) {
      try package.validate(suite: forge.suite, policy: .everythingForTestsOnly, now: nil)
    }
  }

  @Test func valuesWithoutAMeaningAreCarried() throws {
    // GREASE (13.5): in capabilities and extensions that nobody must know.
    let package = try forge.keyPackage(extensions: [Extension(type: 0x1a1a, content: [1])]) {
      $0.capabilities.versions += [0x2a2a]
      $0.capabilities.cipherSuites += [0x3a3a]
      $0.capabilities.extensions = [0x4a4a]
      $0.capabilities.proposals = [0x5a5a]
      $0.capabilities.credentials += [0x6a6a]
      $0.extensions = [Extension(type: 0x4a4a, content: [1, 2])]
    }
    _ = try forge.forger.commit(CommitRequest([.add(package)]), now: nil)
    #expect(try KeyPackage(parsing: package.encoded) == package)
  }
}

extension GroupPolicy {
  /// What lets a group of the tests be made, with one rule of the product's put back.
  static func forForging(_ change: (inout GroupPolicy) -> Void) -> GroupPolicy {
    var policy = GroupPolicy.everythingForTestsOnly
    change(&policy)
    return policy
  }
}
