/// The type byte of a frame (PROTOCOL 1.3).
package enum FrameType: UInt8, Hashable, Sendable, CaseIterable {
  case initiation = 1
  case response = 2
  case pair1 = 3
  case pair2 = 4
  case authentication = 5
  case finish = 6
  /// Relay links: a client that has no profile of the relay asks for it (GROUPS 3.5 L5).
  case ask = 7
  /// The relay's answer, its profile.
  case profile = 8
  case record = 0x10
}

/// The three bytes before a frame's body: `u16 length | u8 type` (PROTOCOL 1.3).
package struct FrameHead: Hashable, Sendable {
  package static let byteCount = 3

  /// One more than the bytes of the body, since it counts the type byte.
  package let length: UInt16
  /// As it came; which types may come now is the gate's business.
  package let type: UInt8

  package init(length: UInt16, type: UInt8) {
    self.length = length
    self.type = type
  }

  /// The head of a frame whose body has `bodyCount` bytes; nil if a length field cannot say so.
  package init?(type: FrameType, bodyCount: Int) {
    guard bodyCount >= 0, bodyCount < Int(UInt16.max) else { return nil }
    length = UInt16(bodyCount + 1)
    self.type = type.rawValue
  }

  /// Bytes of the body; nil for the length 0, which no frame has.
  package var bodyCount: Int? {
    length == 0 ? nil : Int(length) - 1
  }

  package func append(to bytes: inout [UInt8]) {
    bytes.append(bigEndian: length)
    bytes.append(type)
  }
}

/// The frames that may come next: one type, a few lengths (PROTOCOL 1.3).
///
/// A head is judged by this before a byte of its body is kept.
package struct FrameGate: Hashable, Sendable {
  package let type: FrameType
  /// Allowed bytes of the body.
  package let bodyCounts: [Int]
  /// A second type, which comes without a body.
  package let emptyAlternative: FrameType?

  package init(type: FrameType, bodyCounts: [Int], orEmpty emptyAlternative: FrameType? = nil) {
    self.type = type
    self.bodyCounts = bodyCounts
    self.emptyAlternative = emptyAlternative
  }

  package func admits(_ head: FrameHead) -> Bool {
    guard let bodyCount = head.bodyCount else { return false }
    if head.type == type.rawValue { return bodyCounts.contains(bodyCount) }
    return head.type == emptyAlternative?.rawValue && bodyCount == 0
  }
}
