import ChatProtocol
import Cryptography
import LogFiles
import Places
import Transport
import Wire

/// What the conversations of one messenger share; lives on the messenger's event loop.
///
/// ``Messenger`` and every ``Conversation`` touch it there, without a hop; what blocks goes to `disk` and
/// `logs`, whose answers come back to the loop.
final class MessengerCore {
  let executor: LoopExecutor
  let options: MessengerOptions
  let folders: HomeFolders
  let identity: OwnIdentity
  /// The own profile id, 32 bytes: what logs know this side by.
  let ownProfileID: [UInt8]
  let logKey: LogPublicKey
  let contacts: Contacts
  let blocked: BlockedNames
  let guesses: Guesses
  let dialGuesses: DialGuesses
  let context: ConnectionContext
  let events: EventQueue
  /// Pins and guesses; they lock and sync.
  let disk: BlockingThreads
  /// Segments: made, synced and closed, several conversations side by side.
  let logs: BlockingThreads

  /// Live sessions, oldest first.
  private(set) var sessions: [Conversation] = []
  /// Every connection that is not over, sessions too.
  private var connections: [ObjectIdentifier: Conversation] = [:]
  private var queue = HandshakeQueue<Conversation>()
  private var strangers = Strangers<Conversation>()
  private var refusals = RefusalMeter()
  private var isRefusalFlushPlanned = false
  private var shortageTold: Moment?

  /// What a listener pairs with; nil while nobody listens.
  var pairing: ListenerPasswords?
  /// The name whose new key is waited for: `verify NAME --wait`, and `/verify NAME` in a lobby.
  var verifying: PeerName?
  /// `verify NAME --wait`: nobody but that name is served.
  var servesVerificationOnly = false
  /// The password that the listener was started with, where its users file holds none.
  var listenerPassword: EnteredPassword?
  var servesOnce = false
  /// The one conversation of a listener that serves once has begun; whoever was accepted since is let go.
  var hasServedOne = false
  var isShuttingDown = false
  /// Stops the listening socket; set while one stands.
  var stopListening: (() -> Void)?

  /// New keys that wait for the user's word.
  var held: [SessionID: HeldPin] = [:]
  private var streams: [[UInt8]: MessageStream] = [:]
  /// Texts of ended sessions that were never acknowledged, so that they can go again as they were.
  private var unconfirmed: [MessageID: OutgoingText] = [:]
  private var wordsOfProfiles: [[UInt8]: String] = [:]
  private var whenQuiet: [() -> Void] = []
  private var isIdleCheckPlanned = false

  /// At most so many sessions with one contact (PROTOCOL 1.4).
  static let sessionLimit = 8
  /// Descriptors kept for files, pipes and dials.
  static let reservedDescriptors: UInt64 = 64
  /// Strangers that go when the system refuses a descriptor all the same.
  private static let shedAtOnce = 16

  init(
    executor: LoopExecutor, options: MessengerOptions, folders: HomeFolders, identity: OwnIdentity,
    logKey: LogPublicKey, events: EventQueue, disk: BlockingThreads, logs: BlockingThreads
  ) {
    self.executor = executor
    self.options = options
    self.folders = folders
    self.identity = identity
    ownProfileID = SHA256Hash.hash(identity.profile.signedBytes.span)
    self.logKey = logKey
    self.events = events
    self.disk = disk
    self.logs = logs
    let profile = folders.profile(options.me)
    contacts = Contacts(profile: profile, own: identity.profile, users: options.users)
    blocked = BlockedNames(profile: profile)
    guesses = Guesses(profile: profile)
    dialGuesses = DialGuesses(profile: profile, identity: identity)
    context = ConnectionContext(
      identity: identity.keys,
      policy: NegotiationPolicy(groups: options.groups, ciphers: options.ciphers),
      outstandingShares: OutstandingShares(), seenMessages: SeenMessages(),
      entropy: SystemEntropy.shared, encapsulation: MLKEM768Encapsulation(),
      reportsSteps: options.verboseSteps)
  }

  // MARK: Connections

  func began(_ connection: Conversation) {
    connections[ObjectIdentifier(connection)] = connection
  }

  /// A connection was accepted and has said nothing yet.
  func cameIn(_ connection: Conversation) {
    began(connection)
    strangers.add(connection, address: connection.addressKey)
    let limit = ProcessHardening.descriptorLimits.soft
    if UInt64(connections.count) + MessengerCore.reservedDescriptors > limit { shedOldestStranger() }
  }

  /// Its first message is whole: no stranger any more; true where it may work at once.
  func wantsToWork(_ connection: Conversation) -> Bool {
    strangers.remove(connection, address: connection.addressKey)
    return queue.enter(connection, address: connection.addressKey)
  }

  /// A handshake is over, well or not.
  func stoppedWorking(_ connection: Conversation) {
    strangers.remove(connection, address: connection.addressKey)
    for next in queue.leave(connection) {
      // In a turn of its own: a row of connections that fail at once must not pile up on the stack.
      let bound = LoopBound(next, on: executor)
      executor.execute { bound.value.mayWork() }
    }
  }

  /// The system refused a descriptor: some strangers go, and the user hears of it once a minute.
  func descriptorsShort() {
    for _ in 0..<MessengerCore.shedAtOnce { shedOldestStranger() }
    let now = Moment.current
    if let told = shortageTold, now < told.advanced(bySeconds: 60) { return }
    shortageTold = now
    events.put(.warning(.descriptorsShort))
  }

  private func shedOldestStranger() {
    guard let oldest = strangers.oldest() else { return }
    // Out of the list at once, so that the next to go is another.
    strangers.remove(oldest, address: oldest.addressKey)
    oldest.shed()
  }

  /// Whether a first contact with a name is being dialled from here.
  func dialsFirstContact(with name: PeerName) -> Bool {
    connections.values.contains { connection in
      guard let run = connection.dialRun, !run.isOver, case .firstContact = run.plan else { return false }
      return run.target.name == name
    }
  }

  /// A connection is wholly over.
  func ended(_ connection: Conversation) {
    stoppedWorking(connection)
    connections[ObjectIdentifier(connection)] = nil
    sessions.removeAll { $0 === connection }
    if connections.isEmpty {
      let waiting = whenQuiet
      whenQuiet = []
      for resume in waiting { resume() }
    }
  }

  func whenQuiet(_ resume: @escaping () -> Void) {
    if connections.isEmpty { resume() } else { whenQuiet.append(resume) }
  }

  var openConnections: [Conversation] { Array(connections.values) }

  // MARK: Sessions

  func session(_ id: SessionID) -> Conversation? {
    sessions.first { $0.sessionID == id }
  }

  func isUp(_ connection: Conversation) {
    sessions.append(connection)
    planIdleCheck()
  }

  func sessionCount(withProfile profileID: [UInt8]) -> Int {
    sessions.reduce(0) { $1.peerProfileID == profileID ? $0 + 1 : $0 }
  }

  /// The newest live session with a contact: new texts go over it.
  func newest(with name: PeerName) -> Conversation? {
    sessions.last { $0.peerName == name && $0.isOpenForTexts }
  }

  /// One conversation is enough for a listener that serves once.
  func servedOne(_ connection: Conversation) {
    guard servesOnce, !connection.isDialled else { return }
    hasServedOne = true
    stopListening?()
    for other in connections.values where other !== connection && other.isHandshaking { other.shed() }
  }

  /// Closes, by and by, what ``IdleDoubles`` names, as long as there are several sessions with a contact.
  private func planIdleCheck() {
    guard !isIdleCheckPlanned, hasDoubles else { return }
    isIdleCheckPlanned = true
    let bound = LoopBound(self, on: executor)
    executor.schedule(afterMilliseconds: options.idleDoubleMilliseconds / 6) {
      let core = bound.value
      core.isIdleCheckPlanned = false
      core.closeIdleDoubles()
      core.planIdleCheck()
    }
  }

  private var hasDoubles: Bool {
    Set(sessions.map(\.peerProfileID)).count < sessions.count
  }

  private func closeIdleDoubles() {
    let rule = IdleDoubles(limitMilliseconds: options.idleDoubleMilliseconds)
    let open = sessions.filter(\.isOpenForTexts)
    for index in rule.surplus(among: open.map(\.asDouble), at: .current) {
      open[index].close(.duplicate)
    }
  }

  // MARK: Groups

  /// Who takes what contacts say about groups.
  var takeGroupRecord: ((GroupRecord, DirectSessions.Peer) -> Void)?
  /// Who wants to know when a session is announced.
  var sessionIsUp: ((PeerName) -> Void)?

  /// A contact's groups say something; where nobody takes it, it is dropped.
  func groupRecord(_ record: GroupRecord, from conversation: Conversation) {
    guard let session = conversation.sessionID, let summary = conversation.summary else { return }
    takeGroupRecord?(record, DirectSessions.Peer(session: session, profile: summary.peer.profile))
  }

  // MARK: Texts

  /// The stream of the texts to one contact.
  func stream(to profileID: [UInt8]) -> MessageStream {
    if let stream = streams[profileID] { return stream }
    let stream = MessageStream(entropy: SystemEntropy.shared)
    streams[profileID] = stream
    return stream
  }

  func keepUnconfirmed(_ texts: some Sequence<OutgoingText>) {
    for text in texts { unconfirmed[text.id] = text }
  }

  func takeUnconfirmed(_ id: MessageID) -> OutgoingText? {
    unconfirmed.removeValue(forKey: id)
  }

  // MARK: What the user hears

  func refused(_ event: RefusedEvent) {
    if let event = refusals.add(event, at: .current) { events.put(.refused(event)) }
    guard refusals.isHolding, !isRefusalFlushPlanned else { return }
    isRefusalFlushPlanned = true
    let bound = LoopBound(self, on: executor)
    executor.schedule(afterMilliseconds: 1000) {
      let core = bound.value
      core.isRefusalFlushPlanned = false
      if let event = core.refusals.flush() { core.events.put(.refused(event)) }
    }
  }

  /// The six words of a profile's key; they take a moment to compute, so elsewhere, and once.
  func words(of profile: Profile, _ then: @escaping (String) -> Void) {
    let id = profile.signedBytes
    if let words = wordsOfProfiles[id] {
      then(words)
      return
    }
    let bound = LoopBound((core: self, then: then), on: executor)
    let keyWords = options.keyWords
    logs.run(on: executor) {
      keyWords(profile)
    } then: { words in
      bound.value.core.wordsOfProfiles[id] = words
      bound.value.then(words)
    }
  }
}

/// A new key that `verify` brought.
struct HeldPin: Sendable {
  let pin: NewPin
  let expecting: PinState
}

extension KeyWords {
  /// The words as people read them.
  static func text(of profile: Profile) -> String {
    words(of: profile).joined(separator: " ")
  }
}
