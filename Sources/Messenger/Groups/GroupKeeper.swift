import ChatProtocol
import Cryptography
import GroupKeys
import LogFiles
import Places
import Stores
import Transport
import Wire

/// All groups of one profile: their members' machines, links, logs and rows, and the inbox.
///
/// It runs on the messenger's event loop, so that what happens to a group happens in one order; what blocks goes to
/// other threads. How links are held stands in GroupLinks.swift, what machines ask for in GroupActions.swift, what
/// users ask for in GroupVerbs.swift and GroupInviting.swift, the inbox in GroupInbox.swift.
actor GroupKeeper: LoopActor {
  nonisolated let loopExecutor: LoopExecutor
  nonisolated let vault: GroupVault
  nonisolated let network: RelayNetwork
  nonisolated let identity: OwnIdentity
  nonisolated let options: MessengerOptions
  nonisolated let folders: HomeFolders
  nonisolated let events: EventQueue
  nonisolated let contacts: Contacts
  nonisolated let blocked: BlockedNames
  nonisolated let disk: BlockingThreads
  nonisolated let logThreads: BlockingThreads
  nonisolated let logKey: LogPublicKey
  /// What direct sessions are reached through.
  let direct: DirectSessions

  var store: GroupStore?
  private var opening: Task<GroupStore, any Error>?
  var rooms: [GroupID: GroupRoom] = [:]
  /// The order in which groups were made or joined.
  var order: [GroupID] = []
  var relays: [KnownRelay] = []
  var inboxes: [RelayPlace: InboxLink] = [:]
  /// Who waits for a contact's key package.
  var asked: [PeerName: [CheckedContinuation<AskAnswer?, Never>]] = [:]
  /// How many key packages each session was given.
  var answered: [SessionID: Int] = [:]
  var deliveries: [[UInt8]: Task<Void, Never>] = [:]
  var wordsOfProfiles: [Profile: String] = [:]
  private var retrying: Task<Void, Never>?
  private(set) var isShuttingDown = false

  /// Made on the loop.
  init(
    _ bound: LoopBound<MessengerCore>, direct: DirectSessions, group: TransportGroup
  ) throws(CryptographyError) {
    let core = bound.value
    loopExecutor = core.executor
    vault = try GroupVault(core.identity.keys)
    network = RelayNetwork(
      group: group, executor: core.executor, handshake: core.context.handshake,
      timeoutSeconds: core.options.connectTimeoutSeconds)
    identity = core.identity
    options = core.options
    folders = core.folders
    events = core.events
    contacts = core.contacts
    blocked = core.blocked
    disk = core.disk
    logThreads = core.logs
    logKey = core.logKey
    self.direct = direct
  }

  nonisolated var profile: ProfilePath { folders.profile(options.me) }

  nonisolated var groupIdentity: GroupIdentity {
    let keys = identity.keys
    return GroupIdentity(profile: identity.profile) { (message) throws(CryptographyError) in
      try Ed25519.sign(message.span, seed: keys.signingSeed)
    }
  }

  // MARK: Opening

  /// Connects what this user is a member of, and remembers `address` as the relay of new groups.
  func open(relay address: RelayAddress?) async throws(MessengerFailure) {
    if let address {
      let meeting = RelayMeeting(pins: RelayPins(profile: profile), network: network, disk: disk)
      let place = try await meeting.place(at: address).place
      _ = try await opened()
      try await use(place, asDefault: true)
    } else if store == nil {
      guard FileStatus.exists(GroupStore.path(of: profile)) else { return }
    }
    _ = try await opened()
    for room in rooms.values where room.facts.isLive || room.isLeaving { start(room) }
    for relay in relays { startInbox(at: relay.place) }
    resumeDeliveries()
    retryWanted()
  }

  /// The store, opened and read on first use.
  func opened() async throws(MessengerFailure) -> GroupStore {
    if let store { return store }
    guard !isShuttingDown else { throw .stopped }
    let task = opening ?? Task { try await self.openStore() }
    opening = task
    defer { opening = nil }
    do {
      return try await task.value
    } catch let failure as MessengerFailure {
      throw failure
    } catch {
      throw .stopped
    }
  }

  private func openStore() async throws(MessengerFailure) -> GroupStore {
    let (profile, vault) = (profile, vault)
    let store = try await disk.attempt(
      { () throws(MessengerFailure) in try GroupStore.open(profile, vault) }, failure: { $0 })
    do throws(MessengerFailure) {
      let (groups, relays) = try await store.run { database, vault in
        (try database.loadGroups(vault), try database.loadRelays(vault))
      }
      let found = try groups.map { (group) throws(MessengerFailure) in
        try restored(group, path: store.path)
      }
      rooms = Dictionary(uniqueKeysWithValues: found.map { ($0.id, $0) })
      order = found.map(\.id)
      self.relays = relays
    } catch {
      // Whoever tries again finds nothing half read, and the lock free.
      await store.close()
      throw error
    }
    self.store = store
    return store
  }

  func restored(_ loaded: LoadedGroup, path: String) throws(MessengerFailure) -> GroupRoom {
    var member: GroupMember?
    if let state = loaded.state {
      do throws(GroupError) {
        member = try GroupMember.restore(
          state, recent: loaded.recent, outbox: loaded.outbox, as: groupIdentity,
          in: Group.Surroundings())
      } catch {
        throw .state(StorageProblem(storing: error, path: path))
      }
    }
    return GroupRoom(
      id: GroupID(bytes: loaded.id), facts: loaded.facts, member: member, kept: loaded.received)
  }

  /// Remembers a relay, and holds the inbox there.
  func use(_ place: RelayPlace, asDefault: Bool = false) async throws(MessengerFailure) {
    var changed: [KnownRelay] = []
    if asDefault {
      for index in relays.indices where relays[index].isDefault && relays[index].place != place {
        relays[index].isDefault = false
        changed.append(relays[index])
      }
    }
    if let index = relays.firstIndex(where: { $0.place == place }) {
      if asDefault, !relays[index].isDefault {
        relays[index].isDefault = true
        changed.append(relays[index])
      }
    } else {
      let relay = KnownRelay(place: place, isDefault: asDefault)
      relays.append(relay)
      changed.append(relay)
    }
    let rows = changed
    if !rows.isEmpty {
      try await opened().run { database, vault in for row in rows { try database.put(row, vault) } }
    }
    startInbox(at: place)
  }

  // MARK: Finding

  /// The group of a name: a live one, else the newest that was.
  func room(named name: GroupName) throws(MessengerFailure) -> GroupRoom {
    let found = order.reversed().compactMap { rooms[$0] }.filter { $0.name == name }
    guard
      let room = found.first(where: { $0.facts.isLive }) ?? found.first(where: \.isInvitation) ?? found.first
    else { throw .group(.noSuchGroup(name)) }
    return room
  }

  /// The group of a name that this user is a member of, with its machine.
  func live(_ name: GroupName) throws(MessengerFailure) -> (room: GroupRoom, member: GroupMember) {
    let room = try room(named: name)
    guard room.facts.isLive, let member = room.member, !member.hasEnded else {
      throw .group(.notMember(name))
    }
    if member.isForked { throw .group(.forked(name)) }
    start(room)
    return (room, member)
  }

  // MARK: Later

  /// Tries again and again to invite those who were not there.
  private func retryWanted() {
    guard retrying == nil else { return }
    retrying = Task { [weak self] in
      while (try? await Task.sleep(for: .seconds(10))) != nil {
        guard let self else { return }
        await self.inviteWanted()
      }
    }
  }

  func tell(_ happening: GroupHappening) { events.put(.group(happening)) }

  // MARK: The end

  /// Closes links, logs and the store.
  func shutDown() async {
    guard !isShuttingDown else { return }
    isShuttingDown = true
    retrying?.cancel()
    opening?.cancel()
    for task in deliveries.values { task.cancel() }
    for waiting in asked.values.joined() { waiting.resume(returning: nil) }
    asked = [:]
    for inbox in inboxes.values { await inbox.stop() }
    for room in rooms.values {
      if let ending = room.ending { await ending.value } else { await stop(room, why: .bye) }
    }
    await store?.close()
    store = nil
  }
}

extension GroupRoom {
  /// This user left, and the others have not taken it up yet.
  var isLeaving: Bool { facts.standing == .left && member != nil }

  var isInvitation: Bool {
    switch facts.standing {
    case .invited: true
    case .member, .left, .removed, .forked: false
    }
  }
}
