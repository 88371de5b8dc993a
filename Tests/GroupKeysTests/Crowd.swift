import Cryptography
import GroupKeys
import TestSupport
import Testing

/// A group with all its members in one place, and everything they say delivered to all.
final class Crowd {
  let suite: GroupSuite
  var random: SeededGenerator
  var policy = GroupPolicy.everythingForTestsOnly
  /// Members in the order in which they joined; those who left are gone.
  private(set) var members: [Group] = []
  private var born = 0
  /// What a chosen newcomer saw, in the passive-client form.
  var recording: PassiveRecording?
  /// Whether members propose secrets of past epochs, which a newcomer of the passive-client form could not have.
  var usesResumption = true
  private let largest: Int
  private let external: [UInt8: [UInt8]] = [1: [1, 2, 3], 2: [UInt8](repeating: 9, count: 40)]

  init(suite: GroupSuite = .x25519AES128, seed: UInt64, largest: Int) throws {
    self.suite = suite
    self.largest = largest
    random = SeededGenerator(seed: seed)
    let creator = try newcomer()
    members = [
      try Group.create(
        groupID: (0..<16).map { _ in random.next() & 0xff }.map { UInt8($0) }, creator: creator.own,
        in: creator.surroundings)
    ]
    try givePSKs(members[0])
  }

  struct Newcomer {
    let own: OwnKeyPackage
    let surroundings: Group.Surroundings
  }

  func newcomer() throws -> Newcomer {
    born += 1
    let surroundings = Group.Surroundings(policy: policy)
    let own = try OwnKeyPackage.make(
      suite: suite, credential: .basic(identity: Array("member \(born)".utf8)),
      lifetime: Lifetime(notBefore: 0, notAfter: 1 << 40), in: surroundings)
    return Newcomer(own: own, surroundings: surroundings)
  }

  private func givePSKs(_ group: Group) throws {
    for (name, psk) in external { group.preSharedKeys.external[[name]] = try secret(psk, group.slab) }
  }

  private func psk(_ group: Group) -> Proposal {
    let nonce = (0..<suite.hashByteCount).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    if !usesResumption || Bool.random(using: &random) {
      return .preSharedKey(
        PreSharedKeyID(key: .external(id: [UInt8.random(in: 1...2, using: &random)]), nonce: nonce))
    }
    return .preSharedKey(
      PreSharedKeyID(
        key: .resumption(usage: .application, groupID: group.groupID, epoch: group.epochNumber), nonce: nonce)
    )
  }

  /// Delivers to everybody but the sender, and returns what each made of it.
  private func deliver(_ message: [UInt8], from sender: Group) throws -> [Processed] {
    var results: [Processed] = []
    for member in members where member !== sender { results.append(try member.process(message, now: 1000)) }
    return results
  }

  private func form() -> HandshakeForm {
    Bool.random(using: &random) ? .public : .private(padding: Int.random(in: 0...64, using: &random))
  }

  /// One epoch: some propose, one commits, newcomers join; all agree in the end.
  func step(record: Bool = false) throws {
    // Whoever is recorded only follows.
    let active = members.filter { $0 !== recording?.group }
    let committer = try #require(active.randomElement(using: &random))
    var others = active.filter { $0 !== committer }.shuffled(using: &random)
    var proposals: [[UInt8]] = []
    var newcomers: [Newcomer] = []
    func add() throws -> Proposal {
      newcomers.append(try newcomer())
      return .add(newcomers[newcomers.count - 1].own.keyPackage)
    }
    let canGrow = members.count < largest
    // Proposals that travel for themselves.
    for _ in 0..<Int.random(in: 0...2, using: &random) {
      guard let proposer = others.popLast() else { break }
      let bytes: [UInt8]
      switch Int.random(in: 0...3, using: &random) {
      case 0 where canGrow: bytes = try proposer.propose(add(), form: form())
      case 1 where others.count > 1:
        let target = others.removeLast()
        bytes = try proposer.propose(.remove(target.own), form: form())
      case 2: bytes = try proposer.propose(psk(proposer), form: form())
      default: bytes = try proposer.proposeUpdate(form: form())
      }
      proposals.append(bytes)
      for result in try deliver(bytes, from: proposer) {
        guard case .proposal = result else { throw MLSVector.Wrong(description: "not a proposal") }
      }
    }
    var request = CommitRequest()
    request.form = form()
    request.alwaysHasPath = Int.random(in: 0...3, using: &random) > 0
    request.treeInWelcome = Bool.random(using: &random)
    if canGrow || members.count < 2 {
      for _ in 0..<Int.random(in: members.count < 2 ? 1...4 : 0...3, using: &random) {
        request.proposals.append(try add())
      }
    }
    if let target = others.popLast(), Int.random(in: 0...(canGrow ? 5 : 1), using: &random) == 0 {
      request.proposals.append(.remove(target.own))
    }
    // Now and then somebody else wants the same place, and loses it.
    if let rival = active.randomElement(using: &random), rival !== committer,
      Int.random(in: 0...5, using: &random) == 0
    {
      var plain = CommitRequest()
      plain.includesPending = false
      let lost = try rival.commit(plain, now: 1000)
      for result in try deliver(lost.message, from: rival) {
        guard case .commit = result else { throw MLSVector.Wrong(description: "not a commit") }
      }
    }
    let commit = try committer.commit(request, now: 1000)
    for result in try deliver(commit.message, from: committer) {
      guard case .commit(let staged) = result, staged.hash == commit.hash else {
        throw MLSVector.Wrong(description: "not this commit")
      }
    }
    guard case .ownCommit = try committer.process(commit.message, now: 1000) else {
      throw MLSVector.Wrong(description: "an own commit is not known again")
    }
    for member in members { try member.adopt(commit.hash) }
    members.removeAll(where: \.isRemoved)
    recording?.saw(proposals: proposals, commit: commit.message, authenticator: committer.epochAuthenticator)
    for newcomer in newcomers {
      let group = try join(newcomer, commit, treeInWelcome: request.treeInWelcome)
      members.append(group)
      if record, recording == nil {
        recording = try PassiveRecording(
          newcomer, #require(commit.welcome), ratchetTree: request.treeInWelcome ? nil : commit.ratchetTree,
          psks: external, group: group)
      }
    }
    if let recording, !members.contains(where: { $0 === recording.group }) { self.recording?.hasEnded = true }
    try agree()
  }

  private func join(_ newcomer: Newcomer, _ commit: OwnCommit, treeInWelcome: Bool) throws -> Group {
    var keys = PreSharedKeys()
    for (name, psk) in external { keys.external[[name]] = try secret(psk, newcomer.surroundings.slab) }
    // Whoever adds somebody tells them the resumption secrets that the Welcome names.
    for (past, known) in members[0].preSharedKeys.resumption {
      keys.resumption[past] = try secret(known.publicBytes, newcomer.surroundings.slab)
    }
    return try Group.join(
      #require(commit.welcome), with: newcomer.own, ratchetTree: treeInWelcome ? nil : commit.ratchetTree,
      preSharedKeys: keys, in: newcomer.surroundings)
  }

  /// All are in one epoch, with one tree.
  func agree() throws {
    let first = try #require(members.first)
    for member in members {
      try same(member.epochNumber, first.epochNumber, "epoch")
      try same(member.epochAuthenticator, first.epochAuthenticator, "authenticator")
      try same(member.ratchetTree, first.ratchetTree, "tree")
    }
  }

  /// Some say something; all others read it, also out of order.
  func chat(_ count: Int) throws {
    guard members.count > 1 else { return }
    var sent: [(message: [UInt8], text: [UInt8], sender: Group)] = []
    for number in 0..<count {
      let sender = try #require(members.randomElement(using: &random))
      let text = Array("text \(number)".utf8)
      sent.append((try sender.protect(text, authenticatedData: [7], padding: 256), text, sender))
    }
    for (message, text, sender) in sent.shuffled(using: &random) {
      for result in try deliver(message, from: sender) {
        guard case .application(let received) = result else { throw MLSVector.Wrong(description: "no text") }
        try same(received.content, text, "text")
        try same(received.sender, sender.own, "sender")
        try same(received.authenticatedData, [7], "authenticated data")
      }
    }
  }

  /// Stores every member's state and goes on from what was stored.
  func restart() throws {
    members = try members.map { member in
      let snapshot = member.snapshot()
      let again = try Group.restore(snapshot, in: Group.Surroundings(slab: member.slab, policy: policy))
      again.preSharedKeys.external = member.preSharedKeys.external
      try same(again.snapshot().bytes, snapshot.bytes, "snapshot")
      if recording?.group === member { recording?.group = again }
      return again
    }
  }
}
