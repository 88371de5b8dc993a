internal import Wire

/// Second pass over a damaged log: counts its lines, and answers what the first fault left open.
package struct LogLookAhead: ~Copyable {
  private let question: LogVerifier.Question?
  private let faultLine: Int
  private var wholeLines = WholeLines(passingOver: WholeLines.damageLimit)
  private var lineIndex = 0
  private let finding: Finding
  /// What is known of the line behind the fault, and of lines further on.
  private var hasNextLine = false
  private var nextNumber: Int?
  private var hasExpectedLater = false
  private var isRepetition = false

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
      switch wholeLines.next(in: chunk, from: &position) {
      case .needsMore: return true
      case .givenUp: return false
      case .passedOver: endLine()
      case .inChunk(let range):
        look(chunk.extracting(range))
        wholeLines.endLine(count: range.count)
        endLine()
      case .carried:
        let line = wholeLines.takeCarried()
        look(line.span)
        wholeLines.endLine(count: line.count, reusing: line)
        endLine()
      }
    }
  }

  private mutating func endLine() {
    if lineIndex == faultLine { hasNextLine = true }
    lineIndex += 1
    end = wholeLines.lineStart
  }

  private mutating func look(_ line: Span<UInt8>) {
    switch question {
    case nil: return
    case .repeated(let number, let repeated):
      if lineIndex == number, line.equalsPublicly(repeated.span) { isRepetition = true }
    case .jump(let expected, _):
      // `faultLine` counts from 1: it is the index of the line behind the fault.
      guard lineIndex >= faultLine, let number = RecordLine.read(line)?.number else { return }
      if lineIndex == faultLine { nextNumber = number }
      if number == expected { hasExpectedLater = true }
    }
  }
}
