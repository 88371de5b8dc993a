package import Cryptography
package import Wire

/// One member's part in one group, over one relay: a sans-I/O machine. Events and the time go in, actions come out.
///
/// It reads the relay's log strictly in its order, applies commits only with their place there, and lets nothing leave
/// and shows nothing before what it follows from is stored (docs/GROUPS.md, "Members"). One owner, one thread.
package final class GroupMember {
  let identity: GroupIdentity
  let group: Group
  let entropy: any EntropySource
  var state: MemberState
  var roster: Roster
  var description: GroupDescription
  var keys: EpochKeys
  /// Keys of past epochs, newest first.
  var pastKeys: [EntryKey] = []

  /// What the event that is being handled says.
  var now = Moment(nanoseconds: 0)
  var time = UnixTime(milliseconds: 0)
  var link: MemberLink?
  var output = MemberOutput()
  /// Own messages that wait, in their order.
  var outbox = MemberOutbox()
  var presence = MemberPresence()
  /// The last request number on any link.
  var requests: UInt32 = 0
  var beaconCounter: UInt64 = 0
  /// Set when this member's part is over and the store of it is awaited.
  var endsWith: GroupEnd?
  /// How many members the next commit adds at most; fewer after a relay found one too large.
  var addsAtOnce = GroupMemberLimits.addsOfACommit
  /// Chain values of the log, as far back as `seen` is compared.
  var chains = RememberedChains()

  init(
    identity: GroupIdentity, group: Group, state: MemberState, roster: Roster, description: GroupDescription,
    keys: EpochKeys
  ) {
    self.identity = identity
    self.group = group
    self.state = state
    self.roster = roster
    self.description = description
    self.keys = keys
    entropy = group.entropy
  }

  /// A new group of which this user is the only member and the admin; it is founded at the relay on the first link.
  ///
  /// Whom `invite` names before that is added by the same commit. `firstChange` is to be stored before anything else.
  package static func create(
    _ name: GroupName, relays: [GroupDescription.Relay], suite: GroupSuite = .x25519AES128,
    as identity: GroupIdentity, time: UnixTime, in surroundings: Group.Surroundings
  ) throws(GroupError) -> GroupMember {
    let own = try OwnKeyPackage.make(
      for: identity, suite: suite, now: time.milliseconds / 1_000, in: surroundings)
    // Read back: what would not be a description to others is refused here.
    let description = try GroupDescription(
      parsing: GroupDescription(name: name, relays: relays, admins: [identity.profile.groupID]).bytes)
    let group = try Group.create(
      groupID: surroundings.entropy.publicBytes(count: 32), extensions: [description.asExtension],
      creator: own, in: surroundings)
    let keys = try EpochKeys(of: group.epoch, suite: suite)
    let state = MemberState(
      pseudonym: SHA256Hash.hash(keys.relayPublicKey.span),
      position: GroupPosition(term: 1, sequence: 0, chain: RelaySignedBytes.chainStart), inviter: nil)
    return GroupMember(
      identity: identity, group: group, state: state, roster: try Roster(of: group.epoch.tree),
      description: description, keys: keys)
  }

  /// Joins by an invitation, with the key package that it is for, which is not to be used again.
  ///
  /// Every certificate is checked. Nothing is sent before `up`: until then it is an invitation that waits, and
  /// `inviter` says whose. Throws what is wrong with it.
  package static func join(
    _ invitation: GroupInvitation, with own: OwnKeyPackage, as identity: GroupIdentity,
    in surroundings: Group.Surroundings
  ) throws(GroupError) -> GroupMember {
    let group = try Group.join(
      invitation.welcome, with: own, preSharedKeys: PreSharedKeys(), in: surroundings)
    guard group.groupID.count == 32, group.epochNumber < GroupMemberLimits.largestNumber else {
      throw .member(.invitationContent)
    }
    let roster = try Roster(of: group.epoch.tree)
    guard roster[group.own]?.profile.signedBytes == identity.profile.signedBytes,
      let inviter = group.inviter.flatMap({ roster[$0] })
    else { throw .member(.invitationContent) }
    let description = try GroupDescription(of: group.epoch.context)
    let keys = try EpochKeys(of: group.epoch, suite: group.suite)
    var state = MemberState(
      pseudonym: description.pseudonym, position: invitation.position, inviter: inviter.profile)
    // What they said before is not for this member: their numbers begin anywhere.
    for person in roster.people.values where person.leaf != group.own {
      state.senders[person.leafKey] = SenderTrack(isKnown: false)
    }
    state.tellsJoined = true
    state.updateIsDue = true
    return GroupMember(
      identity: identity, group: group, state: state, roster: roster, description: description, keys: keys)
  }

  // MARK: What the driver reads

  package var name: GroupName { description.name }
  /// 32 bytes.
  package var groupID: [UInt8] { group.groupID }
  package var epoch: UInt64 { group.epochNumber }
  /// What members compare to know that they are in the same epoch of the same group.
  package var epochAuthenticator: [UInt8] { group.epochAuthenticator }
  package var relays: [GroupDescription.Relay] { description.relays }
  package var own: LeafIndex { group.own }
  /// Who invited this user; nil for who created the group.
  package var inviter: Profile? { state.inviter }
  package var position: GroupPosition { state.position }
  /// What to say to the relay first on a new link.
  package var hello: GroupHello {
    GroupHello(pseudonym: state.pseudonym, key: keys.relayPublicKey, keys: keys)
  }
  /// In the order of their leaves.
  package var members: [GroupPerson] { roster.people.values.sorted { $0.leaf < $1.leaf } }
  package func isAdmin(_ person: GroupPerson) -> Bool { roster.isAdmin(person.leaf, in: description) }
  package func isOnline(_ person: GroupPerson) -> Bool { presence.isOnline(person.leafKey) }
  /// Whether a fork was noticed: nothing is sent any more.
  package var isForked: Bool { state.isForked }
  package var isLeaving: Bool { state.isLeaving }
  /// Whether the others have this member's wish to leave before them: one of them commits it.
  package var leaveIsInLog: Bool { state.isLeaving && state.ownProposal?.isInLog == true }
  package var hasEnded: Bool { output.hasEnded || group.isRemoved || endsWith != nil }
  /// Whether what the relay held was read, and own work can go.
  package var isSettled: Bool { link?.isSettled ?? false }
  /// Own messages, also notices, that have no place in the log yet.
  package var waitingCount: Int { outbox.count }
  /// Whether members wait to be added or removed, or a commit to get its place.
  package var hasPendingCommit: Bool {
    state.ownCommit != nil || !state.wantedAdds.isEmpty || !state.wantedRemoves.isEmpty
  }
  /// Whether so much waits for the store that no more should be handed in: hold the relay's credit meanwhile.
  package var isBusy: Bool { output.isFull }
  /// MLS-Exporter "secure_chat log", 32 bytes: the K_wit of this member's log of the group.
  package func logSecret() throws(GroupError) -> GroupSecret {
    try group.export(label: "secure_chat log", context: [], byteCount: 32)
  }

  // MARK: Driving

  /// Takes an event. Throws for a verb that cannot be carried out, and then changes nothing.
  package func handle(
    _ event: GroupEvent, at now: Moment, time: UnixTime
  ) throws(GroupVerbRefusal) {
    (self.now, self.time) = (now, time)
    switch event {
    case .up(let welcome): linkIsUp(welcome)
    case .down: linkIsDown()
    case .answer(let answer): received(answer)
    case .stored(let ticket): output.stored(ticket)
    case .storeFailed:
      linkIsDown()
      output.end(.storeFailed)
    case .send(let id, let text, let f): try send(id, text, f)
    case .invite(let invitees): try invite(invitees)
    case .nameOffline(let names): try nameOffline(names)
    case .kick(let name): try kick(name)
    case .leave: try leave()
    }
    proceed()
  }

  /// The time of `deadline` has come.
  package func alarm(at now: Moment, time: UnixTime) {
    (self.now, self.time) = (now, time)
    ring()
    proceed()
  }

  /// When `alarm` is wanted; nil for never.
  package var deadline: Moment? { nextAlarm }

  package func nextAction() -> GroupAction? { output.next() }

  private func proceed() {
    work()
    flush()
  }
}
