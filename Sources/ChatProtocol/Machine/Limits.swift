import Wire

/// The figures of PROTOCOL 1.9 and 1.10, in one place.
package enum Limits {
  /// A handshake has this long in all.
  package static let handshakeSeconds: Int64 = 10
  /// A begun frame completes in this time.
  package static let frameSeconds: Int64 = 20
  /// PING when nothing came for this long, give or take `pingJitterMilliseconds`.
  package static let pingMilliseconds: Int64 = 15_000
  package static let pingJitterMilliseconds: Int64 = 2_000
  /// Nothing for this long: the session is dead.
  package static let silenceSeconds: Int64 = 30
  /// After the own CLOSE and the last record received, the peer's CLOSE must be here.
  package static let closingSeconds: Int64 = 5
  /// Reading stops while more than this is received but not yet logged and delivered.
  package static let receiveWindowBytes = 1 << 20
  /// Texts are taken while less than this waits for the log and the link.
  package static let sendWindowBytes = 1 << 20
  /// Texts are taken while fewer than this are taken and not acknowledged: what may have to go again after
  /// a lost link, and what a peer that never acknowledges can make this side keep.
  package static let unacknowledgedTexts = 4096
  /// The same in bytes.
  package static let unacknowledgedBytes = 4 << 20
  /// What a text counts in both windows besides its bytes, so that empty ones count, too.
  package static let textOverheadBytes = 256
  /// Answers to PINGs that wait for the link; more are dropped, oldest first.
  package static let waitingPongs = 16
  /// A rekey is due at a turn of the conversation after this long, or after so many records.
  package static let rekeyTurnSeconds: Int64 = 30
  package static let rekeyTurnRecords: UInt64 = 32
  /// After this long in any case, once a text has passed.
  package static let rekeyActivitySeconds: Int64 = 120
  /// After so many records in any case.
  package static let rekeyRecords: UInt64 = 1 << 20
  /// A rekey starts no sooner than this after the last one.
  package static let rekeyPauseSeconds: Int64 = 5
  /// KU1 is answered within this time, and within so many records of its sender.
  package static let rekeyAnswerSeconds: Int64 = 15 * 60
  package static let rekeyAnswerRecords: UInt64 = 1 << 24
  /// A relay link lives this long, and for so many records of a direction; a new link replaces it (GROUPS 3.5 L2).
  package static let relayLinkSeconds: Int64 = 24 * 3600
  package static let relayLinkRecords: UInt64 = 1 << 24
  /// Two KU1 closer than this make a short gap; so many short ones end the session.
  package static let rekeyShortGapSeconds: Int64 = 2
  package static let rekeyShortGaps = 3
}
