import Cryptography
import Wire

/// A session from FIN to its end: it holds the record keys, on one event loop.
///
/// It says what must be done through its `outlet` and never waits. Receiving, sending and closing
/// stand in files of their own.
final class Session {
  enum Phase {
    /// I: a pin or floor is being stored; nothing has been sent.
    case storing
    /// R: SYNC is sent, the peer's first record must come.
    case awaitingFirstRecord
    /// R: the peer's first record is here, and the pin is being confirmed.
    case confirming(first: RecordBody)
    case open
    /// Nothing goes out or comes in any more; log records that were asked for are waited for.
    case draining(Ending)
    case over
  }

  /// Why a session ends.
  struct Ending {
    let code: ChatErrorCode?
    let reason: LogCloseReason
    var alert: AlertCode?
  }

  let context: ConnectionContext
  let outlet: Outlet
  let facts: SessionFacts
  var phase: Phase
  /// Both are gone as soon as the session fails or ends.
  var writer: RecordWriter?
  var reader: RecordReader?
  var clock: LivenessClock
  /// Taken out at each step of a rekey; what failed is gone.
  var rekey: RekeyState?

  // Receiving
  /// The peer's SYNC has come.
  var isSynchronised = false
  /// Whole texts of the peer in this session, the ones shown before included.
  var receivedTexts: UInt64 = 0
  /// How many of them are in the synced log, and where the last of them is.
  var loggedTexts: UInt64 = 0
  var lastPosition: LoggedPosition?
  var acknowledgementIsDue = false
  var waitingPongs: [UInt64] = []
  /// Bytes received that are not yet logged and taken by the user.
  var heldBytes = 0

  // Sending
  /// Texts taken, whose ordinals are given.
  var takenTexts: UInt64 = 0
  var sentTexts = SentTexts()
  /// Bytes of texts that wait for the log.
  var waitingBytes = 0
  var logs = PendingLogs()

  // Rekeying
  /// Rekeys that are complete.
  var epoch: UInt32 = 0
  var rekeySchedule: RekeySchedule
  var rekeyGaps = RekeyGaps()

  // Closing
  var closeReason: CloseReason?
  var closeSentAt: Moment?
  var peerClose: Closing?
  /// This side's CLOSE was not an answer.
  var closedFirst = false
  /// `.connected` was said, so that the end is an `.ended`.
  var isAnnounced = false
  var logHasFailed = false

  /// Takes the keys over. Nothing is said until one of `open` is called.
  init(
    _ established: consuming EstablishedSession, facts: SessionFacts, context: ConnectionContext,
    outlet: Outlet, at now: Moment
  ) throws(ProtocolFailure) {
    let region = established.region
    let role = established.role
    let suite = established.cipher
    do {
      writer = try RecordWriter(
        chainKey: established.sendingKey, suite: suite, sender: role, in: region)
      writer?.trace = context.trace
      reader = try RecordReader(
        chainKey: established.receivingKey, suite: suite, sender: role.other, in: region)
    } catch {
      throw ProtocolFailure(error, as: .state)
    }
    rekey = .idle(
      RekeyRoot(
        established.root,
        facts: RekeyFacts(
          role: role, identity: context.identity, peerKey: facts.summary.peer.profile.ikDH,
          sessionID: facts.summary.sessionID)))
    rekeySchedule = RekeySchedule(at: now)
    let entropy = context.entropy
    self.context = context
    self.outlet = outlet
    self.facts = facts
    clock = LivenessClock(at: now, jitter: LivenessClock.Jitter { entropy.publicNumber() })
    phase = .over
  }

  /// The record frames of this session.
  var gate: FrameGate { .records(facts.summary.cipher) }

  /// A question is open: what comes in must wait.
  var isHolding: Bool {
    switch phase {
    case .storing, .confirming: true
    case .awaitingFirstRecord, .open, .draining, .over: false
    }
  }

  /// I: nothing was sent yet.
  var isStoring: Bool {
    switch phase {
    case .storing: true
    case .confirming, .awaitingFirstRecord, .open, .draining, .over: false
    }
  }

  /// The link is of no more use.
  var isClosed: Bool {
    switch phase {
    case .draining, .over: true
    case .storing, .awaitingFirstRecord, .confirming, .open: false
    }
  }

  var wantsToRead: Bool {
    switch phase {
    case .awaitingFirstRecord, .open: heldBytes <= Limits.receiveWindowBytes
    case .storing, .confirming, .draining, .over: false
    }
  }
}

/// What a session is about, fixed at FIN.
struct SessionFacts {
  let summary: SessionSummary
  /// What a refusal would say, as long as the session is not up.
  let progress: HandshakeProgress
  /// Mode P: the pin that this run made.
  let newPin: NewPin?

  /// The conversation's key in `SeenMessages`.
  let peerID: [UInt8]

  init(summary: SessionSummary, progress: HandshakeProgress, newPin: NewPin?) {
    self.summary = summary
    self.progress = progress
    self.newPin = newPin
    peerID = summary.peer.profileID
  }
}
