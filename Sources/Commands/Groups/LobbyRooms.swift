import Messenger
import Wire

// The rooms of the lobby: what a person types about groups.
extension Lobby {
  /// Brings the groups of this user online; one that goes on without them says why.
  func openGroups() async {
    do throws(MessengerFailure) {
      try await messenger.openGroups(relay: relay)
    } catch {
      await screen.say(Sentences.withoutGroups(Sentences.failure(error, me: party.me)))
    }
  }

  /// All groups and invitations; what cannot be read is said.
  func groups() async -> [GroupSummary] {
    do throws(MessengerFailure) {
      return try await messenger.groups()
    } catch {
      await screen.say(Sentences.explained(Sentences.failure(error, me: party.me)))
      return []
    }
  }

  /// `secure_chat join`: into the room, where the invitation may still have to come out of the inbox.
  func enterFirst(_ group: GroupName?) async throws(Failure) {
    try await messenger.doing { [relay] (messenger) async throws(MessengerFailure) in
      try await messenger.openGroups(relay: relay)
    }
    let groups = try await messenger.doing { (messenger) async throws(MessengerFailure) in
      try await messenger.groups()
    }
    if let found = try GroupAccess.choice(group, of: groups) {
      if found.isInvitation { return await takeUp(found.name) }
      return await enter(found)
    }
    await screen.say(Sentences.lookingForInvitation(group))
    rooms.awaited = Rooms.Awaited(group: group)
    Task {
      try? await Pause.seconds(Self.invitationSeconds)
      guard rooms.awaited != nil else { return }
      rooms.awaited = nil
      await end(.failure(Sentences.failure(.group(.notInvited(group)))))
    }
  }

  /// How long `secure_chat join` waits for an invitation.
  private static let invitationSeconds = 10

  // MARK: join, leave

  func join(_ argument: String) async {
    do throws(Failure) {
      let name = argument.isEmpty ? nil : try GroupAccess.name(argument)
      let groups = await groups()
      guard let found = try GroupAccess.choice(name, of: groups) else {
        guard let name else { return await screen.say(Sentences.nothingToJoin) }
        throw Sentences.failure(.group(.notInvited(name)))
      }
      if found.isInvitation { return await takeUp(found.name) }
      if found.name == rooms.current { return await screen.say(Sentences.alreadyIn(found.name)) }
      await enter(found)
    } catch {
      await screen.say(Sentences.explained(error))
    }
  }

  func takeUp(_ name: GroupName) async {
    await screen.say(Sentences.joining(name))
    inBackground { lobby, messenger throws(MessengerFailure) in
      await lobby.enter(try await messenger.join(name))
    }
  }

  func enter(_ summary: GroupSummary) async {
    rooms.enter(summary.name)
    for line in Sentences.entered(summary) { await screen.say(line) }
    await showPrompt()
  }

  /// `/leave`: for good; the keys change, so that nothing later can be read.
  func leave(_ argument: String) async {
    guard let room = await room(argument, for: .leave) else { return }
    inBackground { lobby, messenger throws(MessengerFailure) in
      try await messenger.leave(room)
      await lobby.over(room, .left)
    }
  }

  /// `exit` in a room: out of it, and still a member.
  func goOut(of room: GroupName) async {
    if !isListener, hub.count == 0, dials.isEmpty { return await leaveProgram() }
    rooms.goOut()
    await screen.say(Sentences.outOfRoom(room))
    await showPrompt()
  }

  /// This user's part in a group is over; said once, by whichever of the call and the event comes first.
  func over(_ room: GroupName, _ standing: GroupSummary.Standing) async {
    guard rooms.end(room) else { return }
    await screen.say(Sentences.ended(room, standing))
    if !isListener, hub.count == 0, dials.isEmpty, rooms.visited.isEmpty, outcome == nil {
      await end(.exit(standing == .left ? .ok : .refused))
    }
    await showPrompt()
  }

  // MARK: Making, inviting, removing

  /// `chat user2 user3`, `chat NAME: user2 user3`.
  func createRoom(_ named: NamedPeople) async {
    do throws(Failure) {
      var names: [PeerName] = []
      for name in named.names { names.append(try Target.peerName(name)) }
      guard !names.isEmpty else { return await screen.say(Sentences.chatUsage(peers: hub.peers)) }
      let room: GroupName
      if let name = named.group {
        room = try GroupAccess.name(name)
      } else {
        room = try GroupAccess.name(await freeRoomName())
      }
      await screen.say(Sentences.creating(room, names))
      inBackground { [names] lobby, messenger throws(MessengerFailure) in
        let made = try await messenger.createGroup(room, inviting: names)
        await lobby.enter(made.summary)
        await lobby.tell(made)
      }
    } catch {
      await screen.say(Sentences.explained(error))
    }
  }

  /// `room`, else `room2`, `room3`: the first that none of this user's groups has.
  private func freeRoomName() async -> String {
    let taken = await groups().map(\.name.text)
    var name = "room"
    var number = 1
    while taken.contains(name) {
      number += 1
      name = "room\(number)"
    }
    return name
  }

  /// `/invite NAME...` in a room, `/invite GROUP: NAME...` anywhere.
  func invite(_ argument: String) async {
    guard let (room, names) = await people(argument), !names.isEmpty else {
      return await screen.say(Sentences.inviteUsage(rooms.current))
    }
    inBackground { lobby, messenger throws(MessengerFailure) in
      await lobby.tell(try await messenger.invite(names, to: room))
    }
  }

  /// `/kick NAME` in a room, `/kick GROUP: NAME` anywhere.
  func kick(_ argument: String) async {
    guard let (room, names) = await people(argument), let name = names.first, names.count == 1 else {
      return await screen.say(Sentences.kickUsage)
    }
    // The event tells it to everybody, this side too.
    inBackground { _, messenger throws(MessengerFailure) in try await messenger.kick(name, from: room) }
  }

  private func people(_ argument: String) async -> (GroupName, [PeerName])? {
    let named = NamedPeople(argument, known: await knownNames())
    guard let room = try? named.group.map(GroupAccess.name) ?? rooms.current else { return nil }
    let names = named.names.compactMap { try? PeerName($0) }
    return names.count == named.names.count ? (room, names) : nil
  }

  /// Whom the invitation reached, the group's own notices tell.
  private func tell(_ result: GroupInvited) async {
    if !result.offline.isEmpty {
      await screen.say(Sentences.notOnline(result.offline, in: result.summary.name, invitedBy: nil))
    }
    for failed in result.failed {
      await screen.say(
        Sentences.explained(
          Sentences.notInvited(failed.name, Sentences.failure(failed.failure, me: party.me))))
    }
  }

  /// Everybody of the users file, the contacts and the groups, each once; oneself is nobody.
  func knownNames() async -> [String] {
    everybody(await contacts(), await groups()).map(\.text)
  }

  /// The group that is named; without a name the one in the prompt, else the only one.
  private func room(_ argument: String, for command: SlashCommand) async -> GroupName? {
    if !argument.isEmpty {
      do throws(Failure) {
        return try GroupAccess.name(argument)
      } catch {
        await screen.say(Sentences.explained(error))
        return nil
      }
    }
    if let current = rooms.current { return current }
    let mine = await groups().filter { $0.standing == .member }
    if mine.count == 1 { return mine[0].name }
    await screen.say(Sentences.whichRoom(command.rawValue, mine.map(\.name)))
    return nil
  }

  /// Works on a group, one change after the other, without making the keyboard wait for the relay.
  private func inBackground(
    _ work: @escaping @Sendable (Lobby, Messenger) async throws(MessengerFailure) -> Void
  ) {
    let former = rooms.lastChange
    rooms.lastChange = Task { [messenger] in
      await former?.value
      do throws(MessengerFailure) {
        try await work(self, messenger)
      } catch {
        await changeFailed(Sentences.failure(error, me: party.me))
      }
    }
  }

  private func changeFailed(_ failure: Failure) async {
    guard outcome == nil else { return }
    if !isListener, hub.count == 0, dials.isEmpty, rooms.visited.isEmpty {
      return await end(.failure(failure))
    }
    await screen.say(Sentences.explained(failure))
  }

  // MARK: Sending

  /// Sends in the order of calls; the relay may be away.
  func send(_ text: String, to room: GroupName) {
    let former = rooms.lastSend(to: room)
    rooms.sending(
      Task {
        await former?.value
        await sendNow(text, to: room)
      }, to: room)
  }

  private func sendNow(_ text: String, to room: GroupName) async {
    do throws(MessengerFailure) {
      let id = try await messenger.send(Array(text.utf8), toGroup: room)
      if let event = rooms.taken(text, as: id) { await showTick(text, event) }
    } catch {
      _ = rooms.taken(text, as: nil)
      await screen.say(Sentences.notSent(text, to: room, Sentences.failure(error, me: party.me)))
    }
  }

  func showTick(_ text: String, _ event: GroupAcceptedEvent) async {
    await screen.show(Sentences.tick(text, event, columns: await screen.columns, paint: screen.paint))
  }
}
