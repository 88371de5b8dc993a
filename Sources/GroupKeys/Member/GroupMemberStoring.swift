internal import Cryptography
internal import Wire

extension GroupMember {
  private static let stateVersion: UInt16 = 1

  /// The whole state, to be stored before the member's first `up`: what a restart then goes on from.
  package func firstChange() -> GroupChange {
    GroupChange(state: wholeState(), recent: nil, position: state.position)
  }

  /// Goes on from what was stored: the last `state`, the `recent` beside it, and all rows of the outbox.
  ///
  /// Throws `misuse(.damagedState)` or `malformed` for anything else. Texts that were stored and maybe not shown are
  /// the driver's to show again.
  package static func restore(
    _ stored: GroupSnapshot, recent: GroupSnapshot?, outbox: [GroupOutboxRow], as identity: GroupIdentity,
    in surroundings: Group.Surroundings
  ) throws(GroupError) -> GroupMember {
    var input = SnapshotReader(stored)
    guard try input.reader.uint16() == stateVersion else { throw .misuse(.damagedState) }
    let snapshot = try input.nested()
    var state = try MemberState(from: &input)
    var pastKeys: [EntryKey] = []
    for _ in 0..<(try input.count()) {
      pastKeys.append(
        EntryKey(
          epoch: try input.reader.uint64(), authenticator: try input.reader.fixed(16),
          hint: try input.reader.fixed(EntryKey.hintByteCount), outer: try input.secret()))
    }
    try input.finish()
    var ratchets: GroupSnapshot?
    if let recent {
      var input = SnapshotReader(recent)
      guard try input.reader.uint16() == stateVersion else { throw .misuse(.damagedState) }
      ratchets = try input.nested()
      try state.takeRecent(&input)
      try input.finish()
    }
    let group = try Group.restore(snapshot, ratchets: ratchets, in: surroundings)
    let member = GroupMember(
      identity: identity, group: group, state: state, roster: try Roster(of: group.epoch.tree),
      description: try GroupDescription(of: group.epoch.context),
      keys: try EpochKeys(of: group.epoch, suite: group.suite))
    member.pastKeys = pastKeys
    member.chains.remember(state.position)
    for row in outbox.sorted(by: { $0.senderSequence < $1.senderSequence }) { member.outbox.append(row) }
    return member
  }

  private func wholeState() -> GroupSnapshot {
    var output = SnapshotWriter()
    output.writer.write(GroupMember.stateVersion)
    output.nested(group.snapshot())
    state.encode(to: &output)
    output.count(pastKeys.count)
    for key in pastKeys {
      output.writer.write(key.epoch)
      output.writer.fixed(key.authenticator)
      output.writer.fixed(key.hint)
      output.secret(key.outer)
    }
    (state.changedSenders, state.ids.fresh) = ([], 0)
    return GroupSnapshot(bytes: output.writer.bytes, secrets: output.secrets)
  }

  private func recentState() -> GroupSnapshot {
    var output = SnapshotWriter()
    output.writer.write(GroupMember.stateVersion)
    output.nested(group.ratchets())
    state.encodeRecent(to: &output, senders: state.changedSenders, ids: state.ids.fresh)
    return GroupSnapshot(bytes: output.writer.bytes, secrets: output.secrets)
  }

  /// Asks for a store of all that changed, unless one is under way.
  func flush() {
    guard let whole = output.beginStore() else { return }
    let snapshot = whole ? wholeState() : recentState()
    let outbox = outbox
    output.store(
      GroupChange(
        state: whole ? snapshot : nil, recent: whole ? nil : snapshot, position: state.position)
    ) { outbox[$0] }
  }
}
