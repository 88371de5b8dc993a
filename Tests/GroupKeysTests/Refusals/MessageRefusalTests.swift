import Cryptography
import GroupKeys
import Testing

/// RFC 9420, 6.
@Suite struct MessageRefusalTests {
  let forge: Forge

  init() throws { forge = try Forge() }

  private func remove() -> MessageContent { .proposal(.remove(forge.third.own)) }

  @Test func aMessageOfAnotherGroup() throws {
    var content = forge.framed(remove())
    content.groupID = [1]
    forge.refuses(.otherGroup, try forge.message(content))
  }

  @Test func aMessageOfAnEpochToCome() throws {
    var content = forge.framed(remove())
    content.epoch += 1
    forge.refuses(.futureEpoch, try forge.message(content))
  }

  @Test func aHandshakeOfAnEpochThatEnded() throws {
    var content = forge.framed(remove())
    content.epoch -= 1
    forge.refuses(.pastEpoch, try forge.message(content))
  }

  @Test func aWelcomeOrKeyPackageInsteadOfAMessage() throws {
    forge.refuses(.wrongWireFormat, MLSMessage.keyPackage(try forge.keyPackage()).encoded)
    forge.refuses(
      .wrongWireFormat, MLSMessage.groupInfo(try forge.forger.groupInfo(withExternalKey: true)).encoded)
    forge.refuses(
      .wrongWireFormat,
      MLSMessage.welcome(Welcome(cipherSuite: 1, entries: [], encryptedGroupInfo: [])).encoded)
  }

  @Test func anApplicationMessageThatIsNotEncrypted() throws {
    forge.refuses(.applicationInPublic, try forge.message(.application([1])))
  }

  @Test func aMembershipTagThatIsWrong() throws {
    var message = try PublicMessage(parsing: Array(forge.message(remove()).dropFirst(4)))
    message.membershipTag?[0] ^= 1
    forge.refuses(.notAuthentic, MLSMessage.publicMessage(message).encoded)
    message.membershipTag = []
    forge.refuses(.notAuthentic, MLSMessage.publicMessage(message).encoded)
  }

  @Test func aMessageThatAnotherMemberSigned() throws {
    forge.refuses(
      .notAuthentic, try forge.message(forge.framed(remove()), key: forge.third.epoch.signatureKey))
  }

  @Test func aMessageFromABlankLeaf() throws {
    forge.refuses(.blankSender, try forge.message(remove(), sender: .member(LeafIndex(6))))
    forge.refuses(.blankSender, try forge.message(remove(), sender: .member(LeafIndex(rawValue: .max))))
  }

  @Test func anOwnMessageThatSomebodyElseMade() throws {
    forge.refuses(.ownMessage, try forge.message(remove(), sender: .member(forge.victim.own)))
  }

  @Test func aProposalFromOutsideUnderTheProductsPolicy() throws {
    let forge = try Forge(policy: .forForging { $0.allowsExternalProposals = false })
    forge.refuses(
      .externalProposalByPolicy, try forge.message(.proposal(.remove(forge.third.own)), sender: .external(0)))
    let add = MessageContent.proposal(.add(try forge.keyPackage()))
    forge.refuses(.externalProposalByPolicy, try forge.message(add, sender: .newMemberProposal))
  }

  @Test func anExternalCommitUnderTheProductsPolicy() throws {
    let forge = try Forge(policy: .forForging { $0.allowsExternalCommits = false })
    let commit = MessageContent.commit(Commit(proposals: [], path: try forge.path()))
    forge.refuses(.externalCommitByPolicy, try forge.message(commit, sender: .newMemberCommit))
  }

  @Test func aProposalFromAnOutsiderWhomTheGroupDoesNotName() throws {
    forge.refuses(.externalSenderUnknown, try forge.message(remove(), sender: .external(0)))
  }

  @Test func aCommitFromOutsideThatIsNoExternalCommit() throws {
    let commit = MessageContent.commit(Commit(proposals: [], path: nil))
    forge.refuses(.senderNotAllowed, try forge.message(commit, sender: .external(0)))
    forge.refuses(.senderNotAllowed, try forge.message(commit, sender: .newMemberProposal))
    forge.refuses(.senderNotAllowed, try forge.message(remove(), sender: .newMemberCommit))
  }

  @Test func aNewMembersProposalOfAnythingButItself() throws {
    forge.refuses(.newMemberProposalNotAdd, try forge.message(remove(), sender: .newMemberProposal))
  }

  /// A PrivateMessage of the forger's next key, with this generation and these bytes after the content.
  private func sealed(generation: UInt32? = nil, tail: [UInt8] = [], leaf: LeafIndex? = nil) throws -> [UInt8]
  {
    let (group, suite) = (forge.forger, forge.suite)
    let authenticated = try AuthenticatedContent.signed(
      forge.framed(.application([1, 2])), as: .privateMessage, context: group.epoch.contextBytes,
      suite: suite,
      key: group.epoch.signatureKey)
    var tree = group.epoch.secretTree
    let (next, key) = try tree.next(group.own, .application, suite)
    let sender = PrivateMessage.SenderData(
      leaf: leaf ?? group.own, generation: generation ?? next, reuseGuard: [0, 0, 0, 0])
    var plaintext = TLSWriter()
    plaintext.opaque([1, 2])
    plaintext.opaque(authenticated.signature)
    plaintext.fixed(tail)
    var context = TLSWriter()
    context.opaque(forge.context.groupID)
    context.write(forge.context.epoch)
    context.write(UInt8(1))
    let senderContext = context.bytes
    context.opaque([])
    let ciphertext = try suite.sealed(
      plaintext.bytes, key: key.key, nonce: key.nonce.publicBytes, authenticating: context.bytes)
    let senderKey = try PrivateMessage.SenderData.key(
      group.epoch.secrets.senderData, ciphertext: ciphertext, suite: suite)
    return MLSMessage.privateMessage(
      PrivateMessage(
        groupID: forge.context.groupID, epoch: forge.context.epoch, contentType: 1, authenticatedData: [],
        encryptedSenderData: try suite.sealed(
          sender.encoded, key: senderKey.key, nonce: senderKey.nonce.publicBytes,
          authenticating: senderContext),
        ciphertext: ciphertext)
    ).encoded
  }

  @Test func paddingThatIsNotZero() throws {
    let wrong = try sealed(tail: [0, 0, 1])
    #expect(throws: GroupError.refused(.paddingNotZero)) { try forge.victim.process(wrong, now: nil) }
    // The key was not used up by that.
    guard case .application(let received) = try forge.victim.process(sealed(tail: [0, 0]), now: nil) else {
      Issue.record("the right message is refused after the wrong one")
      return
    }
    #expect(received.content == [1, 2])
  }

  @Test func aGenerationTooFarAhead() throws {
    let wrong = try sealed(generation: GroupLimits.generationsAhead + 1)
    #expect(throws: GroupError.refused(.generationTooFar)) { try forge.victim.process(wrong, now: nil) }
  }

  @Test func aGenerationThatIsNotTheKeys() throws {
    let wrong = try sealed(generation: 3)
    #expect(throws: GroupError.notAuthentic) { try forge.victim.process(wrong, now: nil) }
  }

  @Test func aPrivateMessageOfABlankLeafOrOfSomebodyElse() throws {
    let (blank, other) = (try sealed(leaf: LeafIndex(6)), try sealed(leaf: forge.third.own))
    #expect(throws: GroupError.refused(.blankSender)) { try forge.victim.process(blank, now: nil) }
    #expect(throws: GroupError.notAuthentic) { try forge.victim.process(other, now: nil) }
  }

  @Test func lengthsThatAreNotInTheirShortestForm() {
    for bytes: [UInt8] in [[0x40, 0x3f], [0x80, 0, 0x3f, 0xff], [0xc0]] {
      var reader = TLSReader(bytes)
      #expect(throws: GroupError.malformed(.wrongLengthPrefix)) { try reader.length() }
    }
  }

  @Test func bytesAfterTheEnd() throws {
    forge.refuses(.malformed(.trailingBytes), try forge.message(remove()) + [0])
    forge.refuses(.malformed(.truncated), try forge.message(remove()).dropLast())
    forge.refuses(.malformed(.truncated), [])
  }

  @Test func kindsWithoutAMeaning() throws {
    forge.refuses(.malformed(.unknownValue(structure: .version)), [0, 2, 0, 1])
    forge.refuses(.malformed(.unknownValue(structure: .wireFormat)), [0, 1, 0, 6])
    #expect(throws: GroupError.malformed(.unknownValue(structure: .proposalType))) {
      try Proposal(parsing: [0, 8, 0])
    }
    #expect(throws: GroupError.malformed(.unknownValue(structure: .senderType))) { try Sender(parsing: [5]) }
    #expect(throws: GroupError.malformed(.unknownValue(structure: .credential))) {
      try Credential(parsing: [0, 3, 0])
    }
    #expect(throws: GroupError.malformed(.unknownValue(structure: .leafNodeSource))) {
      try LeafNodeSource(parsing: [4])
    }
    #expect(throws: GroupError.malformed(.unknownValue(structure: .pskType))) {
      try PreSharedKeyID(parsing: [3, 0, 0])
    }
    #expect(throws: GroupError.malformed(.unknownValue(structure: .pskUsage))) {
      try PreSharedKeyID(parsing: [2, 4])
    }
    #expect(throws: GroupError.malformed(.unknownValue(structure: .proposalOrReference))) {
      try ProposalOrReference(parsing: [3])
    }
    #expect(throws: GroupError.malformed(.unknownValue(structure: .optional))) {
      try Commit(parsing: [0, 2])
    }
  }
}
