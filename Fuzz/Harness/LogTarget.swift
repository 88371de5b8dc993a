import SessionLog
import Wire

/// The log's lines and all passes of its checker: over any bytes; behind a header that opens; over records
/// with a right tag; and over a whole log with one stretch of bytes changed, which must be found.
enum LogTarget {
  private static let fixture = made { try LogFixture() }
  private static let whole = made { try fixture.log() }
  private static let plain = made { try fixture.log(text: .plain) }
  private static let header = firstLine(whole)
  private static let plainHeader = firstLine(plain)

  static func run(_ input: inout FuzzInput) {
    let choice = input.byte()
    let isPlain = choice & 8 != 0
    switch choice & 7 {
    case 0: check(input.everything(), choice)
    case 1: check((isPlain ? plainHeader : header) + input.everything(), choice)
    case 2: edit(isPlain ? plain : whole, &input)
    default: check(tagged(&input, isPlain), choice)
    }
  }

  private static func firstLine(_ log: [UInt8]) -> [UInt8] { lines(log)[0] }

  /// Cut in whatever way, a file gets the same verdict, with and without opening the texts.
  @discardableResult private static func check(_ bytes: [UInt8], _ choice: UInt8) -> LogReport {
    let known = Array((choice & 8 != 0 ? plainHeader : header).dropLast())
    let report = made { try fixture.check(bytes, texts: choice & 16 != 0, knownHeader: known) }
    let again = made {
      try fixture.check(bytes, texts: choice & 16 != 0, chunk: Int(choice) + 1, knownHeader: known)
    }
    demand(report.finding == again.finding, "a verdict does not depend on how the file is read")
    demand(report.records == again.records && report.intact == again.intact, "nor does what is intact")
    if let offset = report.finding.offset {
      demand((0...bytes.count).contains(offset), "a finding stands in the file")
    }
    if let intact = report.intact {
      for (one, next) in zip(intact, intact.dropFirst()) {
        demand(one.upperBound < next.lowerBound, "intact ranges are in order and apart")
      }
    }
    return report
  }

  private static func edit(_ log: [UInt8], _ input: inout FuzzInput) {
    let place = input.number16() % (log.count + 1)
    let removed = min(Int(input.byte()), log.count - place)
    var edited = log
    edited.replaceSubrange(place..<place + removed, with: input.everything())
    guard edited != log else { return }
    let report = made { try fixture.check(edited) }
    demand(report.finding.code != .ok, "a log that was changed is never whole")
  }

  /// Lines as a faulty writer makes them: each takes its kind and fields, and what follows the tag, from the
  /// input, and has a right tag.
  private static func tagged(_ input: inout FuzzInput, _ isPlain: Bool) -> [UInt8] {
    var chain = made { try fixture.chain(text: isPlain ? .plain : .sealed) }
    var bytes = chain.line
    let entries = input.everything().split(separator: 0x0A, maxSplits: 63)
    for (index, entry) in entries.enumerated() {
      let parts = entry.split(separator: 0x7C, maxSplits: 1, omittingEmptySubsequences: false)
      let payload = parts.count == 2 ? String(decoding: parts[1], as: UTF8.self) : nil
      _ = chain.appendUncheckedForTestsOnly(
        body: String(decoding: parts[0], as: UTF8.self), payload: payload, at: LogFixture.time(index))
      bytes += chain.line
    }
    return bytes
  }
}
