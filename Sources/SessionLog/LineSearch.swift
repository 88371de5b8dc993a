/// Looks for whole lines, byte for byte, in a file that goes by; memory stays flat.
package struct LineSearch: ~Copyable {
  private let wanted: [[UInt8]]
  private var assembler = LineAssembler(at: 0)
  private var isSkipping = false
  private var skipped = 0

  /// How far behind lines that are too long it looks, in bytes.
  private static let skipLimit = 32 << 20

  /// Which of the lines went by, by their places in what `init` got.
  package private(set) var found: Set<Int> = []

  /// Feed it the whole file, from its first byte.
  ///
  /// - Parameter lines: without their newlines; a few, for each line that goes by is compared with each of its length.
  package init(_ lines: [[UInt8]]) {
    wanted = lines
  }

  /// Takes the next bytes in; false once nothing more is needed.
  package mutating func consume(_ chunk: Span<UInt8>) -> Bool {
    var position = 0
    while found.count < wanted.count {
      if isSkipping {
        let before = position
        let ended = assembler.skipLine(in: chunk, from: &position)
        skipped += position - before
        guard ended else { return skipped < Self.skipLimit }
        isSkipping = false
        continue
      }
      switch assembler.next(in: chunk, from: &position) {
      case .needsMore: return true
      case .tooLong: isSkipping = true
      case .inChunk(let range):
        compare(chunk.extracting(range))
        assembler.endLine(count: range.count)
      case .carried:
        let line = assembler.takeCarried()
        compare(line.span)
        assembler.endLine(count: line.count, reusing: line)
      }
    }
    return false
  }

  private mutating func compare(_ line: Span<UInt8>) {
    for index in wanted.indices where wanted[index].count == line.count && line.isEqual(to: wanted[index]) {
      found.insert(index)
    }
  }
}

extension Span<UInt8> {
  /// Whether these are the same bytes; not for secrets.
  func isEqual(to bytes: [UInt8]) -> Bool {
    guard count == bytes.count else { return false }
    for index in bytes.indices where self[index] != bytes[index] { return false }
    return true
  }
}
