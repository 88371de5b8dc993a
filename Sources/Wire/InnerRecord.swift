/// Why a record that was authentic still breaks the protocol.
package enum RecordError: Error, Hashable, Sendable {
  /// E_PROTO.
  case malformed
  /// E_KU: a rekey message of the wrong length.
  case rekey

  package var code: ChatErrorCode {
    switch self {
    case .malformed: .proto
    case .rekey: .ku
    }
  }
}

/// The type byte of a record (PROTOCOL 1.7).
package enum RecordType: UInt8, Hashable, Sendable, CaseIterable {
  case text = 1
  case acknowledgement = 2
  case ping = 3
  case pong = 4
  case close = 5
  case alert = 6
  case rekey1 = 7
  case rekey2 = 8
  case rekey3 = 9
  case synchronisation = 10
}

/// The flags byte of a record (PROTOCOL 1.7).
package struct RecordFlags: OptionSet, Hashable, Sendable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// More fragments of this message follow.
  package static let more = RecordFlags(rawValue: 1)
  /// The record may be ignored where its type is unknown.
  package static let mayIgnore = RecordFlags(rawValue: 2)
}

/// Whose records a connection carries.
package enum RecordKind: Sendable {
  /// A session of two users.
  case session
  /// A link to a relay.
  case relayLink

  fileprivate func goesOn(_ type: UInt8) -> Bool {
    switch self {
    case .session: type == RecordType.text.rawValue
    case .relayLink: RelayLinkRecord.frameTypes.contains(type)
    }
  }
}

/// The frame of an inner plaintext: `type u8 | flags u8 | body length u16 | body | zeros`, then its CRC32
/// (PROTOCOL 1.7).
///
/// The CRC32 is the cipher's business; here the four bytes for it are left out on reading and left zero
/// on writing.
package struct InnerRecord: Hashable, Sendable {
  package static let headByteCount = 4
  package static let crcByteCount = 4

  /// As it came; `RecordBody` says which types there are.
  package let type: UInt8
  package let flags: RecordFlags
  package let bodyCount: Int

  /// Reads the head of an inner plaintext without its CRC32, and proves the filler to be zeros.
  ///
  /// - Parameter kind: which types may go on in the next record: TEXT, or the frames of a relay link.
  package init(parsing inner: Span<UInt8>, of kind: RecordKind = .session) throws(RecordError) {
    guard inner.count >= Self.headByteCount else { throw .malformed }
    type = inner[0]
    flags = RecordFlags(rawValue: inner[1])
    bodyCount = Int(inner.bigEndianUInt16(at: 2))
    guard bodyCount <= inner.count - Self.headByteCount,
      inner.extracting(droppingFirst: Self.headByteCount + bodyCount).isAllZero,
      flags.isSubset(of: [.more, .mayIgnore]),
      !flags.contains(.more) || kind.goesOn(type)
    else { throw .malformed }
  }

  /// Where the body lies in the inner plaintext.
  package var bodyRange: Range<Int> {
    Self.headByteCount..<Self.headByteCount + bodyCount
  }

  /// Writes head and filler of a record into the whole inner plaintext of its size; the body is the caller's
  /// to write at offset 4, and the last four bytes are left zero for the CRC32.
  static func writeFrame(
    type: RecordType, flags: RecordFlags, bodyCount: Int, into inner: inout MutableSpan<UInt8>
  ) {
    writeFrame(rawType: type.rawValue, flags: flags, bodyCount: bodyCount, into: &inner)
  }

  /// The same for a type that is no `RecordType`: a frame of a relay link.
  static func writeFrame(
    rawType: UInt8, flags: RecordFlags, bodyCount: Int, into inner: inout MutableSpan<UInt8>
  ) {
    inner[0] = rawType
    inner[1] = flags.rawValue
    inner.store(bigEndian: UInt16(bodyCount), at: 2)
    var filler = inner._mutatingExtracting(droppingFirst: headByteCount + bodyCount)
    filler.update(repeating: 0)
  }
}
