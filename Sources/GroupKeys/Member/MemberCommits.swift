internal import Cryptography
internal import Wire

// Commits: others' and own ones, each only with its place in the relay's log (F1).

extension GroupMember {
  func received(_ commit: RelayCommit, in entry: RelayEntry, _ bodyHash: [UInt8]) {
    guard commit.slot >= group.epochNumber else {
      // The slot was opened again for somebody who could not apply what was applied here.
      return name(.secondCommit(slot: commit.slot, sequence: entry.sequence))
    }
    if let own = state.ownCommit, own.slot == group.epochNumber, own.slot == commit.slot,
      own.bodyHash == bodyHash, own.nextKey == commit.nextKey, commit.replaces == expectedReplaces
    {
      finish(.commit, at: entry.sequence)
      return adoptOwn(own)
    }
    var author: PeerName?
    do throws(GroupError) {
      try keys.check(commit, pseudonym: state.pseudonym, bodyHash: bodyHash)
      guard commit.replaces == expectedReplaces else { throw .member(.replacesAnother) }
      let message = try opened(entry).message
      switch try group.process(message, now: nil) {
      case .application: throw .member(.entryKindDiffers)
      case .proposal(let sent):
        group.pending.removeAll { $0.sent.reference == sent.reference }
        throw .member(.entryKindDiffers)
      case .commit(let staged), .ownCommit(let staged):
        if case .member(let leaf) = staged.committer { author = roster[leaf]?.name }
        do throws(GroupError) {
          try apply(staged, nextKey: commit.nextKey)
        } catch {
          if staged.hash != state.ownCommit?.hash { group.discard(staged.hash) }
          throw error
        }
      }
    } catch {
      refuse(commit.slot, bodyHash, author, error)
    }
  }

  /// What a commit for the present slot must name as replaced.
  private var expectedReplaces: [UInt8] { state.refused ?? RelayCommit.replacesNothing }

  /// Tells the relay, so that the slot opens again, and everybody, so that they see whose it was (F7).
  private func refuse(_ slot: UInt64, _ bodyHash: [UInt8], _ author: PeerName?, _ error: GroupError) {
    name(.badCommit(author, slot: slot, error))
    guard slot == group.epochNumber else { return }
    state.refused = bodyHash
    state.refusedReason = Self.reason(error)
    output.needsState = true
    link?.lostSlot = nil
    reportBadCommit()
    enqueue(
      .badCommit(slot: slot, bodyHash: bodyHash, reason: Self.reason(error)), id: freshID(),
      f: entropy.publicBytes(count: 32))
    scheduleCommit()
  }

  /// Asks the relay to open the slot again; it may be asked more than once.
  func reportBadCommit() {
    guard let refused = state.refused, link != nil else { return }
    output.afterStore(
      .badCommit(
        RelayBadCommit(
          request: nextRequest(), slot: group.epochNumber, bodyHash: refused, reason: state.refusedReason)))
  }

  /// 1 not to be read, 2 against a rule of RFC 9420, 3 against a rule of the product, 4 anything else.
  private static func reason(_ error: GroupError) -> UInt8 {
    switch error {
    case .malformed, .notAuthentic: 1
    case .refused: 2
    case .member: 3
    case .placeFailed, .misuse: 4
    }
  }

  /// Moves to the epoch of a staged commit that has its place; throws, and changes nothing, where it breaks a rule.
  private func apply(_ staged: StagedCommit, nextKey: [UInt8]) throws(GroupError) {
    // Lifetimes were for the inviter to look at: those who read this in a year judge as those who do today.
    let (nextRoster, nextDescription) = try staged.judged(from: group, roster, description, now: nil)
    if let next = staged.next {
      let nextKeys = try EpochKeys(of: next, suite: group.suite)
      guard nextKeys.relayPublicKey == nextKey else { throw .member(.nextKeyDiffers) }
      try adopt(staged, nextRoster, nextDescription, nextKeys)
    } else {
      try ended(by: staged)
    }
  }

  private func adopt(
    _ staged: StagedCommit, _ nextRoster: Roster, _ nextDescription: GroupDescription, _ nextKeys: EpochKeys
  ) throws(GroupError) {
    guard case .member(let committer) = staged.committer, let author = roster[committer]?.profile else {
      throw .member(.proposalNotAllowed)
    }
    try group.adopt(staged.hash)
    notify(staged, by: author, in: nextRoster)
    let ended = keys.entry
    pastKeys.insert(ended, at: 0)
    pastKeys.removeLast(max(0, pastKeys.count - GroupMemberLimits.pastEpochs))
    for leaf in staged.removed {
      guard let person = roster[leaf] else { continue }
      state.former[person.leafKey] = FormerPerson(person: person, lastEpoch: ended.epoch)
      if presence.forget(person.leafKey) { output.afterStore(.notice(.online(person.name, false))) }
    }
    let oldest = pastKeys.last?.epoch ?? 0
    for (key, former) in state.former where former.lastEpoch < oldest {
      state.former[key] = nil
      state.senders[key] = nil
    }
    (roster, description, keys) = (nextRoster, nextDescription, nextKeys)
    (state.refused, state.ownCommit, state.ownProposal) = (nil, nil, nil)
    for invitee in state.wantedAdds {
      guard let person = roster[invitee.profile.name],
        person.profile.signedBytes != invitee.profile.signedBytes
      else { continue }
      // Another one of the same name was faster.
      output.afterStore(.notice(.notInvited(invitee.profile)))
    }
    state.wantedAdds.removeAll { roster[$0.profile.name] != nil }
    state.wantedRemoves.removeAll { roster[$0] == nil }
    link?.lostSlot = nil
    link?.commitAt = nil
    switch link?.inFlight?.matter {
    // The relay refuses what the ended epoch's key vouched for; it goes again under the new one.
    case .message, .proposal, .commit: link?.inFlight = nil
    case nil: break
    }
    output.needsState = true
    output.afterStore(.notice(.renewed(epoch: group.epochNumber)))
    if link != nil { output.afterStore(.hello(hello)) }
  }

  private func notify(_ staged: StagedCommit, by author: Profile, in next: Roster) {
    for leaf in staged.removed {
      guard let person = roster[leaf] else { continue }
      output.afterStore(
        .notice(
          staged.isLeaving(leaf) ? .left(person.profile) : .removed(person.profile, by: author)))
    }
    for leaf in staged.added {
      guard let person = next[leaf] else { continue }
      output.afterStore(.notice(.invited(person.profile, by: author)))
    }
  }

  /// This member is out.
  private func ended(by staged: StagedCommit) throws(GroupError) {
    guard case .member(let committer) = staged.committer, let author = roster[committer]?.profile else {
      throw .member(.proposalNotAllowed)
    }
    let isLeaving = staged.isLeaving(group.own)
    try group.adopt(staged.hash)
    output.needsState = true
    flushEnd(isLeaving ? .left : .removed(by: author))
  }

  /// The end is told when it is stored; nothing follows it.
  func flushEnd(_ end: GroupEnd) {
    link = nil
    endsWith = end
    output.afterStore(.ended(end))
  }

  // MARK: Own commits

  private func adoptOwn(_ own: CommitRecord) {
    let position = state.position
    do throws(GroupError) {
      guard let staged = group.staged[own.hash] else { throw .misuse(.nothingStaged) }
      try apply(staged, nextKey: own.nextKey)
    } catch {
      // It was judged when it was made: only a damaged state leads here.
      return output.end(.storeFailed)
    }
    addsAtOnce = GroupMemberLimits.addsOfACommit
    state.updateIsDue = false
    link?.updateAt = nil
    guard let welcome = own.welcome else { return }
    let suite = group.suite
    for invitee in own.adds {
      guard let package = try? Self.keyPackage(invitee) else { continue }
      let reference = package.reference(suite)
      let entries = welcome.entries.filter { $0.newMember == reference }
      let invitation = GroupInvitation(
        position: position,
        welcome: Welcome(
          cipherSuite: welcome.cipherSuite, entries: entries, encryptedGroupInfo: welcome.encryptedGroupInfo))
      guard let sealed = try? invitation.sealed(to: invitee.profile) else { continue }
      output.invite(GroupSentInvitation(profile: invitee.profile, inbox: invitee.inbox, sealed: sealed))
    }
  }

  static func keyPackage(_ invitee: GroupInvitee) throws(GroupError) -> KeyPackage {
    guard case .keyPackage(let keyPackage) = try MLSMessage(parsing: invitee.keyPackage) else {
      throw .member(.keyPackageForm)
    }
    return keyPackage
  }

  func dropOwnCommit() {
    guard let own = state.ownCommit else { return }
    group.discard(own.hash)
    state.ownCommit = nil
    output.needsState = true
  }

  /// Whether a commit of this member is due.
  var wantsCommit: Bool {
    guard !state.isLeaving, let link, link.lostSlot != group.epochNumber else { return false }
    if group.epochNumber == 0 || !state.wantedAdds.isEmpty || !state.wantedRemoves.isEmpty { return true }
    if let due = link.commitAt, due <= now { return state.refused != nil || !group.pending.isEmpty }
    if let due = link.updateAt, due <= now { return state.updateIsDue }
    return false
  }

  /// When this member commits what others asked for: the lowest one online first, the others if it does not.
  func scheduleCommit() {
    guard let link, link.isSettled, !state.isLeaving, state.refused != nil || !group.pending.isEmpty else {
      return
    }
    let leavers = Set(group.pending.map(\.sent.sender))
    let before = roster.people.values.count {
      $0.leaf < group.own && presence.isOnline($0.leafKey) && !leavers.contains(.member($0.leaf))
    }
    var delay = randomDuration(upTo: GroupMemberLimits.firstCommitWithin)
    if before > 0 {
      let doubled = GroupMemberLimits.nextCommitAfter * (1 << min(before - 1, 6))
      delay += min(doubled, GroupMemberLimits.longestCommitDelay)
    }
    self.link?.commitAt = now + delay
  }

  /// Makes a commit of all that is wanted, and stages what follows; it is sent when it is stored.
  func makeCommit() throws(GroupError) {
    let isFounding = group.epochNumber == 0
    var request = CommitRequest()
    let leavers = Set(
      group.pending.compactMap { pending in
        if case .remove(let leaf) = pending.sent.proposal { leaf } else { nil }
      })
    if !roster.isAdmin(group.own, in: description) { state.wantedRemoves = [] }
    for name in state.wantedRemoves {
      guard let leaf = roster[name]?.leaf, !leavers.contains(leaf), leaf != group.own else { continue }
      request.proposals.append(.remove(leaf))
    }
    var adds: [GroupInvitee] = []
    for invitee in state.wantedAdds.prefix(addsAtOnce) {
      request.proposals.append(.add(try Self.keyPackage(invitee)))
      adds.append(invitee)
    }
    if isFounding {
      var founded = description
      founded.pseudonym = state.pseudonym
      request.proposals.append(.groupContextExtensions([founded.asExtension]))
    }
    let seconds = time.milliseconds / 1_000
    let commit = try group.commit(request, now: seconds)
    do throws(GroupError) {
      guard let staged = group.staged[commit.hash], let next = staged.next else {
        throw .misuse(.nothingStaged)
      }
      _ = try staged.judged(from: group, roster, description, now: seconds)
      let body = isFounding ? [] : try keys.entry.seal(commit.message, from: entropy)
      state.ownCommit = CommitRecord(
        slot: group.epochNumber, hash: commit.hash, id: freshID(), body: body,
        nextKey: try EpochKeys(of: next, suite: group.suite).relayPublicKey, welcome: commit.welcome,
        adds: adds)
      output.needsState = true
    } catch {
      group.discard(commit.hash)
      throw error
    }
  }

  /// Somebody who is wanted spoils the commit: found one by one, and told.
  func commitFailed() {
    guard !state.wantedAdds.isEmpty else {
      // What is left is this member's own: its place is out of memory, and maybe not for ever.
      link?.notBefore = now + GroupMemberLimits.retryAfter
      return
    }
    if addsAtOnce > 1 {
      addsAtOnce = 1
    } else {
      let spoiler = state.wantedAdds.removeFirst()
      output.needsState = true
      output.afterStore(.notice(.notInvited(spoiler.profile)))
    }
  }

  func sendOwnCommit(_ own: CommitRecord) throws(GroupError) {
    let commit = try keys.commit(
      pseudonym: state.pseudonym, replaces: state.refused ?? RelayCommit.replacesNothing,
      nextKey: own.nextKey, body: own.body)
    append(own.id, .commit(commit), own.body, for: .commit)
  }
}

extension StagedCommit {
  /// Whether the member at this leaf asked for its own removal.
  func isLeaving(_ leaf: LeafIndex) -> Bool {
    proposals.contains { $0.proposal == .remove(leaf) && $0.sender == .member(leaf) }
  }
}
