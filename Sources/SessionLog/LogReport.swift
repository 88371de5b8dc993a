package import Wire

/// What a check of one file found, for people and for machines.
package struct LogReport: Sendable {
  package var finding: Finding
  /// The header, once it was read; its values are proven only where the verdict says so.
  package var header: LogHeader?
  /// Complete lines in the file, damaged ones included.
  package var records = 0
  package var messagesSent = 0
  package var messagesReceived = 0
  /// Records whose kind this version checks by form and tag only (heads and cosignatures).
  package var headsNotJudged = 0
  /// Texts that their owner deleted, with a record that says so.
  package var deleted = 0
  /// Why the segment was closed, and the time of its last record.
  package var closing: LogCloseReason?
  package var lastTime: String?
  /// Runs of authentic records; nil where nothing could be judged.
  package var intact: [ClosedRange<Int>]?
  package var warnings: [LogWarning] = []
  /// The tail is exactly what the next segment says it found.
  package var isTailExplained = false
  /// Numbers of missing segments (`E_FILE_MISSING`).
  package var missingSegments: [Int] = []

  package init(_ finding: Finding, header: LogHeader? = nil) {
    self.finding = finding
    self.header = header
  }

  package var verdict: Verdict { finding.code.verdict }
  package var exitStatus: Int32 { verdict.exitStatus }
}

/// Runs of record numbers, kept sorted and joined.
struct RecordRanges {
  private(set) var ranges: [ClosedRange<Int>] = []

  init(_ ranges: [ClosedRange<Int>] = []) { self.ranges = ranges }

  /// Above this many runs no new one is begun: a file so damaged is not told in more detail.
  static let limit = 65_536

  mutating func insert(_ number: Int) {
    var index = ranges.count
    if let last = ranges.last, number <= last.upperBound {
      // Rare: a line stands before others that have lower numbers.
      index = ranges.firstIndex { number <= $0.upperBound } ?? ranges.count
      if index < ranges.count, ranges[index].contains(number) { return }
    }
    let joinsBefore = index > 0 && ranges[index - 1].upperBound + 1 == number
    let joinsAfter = index < ranges.count && ranges[index].lowerBound - 1 == number
    switch (joinsBefore, joinsAfter) {
    case (true, true):
      ranges[index - 1] = ranges[index - 1].lowerBound...ranges[index].upperBound
      ranges.remove(at: index)
    case (true, false): ranges[index - 1] = ranges[index - 1].lowerBound...number
    case (false, true): ranges[index] = number...ranges[index].upperBound
    case (false, false):
      if ranges.count < Self.limit { ranges.insert(number...number, at: index) }
    }
  }

  mutating func remove(_ number: Int) {
    guard let index = ranges.firstIndex(where: { $0.contains(number) }) else { return }
    let range = ranges.remove(at: index)
    if range.upperBound > number { ranges.insert((number + 1)...range.upperBound, at: index) }
    if range.lowerBound < number { ranges.insert(range.lowerBound...(number - 1), at: index) }
  }
}
