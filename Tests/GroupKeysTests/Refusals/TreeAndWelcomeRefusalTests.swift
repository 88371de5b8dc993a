import Cryptography
import GroupKeys
import Testing

/// RFC 9420, 7.8, 7.9 and 12.4.3.1.
@Suite struct TreeAndWelcomeRefusalTests {
  let forge: Forge

  init() throws { forge = try Forge() }

  /// A tree of these nodes, written as they are.
  private func bytes(_ nodes: [RatchetTree.Node?]) -> [UInt8] {
    var inside = TLSWriter()
    for node in nodes {
      switch node {
      case nil: inside.write(UInt8(0))
      case .leaf(let leaf)?:
        inside.fixed([1, 1])
        inside.write(leaf)
      case .parent(let parent)?:
        inside.fixed([1, 2])
        inside.write(parent)
      }
    }
    var writer = TLSWriter()
    writer.opaque(inside.bytes)
    return writer.bytes
  }

  private var nodes: [RatchetTree.Node?] {
    let nodes = forge.forger.epoch.tree.nodes
    return Array(nodes[...(nodes.lastIndex { $0 != nil } ?? 0)])
  }

  private func refuses(
    _ refusal: Refusal, _ nodes: [RatchetTree.Node?], location: SourceLocation = #_sourceLocation
  ) {
    #expect(throws: GroupError.refused(refusal), sourceLocation: location) {
      var tree = try RatchetTree(parsing: bytes(nodes))
      try tree.validate(forge.suite)
    }
  }

  /// The nodes with one parent changed.
  private func changed(_ node: Int, _ change: (inout ParentNode) -> Void) throws -> [RatchetTree.Node?] {
    var nodes = nodes
    guard case .parent(var parent)? = nodes[node] else {
      throw MLSVector.Wrong(description: "node \(node) is no parent")
    }
    change(&parent)
    nodes[node] = .parent(parent)
    return nodes
  }

  @Test func theTreeItselfIsRight() throws {
    var tree = try RatchetTree(parsing: bytes(nodes))
    try tree.validate(forge.suite)
    try tree.validateLeaves(context: forge.context, suite: forge.suite, policy: .everythingForTestsOnly)
  }

  @Test func aTreeWithoutNodes() { refuses(.treeEmpty, []) }

  @Test func aTreeThatEndsBlank() { refuses(.treeEndsBlank, nodes + [nil]) }

  @Test func aLeafWhereAParentBelongs() {
    var nodes = nodes
    nodes[1] = nodes[0]
    refuses(.treeLeafAtParent, nodes)
  }

  @Test func aParentWhereALeafBelongs() {
    var nodes = nodes
    nodes[0] = nodes[1]
    refuses(.treeParentAtLeaf, nodes)
  }

  @Test func unmergedLeavesThatAreNotSorted() throws {
    refuses(.unmergedLeafNotSorted, try changed(3) { $0.unmergedLeaves = [2, 1] })
    refuses(.unmergedLeafNotSorted, try changed(3) { $0.unmergedLeaves = [1, 1] })
  }

  @Test func anUnmergedLeafThatIsNotBelow() throws {
    refuses(.unmergedLeafNotBelow, try changed(3) { $0.unmergedLeaves = [4] })
    refuses(.unmergedLeafNotBelow, try changed(3) { $0.unmergedLeaves = [.max] })
  }

  @Test func anUnmergedLeafThatIsBlank() throws {
    refuses(.unmergedLeafBlank, try changed(7) { $0.unmergedLeaves = [6] })
  }

  @Test func anUnmergedLeafThatANodeInBetweenHasMerged() throws {
    refuses(.unmergedLeafNotInBetween, try changed(3) { $0.unmergedLeaves = [1] })
  }

  @Test func aParentWithAnotherKey() throws {
    let other = try forge.suite.freshKeyPair(in: forge.slab, from: SystemEntropy.shared).publicKey
    refuses(.parentHashUnlinked, try changed(3) { $0.encryptionKey = other })
  }

  @Test func aParentHashThatLinksNothing() throws {
    refuses(.parentHashUnlinked, try changed(3) { $0.parentHash = [1] })
  }

  @Test func oneEncryptionKeyAtTwoNodes() throws {
    let other = try #require(forge.forger.epoch.tree.encryptionKey(0))
    refuses(.duplicateEncryptionKey, try changed(3) { $0.encryptionKey = other })
  }

  @Test func oneMemberAtTwoLeaves() {
    var nodes = nodes
    nodes[2] = nodes[0]
    #expect(throws: GroupError.self) {
      var tree = try RatchetTree(parsing: bytes(nodes))
      try tree.validate(forge.suite)
    }
  }

  @Test func leavesSignedForAnotherGroup() throws {
    var context = forge.context
    context.groupID = [1]
    let tree = forge.forger.epoch.tree
    #expect(throws: GroupError.notAuthentic) {
      try tree.validateLeaves(context: context, suite: forge.suite, policy: .everythingForTestsOnly)
    }
  }

  /// A newcomer with a Welcome that is right.
  private func invited(tree: Bool = true) throws -> (newcomer: Crowd.Newcomer, commit: OwnCommit) {
    let newcomer = try forge.crowd.newcomer()
    var request = CommitRequest([.add(newcomer.own.keyPackage)])
    request.treeInWelcome = tree
    return (newcomer, try forge.forger.commit(request, now: nil))
  }

  private func refusesWelcome(
    _ error: GroupError, _ welcome: Welcome, _ newcomer: Crowd.Newcomer, tree: [UInt8]? = nil,
    location: SourceLocation = #_sourceLocation
  ) {
    #expect(throws: error, sourceLocation: location) {
      try Group.join(
        welcome, with: newcomer.own, ratchetTree: tree, preSharedKeys: PreSharedKeys(),
        in: newcomer.surroundings)
    }
  }

  @Test func aWelcomeForSomebodyElse() throws {
    let (_, commit) = try invited()
    refusesWelcome(
      .refused(.welcomeNotForKeyPackage), try #require(commit.welcome), try forge.crowd.newcomer())
  }

  @Test func aWelcomeOfAnotherSuite() throws {
    let (newcomer, commit) = try invited()
    let welcome = try #require(commit.welcome)
    let other = Welcome(
      cipherSuite: 3, entries: welcome.entries, encryptedGroupInfo: welcome.encryptedGroupInfo)
    refusesWelcome(.refused(.welcomeSuiteDiffers), other, newcomer)
  }

  @Test func aWelcomeWithOneEntryTwice() throws {
    let (newcomer, commit) = try invited()
    let welcome = try #require(commit.welcome)
    let twice = Welcome(
      cipherSuite: 1, entries: welcome.entries + welcome.entries,
      encryptedGroupInfo: welcome.encryptedGroupInfo)
    refusesWelcome(.refused(.duplicateKeyPackageReference), twice, newcomer)
  }

  @Test func aWelcomeWithoutATree() throws {
    let (newcomer, commit) = try invited(tree: false)
    refusesWelcome(.refused(.welcomeWithoutTree), try #require(commit.welcome), newcomer)
  }

  @Test func aWelcomeWithAnotherTreeBesideIt() throws {
    let (newcomer, commit) = try invited(tree: false)
    let welcome = try #require(commit.welcome)
    refusesWelcome(.refused(.treeHashDiffers), welcome, newcomer, tree: forge.forger.ratchetTree)
    _ = try Group.join(
      welcome, with: newcomer.own, ratchetTree: commit.ratchetTree, preSharedKeys: PreSharedKeys(),
      in: newcomer.surroundings)
  }

  @Test func aWelcomeWhoseGroupInfoWasChanged() throws {
    let (newcomer, commit) = try invited()
    let welcome = try #require(commit.welcome)
    var info = welcome.encryptedGroupInfo
    info[info.count / 2] ^= 1
    refusesWelcome(
      .notAuthentic, Welcome(cipherSuite: 1, entries: welcome.entries, encryptedGroupInfo: info), newcomer)
  }

  @Test func aWelcomeUnderAPolicyWithoutItsSuite() throws {
    let (newcomer, commit) = try invited()
    var surroundings = newcomer.surroundings
    surroundings.policy.suites = [3]
    #expect(throws: GroupError.misuse(.unsupportedSuite)) {
      try Group.join(
        #require(commit.welcome), with: newcomer.own, preSharedKeys: PreSharedKeys(), in: surroundings)
    }
  }

  @Test func aWelcomeToAGroupThatTheNewcomerCannotBelieve() throws {
    let (newcomer, commit) = try invited()
    var surroundings = newcomer.surroundings
    surroundings.policy.checkCredential = { (credential) throws(Refusal) in
      if case .basic(identity: Array("member 1".utf8)) = credential { throw .credentialRefused }
    }
    #expect(throws: GroupError.refused(.credentialRefused)) {
      try Group.join(
        #require(commit.welcome), with: newcomer.own, preSharedKeys: PreSharedKeys(), in: surroundings)
    }
  }
}
