import Cryptography
import GroupKeys
import Testing

/// RFC 9420, 12.1 and 12.2.
@Suite struct ProposalRefusalTests {
  let forge: Forge

  init() throws { forge = try Forge() }

  private func psk(_ key: PreSharedKeyID.Key, nonce: Int = 32) -> Proposal {
    .preSharedKey(PreSharedKeyID(key: key, nonce: [UInt8](repeating: 1, count: nonce)))
  }

  @Test func anUpdateByTheCommitter() throws {
    forge.refuses(.updateByCommitter, try forge.commit([forge.update()]))
  }

  @Test func aRemoveOfTheCommitter() throws {
    forge.refuses(.removeOfCommitter, try forge.commit([.remove(forge.forger.own)], path: forge.path()))
  }

  @Test func aRemoveOfABlankLeaf() throws {
    forge.refuses(.removeOfBlankLeaf, try forge.commit([.remove(LeafIndex(7))], path: forge.path()))
    forge.refuses(
      .removeOfBlankLeaf, try forge.commit([.remove(LeafIndex(rawValue: .max))], path: forge.path()))
  }

  @Test func twoRemovesOfOneLeaf() throws {
    let remove = Proposal.remove(forge.third.own)
    forge.refuses(.severalChangesOfOneLeaf, try forge.commit([remove, remove], path: forge.path()))
  }

  @Test func anUpdateAndARemoveOfOneLeaf() throws {
    let update = try forge.third.proposeUpdate(form: .public)
    guard case .proposal(let sent) = try forge.victim.process(update, now: nil) else { return }
    let commit = Commit(
      proposals: [.reference(try #require(sent.reference)), .proposal(.remove(forge.third.own))],
      path: try forge.path())
    forge.refuses(.severalChangesOfOneLeaf, try forge.message(.commit(commit)))
  }

  @Test func twoUpdatesOfOneLeaf() throws {
    let updates = try (0..<2).map { _ in try forge.third.proposeUpdate(form: .public) }
    var references: [ProposalOrReference] = []
    for update in updates {
      guard case .proposal(let sent) = try forge.victim.process(update, now: nil) else { return }
      references.append(.reference(try #require(sent.reference)))
    }
    forge.refuses(
      .severalChangesOfOneLeaf, try forge.message(.commit(Commit(proposals: references, path: forge.path()))))
  }

  @Test func twoAddsOfOneClient() throws {
    let package = try forge.keyPackage()
    forge.refuses(.duplicateAdd, try forge.commit([.add(package), .add(package)]))
  }

  @Test func anAddOfAMember() throws {
    let leaf = try #require(forge.third.epoch.tree.leaf(forge.third.own))
    var content = leaf.content
    content.encryptionKey = try forge.suite.freshKeyPair(in: forge.slab, from: SystemEntropy.shared).publicKey
    content.source = .keyPackage(Lifetime(notBefore: 0, notAfter: 1 << 40))
    let key = forge.third.epoch.signatureKey
    let package = try KeyPackage(
      cipherSuite: 1, initKey: forge.suite.freshKeyPair(in: forge.slab, from: SystemEntropy.shared).publicKey,
      leafNode: LeafNode.signed(content, at: nil, suite: forge.suite, key: key), extensions: [], signature: []
    ).signed(forge.suite, key: key)
    forge.refuses(.addOfMember, try forge.commit([.add(package)]))
    // With a Remove of the old leaf it is allowed; the forged tag is what is left.
    let both: [Proposal] = [.remove(forge.third.own), .add(package)]
    forge.refuses(.notAuthentic, try forge.commit(both))
  }

  @Test func aPSKWithANonceOfAnotherSize() throws {
    forge.refuses(.pskNonceLength, try forge.commit([psk(.external(id: [1]), nonce: 31)]))
  }

  @Test func aPSKForAnotherUse() throws {
    for usage in [PreSharedKeyID.Usage.reInit, .branch] {
      let key = PreSharedKeyID.Key.resumption(usage: usage, groupID: forge.context.groupID, epoch: 1)
      forge.refuses(.pskUsageWrong, try forge.commit([psk(key)]))
    }
  }

  @Test func aPSKThatNobodyKnows() throws {
    forge.refuses(.pskUnknown, try forge.commit([psk(.external(id: [9, 9]))]))
  }

  @Test func aPSKOfAnEpochThatIsNotKnown() throws {
    let key = PreSharedKeyID.Key.resumption(usage: .application, groupID: forge.context.groupID, epoch: 99)
    forge.refuses(.pskGroupOrEpochUnknown, try forge.commit([psk(key)]))
    let other = PreSharedKeyID.Key.resumption(usage: .application, groupID: [1], epoch: 1)
    forge.refuses(.pskGroupOrEpochUnknown, try forge.commit([psk(other)]))
  }

  @Test func onePSKTwice() throws {
    let twice = psk(.external(id: [1]))
    forge.refuses(.duplicatePSK, try forge.commit([twice, twice]))
  }

  @Test func twoSetsOfGroupContextExtensions() throws {
    let none = Proposal.groupContextExtensions([])
    forge.refuses(.severalGroupContextExtensions, try forge.commit([none, none], path: forge.path()))
  }

  @Test func groupContextExtensionsWithOneTypeTwice() throws {
    let twice = [Extension(type: 5, content: [0]), Extension(type: 5, content: [0])]
    forge.refuses(.duplicateExtension, try forge.commit([.groupContextExtensions(twice)], path: forge.path()))
  }

  @Test func aGroupContextExtensionThatAMemberCannotDo() throws {
    let unknown = [Extension(type: 0xf100, content: [])]
    // The committer's own leaf cannot do it either; a path says so first, hence none that is checked.
    #expect(throws: GroupError.refused(.groupContextExtensionUnsupported)) {
      try forge.forger.commit(CommitRequest([.groupContextExtensions(unknown)]), now: nil)
    }
    forge.refuses(
      .groupContextExtensionUnsupported,
      try forge.commit([.groupContextExtensions(unknown)], path: forge.path()))
  }

  @Test func aRequiredCapabilityThatAMemberLacks() throws {
    for required in [
      RequiredCapabilities(extensions: [0xf100]), RequiredCapabilities(proposals: [0xf100]),
      RequiredCapabilities(credentials: [2]),
    ] {
      let extensions = [Extension(type: Extension.requiredCapabilities, content: required.encoded)]
      forge.refuses(
        .requiredCapabilityUnsupported,
        try forge.commit([.groupContextExtensions(extensions)], path: forge.path()))
    }
  }

  @Test func aNewcomerWhoLacksWhatTheGroupRequires() throws {
    let crowd = try Crowd(seed: 3, largest: 2)
    let creator = try crowd.newcomer()
    let required = RequiredCapabilities(credentials: [1])
    let group = try Group.create(
      groupID: [1], extensions: [Extension(type: Extension.requiredCapabilities, content: required.encoded)],
      creator: creator.own, in: creator.surroundings)
    let lacking = try forge.keyPackage {
      $0.credential = .x509(certificates: [])
      $0.capabilities.credentials = [2]
    }
    #expect(throws: GroupError.refused(.leafLacksRequiredCredential)) {
      try group.commit(CommitRequest([.add(lacking)]), now: nil)
    }
  }

  @Test func aReInitBesideAnotherProposal() throws {
    let reInit = Proposal.reInit(ReInit(groupID: [1], version: 1, cipherSuite: 1, extensions: []))
    forge.refuses(.reInitNotAlone, try forge.commit([reInit, .remove(forge.third.own)], path: forge.path()))
  }

  @Test func aReInitToAnOlderVersion() throws {
    let reInit = Proposal.reInit(ReInit(groupID: [1], version: 0, cipherSuite: 1, extensions: []))
    forge.refuses(.reInitVersionLower, try forge.commit([reInit]))
  }

  @Test func aGroupThatIsReinitialisedSendsNothingMore() throws {
    let reInit = Proposal.reInit(ReInit(groupID: [1], version: 1, cipherSuite: 1, extensions: []))
    let commit = try forge.forger.commit(CommitRequest([reInit]), now: nil)
    try forge.forger.adopt(commit.hash)
    #expect(forge.forger.reInit != nil)
    #expect(throws: GroupError.misuse(.groupIsReinitialised)) { try forge.forger.protect([1]) }
  }

  @Test func anExternalInitInAMembersCommit() throws {
    forge.refuses(
      .externalInitInMemberCommit, try forge.commit([.externalInit(kemOutput: [1])], path: forge.path()))
  }

  @Test func aProposalThatNobodyHasSeen() throws {
    let commit = Commit(proposals: [.reference([UInt8](repeating: 1, count: 32))], path: try forge.path())
    forge.refuses(.proposalReferenceUnknown, try forge.message(.commit(commit)))
  }

  @Test func moreBytesOfProposalsThanMayWait() throws {
    var last: [UInt8] = []
    for number in UInt8(0)..<4 {
      let extensions = [Extension(type: 1, content: [UInt8](repeating: number, count: 1 << 20))]
      last = try forge.message(.proposal(.groupContextExtensions(extensions)))
      if number < 3 { _ = try forge.victim.process(last, now: nil) }
    }
    forge.refuses(.limitExceeded, last)
    // Small ones still have room.
    _ = try forge.victim.process(forge.message(.proposal(.remove(forge.third.own))), now: nil)
  }

  /// An external commit of these proposals by the forger's key, as somebody new.
  private func external(
    _ proposals: [ProposalOrReference], path: Bool = true
  ) throws -> [UInt8] {
    let commit = Commit(proposals: proposals, path: path ? try forge.path() : nil)
    return try forge.message(.commit(commit), sender: .newMemberCommit)
  }

  @Test func anExternalCommitWithoutAnExternalInit() throws {
    forge.refuses(.externalCommitWithoutInit, try external([]))
  }

  @Test func anExternalCommitWithTwoExternalInits() throws {
    let initial = ProposalOrReference.proposal(.externalInit(kemOutput: [1]))
    forge.refuses(.severalExternalInit, try external([initial, initial]))
  }

  @Test func anExternalCommitWithoutAPath() throws {
    let initial = ProposalOrReference.proposal(.externalInit(kemOutput: [1]))
    forge.refuses(.externalCommitWithoutPath, try external([initial], path: false))
  }

  @Test func anExternalCommitThatAddsSomebodyElse() throws {
    let initial = ProposalOrReference.proposal(.externalInit(kemOutput: [1]))
    forge.refuses(
      .externalCommitProposalNotAllowed, try external([initial, .proposal(.add(forge.keyPackage()))]))
    forge.refuses(
      .externalCommitProposalNotAllowed, try external([initial, .proposal(.groupContextExtensions([]))]))
  }

  @Test func anExternalCommitThatNamesAProposal() throws {
    let initial = ProposalOrReference.proposal(.externalInit(kemOutput: [1]))
    forge.refuses(.externalCommitByReference, try external([initial, .reference([1])]))
  }

  @Test func anExternalCommitThatRemovesSeveral() throws {
    let initial = ProposalOrReference.proposal(.externalInit(kemOutput: [1]))
    forge.refuses(
      .severalRemovesInExternalCommit,
      try external([initial, .proposal(.remove(LeafIndex(0))), .proposal(.remove(LeafIndex(4)))]))
  }
}
