internal import SessionLog

/// What the segments of one folder say of each other (docs/LOG_FORMAT.md, "Segments").
enum SegmentComparison {
  /// Adds what follows from the others to each file's own finding, and the folder's own finding at the end.
  static func judge(_ files: [CheckedFile], in folder: String) -> [CheckedFile] {
    var files = files
    let canCompare = files.map { $0.report.verdict == .verified || $0.report.verdict == .incomplete }
    for index in files.indices where canCompare[index] {
      guard let header = files[index].report.header, let previous = header.previous else { continue }
      for other in files.indices where other != index && canCompare[other] {
        guard files[other].report.header?.log == previous.log else { continue }
        compare(&files[other], with: previous)
      }
    }
    if canCompare.allSatisfy({ $0 }) { files += missing(files, in: folder) }
    return files
  }

  /// `previous` is what the next segment found at the end of this one.
  private static func compare(_ file: inout CheckedFile, with previous: PreviousSegment) {
    guard file.report.verdict != .tampered else { return }
    if previous.record >= file.report.records {
      file.report.finding = Finding(.truncated, record: file.report.records)
    } else if let tag = file.tags[previous.record], tag != previous.tag {
      file.report.finding = Finding(.fork)
    } else if let tail = file.tail, previous.record == file.report.records - 1, tail.count == previous.torn,
      tail.hash == previous.tornHash
    {
      file.report.isTailExplained = true
    }
  }

  /// Missing numbers that are named; a header may state any number.
  private static let missingLimit = 1000

  /// Numbers below the highest that are not there, a conversation at a time.
  private static func missing(_ files: [CheckedFile], in folder: String) -> [CheckedFile] {
    var numbers: [Conversation: Set<Int>] = [:]
    for file in files {
      guard let header = file.report.header else { continue }
      numbers[Conversation(header), default: []].insert(header.segment)
    }
    return numbers.sorted { $0.key < $1.key }.compactMap { conversation, present in
      let absent = Array(
        (1..<(present.max() ?? 1)).lazy.filter { !present.contains($0) }.prefix(missingLimit))
      guard !absent.isEmpty else { return nil }
      var report = LogReport(Finding(.fileMissing))
      report.missingSegments = absent
      return CheckedFile(folder, report, isFolder: true)
    }
  }

  /// Whose segments are numbered together.
  private struct Conversation: Hashable, Comparable {
    let me: String
    let peer: String
    let peerIdentifier: [UInt8]

    init(_ header: LogHeader) {
      me = header.me
      peer = header.peer
      peerIdentifier = header.peerIdentifier
    }

    static func < (left: Conversation, right: Conversation) -> Bool {
      (left.me, left.peer, left.peerIdentifier.map(String.init).joined())
        < (right.me, right.peer, right.peerIdentifier.map(String.init).joined())
    }
  }
}
