internal import LogFiles
internal import SessionLog
internal import Wire

/// Verdicts and records as JSON, one object a line.
enum VerdictLine {
  /// A file's verdict.
  static func json(_ file: CheckedFile) -> [UInt8] {
    let report = file.report
    let finding = report.finding
    var line = JSONWriter()
    line.write("file", file.path)
    line.write("verdict", report.verdict.rawValue)
    line.write("code", finding.code.rawValue)
    line.write("exit", report.exitStatus)
    writeOptional("record", finding.record, to: &line)
    if let number = finding.line { line.write("line", number) }
    if let offset = finding.offset { line.write("offset", offset) }
    if let last = finding.last { line.write("last", last) }
    if let other = finding.other { line.write("other", other) }
    if let torn = finding.torn { line.write("torn", torn) }
    if !report.missingSegments.isEmpty { line.write("segments", report.missingSegments) }
    if !file.isFolder { line.write("records", report.records) }
    if let intact = report.intact { line.write("intact", intact) }
    line.write("anchors", [String]())
    line.write("deleted", report.deleted)
    if let other = file.sameLineIn { line.write("same_line_in", other) }
    if report.isTailExplained { line.write("explained", true) }
    if report.headsNotJudged > 0 { line.write("heads_not_judged", report.headsNotJudged) }
    line.write("warnings", warnings(report))
    return line.line()
  }

  /// A record, as `show --json` tells it.
  static func json(_ record: SurveyedRecord, _ header: LogHeader) -> [UInt8] {
    var line = JSONWriter()
    writeOptional("record", record.number, to: &line)
    line.write("line", record.line)
    line.write("time", record.time)
    line.write("authentic", record.isAuthentic)
    switch record.content {
    case .opened:
      line.write("kind", "open")
      line.write("me", header.me)
      line.write("peer", header.peer)
      line.write("segment", header.segment)
    case .message(let direction, let ordinal, let text, let isDeleted):
      line.write("kind", "msg")
      line.write("direction", direction.rawValue)
      line.write("from", direction == .sent ? header.me : header.peer)
      line.write("seq", ordinal)
      if let text { line.write("text", utf8: text) } else { line.writeNull("text") }
      if isDeleted { line.write("deleted", true) }
    case .acknowledgement(let ordinal, let peerRecord):
      line.write("kind", "ack")
      line.write("seq", ordinal)
      line.write("logged", peerRecord)
    case .rekey(let epoch):
      line.write("kind", "rekey")
      line.write("epoch", epoch)
    case .close(let why):
      line.write("kind", "close")
      line.write("why", why.rawValue)
    case .other(let kind): line.write("kind", kind)
    case .unreadable(let byteCount):
      line.writeNull("kind")
      line.write("bytes", byteCount)
    }
    return line.line()
  }

  /// Each code once: a file and its folder may both be open to others.
  private static func warnings(_ report: LogReport) -> [String] {
    var seen: Set<String> = []
    return report.warnings.map(\.text).filter { seen.insert($0).inserted }
  }

  private static func writeOptional(_ key: String, _ number: Int?, to line: inout JSONWriter) {
    if let number { line.write(key, number) } else { line.writeNull(key) }
  }
}
