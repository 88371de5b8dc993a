import TestSupport
import Testing
import Wire

@Suite struct FrameAssemblerTests {
  private static let gate = FrameGate(type: .record, bodyCounts: [0, 1, 2, 5, 300])

  private static func frame(_ body: [UInt8]) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try #require(FrameHead(type: .record, bodyCount: body.count)).append(to: &bytes)
    return bytes + body
  }

  /// Gives the pieces one by one and returns the bodies that came out.
  private static func bodies(of pieces: [[UInt8]], gate: FrameGate = gate) throws -> [[UInt8]] {
    var assembler = FrameAssembler()
    var bodies: [[UInt8]] = []
    for piece in pieces {
      var position = 0
      stepping: while true {
        switch assembler.next(piece.span, from: &position, gate: gate) {
        case .needsMore: break stepping
        case .inInput(let range): bodies.append([UInt8](copying: piece.span.extracting(range)))
        case .assembled: assembler.withAssembledBody { bodies.append([UInt8](copying: $0)) }
        case .refused(let head): throw Refusal(head: head)
        }
      }
      #expect(position == piece.count)
    }
    return bodies
  }

  private struct Refusal: Error { let head: FrameHead }

  // [F-01]
  @Test func everySplitGivesTheSameFrames() throws {
    let bodies: [[UInt8]] = [[], [1], [2, 3], [9, 8, 7, 6, 5], [], [4]]
    let stream = try bodies.flatMap(Self.frame)
    for first in 0...stream.count {
      for second in first...stream.count {
        let pieces = [stream[..<first], stream[first..<second], stream[second...]].map(Array.init)
        #expect(try Self.bodies(of: pieces) == bodies)
      }
    }
    #expect(try Self.bodies(of: stream.map { [$0] }) == bodies)
  }

  // [F-01]
  @Test func randomPiecesOfRandomStreamsGiveTheSameFrames() throws {
    for seed in UInt64(0)..<200 {
      var generator = SeededGenerator(seed: seed)
      let bodies = (0..<20).map { _ in
        generator.bytes(Self.gate.bodyCounts.randomElement(using: &generator) ?? 0)
      }
      var rest = try bodies.flatMap(Self.frame)[...]
      var pieces: [[UInt8]] = []
      while !rest.isEmpty {
        let piece = rest.prefix(Int.random(in: 1...400, using: &generator))
        pieces.append(Array(piece))
        rest = rest.dropFirst(piece.count)
      }
      #expect(try Self.bodies(of: pieces) == bodies, "seed \(seed)")
    }
  }

  @Test func aFrameThatLiesWholeInTheInputIsNotCopied() throws {
    let stream = try Self.frame([1, 2]) + Self.frame([3])
    var assembler = FrameAssembler()
    var position = 0
    #expect(assembler.next(stream.span, from: &position, gate: Self.gate) == .inInput(3..<5))
    #expect(assembler.next(stream.span, from: &position, gate: Self.gate) == .inInput(8..<9))
    #expect(assembler.next(stream.span, from: &position, gate: Self.gate) == .needsMore)
  }

  // [F-02]
  @Test func aHostileHeadIsRefusedBeforeItsBody() {
    var wrong: [FrameHead] = []
    for length in 0...UInt16.max {
      for type in [UInt8(0x10), 0x11] {
        let isAdmitted = type == 0x10 && Self.gate.bodyCounts.contains(Int(length) - 1)
        let head = FrameHead(length: length, type: type)
        var bytes: [UInt8] = []
        head.append(to: &bytes)
        var assembler = FrameAssembler()
        var position = 0
        let step = assembler.next(bytes.span, from: &position, gate: Self.gate)
        if (step == .refused(head)) == isAdmitted || position != 3 { wrong.append(head) }
      }
    }
    #expect(wrong.isEmpty, "\(wrong.count) heads, first \(String(describing: wrong.first))")
  }

  @Test func afterARefusalNothingIsEverTaken() throws {
    let bad: [UInt8] = [0xff, 0xff, 0x10]
    let good = try Self.frame([1])
    var assembler = FrameAssembler()
    var position = 0
    let refusal = FrameAssembler.Step.refused(FrameHead(length: 0xffff, type: 0x10))
    #expect(assembler.next(bad.span, from: &position, gate: Self.gate) == refusal)
    position = 0
    #expect(assembler.next(good.span, from: &position, gate: Self.gate) == refusal)
    #expect(position == 0)
    #expect(!assembler.isInsideFrame)
  }

  @Test func itKnowsWhetherAFrameHasBegun() throws {
    let frame = try Self.frame([1, 2])
    var assembler = FrameAssembler()
    #expect(!assembler.isInsideFrame)
    for index in frame.indices {
      var position = 0
      _ = assembler.next(frame.span.extracting(index..<index + 1), from: &position, gate: Self.gate)
      #expect(assembler.isInsideFrame == (index + 1 < frame.count))
    }
  }

  @Test func theGateMayChangeBetweenTwoFramesOfOneInput() throws {
    let stream = try Self.frame([1]) + Self.frame([1, 2, 3, 4, 5])
    var assembler = FrameAssembler()
    var position = 0
    let one = FrameGate(type: .record, bodyCounts: [1])
    #expect(assembler.next(stream.span, from: &position, gate: one) == .inInput(3..<4))
    #expect(
      assembler.next(stream.span, from: &position, gate: one)
        == .refused(FrameHead(length: 6, type: 0x10)))
  }
}
