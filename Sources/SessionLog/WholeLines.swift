/// The lines of a file from its first byte on; one that is too long is passed over.
struct WholeLines {
  enum Step {
    /// A whole line, without its newline, in the chunk itself; `endLine` when it was looked at.
    case inChunk(Range<Int>)
    /// A whole line whose beginning was in earlier chunks: `takeCarried` has it; `endLine` when it was looked at.
    case carried
    /// A line of 1 MiB or more went by.
    case passedOver
    case needsMore
    /// More than the limit went by in lines that are too long.
    case givenUp
  }

  /// How far behind lines that are too long a damaged file is searched, in bytes: past a huge line, not through
  /// gigabytes of zeros.
  static let damageLimit = 32 << 20

  private var assembler = LineAssembler(at: 0)
  private let limit: Int
  private var isPassing = false
  private var passed = 0

  /// - Parameter limit: how many bytes of lines that are too long are passed over.
  init(passingOver limit: Int) { self.limit = limit }

  /// Where the next line begins in the file.
  var lineStart: Int { assembler.lineStart }

  /// The next line of `chunk` from `position` on, which moves behind its newline.
  mutating func next(in chunk: Span<UInt8>, from position: inout Int) -> Step {
    if !isPassing {
      switch assembler.next(in: chunk, from: &position) {
      case .inChunk(let range): return .inChunk(range)
      case .carried: return .carried
      case .needsMore: return .needsMore
      case .tooLong: isPassing = true
      }
    }
    let before = position
    let hasEnded = assembler.skipLine(in: chunk, from: &position)
    passed += position - before
    guard hasEnded else { return passed < limit ? .needsMore : .givenUp }
    isPassing = false
    return .passedOver
  }

  /// The carried line; give its memory back with `endLine`.
  mutating func takeCarried() -> [UInt8] { assembler.takeCarried() }

  /// Moves on behind a line of `count` bytes, whose buffer (if it was carried) is used again.
  mutating func endLine(count: Int, reusing buffer: [UInt8] = []) {
    assembler.endLine(count: count, reusing: buffer)
  }
}
