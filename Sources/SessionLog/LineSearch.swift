internal import Wire

/// Looks for whole lines, byte for byte, in a file that goes by; memory stays flat.
package struct LineSearch: ~Copyable {
  private let wanted: [[UInt8]]
  private var wholeLines = WholeLines(passingOver: WholeLines.damageLimit)

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
      switch wholeLines.next(in: chunk, from: &position) {
      case .needsMore: return true
      case .givenUp: return false
      case .passedOver: continue
      case .inChunk(let range):
        compare(chunk.extracting(range))
        wholeLines.endLine(count: range.count)
      case .carried:
        let line = wholeLines.takeCarried()
        compare(line.span)
        wholeLines.endLine(count: line.count, reusing: line)
      }
    }
    return false
  }

  private mutating func compare(_ line: Span<UInt8>) {
    for (index, bytes) in wanted.enumerated() where line.equalsPublicly(bytes.span) { found.insert(index) }
  }
}
