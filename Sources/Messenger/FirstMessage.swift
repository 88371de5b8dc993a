import Wire

/// What an accepted connection says first, kept until it is whole, so that a connection costs nothing else before
/// its first message is worth the work (PROTOCOL 1.10).
struct FirstMessage {
  enum Standing {
    case unfinished, whole, wrong
  }

  /// The longest first message, its head included; one byte more is kept, so that too much is still seen to be too
  /// much.
  private static let limit = 3 + 1697 + 1

  private(set) var bytes: [UInt8] = []

  mutating func keep(_ more: Span<UInt8>) {
    let room = Self.limit - bytes.count
    for index in 0..<min(room, more.count) { bytes.append(more[index]) }
  }

  /// Judged by the head alone as long as the rest is missing.
  func standing(_ gate: FrameGate) -> Standing {
    guard bytes.count >= FrameHead.byteCount else { return .unfinished }
    let head = FrameHead(length: UInt16(bytes[0]) << 8 | UInt16(bytes[1]), type: bytes[2])
    guard gate.admits(head), let count = head.bodyCount else { return .wrong }
    return bytes.count >= FrameHead.byteCount + count ? .whole : .unfinished
  }

  /// Gives the bytes away.
  mutating func take() -> [UInt8] {
    defer { bytes = [] }
    return bytes
  }
}
