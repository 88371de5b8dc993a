/// Second pass over a damaged log: counts its lines, and answers what the first fault left open.
package struct LogLookAhead: ~Copyable {
  private let question: LogVerifier.Question?
  private let faultLine: Int
  private var assembler = LineAssembler(at: 0)
  private var isSkipping = false
  private var skipped = 0
  private var lineIndex = 0
  private let finding: Finding
  /// What is known of the line behind the fault, and of lines further on.
  private var hasNextLine = false
  private var nextNumber: Int?
  private var hasExpectedLater = false
  private var isRepetition = false

  /// How far behind lines that are too long it looks, in bytes: past a huge line, not through gigabytes of zeros.
  private static let skipLimit = 32 << 20

  /// Complete lines so far.
  package var lines: Int { lineIndex }
  /// Where the last complete line ends; nothing behind is worth another look.
  package private(set) var end = 0

  /// Feed it the whole file, from its first byte.
  package init(after verifier: borrowing LogVerifier) {
    let fault = verifier.fault
    question = fault?.question
    finding = fault?.finding ?? Finding(.ok)
    faultLine = finding.line ?? 1
  }

  /// The finding with its question answered, once the file has gone by.
  package var answer: Finding {
    var answer = finding
    switch question {
    case nil: break
    case .repeated(let number, _):
      if isRepetition {
        answer.code = .duplicate
        answer.record = number
      } else {
        answer.code = .order
        answer.other = number
      }
    case .jump(let expected, let found):
      if hasExpectedLater {
        answer.code = .order
        answer.other = found
      } else if !hasNextLine || (nextNumber ?? 0) > found {
        answer.code = .missing
        answer.record = expected
        answer.last = found - 1
      }
    }
    return answer
  }

  /// Takes the next bytes in; false once nothing more is needed.
  package mutating func consume(_ chunk: Span<UInt8>) -> Bool {
    var position = 0
    while true {
      if isSkipping {
        let before = position
        let ended = assembler.skipLine(in: chunk, from: &position)
        skipped += position - before
        guard ended else { return skipped < Self.skipLimit }
        isSkipping = false
        endLine()
        continue
      }
      switch assembler.next(in: chunk, from: &position) {
      case .needsMore: return true
      case .tooLong: isSkipping = true
      case .inChunk(let range):
        look(chunk.extracting(range))
        assembler.endLine(count: range.count)
        endLine()
      case .carried:
        let line = assembler.takeCarried()
        look(line.span)
        assembler.endLine(count: line.count, reusing: line)
        endLine()
      }
    }
  }

  private mutating func endLine() {
    if lineIndex == faultLine { hasNextLine = true }
    lineIndex += 1
    end = assembler.lineStart
  }

  private mutating func look(_ line: Span<UInt8>) {
    switch question {
    case nil: return
    case .repeated(let number, let repeated):
      if lineIndex == number, line.isEqual(to: repeated) { isRepetition = true }
    case .jump(let expected, _):
      // `faultLine` counts from 1: it is the index of the line behind the fault.
      guard lineIndex >= faultLine, let number = RecordLine.read(line)?.number else { return }
      if lineIndex == faultLine { nextNumber = number }
      if number == expected { hasExpectedLater = true }
    }
  }
}
