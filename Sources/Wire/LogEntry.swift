/// The direction of a message, seen from the owner of the log.
package enum LogDirection: String, Hashable, Sendable {
  case sent = "out"
  case received = "in"
}

/// A text that crossed in a session, as the log records it (LOG 3, `msg`).
package struct LoggedMessage: Hashable, Sendable {
  package var direction: LogDirection
  /// Its place in this session and direction, from 1.
  package var ordinal: UInt64
  /// The message id on the wire: 16 bytes (stream | number).
  package var identifier: [UInt8]
  /// `f`: the 32 random bytes of the TEXT message, the key of the commitment to the text.
  package var commitmentKey: [UInt8]
  /// UTF-8, at most 65,536 bytes; may be empty.
  package var text: [UInt8]

  package init(
    direction: LogDirection, ordinal: UInt64, identifier: [UInt8], commitmentKey: [UInt8], text: [UInt8]
  ) {
    self.direction = direction
    self.ordinal = ordinal
    self.identifier = identifier
    self.commitmentKey = commitmentKey
    self.text = text
  }
}

/// Why a segment of the log ends (LOG 3, `close`).
package enum LogCloseReason: String, Hashable, Sendable, CaseIterable {
  /// I ended the session.
  case bye
  /// The other party ended it.
  case peer
  /// The link ended without a CLOSE.
  case truncated
  case error
  /// The segment is full; the next one goes on with the same session.
  case rotate
  /// A signal stopped the program.
  case stop
}

/// What the log is told; declared here so that the protocol's machine can ask for it without knowing the log.
package enum LogEntry: Hashable, Sendable {
  case message(LoggedMessage)
  /// The peer has my first `ordinal` messages of this session in its synced log; `peerRecord` and the 32 bytes
  /// of `peerTag` name its record.
  case acknowledgement(ordinal: UInt64, peerRecord: UInt32, peerTag: [UInt8])
  /// The epoch that took effect.
  case rekey(epoch: UInt64)
  /// The last ordinals of each direction in the session, 0 for none.
  case close(why: LogCloseReason, sent: UInt64, received: UInt64)
}
