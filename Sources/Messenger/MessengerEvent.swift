package import Wire

/// What happened, in order, as ``EventQueue`` hands it out.
package enum MessengerEvent: Sendable {
  case step(StepEvent)
  case connected(ConnectedEvent)
  case message(MessageEvent)
  case delivered(DeliveredEvent)
  case closed(ClosedEvent)
  case refused(RefusedEvent)
  case repairWanted(RepairWantedEvent)
  /// A run of `verify` from the other side is complete and waits for ``Messenger/verifyAnswer(_:accept:)``.
  case verifyProposed(VerifyProposal)
  case warning(Warning)
  case group(GroupHappening)
}

/// One step of a handshake, for `-v` and `step` events.
package struct StepEvent: Sendable {
  package enum Direction: String, Sendable {
    case sent = "out"
    case received = "in"
  }
  package let address: String
  package let name: String
  package let direction: Direction
}

/// A conversation is up: both sides are proven.
package struct ConnectedEvent: Sendable {
  package let session: SessionID
  /// Proven, never merely claimed.
  package let peer: PeerName
  package let address: String
  package let group: KeyAgreementGroup
  package let cipher: CipherSuite
  /// The peer was pinned before this session; false at first contact.
  package let known: Bool
  /// The user compared the peer's words.
  package let verified: Bool
  /// The six words of the peer's key.
  package let words: String
  /// The six words of this session.
  package let sessionWords: String
  /// This side dialled.
  package let dialled: Bool
  package let logPath: String
  package let logText: LogTextMode
  package let time: UnixTime
}

/// A text arrived, and is in the synced log.
package struct MessageEvent: Sendable {
  package let session: SessionID
  package let id: MessageID
  package let from: PeerName
  /// Its ordinal in the session, from 1.
  package let seq: UInt64
  /// Exactly as sent; UTF-8.
  package let text: [UInt8]
  /// When it was logged here.
  package let time: UnixTime
  /// What the sender's clock said.
  package let sent: UnixTime
  package let verified: Bool

  package init(
    session: SessionID, id: MessageID, from: PeerName, seq: UInt64, text: [UInt8], time: UnixTime,
    sent: UnixTime, verified: Bool
  ) {
    self.session = session
    self.id = id
    self.from = from
    self.seq = seq
    self.text = text
    self.time = time
    self.sent = sent
    self.verified = verified
  }
}

/// A text that was sent is acknowledged.
package struct DeliveredEvent: Sendable {
  package let session: SessionID
  package let id: OutgoingID
  package let to: PeerName
  /// Its ordinal in the session, from 1.
  package let seq: UInt64
  /// The peer's log record that the covering acknowledgement names; nil when the peer keeps no log.
  package let logged: UInt64?
  /// That record's tag, 32 bytes.
  package let tag: [UInt8]?
  /// From ``Messenger/send(_:on:)`` to the acknowledgement.
  package let milliseconds: Int64

  package init(
    session: SessionID, id: OutgoingID, to: PeerName, seq: UInt64, logged: UInt64?, tag: [UInt8]?,
    milliseconds: Int64
  ) {
    self.session = session
    self.id = id
    self.to = to
    self.seq = seq
    self.logged = logged
    self.tag = tag
    self.milliseconds = milliseconds
  }
}

/// A conversation is over; its last event.
package struct ClosedEvent: Sendable {
  /// The last text that the peer acknowledged.
  package struct LastConfirmed: Sendable {
    package let id: OutgoingID
    package let seq: UInt64
  }
  package let session: SessionID
  package let peer: PeerName
  package let address: String
  package let dialled: Bool
  /// The log's `why`.
  package let reason: LogCloseReason
  /// What the peer's CLOSE said; nil without one.
  package let peerReason: CloseReason?
  /// The alert that ended it, where one came.
  package let alert: AlertCode?
  /// What failed, where something did; nil after a clean end.
  package let code: ChatErrorCode?
  /// "Logging is on but cannot be written": why this side stopped.
  package let logProblem: StorageProblem?
  /// Whole texts sent in the session.
  package let sent: UInt64
  /// Whole texts received and logged in the session.
  package let received: UInt64
  /// Cut short: the other side's end is not proven.
  package let truncated: Bool
  package let lastConfirmed: LastConfirmed?

  package init(
    session: SessionID, peer: PeerName, address: String, dialled: Bool, reason: LogCloseReason,
    peerReason: CloseReason?, alert: AlertCode?, code: ChatErrorCode?, logProblem: StorageProblem?,
    sent: UInt64, received: UInt64, truncated: Bool, lastConfirmed: LastConfirmed?
  ) {
    self.session = session
    self.peer = peer
    self.address = address
    self.dialled = dialled
    self.reason = reason
    self.peerReason = peerReason
    self.alert = alert
    self.code = code
    self.logProblem = logProblem
    self.sent = sent
    self.received = received
    self.truncated = truncated
    self.lastConfirmed = lastConfirmed
  }
}

/// A connection that sent something and did not become a conversation; a listener's event.
package struct RefusedEvent: Sendable {
  package let address: String
  package let code: ChatErrorCode
  /// The claimed name of a first contact that ran; nil otherwise.
  package let name: PeerName?
  /// Guesses that the claimed name has left; nil where none was spent.
  package let triesLeft: Int?
  /// How many connections this event stands for; above 1 when more than 20 came in a second.
  package let count: Int
  /// What of this side's own disk kept it from going on (E_STATE); nil otherwise.
  package let problem: StorageProblem?
  /// A contact that proved its key and is not wanted; nil otherwise.
  package let unwanted: UnwantedContact?

  package init(
    address: String, code: ChatErrorCode, name: PeerName? = nil, triesLeft: Int? = nil, count: Int = 1,
    problem: StorageProblem? = nil, unwanted: UnwantedContact? = nil
  ) {
    self.address = address
    self.code = code
    self.name = name
    self.triesLeft = triesLeft
    self.count = count
    self.problem = problem
    self.unwanted = unwanted
  }
}

/// Why a contact that proved its key was sent away with an ALERT.
package struct UnwantedContact: Sendable {
  package enum Why: Sendable {
    case blocked
    /// `--require-verified`, and its words were not compared.
    case unverified
    /// This side only waits for somebody's new key.
    case verifying
    /// Too many sessions already.
    case tooMany
  }
  package let name: PeerName
  package let why: Why

  package init(name: PeerName, why: Why) {
    self.name = name
    self.why = why
  }
}

/// A known contact began a first contact: it lost its keys, or somebody poses as it.
package struct RepairWantedEvent: Sendable {
  package let name: PeerName
  package let address: String
}

/// Why the newest log before a conversation is not as it should be.
package enum EarlierLog: Hashable, Sendable {
  /// It has no close record: a crash, a power loss, or a cut.
  case endedWithoutClose(name: String)
  /// Bytes of an unfinished record stand at its end.
  case tornTail(name: String, bytes: Int)
  /// It has fewer records than its successor once saw, or other ones: it was cut or exchanged.
  case rolledBack(name: String, records: Int, witnessed: Int)
  /// A log in the row is not there.
  case missing(segment: Int)
}

/// Something that the user should know and that stops nothing.
package enum Warning: Sendable {
  /// A listener without a password serves known people only.
  case knownPeopleOnly
  /// What the log of the last conversation with this peer looks like.
  case earlierLog(EarlierLog)
  /// The last text of this peer was written so long after it came, by the peer's clock; below zero: before.
  case clockDiffers(from: PeerName, milliseconds: Int64)
  /// Descriptors ran short; connections wait to be accepted.
  case descriptorsShort
}
