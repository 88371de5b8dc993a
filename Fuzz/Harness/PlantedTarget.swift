import Wire

/// Shows that the fuzzer works: the fault below lies behind a frame's head and three bytes that must all be
/// right, each seen by what it leads to alone. Who guesses blindly meets it once in 2^48 inputs of this length.
enum PlantedTarget {
  private static let gate = FrameGate(type: .finish, bodyCounts: [3])

  static func run(_ input: inout FuzzInput) {
    var assembler = FrameAssembler()
    let bytes = input.everything()
    var position = 0
    guard case .inInput(let range) = assembler.next(bytes.span, from: &position, gate: gate) else { return }
    if bytes[range.lowerBound] == 0x62 { second(bytes[range]) }
  }

  // Functions of their own, or the compiler makes one comparison of all three.
  @inline(never) private static func second(_ body: ArraySlice<UInt8>) {
    if body[body.startIndex + 1] == 0x75 { third(body) }
  }

  @inline(never) private static func third(_ body: ArraySlice<UInt8>) {
    if body[body.startIndex + 2] == 0x67 { fatalError("the planted fault") }
  }
}
