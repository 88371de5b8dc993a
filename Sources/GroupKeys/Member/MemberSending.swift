internal import Cryptography
internal import Wire

// What a member sends: one append at a time, each when everything before it stands in the log.

extension GroupMember {
  /// Begins the next own work, where there is any and the link is ready for it.
  func work() {
    guard !hasEnded, endsWith == nil, !state.isForked, let link, link.isSettled, !link.standsStill,
      link.inFlight == nil
    else { return }
    if let notBefore = link.notBefore, notBefore > now { return }
    self.link?.notBefore = nil
    do throws(GroupError) {
      try begin()
    } catch {
      // Memory or a library; it is tried again.
      self.link?.notBefore = now + GroupMemberLimits.retryAfter
    }
  }

  private func begin() throws(GroupError) {
    if let own = state.ownCommit {
      guard own.slot == group.epochNumber, link?.lostSlot != own.slot else { return try converse() }
      return try sendOwnCommit(own)
    }
    if wantsCommit {
      // At most one round for each that is wanted.
      for _ in 0...state.wantedAdds.count + 1 where state.ownCommit == nil && wantsCommit {
        do throws(GroupError) {
          try makeCommit()
        } catch {
          commitFailed()
        }
      }
      if let own = state.ownCommit { return try sendOwnCommit(own) }
    }
    try converse()
  }

  /// Messages, then the proposal to leave. While the slot holds what was refused here, the relay waits for a commit.
  private func converse() throws(GroupError) {
    guard state.refused == nil, group.epochNumber > 0, link?.lostSlot != group.epochNumber else { return }
    if let row = outbox.first { return try send(row) }
    guard state.isLeaving else { return }
    if let own = state.ownProposal, own.epoch == group.epochNumber {
      if !own.isInLog { append(own.id, .proposal, own.body, for: .proposal) }
      return
    }
    let message = try group.propose(.remove(group.own))
    let record = ProposalRecord(
      epoch: group.epochNumber, id: freshID(), body: try keys.entry.seal(message, from: entropy))
    state.ownProposal = record
    output.needsState = true
    append(record.id, .proposal, record.body, for: .proposal)
  }

  /// Seals a waiting message under the present epoch; what it was sealed with before is remembered.
  private func send(_ row: GroupOutboxRow) throws(GroupError) {
    let content = try GroupContent(type: row.type, body: row.body)
    state.lamport = state.lamport == .max ? .max : state.lamport + 1
    let envelope = try GroupEnvelope(
      groupID: groupID, epoch: group.epochNumber, authenticator: keys.entry.authenticator,
      sender: group.own, id: row.id, senderSequence: row.senderSequence, previous: state.ownPrevious,
      lamport: state.lamport,
      seen: GroupEnvelope.Seen(relay: relayID, position: state.position), sentAt: row.sentAt, f: row.f,
      content: content
    ).signed(by: identity)
    let body = try keys.entry.seal(try group.protect(try envelope.encoded()), from: entropy)
    var row = row
    if row.attempts.count >= GroupMemberLimits.attempts { row.attempts.removeFirst() }
    row.attempts.append(
      GroupAttempt(entry: SHA256Hash.hash(body.span), envelope: envelope.hash))
    outbox.update(row)
    output.keep(row)
    append(row.id, .application, body, for: .message(row.id))
  }

  var relayID: [UInt8] { description.relays[0].profile.groupID }

  func append(
    _ id: MessageID, _ content: RelayContent, _ body: [UInt8], for matter: InFlight.Matter
  ) {
    let request = nextRequest()
    link?.inFlight = InFlight(
      request: request, matter: matter, kind: content.kind, slot: content.slot,
      until: now + GroupMemberLimits.answerPatience)
    output.afterStore(.append(RelayAppend(request: request, id: id, content: content, body: body)))
  }

  func nextRequest() -> UInt32 {
    requests &+= 1
    return requests
  }

  /// Puts a message behind those that wait.
  func enqueue(_ content: GroupContent, id: MessageID, f: [UInt8]) {
    state.ownSequence += 1
    let row = GroupOutboxRow(
      senderSequence: state.ownSequence, id: id, type: content.type, body: content.body, f: f, sentAt: time)
    outbox.append(row)
    output.keep(row)
  }

  // MARK: Verbs

  private func requireSpeaking() throws(GroupVerbRefusal) {
    guard !hasEnded, endsWith == nil else { throw .ended }
    guard !state.isForked, !state.isLeaving else { throw .silenced }
  }

  func send(_ id: MessageID, _ text: [UInt8], _ f: [UInt8]) throws(GroupVerbRefusal) {
    try requireSpeaking()
    guard text.count <= GroupMemberLimits.textByteCount, f.count == 32, text.span.isValidUTF8 else {
      throw .textNotFit
    }
    guard outbox[id] == nil, !state.ids.contains(id) else { return }
    guard outbox.count < GroupMemberLimits.outboxCount,
      outbox.byteCount + text.count <= GroupMemberLimits.outboxByteCount
    else { throw .outboxFull }
    enqueue(.text(text), id: id, f: f)
  }

  func invite(_ invitees: [GroupInvitee]) throws(GroupVerbRefusal) {
    try requireSpeaking()
    guard description.everybodyAdds || roster.isAdmin(group.own, in: description) else { throw .notAdmin }
    guard state.wantedAdds.count + invitees.count <= GroupMemberLimits.wantedCount else { throw .tooMany }
    var taken = Set(state.wantedAdds.map(\.profile.name))
    for invitee in invitees {
      let name = invitee.profile.name
      guard roster[name] == nil, taken.insert(name).inserted else { throw .nameTaken(name) }
      do throws(GroupError) {
        try roster.require(roomFor: invitee.profile)
        _ = try KeyPackage.checked(
          invitee.keyPackage, of: invitee.profile, suite: group.suite, policy: group.policy,
          now: time.milliseconds / 1_000)
      } catch {
        throw .notInvitable(name, error)
      }
    }
    state.wantedAdds += invitees
    output.needsState = true
  }

  func nameOffline(_ names: [PeerName]) throws(GroupVerbRefusal) {
    try requireSpeaking()
    guard !names.isEmpty else { return }
    guard names.count <= GroupMemberLimits.namesOfANotice else { throw .tooMany }
    guard outbox.count < GroupMemberLimits.outboxCount else { throw .outboxFull }
    enqueue(.offline(names), id: freshID(), f: entropy.publicBytes(count: 32))
  }

  func kick(_ name: PeerName) throws(GroupVerbRefusal) {
    try requireSpeaking()
    guard let person = roster[name], person.leaf != group.own else { throw .noSuchMember(name) }
    guard roster.isAdmin(group.own, in: description) else { throw .notAdmin }
    guard !state.wantedRemoves.contains(name) else { return }
    state.wantedRemoves.append(name)
    output.needsState = true
  }

  func leave() throws(GroupVerbRefusal) {
    guard !hasEnded, endsWith == nil else { throw .ended }
    guard !state.isForked else { throw .silenced }
    guard !state.isLeaving else { return }
    state.isLeaving = true
    output.needsState = true
    (state.wantedAdds, state.wantedRemoves) = ([], [])
    // Nobody is there who could commit it.
    if roster.count == 1 { flushEnd(.left) }
  }
}
