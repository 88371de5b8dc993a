import Cryptography
import Foundation
import GroupKeys
import TestSupport
import Testing

@Suite struct HistoryTests {
  @Test(arguments: GroupSuite.all) func membersOfARandomHistoryAgree(_ suite: GroupSuite) throws {
    let isFast = suite == .x25519AES128 || suite == .x25519ChaCha
    let crowd = try Crowd(suite: suite, seed: 1000 + UInt64(suite.identifier), largest: isFast ? 32 : 6)
    for number in 0..<(isFast ? 40 : 8) {
      try crowd.step()
      try crowd.chat(3)
      if number % 5 == 4 { try crowd.restart() }
    }
    #expect(crowd.members.count > 2)
  }

  @Test func aRecordedHistoryIsFollowedByAPassiveMember() throws {
    for seed in 1...UInt64(6) {
      let recorded = try PassiveHistory.make(seed: seed, largest: 16, epochs: 12)
      try runPassiveClient(recorded, .x25519AES128)
    }
  }

  /// `SECURE_CHAT_MLS_HISTORIES=FOLDER` writes random histories for other implementations to follow.
  @Test func randomHistoriesAreWrittenForOthers() throws {
    guard let folder = PassiveHistory.folder else { return }
    for suite in [GroupSuite.x25519AES128, .x25519ChaCha] {
      let cases = try (1...UInt64(60)).map { seed in
        try PassiveHistory.json(
          seed: seed, suite: suite, largest: [4, 8, 16, 33, 64][Int(seed % 5)], epochs: 30)
      }
      let path = URL(fileURLWithPath: folder).appendingPathComponent(
        "passive-client-random-suite-\(suite.identifier).json")
      try JSONSerialization.data(withJSONObject: cases, options: [.sortedKeys]).write(to: path)
    }
  }

  @Test func aSecondUseOfAKeyIsRefused() throws {
    let crowd = try Crowd(seed: 5, largest: 4)
    try crowd.step()
    let (sender, reader) = (crowd.members[0], crowd.members[1])
    let message = try sender.protect([1])
    _ = try reader.process(message, now: nil)
    #expect(throws: GroupError.refused(.generationUsed)) { try reader.process(message, now: nil) }
    #expect(throws: GroupError.refused(.ownMessage)) { try sender.process(message, now: nil) }
  }

  @Test func lateMessagesOfPastEpochsAreReadWithinThePolicyAlone() throws {
    let crowd = try Crowd(seed: 6, largest: 3)
    crowd.policy.pastEpochs = 2
    try crowd.step()
    let (sender, reader) = (crowd.members[0], try #require(crowd.members.last))
    let messages = try (0..<2).map { try sender.protect([UInt8($0)]) }
    for (round, message) in messages.enumerated() {
      let commit = try sender.commit(CommitRequest(), now: nil)
      for member in crowd.members where member !== sender { _ = try member.process(commit.message, now: nil) }
      for member in crowd.members { try member.adopt(commit.hash) }
      if round == 0 { continue }
      guard case .application(let received) = try reader.process(message, now: nil) else {
        Issue.record("no text")
        return
      }
      #expect(received.content == [1])
      #expect(received.epoch + 2 == reader.epochNumber)
    }
    let commit = try sender.commit(CommitRequest(), now: nil)
    for member in crowd.members where member !== sender { _ = try member.process(commit.message, now: nil) }
    for member in crowd.members { try member.adopt(commit.hash) }
    #expect(throws: GroupError.refused(.pastEpoch)) { try reader.process(messages[0], now: nil) }
  }

  @Test func keysOfAnEpochThatEndedAreNowhere() throws {
    let crowd = try Crowd(seed: 7, largest: 3)
    crowd.policy.pastEpochs = 0
    try crowd.step()
    let reader = try #require(crowd.members.last)
    let sender = crowd.members[0]
    let known = [
      reader.epoch.secrets.senderData, reader.epoch.secrets.initial, reader.epoch.secrets.membership,
      reader.epoch.secrets.exporter, reader.epoch.keys.leaf,
    ].map(\.publicBytes)
    _ = try reader.process(sender.protect([1, 2, 3]), now: nil)
    func isHeld(_ key: [UInt8]) -> Bool { reader.slab.holds(key.span) }
    for key in known { #expect(isHeld(key), "a key that is in use is not found where it should be") }
    // The reader's own commit replaces the key of its leaf too.
    let commit = try reader.commit(CommitRequest(), now: nil)
    for member in crowd.members where member !== reader { _ = try member.process(commit.message, now: nil) }
    for member in crowd.members { try member.adopt(commit.hash) }
    for key in known { #expect(!isHeld(key)) }
    #expect(reader.slab.freeBytesAreZero)
  }

  @Test func ratchetsStoredAfterASnapshotKeepAKeyFromBeingUsedTwice() throws {
    let crowd = try Crowd(seed: 9, largest: 4)
    try crowd.step()
    try crowd.step()
    let (sender, reader) = (crowd.members[0], crowd.members[1])
    let snapshot = reader.snapshot()
    let message = try sender.protect([1])
    _ = try reader.process(message, now: nil)
    _ = try reader.protect([2])
    let ratchets = reader.ratchets()
    #expect(ratchets.bytes.count < snapshot.bytes.count / 4)
    let surroundings = Group.Surroundings(slab: reader.slab, policy: crowd.policy)
    let restored = try Group.restore(snapshot, ratchets: ratchets, in: surroundings)
    #expect(restored.snapshot().bytes == reader.snapshot().bytes)
    #expect(throws: GroupError.refused(.generationUsed)) { try restored.process(message, now: nil) }
    // Without them the key would be there again, for whoever crashes between sending and storing.
    _ = try Group.restore(snapshot, in: surroundings).process(message, now: nil)
    // Ratchets of another epoch do not fit.
    let commit = try reader.commit(CommitRequest(), now: nil)
    try reader.adopt(commit.hash)
    #expect(throws: GroupError.misuse(.damagedState)) {
      try Group.restore(snapshot, ratchets: reader.ratchets(), in: surroundings)
    }
  }

  @Test func aStateThatIsNotWholeIsNotRestored() throws {
    let crowd = try Crowd(seed: 10, largest: 3)
    try crowd.step()
    let snapshot = crowd.members[0].snapshot()
    let surroundings = Group.Surroundings(slab: crowd.members[0].slab, policy: crowd.policy)
    for count in stride(from: 0, to: snapshot.bytes.count, by: 7) {
      #expect(throws: GroupError.self) {
        try Group.restore(
          GroupSnapshot(bytes: Array(snapshot.bytes.prefix(count)), secrets: snapshot.secrets),
          in: surroundings)
      }
    }
    for secrets in [Array(snapshot.secrets.dropLast()), snapshot.secrets + snapshot.secrets] {
      #expect(throws: GroupError.misuse(.damagedState)) {
        try Group.restore(GroupSnapshot(bytes: snapshot.bytes, secrets: secrets), in: surroundings)
      }
    }
  }

  @Test func aCommitChangesNothingBeforeItIsAdopted() throws {
    let crowd = try Crowd(seed: 8, largest: 4)
    try crowd.step()
    let (committer, other) = (crowd.members[0], crowd.members[1])
    let before = committer.epochAuthenticator
    let commit = try committer.commit(CommitRequest(), now: nil)
    _ = try other.process(commit.message, now: nil)
    #expect(committer.epochAuthenticator == before)
    #expect(other.epochAuthenticator == before)
    committer.discard(commit.hash)
    #expect(throws: GroupError.misuse(.nothingStaged)) { try committer.adopt(commit.hash) }
    // The epoch goes on as if it had not been.
    _ = try other.process(committer.protect([1]), now: nil)
    let restored = try Group.restore(
      other.snapshot(), in: Group.Surroundings(slab: other.slab, policy: crowd.policy))
    try restored.adopt(commit.hash)
    #expect(restored.epochNumber == other.epochNumber + 1)
  }
}

/// Random histories in the passive-client form.
enum PassiveHistory {
  static var folder: String? { ProcessInfo.processInfo.environment["SECURE_CHAT_MLS_HISTORIES"] }

  static func json(
    seed: UInt64, suite: GroupSuite = .x25519AES128, largest: Int, epochs: Int
  ) throws -> [String: Any] {
    let crowd = try Crowd(suite: suite, seed: seed, largest: largest)
    crowd.usesResumption = false
    for _ in 0..<Int(seed % 7) { try crowd.step() }
    while crowd.recording == nil { try crowd.step(record: true) }
    crowd.usesResumption = true
    for _ in 0..<epochs where crowd.recording?.hasEnded == false { try crowd.step() }
    return try #require(crowd.recording).json
  }

  static func make(seed: UInt64, largest: Int, epochs: Int) throws -> MLSVector {
    try MLSVectors.converted(json(seed: seed, largest: largest, epochs: epochs))
  }
}
