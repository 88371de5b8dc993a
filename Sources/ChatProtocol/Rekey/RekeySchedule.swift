package import Wire

/// I: when the next rekey is due, and when it may start; PROTOCOL 1.8.
///
/// `records` is always how many records of both directions the session has had. An idle conversation
/// asks for no alarm: only texts make a rekey due.
package struct RekeySchedule {
  /// When the last rekey was complete, or the session began.
  private var last: Moment
  private var recordsAtLast: UInt64
  private var lastSpeaker: Role?
  private var hasText = false
  private var isDue = false
  private var sentWithOffer: UInt64?

  package init(at now: Moment, records: UInt64 = 0) {
    last = now
    recordsAtLast = records
  }

  /// A whole text was sent or received. It is a turn of the conversation when the one before came from
  /// the other side.
  package mutating func text(from speaker: Role, records: UInt64, at now: Moment) {
    let isTurn = lastSpeaker.map { $0 != speaker } ?? false
    lastSpeaker = speaker
    hasText = true
    guard isTurn else { return }
    if now >= last.advanced(bySeconds: Limits.rekeyTurnSeconds)
      || records - recordsAtLast >= Limits.rekeyTurnRecords
    {
      isDue = true
    }
  }

  /// When a rekey starts unless something happens before; nil while nothing makes one due.
  package func starts(records: UInt64) -> Moment? {
    if isDue || records - recordsAtLast >= Limits.rekeyRecords {
      return last.advanced(bySeconds: Limits.rekeyPauseSeconds)
    }
    return hasText ? last.advanced(bySeconds: Limits.rekeyActivitySeconds) : nil
  }

  /// KU1 was sent, as the last of `sent` records of this side.
  package mutating func offered(sent: UInt64) { sentWithOffer = sent }

  /// KU1 stays unanswered over more records of this side than it may.
  package func isOverdue(sent: UInt64) -> Bool {
    sentWithOffer.map { sent - $0 >= Limits.rekeyAnswerRecords } ?? false
  }

  /// A rekey is complete.
  package mutating func completed(records: UInt64, at now: Moment) {
    last = now
    recordsAtLast = records
    hasText = false
    isDue = false
    sentWithOffer = nil
  }
}

/// R: how closely one KU1 may follow another.
package struct RekeyGaps {
  private var last: Moment?
  private var shortGaps = 0

  package init() {}

  /// A KU1 came. The third gap under 2 s in a session is E_LIMIT.
  package mutating func begin(at now: Moment) throws(ProtocolFailure) {
    if let last, now < last.advanced(bySeconds: Limits.rekeyShortGapSeconds) { shortGaps += 1 }
    last = now
    guard shortGaps < Limits.rekeyShortGaps else { throw ProtocolFailure(.limit) }
  }
}
