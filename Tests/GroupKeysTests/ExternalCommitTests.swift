import Cryptography
import GroupKeys
import Testing

/// Off by policy; that the code can follow one is shown here, since no official file holds one.
@Suite struct ExternalCommitTests {
  /// What somebody outside makes of a GroupInfo: the commit, and the authenticator of the epoch it leads to.
  private func externalCommit(
    _ info: GroupInfo, _ suite: GroupSuite, _ slab: SecretSlab, _ own: OwnKeyPackage, removing: LeafIndex?
  ) throws -> (message: [UInt8], authenticator: [UInt8]) {
    var reader = TLSReader(try #require(info.extensions.content(Extension.externalPublicKey)))
    let (kemOutput, initial) = try GroupHPKE.exportSecret(
      to: reader.opaque(), context: Array("MLS 1.0 external init secret".utf8),
      byteCount: suite.hashByteCount,
      suite: suite, in: slab)
    var tree = try RatchetTree(parsing: #require(info.extensions.content(Extension.ratchetTree)))
    let proposals = [Proposal.externalInit(kemOutput: kemOutput)] + (removing.map { [.remove($0)] } ?? [])
    for proposal in proposals { try tree.apply(proposal, by: LeafIndex(0)) }
    let before = Set(tree.members.map(\.index))
    try tree.apply(.add(own.keyPackage), by: LeafIndex(0))
    let place = try #require(tree.members.first { !before.contains($0.index) }).index
    let fresh = try FreshPath(for: place, in: tree, suite: suite, slab: slab, entropy: SystemEntropy.shared)
    var context = info.context
    let leaf = try tree.place(
      fresh, at: place, groupID: context.groupID, suite: suite, signatureKey: own.signatureKey)
    context.epoch += 1
    context.treeHash = tree.treeHash(suite)
    let path = try tree.encrypt(
      fresh, leafNode: leaf, context: context.encoded, excluding: [], suite: suite, by: GroupHPKE.shared)
    var authenticated = try AuthenticatedContent.signed(
      FramedContent(
        groupID: context.groupID, epoch: info.context.epoch, sender: .newMemberCommit,
        content: .commit(Commit(proposals: proposals.map(ProposalOrReference.proposal), path: path))),
      as: .publicMessage, context: info.context.encoded, suite: suite, key: own.signatureKey)
    context.confirmedTranscriptHash = suite.confirmedTranscriptHash(
      suite.interimTranscriptHash(
        info.context.confirmedTranscriptHash, confirmationTag: info.confirmationTag),
      authenticated)
    let secrets = try JoinerSecrets(
      initial: initial, commit: fresh.commitSecret, psk: suite.pskSecret([], in: slab),
      context: context.encoded,
      suite: suite
    ).epochSecrets(context: context.encoded)
    authenticated.confirmationTag = suite.authenticate(
      context.confirmedTranscriptHash, key: secrets.confirmation)
    let message = MLSMessage.publicMessage(PublicMessage(authenticated: authenticated, membershipTag: nil))
    return (message.encoded, secrets.authenticator)
  }

  @Test(arguments: [GroupSuite.x25519AES128, .x25519ChaCha], [nil, LeafIndex(2)])
  func aMemberFollowsOneWhereThePolicyAllowsIt(_ suite: GroupSuite, _ removing: LeafIndex?) throws {
    let forge = try Forge(suite: suite)
    let newcomer = try forge.crowd.newcomer()
    let info = try forge.third.groupInfo(withExternalKey: true)
    let (message, authenticator) = try externalCommit(
      info, suite, newcomer.surroundings.slab, newcomer.own, removing: removing)
    for member in [forge.forger, forge.victim, forge.third] {
      guard case .commit(let staged) = try member.process(message, now: nil) else {
        Issue.record("not a commit")
        return
      }
      try member.adopt(staged.hash)
      if member.own == removing {
        #expect(member.isRemoved)
      } else {
        #expect(member.epochAuthenticator == authenticator)
        #expect(
          member.members.contains { $0.leaf.signatureKey == newcomer.own.keyPackage.leafNode.signatureKey })
      }
    }
  }

  @Test func theProductRefusesIt() throws {
    let forge = try Forge(policy: .forForging { $0.allowsExternalCommits = false })
    let newcomer = try forge.crowd.newcomer()
    let (message, _) = try externalCommit(
      forge.third.groupInfo(withExternalKey: true), forge.suite, newcomer.surroundings.slab, newcomer.own,
      removing: nil)
    forge.refuses(.externalCommitByPolicy, message)
    #expect(!GroupPolicy().allowsExternalCommits)
  }
}
