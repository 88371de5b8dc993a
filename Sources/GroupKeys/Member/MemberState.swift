internal import Cryptography
internal import Wire

/// What a member remembers beside the group's keys; all of it is stored.
struct MemberState: Sendable {
  /// The mailbox, 32 bytes.
  let pseudonym: [UInt8]
  var position: GroupPosition
  let inviter: Profile?
  /// By leaf key.
  var senders: [[UInt8]: SenderTrack] = [:]
  /// Who is no member any more, while messages of its last epoch can still come; by leaf key.
  var former: [[UInt8]: FormerPerson] = [:]
  var ids = RememberedIDs()
  var lamport: UInt64 = 0
  /// The number of the last own message, sent or waiting.
  var ownSequence: UInt64 = 0
  /// The hash of the last own envelope in the log.
  var ownPrevious = [UInt8](repeating: 0, count: 32)
  var isForked = false
  var isLeaving = false
  /// The envelope "joined" is still to be made.
  var tellsJoined = false
  /// The key package's keys are still to be replaced.
  var updateIsDue = false
  /// The entry in the present slot that this member did not apply: SHA-256 of its body.
  var refused: [UInt8]?
  /// What BAD_COMMIT says of it.
  var refusedReason: UInt8 = 0
  var ownCommit: CommitRecord?
  var ownProposal: ProposalRecord?
  var wantedAdds: [GroupInvitee] = []
  var wantedRemoves: [PeerName] = []
  /// Senders that spoke since the whole state was written.
  var changedSenders: Set<[UInt8]> = []

  init(pseudonym: [UInt8], position: GroupPosition, inviter: Profile?) {
    self.pseudonym = pseudonym
    self.position = position
    self.inviter = inviter
  }
}

/// What is known of one sender's numbers.
struct SenderTrack: Hashable, Sendable {
  /// Whether `last` is known: not before the first message of who was there before this member.
  var isKnown: Bool
  var last: UInt64 = 0
  /// The hash of the envelope with that number.
  var hash = [UInt8](repeating: 0, count: 32)
  /// Numbers below it that never came.
  var missing: [UInt64] = []

  init(isKnown: Bool) { self.isKnown = isKnown }
}

/// Who was a member until an epoch.
struct FormerPerson: Sendable {
  let person: GroupPerson
  let lastEpoch: UInt64
}

/// An own commit whose place in the log is not decided.
struct CommitRecord: Sendable {
  let slot: UInt64
  /// What `Group.adopt` takes.
  let hash: [UInt8]
  let id: MessageID
  /// The entry's; empty for the one that founds a group.
  let body: [UInt8]
  let nextKey: [UInt8]
  let welcome: Welcome?
  let adds: [GroupInvitee]

  var bodyHash: [UInt8] { SHA256Hash.hash(body.span) }
}

/// An own Remove proposal of this epoch.
struct ProposalRecord: Sendable {
  let epoch: UInt64
  let id: MessageID
  let body: [UInt8]
  var isInLog = false

  var bodyHash: [UInt8] { SHA256Hash.hash(body.span) }
}

// MARK: On disk

extension SnapshotWriter {
  mutating func nested(_ snapshot: GroupSnapshot) {
    writer.opaque(snapshot.bytes)
    count(snapshot.secrets.count)
    for part in snapshot.secrets { secret(part) }
  }

  mutating func flag(_ value: Bool) { writer.write(UInt8(value ? 1 : 0)) }
}

extension SnapshotReader {
  mutating func nested() throws(GroupError) -> GroupSnapshot {
    let bytes = try reader.opaque()
    var secrets: [GroupSecret] = []
    for _ in 0..<(try count()) { secrets.append(try secret()) }
    return GroupSnapshot(bytes: bytes, secrets: secrets)
  }

  mutating func flag() throws(GroupError) -> Bool { try reader.uint8() == 1 }

  mutating func messageID() throws(GroupError) -> MessageID {
    MessageID(stream: try reader.uint64(), number: try reader.uint64())
  }

  mutating func profile() throws(GroupError) -> Profile {
    let bytes = try reader.fixed(Profile.byteCount)
    do throws(ProfileError) {
      return try Profile(parsing: bytes.span)
    } catch {
      throw .misuse(.damagedState)
    }
  }
}

extension MemberState {
  /// What every message changes.
  func encodeRecent(to output: inout SnapshotWriter, senders keys: some Sequence<[UInt8]>, ids count: Int) {
    encode(position, to: &output)
    output.writer.write(lamport)
    output.writer.write(ownSequence)
    output.writer.fixed(ownPrevious)
    output.flag(isForked)
    let kept = ids.ordered.suffix(count)
    output.count(kept.count)
    for id in kept { output.writer.fixed(id.bytes) }
    let tracks = keys.sorted { $0.lexicographicallyPrecedes($1) }.compactMap { key in
      senders[key].map { (key, $0) }
    }
    output.count(tracks.count)
    for (key, track) in tracks {
      output.writer.opaque(key)
      output.flag(track.isKnown)
      output.writer.write(track.last)
      output.writer.fixed(track.hash)
      output.count(track.missing.count)
      for number in track.missing { output.writer.write(number) }
    }
  }

  mutating func takeRecent(_ input: inout SnapshotReader) throws(GroupError) {
    position = try Self.position(&input)
    lamport = try input.reader.uint64()
    ownSequence = try input.reader.uint64()
    ownPrevious = try input.reader.fixed(32)
    isForked = try input.flag()
    for _ in 0..<(try input.count()) { ids.remember(try input.messageID()) }
    for _ in 0..<(try input.count()) {
      let key = try input.reader.opaque()
      var track = SenderTrack(isKnown: try input.flag())
      track.last = try input.reader.uint64()
      track.hash = try input.reader.fixed(32)
      for _ in 0..<(try input.count()) { track.missing.append(try input.reader.uint64()) }
      senders[key] = track
      changedSenders.insert(key)
    }
  }

  func encode(to output: inout SnapshotWriter) {
    output.writer.fixed(pseudonym)
    encode(position, to: &output)
    output.flag(inviter != nil)
    if let inviter { output.writer.fixed(inviter.bytes) }
    encodeRecent(to: &output, senders: senders.keys, ids: GroupMemberLimits.rememberedIDs)
    for flag in [isLeaving, tellsJoined, updateIsDue] { output.flag(flag) }
    output.writer.opaque(refused ?? [])
    output.writer.write(refusedReason)
    output.count(former.count)
    for (key, person) in former.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      output.writer.opaque(key)
      output.writer.write(person.person.leaf.rawValue)
      output.writer.fixed(person.person.profile.bytes)
      output.writer.write(person.lastEpoch)
    }
    output.flag(ownCommit != nil)
    if let commit = ownCommit {
      output.writer.write(commit.slot)
      output.writer.opaque(commit.hash)
      output.writer.fixed(commit.id.bytes)
      output.writer.opaque(commit.body)
      output.writer.fixed(commit.nextKey)
      output.writer.optional(commit.welcome)
      Self.encode(commit.adds, to: &output)
    }
    output.flag(ownProposal != nil)
    if let proposal = ownProposal {
      output.writer.write(proposal.epoch)
      output.writer.fixed(proposal.id.bytes)
      output.writer.opaque(proposal.body)
      output.flag(proposal.isInLog)
    }
    Self.encode(wantedAdds, to: &output)
    output.count(wantedRemoves.count)
    for name in wantedRemoves { output.writer.opaque(name.utf8) }
  }

  init(from input: inout SnapshotReader) throws(GroupError) {
    let pseudonym = try input.reader.fixed(32)
    let position = try Self.position(&input)
    let inviter = try input.flag() ? try input.profile() : nil
    self.init(pseudonym: pseudonym, position: position, inviter: inviter)
    try takeRecent(&input)
    (changedSenders, ids.fresh) = ([], 0)
    isLeaving = try input.flag()
    tellsJoined = try input.flag()
    updateIsDue = try input.flag()
    let refused = try input.reader.opaque()
    self.refused = refused.isEmpty ? nil : refused
    refusedReason = try input.reader.uint8()
    for _ in 0..<(try input.count()) {
      let key = try input.reader.opaque()
      let person = GroupPerson(
        leaf: LeafIndex(rawValue: try input.reader.uint32()), leafKey: key, profile: try input.profile())
      former[key] = FormerPerson(person: person, lastEpoch: try input.reader.uint64())
    }
    if try input.flag() {
      ownCommit = CommitRecord(
        slot: try input.reader.uint64(), hash: try input.reader.opaque(), id: try input.messageID(),
        body: try input.reader.opaque(), nextKey: try input.reader.fixed(32),
        welcome: try input.reader.optional(), adds: try Self.invitees(&input))
    }
    if try input.flag() {
      ownProposal = ProposalRecord(
        epoch: try input.reader.uint64(), id: try input.messageID(), body: try input.reader.opaque(),
        isInLog: try input.flag())
    }
    wantedAdds = try Self.invitees(&input)
    for _ in 0..<(try input.count()) {
      let bytes = try input.reader.opaque()
      do throws(NameError) {
        wantedRemoves.append(try PeerName(utf8: bytes.span))
      } catch {
        throw .misuse(.damagedState)
      }
    }
  }

  private func encode(_ position: GroupPosition, to output: inout SnapshotWriter) {
    output.writer.write(position.term)
    output.writer.write(position.sequence)
    output.writer.fixed(position.chain)
  }

  private static func position(_ input: inout SnapshotReader) throws(GroupError) -> GroupPosition {
    GroupPosition(
      term: try input.reader.uint64(), sequence: try input.reader.uint64(),
      chain: try input.reader.fixed(32))
  }

  private static func encode(_ invitees: [GroupInvitee], to output: inout SnapshotWriter) {
    output.count(invitees.count)
    for invitee in invitees {
      output.writer.fixed(invitee.profile.bytes)
      output.writer.opaque(invitee.keyPackage)
      output.writer.opaque(invitee.inbox)
    }
  }

  private static func invitees(_ input: inout SnapshotReader) throws(GroupError) -> [GroupInvitee] {
    var invitees: [GroupInvitee] = []
    for _ in 0..<(try input.count()) {
      invitees.append(
        GroupInvitee(
          profile: try input.profile(), keyPackage: try input.reader.opaque(),
          inbox: try input.reader.opaque()))
    }
    return invitees
  }
}
