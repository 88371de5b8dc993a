import Wire

/// Frames out of a byte stream: cut in pieces or whole, the same frames and the same refusal come out.
enum FramesTarget {
  private static let gates: [FrameGate] =
    [.initiation, .pair1, .pair2, .authentication, .finish]
    + CipherSuite.allCases.map { .records($0) }
    + HandshakeMode.allCases.map { .response(to: KeyAgreementGroup.allCases, mode: $0) }

  static func run(_ input: inout FuzzInput) {
    let gate = gates[Int(input.byte()) % gates.count]
    let seed = input.byte()
    let stream = input.everything()
    let whole = frames([stream], gate)
    var again = FuzzInput(stream)
    let cut = frames(again.pieces(seed), gate)
    demand(whole == cut, "the same stream gives the same frames however it is cut")
    for body in whole.bodies {
      demand(gate.bodyCounts.contains(body.count), "a frame has a length that its gate admits")
    }
    demand(
      whole.bodies.reduce(0) { $0 + $1.count + FrameHead.byteCount } <= stream.count,
      "no frame holds bytes that did not come")
  }

  private struct Found: Equatable {
    var bodies: [[UInt8]] = []
    var refused: FrameHead?
    var isInsideFrame = false
  }

  private static func frames(_ pieces: [[UInt8]], _ gate: FrameGate) -> Found {
    var assembler = FrameAssembler()
    var found = Found()
    for piece in pieces {
      var position = 0
      while position < piece.count, found.refused == nil {
        switch assembler.next(piece.span, from: &position, gate: gate) {
        case .needsMore: break
        case .inInput(let range): found.bodies.append(Array(piece[range]))
        case .assembled: assembler.withAssembledBody { found.bodies.append([UInt8](copying: $0)) }
        case .refused(let head): found.refused = head
        }
      }
    }
    found.isInsideFrame = assembler.isInsideFrame
    return found
  }
}
