internal import Places
internal import SessionLog

/// The newest segment of a conversation, as a new one finds it.
struct Predecessor {
  /// Its number; 0 if there is none.
  let segment: Int
  let warnings: [SegmentWarning]
  private let log: LogIdentifier?
  private let ending: LogDirectory.Ending?

  init(in directory: LogDirectory) throws(PlaceError) {
    let segments = try directory.segments()
    guard let newest = segments.last else {
      (segment, warnings, log, ending) = (0, [], nil, nil)
      return
    }
    let ending = try directory.ending(of: newest)
    segment = newest.header.segment
    log = newest.header.log
    self.ending = ending
    var warnings: [SegmentWarning] = []
    if !ending.isBeingWritten {
      if ending.torn > 0 {
        warnings.append(.tornTail(name: ending.name, bytes: ending.torn))
      } else if !ending.isClosed {
        warnings.append(.endedWithoutClose(name: ending.name))
      }
    }
    warnings += try Self.rollbacks(of: segments, in: directory)
    self.warnings = warnings
  }

  /// PREV of the new header.
  func previous(sent: UInt64, received: UInt64) -> PreviousSegment? {
    guard let ending, let log else { return nil }
    return PreviousSegment(
      log: log, record: ending.record, tag: ending.tag, torn: ending.torn, tornHash: ending.tornHash,
      sent: Int(sent), received: Int(received))
  }

  /// What the last two segments say against each other; the checker judges all of them.
  private static func rollbacks(
    of segments: [LogDirectory.Segment], in directory: LogDirectory
  ) throws(PlaceError) -> [SegmentWarning] {
    guard let newest = segments.last, let seen = newest.header.previous else { return [] }
    guard let before = segments.dropLast().last(where: { $0.header.log == seen.log }) else {
      return [.missing(segment: newest.header.segment - 1)]
    }
    let ending = try directory.ending(of: before)
    guard ending.record < seen.record || (ending.record == seen.record && ending.tag != seen.tag) else {
      return []
    }
    return [.rolledBack(name: before.name, records: ending.record + 1, witnessed: seen.record + 1)]
  }
}
