import ChatProtocol
import GroupKeys
import Stores
import Transport
import Wire

// What a group's machine asks for, carried out.
extension GroupKeeper {
  /// Tells a group's machine what happened, and does what it wants done.
  func turn(_ event: GroupEvent, in room: GroupRoom) {
    // Only the user's verbs are refused.
    _ = attempt(event, in: room)
  }

  /// Why a verb was not taken; nil where it was.
  func attempt(_ event: GroupEvent, in room: GroupRoom) -> GroupVerbRefusal? {
    guard let member = room.member else { return .ended }
    var refusal: GroupVerbRefusal?
    do throws(GroupVerbRefusal) {
      try member.handle(event, at: .current, time: .now)
    } catch {
      refusal = error
    }
    drain(room)
    return refusal
  }

  func drain(_ room: GroupRoom) {
    while let action = room.member?.nextAction() { perform(action, in: room) }
    announce(room)
    giveCredit(in: room)
    setAlarm(of: room)
    room.changed()
  }

  private func perform(_ action: GroupAction, in room: GroupRoom) {
    switch action {
    case .hello(let hello):
      guard let connection = room.connection,
        let membership = try? hello.membership(th: connection.transcriptHash)
      else { return }
      room.outgoing?.yield(.hello(.member(membership)))
    case .subscribe(let sequence): subscribe(from: sequence, in: room)
    case .append(let append): room.outgoing?.yield(.append(append))
    case .badCommit(let bad): room.outgoing?.yield(.badCommit(bad))
    case .ephemeral(let body): room.outgoing?.yield(.ephemeral(body))
    case .store(let change, let ticket): keep(change, ticket, of: room)
    case .deliver(let text): show(.text(text), in: room)
    case .notice(let notice): perform(notice, in: room)
    case .accepted(let id, let position):
      let since = room.sentSince.removeValue(forKey: id)
      tell(
        .accepted(
          GroupAcceptedEvent(
            group: room.name, id: id, seq: position.sequence,
            milliseconds: since.map { Moment.current.milliseconds(since: $0) } ?? 0)))
    case .refused(let id, let reason):
      room.sentSince[id] = nil
      tell(.refused(group: room.name, id: id, why: reason.words))
    case .invitation(let invitation): deliver(invitation, from: room)
    case .misdeed(let misdeed): perform(misdeed, in: room)
    case .closeLink:
      let connection = room.connection
      Task { await connection?.close() }
    case .ended(let end): ended(room, end)
    }
  }

  // MARK: Storing

  private func keep(_ change: GroupChange, _ ticket: StoreTicket, of room: GroupRoom) {
    guard let store else { return }
    room.storesBegun += 1
    let sealed = SealedChange(group: room.id.bytes, change: change)
    Task {
      do throws(MessengerFailure) {
        try await store.run { database, vault in try database.apply(try sealed.sealed(vault)) }
        room.storesDone += 1
        self.turn(.stored(ticket), in: room)
      } catch {
        room.storesDone += 1
        self.turn(.storeFailed, in: room)
        if case .state(let problem) = error {
          self.tell(.storageFailed(group: room.name, problem))
        }
      }
    }
  }

  /// Stores what changed of a group besides its machine.
  func keepFacts(of room: GroupRoom) async throws(MessengerFailure) {
    let change = SealedChange(group: room.id.bytes, facts: room.facts)
    try await opened().run { database, vault in try database.apply(try change.sealed(vault)) }
  }

  // MARK: What is told

  /// Says once a link that everything the relay held was read.
  private func announce(_ room: GroupRoom) {
    guard !room.isAnnounced, let member = room.member, member.isSettled else { return }
    room.isAnnounced = true
    tell(
      .connected(
        group: room.name, address: room.facts.relay.address.text, members: member.members.map(\.name)))
  }

  private func perform(_ notice: GroupNotice, in room: GroupRoom) {
    switch notice {
    case .invited(let profile, let by): show(.invited(profile, by: by), in: room)
    case .joined(let profile): show(.joined(profile), in: room)
    case .left(let profile): show(.left(profile), in: room)
    case .removed(let profile, let by): show(.removed(profile, by: by), in: room)
    case .offline(let names, let by): show(.offline(names, by: by), in: room)
    case .online(let name, let isOnline):
      tell(.presence(group: room.name, name: name, online: isOnline))
    case .renewed, .settled, .notInvited: break
    case .badCommitReported(_, let by): tell(.misdeed(group: room.name, .badCommit(by.name)))
    }
  }

  private func perform(_ misdeed: GroupMisdeed, in room: GroupRoom) {
    tell(.misdeed(group: room.name, GroupTrouble(misdeed)))
    if case .forgotten = misdeed { room.isBehindFloor = true }
    guard case .fork = misdeed, room.facts.standing != .forked else { return }
    room.facts.standing = .forked
    Task { try? await self.keepFacts(of: room) }
  }

  // MARK: Ends

  private func ended(_ room: GroupRoom, _ end: GroupEnd) {
    switch end {
    case .storeFailed:
      // The state on the disk is whole: the next run goes on from there.
      room.linkTask?.cancel()
    case .left: conclude(room, .left)
    case .removed(let by): conclude(room, .removed(by: by.name))
    }
  }

  /// This user's part is over: its keys go.
  /// Ends this user's part in a group. Told when it is stored: whoever hears of it may end the program.
  func conclude(_ room: GroupRoom, _ standing: GroupSummary.Standing) {
    guard room.ending == nil else { return }
    let isNews = room.facts.isLive
    if isNews {
      room.facts.standing = standing
      room.facts.wanted = []
    }
    room.ending = Task {
      let change = SealedChange(group: room.id.bytes, facts: room.facts)
      try? await self.keepFacts(of: room)
      if isNews { self.tell(.ended(group: room.name, standing)) }
      await self.stop(room, why: .bye)
      room.member = nil
      try? await self.opened().run { database, vault in
        try database.apply(try change.sealed(vault))
        try database.wipe(group: change.group)
      }
      room.changed()
      // An invitation back into it may wait in an inbox, where it stayed as long as this user was in.
      if case .removed = standing { for inbox in self.inboxes.values { await inbox.connection?.close() } }
    }
  }
}

extension GroupTrouble {
  init(_ misdeed: GroupMisdeed) {
    switch misdeed {
    case .chainBroken: self = .chainBroken
    case .rolledBack: self = .rolledBack
    case .forgotten(let read, let floor): self = .forgotten(entries: floor > read ? floor - read - 1 : 0)
    case .badReceipt: self = .badReceipt
    case .doubled: self = .replayed(nil)
    case .fork(let name, _): self = .forked(name)
    case .missing(let name, _, let count): self = .gap(name, missing: count)
    case .senderChainBroken(let name, _): self = .gap(name, missing: 0)
    case .replay(let name, _): self = .replayed(name)
    case .badSignature(let name, _): self = .badSignature(name)
    case .garbage: self = .garbage
    case .badCommit(let name, _, _), .badProposal(let name, _): self = .badCommit(name)
    case .secondCommit: self = .badCommit(nil)
    }
  }
}

extension RelayRefusalReason {
  /// The reason in the words of a sentence.
  var words: String {
    switch self {
    case .rate: "too much at once"
    case .quota: "its quota is full"
    case .tooLarge: "it is too large"
    case .unknownMailbox: "it does not know this mailbox"
    case .notNewestKey: "the group's key changed meanwhile"
    case .badSignature: "the signature does not hold"
    case .storageFailed: "its disk failed"
    case .puzzle: "the puzzle is not solved"
    case .nothingThere: "nothing is there"
    case .slotIsNotNext: "another change came first"
    }
  }
}
