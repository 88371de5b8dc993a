package import Cryptography
package import Wire

/// What the driver must do for a `ConnectionMachine`, in the order in which it takes them.
///
/// Each action that asks says which event answers it. A machine has at most one unanswered question
/// (an action with "answered by" other than `.log`); until its answer it withholds every byte that
/// depends on it, and `wantsToRead` is false after authentication. No answer may come from inside
/// `nextAction()`. Nothing is emitted after `.ended`.
package enum ConnectionAction: Sendable {
  // MARK: Questions of the handshake

  /// R, mode P, a PAIR1 whose tag verified: which password goes with this claimed name?
  ///
  /// Answered by `.pairing`. An answer with a password reserves one guess of this name from the
  /// moment of the answer ("in flight"); `.spendGuess` makes it durable, `.releaseGuess` frees it
  /// unspent. Withheld: the choice of the scalar, PAIR2. If the name is a confirmed contact, tell
  /// the user (`repair_wanted`) and answer as for an unknown name. The PRS may be awaited.
  case lookUpPairing(ClaimedName)

  /// R, mode P: write one guess of this name durably, for known and unknown names alike.
  ///
  /// Answered by `.stored` or `.storeFailed`. Withheld: PAIR2.
  case spendGuess(ClaimedName)

  /// R, mode P: the run failed after `.lookUpPairing` and before its guess was spent; what was
  /// reserved for it is free again. No answer. An answer that comes later is ignored, so a driver
  /// that reserves after this must free it itself.
  case releaseGuess(ClaimedName)

  /// R, mode P: AUTH of the run verified wholly; give back its spent guess. No answer: a guess that
  /// stays spent after a crash costs one guess.
  case returnGuess(ClaimedName)

  /// R, mode K, an AUTH whose first tag verified: is this key pinned?
  ///
  /// Answered by `.contact`. Withheld: FIN. The 32 bytes are claimed, not proven.
  case lookUpContact(agreementKey: [UInt8])

  /// Mode P, the peer's proofs verified: does a contact of *another* name have one of these keys?
  ///
  /// Answered by `.keyOwner`. Withheld: AUTH (I), FIN (R).
  case lookUpKeyOwner(profile: ProvenProfile)

  /// Mode P: store this pin durably, compare-and-set against what stood when the run began.
  ///
  /// R also answers `.storeFailed` while a first contact that this side dials to the same name is
  /// under way: two that cross would leave two different pins. Answered by `.stored` or
  /// `.storeFailed`. Withheld: FIN (R, a provisional pin); SYNC and every other record (I, a
  /// confirmed pin).
  case storePin(NewPin)

  /// R: the peer's first valid record is here, so it stored its pin; make this session's pin the
  /// confirmed one.
  ///
  /// This session's pin is what its `.storePin` (P) or its `.contact` answer (K) held. If a first
  /// contact that ran beside it has replaced that by another *provisional* one, this session's takes
  /// its place again: the peer has shown which of the two it holds. Another confirmed pin stays, and
  /// the answer is `.storeFailed`. Asked in every session; a driver whose pin is confirmed already
  /// answers at once. Also raise the contact's floor to `floor`, in the same write. Answered by
  /// `.stored` or `.storeFailed`. Withheld: `.connected`, and every further record of the peer.
  case confirmPin(profile: ProvenProfile, floor: KeyAgreementGroup)

  /// I, mode K: the session is up; raise the contact's floor to this group if it is stronger.
  ///
  /// Answered by `.stored` or `.storeFailed`. Withheld: SYNC, `.connected`. Only when it is stronger.
  case raiseFloor(profile: ProvenProfile, floor: KeyAgreementGroup)

  /// The side that runs `verify NAME`: the new pin that the user may commit, with the old one kept
  /// until then. No answer; it comes just before `.ended`.
  case pinHeld(NewPin)

  /// I, mode P: the tag under the password's key was wrong: count one guess of this password
  /// durably (the third stops). No answer; `.refused(E_AUTH)` follows.
  case dialGuessFailed

  // MARK: The conversation

  /// One named step of the handshake or of the record layer; only with `reportsSteps`.
  case step(HandshakeStep, StepDirection)

  /// Both sides are proven: create the log segment now. Comes before the first `.log`.
  ///
  /// I: after FIN and the stored pin. R: after the peer's first valid record and the confirmed pin.
  case connected(SessionSummary)

  /// Append to the log and sync. Answered by one `.logged` for each, in order, with the position of
  /// this very record; or by `.logFailed`, once.
  ///
  /// Withheld: an outgoing text until its own `.logged`; showing and acknowledging an incoming one
  /// until its own. `.ack` and `.close` records withhold nothing.
  case log(LogEntry, LogTicket)

  /// Show this text: its log record is synced. Give `.credit(text.creditBytes)` when it has been
  /// taken by the user; a text shown before in this process never comes.
  case deliver(ReceivedText)

  /// The peer logged these texts; one action for each ACK, cumulative.
  case delivered(DeliveryReceipt)

  /// The other side's groups say this; it may be dropped without harm to the session.
  case groupRecord(GroupRecord)

  /// The text of a `.send` was not taken: the conversation is being closed. Nothing was logged.
  case notSent(MessageID)

  /// The other side said goodbye; `.ended` follows when everything is logged and acknowledged.
  case peerClosing(CloseReason)

  // MARK: Ends

  /// The handshake failed, before anything was proven. `.closeLink` follows, then nothing.
  case refused(HandshakeRefusal)

  /// The session is over; the last action of a session but `.closeLink`. Its `.log(.close)` came
  /// before: close the segment with it.
  case ended(SessionEnd)

  /// Close the connection; `afterFlushing`: write what `takeOutbound` still gives, then close.
  case closeLink(afterFlushing: Bool)
}

/// The number of one `.log` action: 1, 2, 3, ... in the session.
package struct LogTicket: Hashable, Comparable, Sendable {
  package let number: UInt64

  package init(number: UInt64) { self.number = number }

  package static func < (left: LogTicket, right: LogTicket) -> Bool { left.number < right.number }
}

/// The 64-byte name field of a PAIR1 as it came, and the name in it if it is one.
package struct ClaimedName: Hashable, Sendable {
  /// name64: u8 length, UTF-8, zeros; any 64 bytes in truth.
  package let field: [UInt8]
  /// Nil when the bytes break the rules for names: such a claim goes on with a random PRS.
  package let name: PeerName?

  /// What guesses are counted under: SHA-256 of the 64 claimed bytes. The same for every claim
  /// of one name, since a name has one encoding.
  package var guessKey: [UInt8] { SHA256Hash.hash(field.span) }
}

extension ClaimedName {
  /// The claim of 64 bytes, whatever they are.
  package init(field: [UInt8]) {
    self.init(field: field, name: try? PeerName(field: field.span))
  }
}

/// A text of the peer, logged and synced.
package struct ReceivedText: Sendable {
  package let id: MessageID
  /// Its number in this session and direction, from 1.
  package let ordinal: UInt64
  /// The sender's clock: shown, never trusted for order.
  package let sentAt: UnixTime
  /// UTF-8, checked as a whole; at most 65,536 bytes; may be empty.
  package let text: [UInt8]
  /// What this text takes of the receive window until `.credit`.
  package let creditBytes: Int
}

/// The peer's synced log holds the first `count` texts of this session.
package struct DeliveryReceipt: Sendable {
  /// The texts that became acknowledged, in the order in which they were sent.
  package let ids: [MessageID]
  /// The ordinal of the last of them: all up to here are acknowledged.
  package let count: UInt64
  /// The peer's record that holds the last; nil when the peer keeps no log.
  package let position: LoggedPosition?
}

/// What both sides know of a session once both are proven; PROTOCOL 1.6.
package struct SessionSummary: Sendable {
  package let role: Role
  package let peer: ProvenProfile
  package let group: KeyAgreementGroup
  package let cipher: CipherSuite
  /// Mode K: the peer was pinned before.
  package let isKnown: Bool
  /// Mode P run of `verify NAME` on this side: no conversation will follow.
  package let isVerification: Bool
  /// 32 bytes, public: the session's name in the log header.
  package let sessionID: [UInt8]
  /// `th`, 32 bytes: the transcript hash, for channel binding.
  package let transcriptHash: [UInt8]
  /// 32 bytes whose first 66 bits are the six words of /details.
  package let shortAuthenticationString: [UInt8]
  /// `K_wit` for the log's header, and the exporter key.
  package let exports: SessionExports
}

/// The secrets of a session that other rooms use, lent by reference.
package final class SessionExports: Sendable {
  package let witnessKey: Secret<WitnessKey>
  package let exporter: Secret<ExporterKey>

  init(witnessKey: consuming Secret<WitnessKey>, exporter: consuming Secret<ExporterKey>) {
    self.witnessKey = witnessKey
    self.exporter = exporter
  }
}

/// How far a handshake was when it ended: the message that was being awaited or judged.
package enum HandshakeStage: Sendable {
  case initiation, response, pairingRequest, pairingReply, authentication, confirmation
  /// FIN is through; R waits for the other side's first record, or I for its own pin.
  case firstRecord
}

/// A handshake that ended before the session was up.
package struct HandshakeRefusal: Sendable {
  package let code: ChatErrorCode
  package let role: Role
  /// Nil at R while no whole INIT has come.
  package let mode: HandshakeMode?
  package let stage: HandshakeStage
  /// False when the other side never sent a byte: such a connection is not reported.
  package let peerSentBytes: Bool
  /// R, mode P, from PAIR1 on: the name that was claimed, to tell the user whose first contact
  /// failed. Its guess stays spent when `guessSpent`.
  package let claimed: ClaimedName?
  package let guessSpent: Bool
  /// I, mode K or P: RESP's tag, or all of PAIR2, verified: the peer is who it should be.
  package let peerIsProven: Bool
}

/// How a session ended.
package struct SessionEnd: Sendable {
  /// Nil for a clean end: CLOSE both ways. Else E_MAC, E_TIMEOUT, ..., `truncated`, `alert`.
  package let code: ChatErrorCode?
  /// What the log's close record says.
  package let reason: LogCloseReason
  /// The reason in the peer's CLOSE, if one came.
  package let peerReason: CloseReason?
  /// The peer's ALERT, if one came.
  package let alert: AlertCode?
  /// Texts of this side that were sent, and that the peer acknowledged.
  package let sent: UInt64
  package let confirmed: UInt64
  /// Texts of the peer that were logged.
  package let received: UInt64
  /// The last text of this side that the peer confirmed.
  package let lastConfirmed: MessageID?
  /// No CLOSE of the peer came: what it last sent may be missing.
  package let isTruncated: Bool
}

/// Where a step belongs: done by this side, sent, or received and verified.
package enum StepDirection: Sendable {
  case local, sent, received
}

/// The steps of a connection in the words that users know; for `-v` and `explain`.
package enum HandshakeStep: Sendable, Equatable {
  /// Modes, groups and ciphers on offer, or the choice among them.
  case negotiation
  /// X25519 and what the group adds to it.
  case diffieHellman(KeyAgreementGroup)
  /// 32 random bytes that the other side must answer.
  case challenge
  /// The answer to a challenge.
  case response
  /// CPace under the password.
  case passwordExchange
  /// A profile and the proof of its key.
  case identity
  /// FIN.
  case confirmation
  /// The session's record cipher; with `received`: MAC, padding and CRC32 of the first record held.
  case recordCipher(CipherSuite)
  /// A rekey is complete, I's `sent` and R's `received`: the number of the epoch that it began.
  case rekey(epoch: UInt32)
}
