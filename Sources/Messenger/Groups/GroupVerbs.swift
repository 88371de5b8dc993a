import ChatProtocol
import GroupKeys
import Stores
import Transport
import Wire

// What a user does with groups.
extension GroupKeeper {
  func create(_ name: GroupName, inviting names: [PeerName]) async throws(MessengerFailure) -> GroupInvited {
    let store = try await opened()
    guard options.me.fitsGroups else { throw .group(.nameUnfit(options.me)) }
    guard !rooms.values.contains(where: { $0.name == name && ($0.facts.isLive || $0.isInvitation) }) else {
      throw .group(.nameTaken(name))
    }
    guard let relay = relays.first(where: \.isDefault)?.place else { throw .group(.relayNeeded) }
    let member: GroupMember
    do throws(GroupError) {
      member = try GroupMember.create(
        name, relays: [GroupDescription.Relay(profile: relay.profile, address: relay.address.text)],
        as: groupIdentity, time: .now, in: Group.Surroundings())
    } catch {
      throw .state(StorageProblem(storing: error, path: store.path))
    }
    let id = GroupID(bytes: member.groupID)
    let room = GroupRoom(
      id: id, facts: GroupFacts(name: name, standing: .member, relay: relay), member: member)
    let row = SealedChange(group: id.bytes, facts: room.facts, change: member.firstChange())
    try await store.run { database, vault in try database.apply(try row.sealed(vault)) }
    rooms[id] = room
    order.append(id)
    let asked = try await invite(names, to: room)
    start(room)
    do throws(MessengerFailure) {
      try await until(room, failsAtOnce: true) { !member.hasPendingCommit && member.epoch > 0 }
    } catch {
      if member.epoch == 0 { await forget(room) }
      throw error
    }
    return try await invited(names, to: room, asked.offline, asked.failed)
  }

  func invite(_ names: [PeerName], to name: GroupName) async throws(MessengerFailure) -> GroupInvited {
    let (room, member) = try live(name)
    var failed: [(name: PeerName, failure: MessengerFailure)] = []
    var wanted: [PeerName] = []
    for name in names {
      if member.members.contains(where: { $0.name == name }) {
        failed.append((name, .group(.alreadyMember(name, room.name))))
      } else {
        wanted.append(name)
      }
    }
    let asked = try await invite(wanted, to: room)
    try await until(room) { !member.hasPendingCommit }
    return try await invited(wanted, to: room, asked.offline, failed + asked.failed)
  }

  private func invited(
    _ names: [PeerName], to room: GroupRoom, _ offline: [PeerName],
    _ failed: [(name: PeerName, failure: MessengerFailure)]
  ) async throws(MessengerFailure) -> GroupInvited {
    // The members are in; that the invitations lie in their inboxes is worth a wait, and not more.
    // They are on their way only when the commit that made them is stored.
    try? await until(room) { room.storesDone == room.storesBegun && room.undelivered.isEmpty }
    let members = Set(room.member?.members.map(\.name) ?? [])
    return GroupInvited(
      summary: await summary(of: room), invited: names.filter(members.contains), offline: offline,
      failed: failed)
  }

  func kick(_ person: PeerName, from name: GroupName) async throws(MessengerFailure) {
    let (room, member) = try live(name)
    if let refusal = attempt(.kick(person), in: room) { throw failure(refusal, in: room) }
    try await until(room) {
      !member.hasPendingCommit && !member.members.contains { $0.name == person }
    }
  }

  func leave(_ name: GroupName) async throws(MessengerFailure) {
    let room = try room(named: name)
    if room.isInvitation { return await forget(room) }
    guard room.facts.isLive, let member = room.member, !member.hasEnded else {
      throw .group(.notMember(name))
    }
    // Nothing can be said there any more.
    if member.isForked {
      conclude(room, .left)
      await room.ending?.value
      return
    }
    start(room)
    if let refusal = attempt(.leave, in: room) { throw failure(refusal, in: room) }
    try await until(room) { member.hasEnded || member.leaveIsInLog }
    guard room.facts.isLive else {
      await room.ending?.value
      return
    }
    room.facts.standing = .left
    room.facts.wanted = []
    try await keepFacts(of: room)
    tell(.ended(group: name, .left))
    // The machine goes on until another has committed it, in a later run where it must; mostly that is soon.
    try? await until(room, seconds: 5) { member.hasEnded }
    await room.ending?.value
  }

  func join(_ name: GroupName?) async throws(MessengerFailure) -> GroupSummary {
    _ = try await opened()
    let waiting = order.compactMap { rooms[$0] }.filter(\.isInvitation)
    let matching = waiting.filter { name == nil || $0.name == name }
    guard let room = matching.last else {
      if let name, let room = try? room(named: name), room.facts.isLive {
        // It was joined before: to come back is to be online.
        start(room)
        try await until(room, failsAtOnce: true) { room.member?.isSettled == true }
        return await summary(of: room)
      }
      throw .group(.notInvited(name))
    }
    guard name != nil || matching.count == 1 else {
      throw .group(.severalInvitations(matching.map(\.name)))
    }
    guard !rooms.values.contains(where: { $0.name == room.name && $0.facts.isLive }) else {
      throw .group(.nameTaken(room.name))
    }
    room.facts.standing = .member
    try await keepFacts(of: room)
    start(room)
    try await until(room, failsAtOnce: true) { room.member?.isSettled == true }
    return await summary(of: room)
  }

  /// Logs a text, stores it, and lets it go.
  func send(_ text: [UInt8], to name: GroupName) async throws(MessengerFailure) -> OutgoingID {
    _ = try await opened()
    let (room, member) = try live(name)
    guard text.count <= GroupMemberLimits.textByteCount else { throw .group(.textTooLong(text.count)) }
    guard text.span.isValidUTF8 else { throw .usage(.textNotUTF8) }
    guard !member.isLeaving else { throw .group(.notMember(name)) }
    try await until(room) { member.waitingCount < GroupMemberLimits.outboxCount / 2 }
    let outgoing = room.stream.next(text: text, at: .now)
    guard let log = room.log else { throw .stopped }
    let isLogged = await withCheckedContinuation { continuation in
      log.write(.sent, options.me, text, id: outgoing.id, f: outgoing.commitmentKey) {
        continuation.resume(returning: $0)
      }
    }
    if !isLogged, let problem = log.problem { throw .log(problem) }
    room.sentSince[outgoing.id] = .current
    let begun = room.storesBegun
    if let refusal = attempt(
      .send(id: outgoing.id, text: text, f: outgoing.commitmentKey), in: room)
    {
      room.sentSince[outgoing.id] = nil
      throw failure(refusal, in: room)
    }
    // The store that begins with this text, or the one after that which was under way.
    let wanted = max(room.storesBegun, begun + 1)
    try await until(room) { room.storesDone >= wanted }
    return outgoing.id
  }

  // MARK: Looking

  func summaries() async -> [GroupSummary] {
    var summaries: [GroupSummary] = []
    for room in order.compactMap({ rooms[$0] }) { summaries.append(await summary(of: room)) }
    return summaries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  /// The groups as they stand on the disk, while another program has them open.
  func glance() async throws(MessengerFailure) -> [GroupSummary] {
    let (profile, vault) = (profile, vault)
    let looked = await disk.run { () -> Result<GroupStore?, MessengerFailure> in
      do throws(MessengerFailure) {
        return .success(try GroupStore.look(profile, vault))
      } catch {
        return .failure(error)
      }
    }
    guard let store = try looked?.get() else { return [] }
    do throws(MessengerFailure) {
      let groups = try await store.run { database, vault in try database.loadGroups(vault) }
      var summaries: [GroupSummary] = []
      for group in groups {
        summaries.append(await summary(of: try restored(group, path: store.path)))
      }
      await store.close()
      return summaries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    } catch {
      await store.close()
      throw error
    }
  }

  func summary(of room: GroupRoom) async -> GroupSummary {
    let isConnected = room.connection != nil && (room.member?.isSettled ?? false)
    var members: [GroupMemberSummary] = []
    for person in room.member?.members ?? [] {
      let isMe = person.profile.signedBytes == identity.profile.signedBytes
      let isAdmin = room.member?.isAdmin(person) ?? false
      let isOnline = isMe ? isConnected : (room.member?.isOnline(person) ?? false)
      members.append(
        GroupMemberSummary(
          name: person.name, words: await words(of: person.profile),
          verified: isMe ? true : await isVerified(person.profile), isMe: isMe, isAdmin: isAdmin,
          online: isOnline))
    }
    members.sort { $0.isMe != $1.isMe ? $0.isMe : $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    return GroupSummary(
      name: room.name, id: room.id, standing: room.facts.standing, members: members,
      relay: room.facts.relay.address.text, relayWords: await words(of: room.facts.relay.profile),
      epoch: room.member?.epoch ?? 0, isConnected: isConnected)
  }

  func presence(of name: PeerName) -> Bool? {
    let common = rooms.values.filter(\.facts.isLive).compactMap { room in
      room.member?.members.first { $0.name == name }.map { room.member?.isOnline($0) ?? false }
    }
    return common.isEmpty ? nil : common.contains(true)
  }

  // MARK: Waiting

  /// Waits until something holds of a group.
  ///
  /// Throws why the link does not stand when so many seconds are over, or at its first failure.
  private func until(
    _ room: GroupRoom, failsAtOnce: Bool = false, seconds: Int64 = 30, _ holds: () -> Bool
  ) async throws(MessengerFailure) {
    let deadline = Moment.current.advanced(bySeconds: seconds)
    while !holds() {
      if let problem = room.log?.problem { throw .log(problem) }
      guard !isShuttingDown, !Task.isCancelled else { throw .stopped }
      guard let member = room.member, !member.hasEnded else { throw .group(.notMember(room.name)) }
      if failsAtOnce, let failure = room.failure { throw failure }
      guard Moment.current < deadline else {
        throw room.failure
          ?? .group(.notConnected(room.name, address: room.facts.relay.address.text))
      }
      // Whoever waits looks again now and then: the task may have been cancelled.
      let id = room.id
      let look = loopExecutor.schedule(afterMilliseconds: 250) { [weak self] in
        self?.assumeIsolated { $0.rooms[id]?.changed() }
      }
      await room.change()
      look.cancel()
    }
  }

  /// A group that never came to be, or an invitation that is not taken up.
  private func forget(_ room: GroupRoom) async {
    await stop(room, why: .bye)
    rooms[room.id] = nil
    order.removeAll { $0 == room.id }
    let id = room.id.bytes
    try? await store?.run { database, _ in try database.remove(group: id) }
  }

  func failure(_ refusal: GroupVerbRefusal, in room: GroupRoom) -> MessengerFailure {
    switch refusal {
    case .ended: .group(.notMember(room.name))
    case .silenced: room.member?.isForked == true ? .group(.forked(room.name)) : .group(.notMember(room.name))
    case .textNotFit: .usage(.textNotUTF8)
    case .outboxFull, .tooMany:
      .group(.notConnected(room.name, address: room.facts.relay.address.text))
    case .notInvitable(let name, _): .group(.inviteeNotProven(name))
    case .nameTaken(let name): .group(.alreadyMember(name, room.name))
    case .noSuchMember(let name): .group(.noSuchMember(name, room.name))
    case .notAdmin: .group(.notAdmin(room.name))
    }
  }
}
