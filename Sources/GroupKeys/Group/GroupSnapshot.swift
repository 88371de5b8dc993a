package import Cryptography

/// A group's state for a store: public bytes, and secrets beside them, which stay in guarded memory until the store
/// seals them. The same state gives the same bytes, and as many secrets in the same order.
package struct GroupSnapshot: Sendable {
  package let bytes: [UInt8]
  package let secrets: [GroupSecret]

  package init(bytes: [UInt8], secrets: [GroupSecret]) {
    self.bytes = bytes
    self.secrets = secrets
  }
}

struct SnapshotWriter {
  var writer = TLSWriter()
  var secrets: [GroupSecret] = []

  mutating func secret(_ secret: GroupSecret) { secrets.append(secret) }

  mutating func optional(_ secret: GroupSecret?) {
    writer.write(UInt8(secret == nil ? 0 : 1))
    if let secret { secrets.append(secret) }
  }

  mutating func count(_ count: Int) { writer.write(UInt32(count)) }
}

struct SnapshotReader {
  var reader: TLSReader
  private var secrets: ArraySlice<GroupSecret>

  init(_ snapshot: GroupSnapshot) {
    reader = TLSReader(snapshot.bytes)
    secrets = snapshot.secrets[...]
  }

  mutating func secret() throws(GroupError) -> GroupSecret {
    guard let secret = secrets.popFirst() else { throw .misuse(.damagedState) }
    return secret
  }

  mutating func optionalSecret() throws(GroupError) -> GroupSecret? {
    try reader.uint8() == 0 ? nil : try secret()
  }

  mutating func count() throws(GroupError) -> Int { Int(try reader.uint32()) }

  func finish() throws(GroupError) {
    guard reader.isAtEnd, secrets.isEmpty else { throw .misuse(.damagedState) }
  }
}

extension Group {
  private static let snapshotVersion: UInt16 = 1

  /// Everything that a later process needs to go on, but external PSKs, which stay with the caller. To be stored with
  /// what a handshake or `adopt` gave, in one transaction, and before anything that was made here is sent.
  package func snapshot() -> GroupSnapshot {
    var output = SnapshotWriter()
    output.writer.write(Group.snapshotVersion)
    output.writer.write(suite.identifier)
    epoch.encode(to: &output)
    output.count(past.count)
    for reading in past { reading.encode(to: &output) }
    output.count(pending.count)
    for proposal in pending {
      proposal.sent.encode(to: &output)
      output.writer.opaque(proposal.reference)
      output.optional(proposal.ownKey)
    }
    output.count(staged.count)
    for commit in staged.values.sorted(by: { $0.hash.lexicographicallyPrecedes($1.hash) }) {
      commit.encode(to: &output)
    }
    output.count(resumptionEpochs.count)
    for number in resumptionEpochs {
      output.writer.write(number)
      output.optional(preSharedKeys.resumption[.init(groupID: groupID, epoch: number)])
    }
    output.writer.optional(reInit)
    output.writer.write(UInt8(isRemoved ? 1 : 0))
    return GroupSnapshot(bytes: output.writer.bytes, secrets: output.secrets)
  }

  /// What an application message changes, own or another's: the ratchets alone, a small part of the state. To be
  /// stored beside the last `snapshot` before the message is sent or shown.
  package func ratchets() -> GroupSnapshot {
    var output = SnapshotWriter()
    output.writer.write(epochNumber)
    epoch.secretTree.encode(to: &output)
    output.count(past.count)
    for reading in past { reading.secretTree.encode(to: &output) }
    return GroupSnapshot(bytes: output.writer.bytes, secrets: output.secrets)
  }

  private func take(_ ratchets: GroupSnapshot) throws(GroupError) {
    var input = SnapshotReader(ratchets)
    guard try input.reader.uint64() == epochNumber else { throw .misuse(.damagedState) }
    epoch.secretTree = try SecretTree(from: &input)
    guard try input.count() == past.count else { throw .misuse(.damagedState) }
    for index in past.indices { past[index].secretTree = try SecretTree(from: &input) }
    try input.finish()
  }

  /// What `snapshot` wrote, with the `ratchets` that were stored after it in the same epoch. Throws
  /// `misuse(.damagedState)` or `malformed` for anything else.
  package static func restore(
    _ snapshot: GroupSnapshot, ratchets: GroupSnapshot? = nil, in surroundings: Surroundings
  ) throws(GroupError) -> Group {
    let group = try restored(snapshot, surroundings)
    if let ratchets { try group.take(ratchets) }
    return group
  }

  private static func restored(
    _ snapshot: GroupSnapshot, _ surroundings: Surroundings
  ) throws(GroupError) -> Group {
    var input = SnapshotReader(snapshot)
    guard try input.reader.uint16() == snapshotVersion,
      let suite = GroupSuite.numbered(try input.reader.uint16())
    else { throw .misuse(.damagedState) }
    let group = Group(
      restoring: try Epoch(from: &input, suite: suite), suite: suite, surroundings: surroundings)
    for _ in 0..<(try input.count()) { group.past.append(try ReadingKeys(from: &input)) }
    for _ in 0..<(try input.count()) {
      group.pending.append(
        PendingProposal(
          sent: try SentProposal(from: &input), reference: try input.reader.opaque(),
          ownKey: try input.optionalSecret()))
    }
    for _ in 0..<(try input.count()) {
      let commit = try StagedCommit(from: &input, suite: suite)
      group.staged[commit.hash] = commit
    }
    for _ in 0..<(try input.count()) {
      let number = try input.reader.uint64()
      group.resumptionEpochs.append(number)
      group.preSharedKeys.resumption[.init(groupID: group.groupID, epoch: number)] =
        try input.optionalSecret()
    }
    group.reInit = try input.reader.optional()
    group.isRemoved = try input.reader.uint8() == 1
    try input.finish()
    return group
  }
}
