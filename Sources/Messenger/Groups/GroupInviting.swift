import ChatProtocol
import Cryptography
import GroupKeys
import Stores
import Transport
import Wire

/// What a contact that was asked for a key package gave.
struct AskAnswer: Sendable {
  let place: InboxPlace
  let keyPackage: [UInt8]
  let profile: Profile
}

/// Whether somebody can be invited now.
enum Reached: Sendable {
  case here(GroupInvitee)
  case offline
  case failed(MessengerFailure)
}

// Getting somebody's key package, and the invitation to them (docs/GROUPS.md, "Inviting").
extension GroupKeeper {
  /// How long a dial, and an answer on a session, may take.
  private static let patience: Duration = .seconds(5)

  /// Invites to a group; what it came to is in `invited`, `offline` and `failed`.
  func invite(
    _ names: [PeerName], to room: GroupRoom
  ) async throws(MessengerFailure) -> (
    offline: [PeerName], failed: [(name: PeerName, failure: MessengerFailure)]
  ) {
    var offline: [PeerName] = []
    var failed: [(name: PeerName, failure: MessengerFailure)] = []
    for (name, reached) in await reach(names, for: room) {
      switch reached {
      case .here(let invitee):
        if let refusal = attempt(.invite([invitee]), in: room) {
          failed.append((name, failure(refusal, in: room)))
        }
      case .offline: offline.append(name)
      case .failed(let failure): failed.append((name, failure))
      }
    }
    if !offline.isEmpty {
      _ = attempt(.nameOffline(offline), in: room)
      let further = offline.filter { !room.facts.wanted.contains($0) }
      room.facts.wanted += further
      try await keepFacts(of: room)
    }
    return (offline, failed)
  }

  private func reach(_ names: [PeerName], for room: GroupRoom) async -> [(PeerName, Reached)] {
    let relay = room.facts.relay
    let tasks = names.map { name in Task { await self.reach(name, relay) } }
    var found: [(PeerName, Reached)] = []
    for (name, task) in zip(names, tasks) { found.append((name, await task.value)) }
    return found
  }

  /// A live session, a direct dial, or the inbox, in this order.
  private func reach(_ name: PeerName, _ relay: RelayPlace) async -> Reached {
    guard name != options.me else { return .failed(.usage(.dialsItself(name))) }
    guard name.fitsGroups else { return .failed(.group(.nameUnfit(name))) }
    do throws(MessengerFailure) {
      if let peer = direct.live(with: name), let answer = await ask(peer.session, name, relay) {
        return .here(invitee(answer))
      }
      if direct.live(with: name) == nil, let answer = try await dial(name, relay) {
        return .here(invitee(answer))
      }
      guard let contact = try await contact(name) else {
        return options.users?.entry(named: name) == nil ? .failed(.usage(.notKnown(name))) : .offline
      }
      if let answer = try? await takeFromInbox(of: contact) { return .here(invitee(answer)) }
      return .offline
    } catch {
      return .failed(error)
    }
  }

  private func invitee(_ answer: AskAnswer) -> GroupInvitee {
    GroupInvitee(profile: answer.profile, keyPackage: answer.keyPackage, inbox: answer.place.bytes)
  }

  /// The pinned profile of a contact that may be talked to.
  func contact(_ name: PeerName) async throws(MessengerFailure) -> Profile? {
    let (contacts, requiresVerified) = (contacts, options.requiresVerified)
    let found = try await disk.attempt { () throws(HomeFailure) in try contacts.contact(named: name) }
    guard let found else { return nil }
    if requiresVerified, !found.pin.isVerified { throw .notVerified(name, isKnown: true) }
    return found.pin.profile.profile
  }

  // MARK: Directly

  private func dial(_ name: PeerName, _ relay: RelayPlace) async throws(MessengerFailure) -> AskAnswer? {
    guard let entry = options.users?.entry(named: name) else { return nil }
    let target = DialTarget(name: name, host: entry.host, port: entry.port)
    let direct = direct
    let dial = Task { () -> Result<SessionID, MessengerFailure> in
      do throws(MessengerFailure) {
        return .success(try await direct.dial(target))
      } catch {
        return .failure(error)
      }
    }
    let patience = Task {
      try? await Task.sleep(for: Self.patience)
      dial.cancel()
    }
    let result = await dial.value
    patience.cancel()
    switch result {
    case .success(let session):
      let answer = await ask(session, name, relay)
      direct.close(session)
      return answer
    case .failure(let failure):
      switch failure {
      // Not there, or not in time: the inbox may do.
      case .unreachable, .stopped, .sessionEnded, .alert, .peerIsVerifying: return nil
      case .usage, .notProven, .identityRefused, .identityDiffers, .keyUnknown, .firstContactFailed,
        .guessLimit, .passphraseNeeded, .wrongPassphrase, .state, .log, .portInUse, .cannotListen,
        .blockedHere, .notVerified, .contactChanged, .relay, .group:
        throw failure
      }
    }
  }

  /// Asks on a session; nil where nothing comes in time.
  private func ask(_ session: SessionID, _ name: PeerName, _ relay: RelayPlace) async -> AskAnswer? {
    let deadline = loopExecutor.schedule(afterMilliseconds: 5000) { [weak self] in
      self?.assumeIsolated { $0.giveUpAsking(name) }
    }
    defer { deadline.cancel() }
    return await withCheckedContinuation { continuation in
      asked[name, default: []].append(continuation)
      direct.send(.ask(relay), on: session)
    }
  }

  private func giveUpAsking(_ name: PeerName) {
    for waiting in asked.removeValue(forKey: name) ?? [] { waiting.resume(returning: nil) }
  }

  /// A contact's record on a direct session.
  func received(_ record: GroupRecord, from peer: DirectSessions.Peer) async {
    guard let message = DirectGroupMessage(record), !isShuttingDown else { return }
    do throws(MessengerFailure) {
      switch message {
      case .ask(let relay): try await answer(peer, at: relay)
      case .invited(let relay):
        // Whom nobody asked cannot make this side dial a relay.
        if relays.contains(where: { $0.place == relay }) { startInbox(at: relay) }
      case .keyPackage(let place, let keyPackage):
        let profile = peer.profile
        if asked[profile.name] != nil {
          try await opened().run { database, vault in try database.put(place, of: profile, vault) }
        }
        let answer = AskAnswer(place: place, keyPackage: keyPackage, profile: profile)
        for waiting in asked.removeValue(forKey: profile.name) ?? [] { waiting.resume(returning: answer) }
      }
    } catch {
      // Another program of this profile has the groups, or the disk fails: the contact finds another way.
    }
  }

  /// Key packages that one session may ask for.
  private static let answersOfASession = 32

  private func answer(_ peer: DirectSessions.Peer, at relay: RelayPlace) async throws(MessengerFailure) {
    let given = answered[peer.session, default: 0]
    guard given < Self.answersOfASession, (try? ProvenProfile(verifying: relay.profile)) != nil else {
      return
    }
    answered[peer.session] = given + 1
    let store = try await opened()
    guard relays.count < Self.relayLimit || relays.contains(where: { $0.place == relay }) else { return }
    try await use(relay)
    guard let own = try? makeKeyPackage() else { return }
    try await store.run { database, vault in try database.put([own], vault) }
    let place = InboxPlace(
      relay: relay, pseudonym: vault.inboxPseudonym, placeKey: vault.sharedPlaceKey)
    direct.send(.keyPackage(place, own.published), on: peer.session)
  }

  func makeKeyPackage() throws(GroupError) -> OwnKeyPackage {
    try OwnKeyPackage.make(
      for: groupIdentity, now: UnixTime.now.milliseconds / 1000, in: Group.Surroundings())
  }

  // MARK: By the inbox

  private func takeFromInbox(of contact: Profile) async throws(MessengerFailure) -> AskAnswer? {
    guard let place = try await opened().run({ database, vault in try database.place(of: contact, vault) })
    else { return nil }
    let visit = GuestVisit(place: place.relay, network: network, threads: disk)
    guard let sealed = try await visit.takeKeyPackage(from: place.pseudonym),
      let keyPackage = try? place.open(sealed)
    else { return nil }
    return AskAnswer(place: place, keyPackage: keyPackage, profile: contact)
  }

  // MARK: Delivering

  /// Puts an invitation into its inbox, however long that takes.
  func deliver(_ invitation: GroupSentInvitation, from room: GroupRoom?) {
    let id = invitation.id
    guard deliveries[id] == nil, !isShuttingDown else { return }
    room?.undelivered[id] = invitation.to
    deliveries[id] = Task {
      var wait = LinkBackOff()
      while !Task.isCancelled, await !self.delivered(invitation) {
        let (_, milliseconds) = wait.next(from: self.network.handshake.entropy)
        guard (try? await Task.sleep(for: .milliseconds(milliseconds))) != nil else { return }
      }
      room?.undelivered[id] = nil
      self.deliveries[id] = nil
      room?.changed()
    }
  }

  private func delivered(_ invitation: GroupSentInvitation) async -> Bool {
    var reader = RowReader(invitation.inbox)
    let id = invitation.id
    guard let store, let place = try? InboxPlace(from: &reader) else { return true }
    do throws(MessengerFailure) {
      let visit = GuestVisit(place: place.relay, network: network, threads: disk)
      try await visit.put(invitation.sealed, into: place.pseudonym)
      try await store.run { database, _ in try database.remove(sentInvitation: id) }
      if let peer = direct.live(with: invitation.to) {
        direct.send(.invited(place.relay), on: peer.session)
      }
      return true
    } catch {
      return false
    }
  }

  /// Goes on with what an earlier run could not deliver.
  func resumeDeliveries() {
    guard let store else { return }
    Task {
      let waiting = try? await store.run { database, vault in try database.loadSentInvitations(vault) }
      for invitation in waiting ?? [] { self.deliver(invitation, from: nil) }
    }
  }

  // MARK: Those who were not there

  func inviteWanted() async {
    for room in rooms.values where room.facts.isLive && room.member?.isSettled == true {
      for name in room.facts.wanted { await inviteWanted(name, to: room) }
    }
  }

  /// A session with somebody came up: who wants to invite them does it now.
  func sessionIsUp(with name: PeerName) async {
    for room in rooms.values where room.facts.isLive && room.facts.wanted.contains(name) {
      await inviteWanted(name, to: room)
    }
  }

  private func inviteWanted(_ name: PeerName, to room: GroupRoom) async {
    guard !room.asking.contains(name), !isShuttingDown else { return }
    room.asking.insert(name)
    defer { room.asking.remove(name) }
    switch await reach(name, room.facts.relay) {
    case .here(let invitee):
      let refusal = attempt(.invite([invitee]), in: room)
      if case .tooMany? = refusal { return }
    case .offline: return
    case .failed(let failure):
      if failure.mayDialAgain { return }
    }
    room.facts.wanted.removeAll { $0 == name }
    try? await keepFacts(of: room)
  }
}

extension PeerName {
  /// Whether a line "NAME: text" of a group's log can only be read one way.
  var fitsGroups: Bool { !text.contains(": ") && utf8.last != UInt8(ascii: ":") }
}
