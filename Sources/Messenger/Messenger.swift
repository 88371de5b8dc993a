import ChatProtocol
import Cryptography
import LogFiles
import Places
package import Transport
package import Wire

/// One user's side of all conversations: opens the profile, listens, dials, sends, closes.
///
/// It runs on the event loop of its conversations, so that control touches them without a hop; the data
/// path never comes through here. Listening stands in ListenerService.swift, dialling in Dialling.swift.
package actor Messenger: LoopActor {
  package nonisolated let identity: IdentitySummary
  /// Everything that happens, for one consumer.
  package nonisolated let events: EventQueue
  package nonisolated let loopExecutor: LoopExecutor

  nonisolated let group: TransportGroup
  nonisolated let passwords: PasswordSecrets
  let core: MessengerCore
  var listener: Listener?
  var dials: [DialRun] = []
  /// Made when groups are first used.
  var groupKeeper: GroupKeeper?
  private var isShutDown = false

  private init(
    _ options: MessengerOptions, _ profile: OpenedProfile, _ folders: HomeFolders, _ logKey: LogPublicKey,
    group: TransportGroup, disk: BlockingThreads, logs: BlockingThreads
  ) {
    identity = profile.summary
    events = EventQueue()
    self.group = group
    loopExecutor = group.nextLoop()
    passwords = PasswordSecrets(me: options.me)
    core = MessengerCore(
      executor: loopExecutor, options: options, folders: folders, identity: profile.identity,
      logKey: logKey, events: events, disk: disk, logs: logs)
  }

  private struct OpenedProfile: Sendable {
    let identity: OwnIdentity
    let summary: IdentitySummary
    let logKey: LogPublicKey
  }

  /// Loads the profile of `options.me`, or makes it.
  package static func open(_ options: MessengerOptions) async throws(MessengerFailure) -> Messenger {
    let folders = HomeFolders(home: HomePath(options.home), logs: LogsPath(options.logs))
    let disk = BlockingThreads(count: 2)
    let opened = await disk.run { () -> Result<OpenedProfile, MessengerFailure> in
      do throws(HomeFailure) {
        let identity = try IdentityFile.loadOrMake(
          options.me, in: folders, passphrase: options.passphrase?.passphrase)
        let summary = IdentitySummary(
          name: identity.profile.name, profile: identity.text,
          words: KeyWords.text(of: identity.profile), isNew: identity.isNew)
        let path = folders.profile(options.me).logPublicKey
        let logKey: LogPublicKey
        do throws(LogFailure) {
          logKey = try LogKeyFile.readPublic(path)
        } catch {
          return .failure(.log(error.problem))
        }
        return .success(OpenedProfile(identity: identity, summary: summary, logKey: logKey))
      } catch {
        return .failure(MessengerFailure(error, of: options.me))
      }
    }
    switch opened {
    case .success(let profile)?:
      let messenger = Messenger(
        options, profile, folders, profile.logKey, group: TransportGroup(), disk: disk,
        logs: BlockingThreads(count: 4))
      await messenger.listenForGroups()
      return messenger
    case .failure(let failure)?:
      await disk.shutDown()
      throw failure
    case nil:
      throw .stopped
    }
  }

  /// Runs what reads or writes the profile's files, off the loop.
  func onDisk<Answer: Sendable>(
    _ work: @escaping @Sendable () throws(HomeFailure) -> Answer
  ) async throws(MessengerFailure) -> Answer {
    try await core.disk.attempt(work)
  }

  // MARK: Texts

  /// Takes a text of at most 65,536 bytes of UTF-8 and returns when it is taken, which is later while
  /// the peer does not read; `delivered` follows.
  ///
  /// `id`: a text that an earlier session of this messenger took and that was never acknowledged; it keeps
  /// its id and its `f`, so that the peer shows it once (PROTOCOL 1.9). One that is acknowledged by now, or on
  /// its way over another session, is not sent again.
  package func send(
    _ text: [UInt8], on session: SessionID, as id: OutgoingID? = nil
  ) async throws(MessengerFailure) -> OutgoingID {
    guard text.count <= TextMessage.maximumByteCount else { throw .usage(.textTooLong(text.count)) }
    guard text.span.isValidUTF8 else { throw .usage(.textNotUTF8) }
    guard let conversation = core.session(session), let profileID = conversation.peerProfileID else {
      throw .sessionEnded(session)
    }
    while !conversation.canTakeText {
      guard conversation.isOpenForTexts, !Task.isCancelled else {
        // The place in the row is the next one's.
        conversation.passOn()
        throw .sessionEnded(session)
      }
      await withCheckedContinuation { conversation.waitToSend($0) }
    }
    let outgoing: OutgoingText
    if let id {
      guard let kept = core.takeUnconfirmed(id) else { return id }
      outgoing = kept
    } else {
      outgoing = core.stream(to: profileID).next(text: text, at: .now)
    }
    conversation.send(outgoing)
    return outgoing.id
  }

  // MARK: Sessions

  /// Ends a conversation with a close record and waits until it is over; unknown sessions are over.
  package func close(_ session: SessionID, reason: CloseReason) async {
    guard let conversation = core.session(session) else { return }
    conversation.close(reason)
    await withCheckedContinuation { conversation.waitForEnd($0) }
  }

  /// The live conversations, oldest first.
  package func sessions() async -> [SessionSummary] {
    core.sessions.compactMap { session in
      session.sessionSummary(isNewest: session.peerName.flatMap { core.newest(with: $0) } === session)
    }
  }

  // MARK: People

  package func contacts() async throws(MessengerFailure) -> [ContactSummary] {
    let (contacts, folders, me) = (core.contacts, core.folders, core.options.me)
    return try await onDisk { () throws(HomeFailure) in
      try contacts.all().map { $0.summary(folders: folders, me: me) }
    }
  }

  package func contact(named name: PeerName) async throws(MessengerFailure) -> ContactSummary? {
    let (contacts, folders, me) = (core.contacts, core.folders, core.options.me)
    return try await onDisk { () throws(HomeFailure) in
      try contacts.contact(named: name)?.summary(folders: folders, me: me)
    }
  }

  /// Whether ``dial(_:password:)`` would need a password that only the user has.
  package func passwordNeed(toDial name: PeerName) async throws(MessengerFailure) -> PasswordNeed {
    let contacts = core.contacts
    let isKnown = try await onDisk { () throws(HomeFailure) in
      try contacts.contact(named: name) != nil
    }
    if isKnown { return .known }
    if core.options.requiresVerified { throw .notVerified(name, isKnown: false) }
    let password = FirstContactPassword.dialling(name, users: core.options.users)
    return password == nil ? .mustAsk : .inUsersFile
  }

  /// Whether a listener has neither a password nor anybody's in its users file, so that it is worth
  /// asking for one.
  package func listenerLacksPassword() async -> Bool {
    let (me, users) = (core.options.me, core.options.users)
    // Nobody pairs under `--require-verified`, so that there is nothing to ask.
    guard !core.options.requiresVerified else { return false }
    return users?.entry(named: me)?.password == nil
      && FirstContactPassword.everybody(me: me, users: users).isEmpty
  }

  /// Notes that the user compared the pinned words and found them the same.
  package func markVerified(_ name: PeerName) async throws(MessengerFailure) {
    let contacts = core.contacts
    let change = try await onDisk { () throws(HomeFailure) -> ContactChange? in
      guard let contact = try contacts.contact(named: name) else { return nil }
      return try contacts.markVerified(contact, at: .now)
    }
    guard let change else { throw .usage(.notKnown(name)) }
    let contact = try require(change)
    for session in core.sessions where session.contact?.state == contact.state { session.contact = contact }
  }

  /// Replaces the old pin by the held one in one write, or drops the held one.
  package func verifyAnswer(_ session: SessionID, accept: Bool) async throws(MessengerFailure) {
    guard let held = core.held.removeValue(forKey: session) else {
      throw .usage(.unknownSession(session))
    }
    let name = held.pin.profile.name
    guard accept else { return try await closePairing(with: name) }
    let contacts = core.contacts
    let contact = try require(
      try await onDisk { () throws(HomeFailure) in
        try contacts.replace(with: held.pin, expecting: held.expecting, verified: true, at: .now)
      })
    core.pairing?.close(name)
    core.pairing?.forget(name)
    // Conversations under the old key are with whoever holds that one.
    for session in core.sessions
    where session.peerName == name && session.peerProfileID != contact.pin.profile.profileID {
      session.close(.bye)
    }
  }

  /// After a no: the name pairs no more, unless its contact never was a confirmed one.
  private func closePairing(with name: PeerName) async throws(MessengerFailure) {
    let contacts = core.contacts
    let isConfirmed = try await onDisk { () throws(HomeFailure) in
      try contacts.contact(named: name)?.pin.standing == .confirmed
    }
    guard isConfirmed, core.verifying != name else { return }
    core.pairing?.close(name)
    core.pairing?.forget(name)
  }

  private func require(_ change: ContactChange) throws(MessengerFailure) -> Contact {
    switch change {
    case .stored(let contact): return contact
    case .refused(let refusal): throw .state(refusal.problem)
    }
  }

  // MARK: The end

  /// Stops listening, closes every conversation with a close record (reason 2), waits for their ends
  /// within the protocol's 5 s, and finishes ``events``.
  package func shutDown() async {
    guard !isShutDown else { return }
    isShutDown = true
    core.isShuttingDown = true
    await stopListening()
    for run in dials { run.cancel() }
    await groupKeeper?.shutDown()
    for connection in core.openConnections { connection.close(.shuttingDown) }
    let core = core
    let bound = LoopBound(core, on: loopExecutor)
    let patience = loopExecutor.schedule(afterMilliseconds: Messenger.endMilliseconds) {
      for connection in bound.value.openConnections { connection.abandon() }
    }
    await withCheckedContinuation { continuation in
      core.whenQuiet { continuation.resume() }
    }
    patience.cancel()
    events.finish()
    await core.logs.shutDown()
    await core.disk.shutDown()
  }

  /// The protocol's 5 s for a close, and time for the disk.
  private static let endMilliseconds: Int64 = 9000

  deinit {
    // The loop outlives `shutDown`, since a call may still come; nobody can call now.
    let group = group
    Task.detached { await group.shutDown() }
  }
}
