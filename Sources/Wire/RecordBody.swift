/// Where a message's number comes from, and which one it is: 16 bytes on the wire (PROTOCOL 1.9).
package struct MessageID: Hashable, Sendable {
  package static let byteCount = 16

  package let stream: UInt64
  /// From 1, strictly rising within a stream.
  package let number: UInt64

  package init(stream: UInt64, number: UInt64) {
    self.stream = stream
    self.number = number
  }

  /// `stream | number`, big endian.
  package var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.byteCount)
    bytes.append(bigEndian: stream)
    bytes.append(bigEndian: number)
    return bytes
  }

  /// Whether the stream is ephemeral: drawn by a process that sends without an outbox.
  package var isEphemeral: Bool { stream >> 63 == 1 }
}

/// What stands before the text in a TEXT record.
package struct TextHead: Hashable, Sendable {
  /// Bytes before the text: id, time, f.
  package static let byteCount = 56

  package let id: MessageID
  /// The sender's clock: shown, never trusted for order.
  package let sentAt: UnixTime
  /// f, 32 random bytes: the key of the log's commitment to the text.
  package let commitmentKey: [UInt8]

  package init(id: MessageID, sentAt: UnixTime, commitmentKey: [UInt8]) {
    self.id = id
    self.sentAt = sentAt
    self.commitmentKey = commitmentKey
  }
}

/// "Your first `count` texts of this session are in my synced log" (PROTOCOL 1.7, ACK).
package struct Acknowledgement: Hashable, Sendable {
  package static let byteCount = 48

  package let count: UInt64
  /// The log record of the last of them, and its 32-byte tag; nil from a side that keeps no log.
  package let position: LoggedPosition?

  package init(count: UInt64, position: LoggedPosition?) {
    self.count = count
    self.position = position
  }
}

/// A record of the peer's log, named by its number and chain tag.
package struct LoggedPosition: Hashable, Sendable {
  package let record: UInt64
  /// 32 bytes.
  package let tag: [UInt8]

  package init(record: UInt64, tag: [UInt8]) {
    self.record = record
    self.tag = tag
  }
}

/// The end of a side's texts (PROTOCOL 1.9, CLOSE).
package struct Closing: Hashable, Sendable {
  package static let byteCount = 17

  package let reason: CloseReason
  /// Whole texts that the sender of this sent in the session.
  package let sent: UInt64
  /// Whole texts of the other side that it logged.
  package let received: UInt64

  package init(reason: CloseReason, sent: UInt64, received: UInt64) {
    self.reason = reason
    self.sent = sent
    self.received = received
  }
}

/// What a side has of the other (PROTOCOL 1.9, SYNC); all zeros for nothing.
package struct Synchronisation: Hashable, Sendable {
  package static let byteCount = 56

  /// The durable stream of the other that was logged last, and its highest number.
  package let stream: UInt64
  package let number: UInt64
  /// The last log head of the other that was witnessed.
  package let headSize: UInt64
  /// 32 bytes.
  package let headRoot: [UInt8]

  /// Nothing known yet.
  package static let nothing = Synchronisation(
    stream: 0, number: 0, headSize: 0, headRoot: [UInt8](repeating: 0, count: 32))

  package init(stream: UInt64, number: UInt64, headSize: UInt64, headRoot: [UInt8]) {
    self.stream = stream
    self.number = number
    self.headSize = headSize
    self.headRoot = headRoot
  }
}

/// A rekey message by its parts (PROTOCOL 1.8).
package enum RekeyMessage: Hashable, Sendable {
  static let beginByteCount = 1220
  static let answerByteCount = 1156
  static let finishByteCount = 36

  /// KU1: e 32, ek 1184.
  case begin(epoch: UInt32, ephemeral: [UInt8], encapsulationKey: [UInt8])
  /// KU2: e' 32, ct 1088, confirm 32.
  case answer(epoch: UInt32, ephemeral: [UInt8], ciphertext: [UInt8], confirmation: [UInt8])
  /// KU3: confirm 32.
  case finish(epoch: UInt32, confirmation: [UInt8])
}

/// What a record says (PROTOCOL 1.7).
package enum RecordBody: Hashable, Sendable {
  /// The head of a text; the text's own bytes follow it, from offset 56 of the body.
  case text(TextHead, more: Bool)
  case acknowledgement(Acknowledgement)
  /// 8 bytes that the PONG carries back.
  case ping(UInt64)
  case pong(UInt64)
  case close(Closing)
  case alert(AlertCode)
  case rekey(RekeyMessage)
  case synchronisation(Synchronisation)
  /// A type that this build does not know and its sender lets it ignore.
  case ignorable(type: UInt8)
}
