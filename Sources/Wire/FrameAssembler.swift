/// Makes whole frames of bytes that come in arbitrary pieces.
///
/// The head of a frame is judged by a gate before any of its body is kept, and never more than one
/// frame is kept. A frame that lies whole in the input is handed out where it lies, without a copy.
package struct FrameAssembler: Sendable {
  /// What one step over the input found.
  package enum Step: Hashable, Sendable {
    /// All input is used up and no frame is whole yet.
    case needsMore
    /// A frame's body lies in the input, at this range.
    case inInput(Range<Int>)
    /// A frame's body was put together from pieces; `withAssembledBody` lends it.
    case assembled
    /// The gate did not admit this head; every later step says so again.
    case refused(FrameHead)
  }

  private enum State {
    case head(filled: Int, bits: UInt32)
    case body(missing: Int)
    case refused(FrameHead)
  }

  private var state = State.head(filled: 0, bits: 0)
  private var buffer: [UInt8] = []

  package init() {}

  /// Whether a frame has begun and is not whole.
  package var isInsideFrame: Bool {
    switch state {
    case .head(let filled, _): filled > 0
    case .body: true
    case .refused: false
    }
  }

  /// Goes on at `position` of `input` until one frame is whole or the input is used up, and moves `position`.
  package mutating func next(_ input: Span<UInt8>, from position: inout Int, gate: FrameGate) -> Step {
    while position < input.count {
      switch state {
      case .refused(let head):
        return .refused(head)
      case .head(let filled, let bits):
        let newBits = bits << 8 | UInt32(input[position])
        position += 1
        guard filled + 1 == FrameHead.byteCount else {
          state = .head(filled: filled + 1, bits: newBits)
          continue
        }
        let head = FrameHead(
          length: UInt16(truncatingIfNeeded: newBits >> 8), type: UInt8(truncatingIfNeeded: newBits))
        guard gate.admits(head), let bodyCount = head.bodyCount else {
          state = .refused(head)
          return .refused(head)
        }
        let body = position..<position + bodyCount
        if body.upperBound <= input.count {
          state = .head(filled: 0, bits: 0)
          position = body.upperBound
          return .inInput(body)
        }
        buffer.removeAll(keepingCapacity: true)
        buffer.reserveCapacity(bodyCount)
        state = .body(missing: bodyCount)
      case .body(let missing):
        let piece = min(missing, input.count - position)
        buffer.append(copying: input.extracting(position..<position + piece))
        position += piece
        guard piece == missing else {
          state = .body(missing: missing - piece)
          continue
        }
        state = .head(filled: 0, bits: 0)
        return .assembled
      }
    }
    if case .refused(let head) = state { return .refused(head) }
    return .needsMore
  }

  /// Lends the body that `next` called assembled; it stays until `next` is called again.
  package func withAssembledBody<Result, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(buffer.span)
  }
}
