import Cryptography
import Foundation
import LogFiles
import Places
import SessionLog
import TestSupport
import Testing
import Wire

/// The attacks of docs/LOG_FORMAT.md, on files that the writer made. The rows are numbered as there.
@Suite struct LogAttackTests {
  private struct Log {
    let scene: SegmentScene
    let path: String

    init(messages: Int = 6) throws {
      scene = try SegmentScene()
      path = try scene.closedSegment(messages: messages)
    }

    /// Changes the lines of the log and checks it.
    func attack(_ change: (inout [[UInt8]]) throws -> Void) throws -> LogReport {
      var all = lines(try bytes(path))
      try change(&all)
      try replace(path, with: all.flatMap { $0 })
      return try scene.check(path).report
    }
  }

  @Test("Row 2: the third line is deleted")
  func aDeletedLineIsMissing() throws {
    let report = try Log().attack { $0.remove(at: 2) }
    #expect(report.finding.code == .missing && report.finding.record == 2 && report.finding.last == 2)
    #expect(report.exitStatus == 1)
    #expect(report.intact == [0...1, 4...7])
  }

  @Test("Row 3: lines 3 and 4 are exchanged")
  func exchangedLinesAreOutOfOrder() throws {
    let report = try Log().attack { $0.swapAt(2, 3) }
    #expect(report.finding.code == .order && report.finding.record == 2 && report.finding.other == 3)
    #expect(report.exitStatus == 1)
  }

  @Test("Row 4: line 5 stands twice")
  func aDoubledLineIsADuplicate() throws {
    let report = try Log().attack { $0.insert($0[4], at: 5) }
    #expect(report.finding.code == .duplicate && report.finding.record == 4)
    #expect(report.finding.line == 6)
  }

  @Test("Row 5: line 5 is copied behind itself and renumbered")
  func aRenumberedCopyHasAWrongTag() throws {
    let report = try Log().attack { lines in
      let copy = String(decoding: lines[4], as: UTF8.self).replacingOccurrences(
        of: "{\"n\":4,", with: "{\"n\":5,")
      lines.insert(Array(copy.utf8), at: 5)
    }
    #expect(report.finding.code == .tag && report.finding.record == 5)
  }

  @Test("Row 7: the last lines are dropped and nothing proves them")
  func aCutAtALineEndIsIncomplete() throws {
    for count in 1...3 {
      let report = try Log().attack { $0.removeLast(count) }
      #expect(report.finding.code == .noClose && report.exitStatus == 3)
      #expect(report.finding.record == 7 - count)
    }
  }

  @Test("Row 8: a segment is truncated; the next one knew more, and the program warns")
  func aTruncatedSegmentIsToldByTheNextOne() throws {
    let scene = try SegmentScene()
    let first = try scene.closedSegment()
    try scene.closedSegment(messages: 1)
    try replace(first, with: lines(try bytes(first)).dropLast(3).flatMap { $0 })
    let found = try scene.checker().check(scene.directory.path)
    #expect(found.map(\.report.finding.code) == [.truncated, .ok])
    #expect(found[0].report.finding.record == 5)
    #expect(Verdict.worst(of: found.map(\.report.exitStatus)) == 1)
    let next = try scene.writer()
    #expect(next.warnings.contains { if case .rolledBack(_, 5, 8) = $0 { true } else { false } })
  }

  @Test func aSegmentExchangedForAnotherOfItsLengthIsAFork() throws {
    let scene = try SegmentScene()
    let first = try scene.closedSegment(messages: 2)
    let second = try scene.closedSegment(messages: 2)
    // The owner rewrites the first segment from its header on, with other texts and right tags; only the second
    // one, which names its last tag, tells. A header cannot be made twice, so the second one is changed here
    // instead, by a writer that saw another history.
    let opening = try scene.opening(of: first)
    try FileManager.default.removeItem(atPath: second)
    try scene.segment(after: opening, record: 3, tag: [UInt8](repeating: 1, count: 32))
    let found = try scene.checker().check(scene.directory.path)
    #expect(found.map(\.report.finding.code) == [.fork, .ok])
    #expect(found[0].report.finding.record == nil && found[0].report.exitStatus == 1)
  }

  @Test("Row 12: the header is downgraded, or tags are stripped")
  func aDowngradedHeaderIsFound() throws {
    let plain = try Log().attack { lines in
      lines[0] = edit(lines[0], "\"text\":\"sealed\"", "\"text\":\"plain\"")
    }
    #expect(plain.finding.code == .tag && plain.finding.record == 0 && plain.intact == [])
    let witness = try Log().attack { lines in
      lines[0] = edit(lines[0], "\"witness\":\"off\"", "\"witness\":\"deniable\"")
    }
    #expect(witness.finding.code == .tag && witness.finding.record == 0)
    let stripped = try Log().attack { lines in
      let text = String(decoding: lines[3], as: UTF8.self)
      lines[3] = Array(text.replacing(/"h":"[^"]*",/, with: "").utf8)
    }
    #expect(stripped.finding.code == .format && stripped.finding.record == 3)
  }

  @Test("Row 13: without the public key, or a disk that takes nothing, no log is begun")
  func aLogThatCannotBeWrittenIsRefused() throws {
    let scene = try SegmentScene()
    let path = scene.home.profile("alice").logPublicKey
    try FileManager.default.removeItem(atPath: path)
    #expect(throws: LogFailure.place(PlaceError(.notFound, code: 2, path: path))) {
      try LogKeyFile.readPublic(path)
    }
    try Data("secure_chat log key 1\npub AAAA\n".utf8).write(to: URL(fileURLWithPath: path))
    #expect(throws: LogFailure.badKeyFile(path: path)) { try LogKeyFile.readPublic(path) }
    // A file where the folder of the logs should be.
    try scene.folder.write("", to: "logs")
    #expect(throws: LogFailure.self) { try scene.writer() }
    #expect(scene.folder.allFiles.allSatisfy { !$0.hasSuffix(".sclog") })
  }

  @Test("Row 18: the first lines are dropped and the rest renumbered")
  func aLogWithoutItsHeaderIsNoLog() throws {
    let report = try Log().attack { lines in
      lines.removeFirst(2)
      for index in lines.indices {
        lines[index] = edit(lines[index], "{\"n\":\(index + 2),", "{\"n\":\(index),")
      }
    }
    #expect(report.finding.code == .format && report.finding.record == 0 && report.exitStatus == 1)
  }

  @Test("Row 21 and 22: a line of another log, or of the peer's, at the same number")
  func aForeignLineHasAWrongTag() throws {
    let log = try Log()
    let other = try Log()
    let foreign = lines(try bytes(other.path))
    let report = try log.attack { $0[3] = foreign[3] }
    #expect(report.finding.code == .tag && report.finding.record == 3)
    #expect(report.intact == [0...2, 5...7])
  }

  @Test("Row 23: two middle segments are deleted")
  func missingSegmentsAreNamed() throws {
    let scene = try SegmentScene()
    let paths = try (0..<4).map { _ in try scene.closedSegment(messages: 1) }
    #expect(Set(paths).count == 4)
    for path in paths[1...2] { try FileManager.default.removeItem(atPath: path) }
    let found = try scene.checker().check(scene.directory.path)
    #expect(found.map(\.report.finding.code) == [.ok, .ok, .fileMissing])
    #expect(found.last?.report.missingSegments == [2, 3])
    #expect(found.last?.isFolder == true && found.last?.report.exitStatus == 1)
  }

  @Test("Row 24: something is appended behind the close record")
  func nothingMayStandBehindTheClose() throws {
    for tail in [Array("x".utf8), Array("x\n".utf8), [UInt8](repeating: 0, count: 4096)] {
      let report = try Log().attack { $0.append(tail) }
      #expect(report.finding.code == .afterClose && report.finding.record == 8 && report.exitStatus == 1)
    }
    let again = try Log().attack { $0.append($0[3]) }
    #expect(again.finding.code == .afterClose)
  }

  @Test("Row 26: zeros, random bytes or a line of garbage behind the last record of an open log")
  func garbageBehindAnOpenLogIsTornOrAWrongForm() throws {
    for tail in [[UInt8](repeating: 0, count: 512), [0xDE, 0xAD, 0xBE, 0xEF]] {
      let report = try Log().attack { lines in
        lines.removeLast()
        lines.append(tail)
      }
      #expect(report.finding.code == .torn && report.finding.torn == tail.count && report.exitStatus == 3)
    }
    let line = try Log().attack { lines in
      lines.removeLast()
      lines.append(Array("garbage\n".utf8))
    }
    #expect(line.finding.code == .format && line.finding.record == 7 && line.exitStatus == 1)
  }

  @Test("Row 27: the final newline is cut and the program goes on")
  func aTornSegmentIsNeverAppendedTo() throws {
    let scene = try SegmentScene()
    let first = try scene.closedSegment()
    let torn = Array(try bytes(first).dropLast())
    try replace(first, with: torn)
    let writer = try scene.writer()
    #expect(
      writer.warnings == [
        .tornTail(name: String(first.split(separator: "/").last ?? ""), bytes: lastLine(torn))
      ])
    _ = try writer.append(.close(why: .bye, sent: 0, received: 0), at: scene.now())
    try writer.close()
    #expect(try bytes(first) == torn)
    let found = try scene.checker().check(scene.directory.path)
    #expect(found.map(\.report.finding.code) == [.torn, .ok])
    #expect(found[0].report.isTailExplained)
    #expect(found.map(\.report.exitStatus) == [3, 0])
  }

  @Test("Row 28: newlines are replaced by other line ends")
  func otherLineEndsAreNoForm() throws {
    for ending in [[0x0B], [0xC2, 0x85], [0xE2, 0x80, 0xA8], [0x0D, 0x0A], [0x00]] as [[UInt8]] {
      let report = try Log().attack { lines in
        // The last newline stays: without any the file would be one line that a crash cut.
        for index in lines.indices.dropLast() { lines[index] = Array(lines[index].dropLast()) + ending }
      }
      #expect(report.verdict == .tampered && report.finding.record == 0, "\(ending)")
      let one = try Log().attack { $0[2] = Array($0[2].dropLast()) + ending }
      #expect([.format, .text].contains(one.finding.code) && one.finding.record == 2, "\(ending)")
    }
  }

  @Test("Row 29: ten bytes are cut inside record 5")
  func aCutInsideARecordIsFound() throws {
    for place in [3, 60, 200, 300] {
      let report = try Log().attack { $0[5].removeSubrange(place..<(place + 10)) }
      #expect([.tag, .text, .format].contains(report.finding.code) && report.finding.record == 5)
      #expect(report.exitStatus == 1)
    }
  }

  @Test("Row 32: numbers that jump")
  func hugeNumbersAreRefusedAtOnce() throws {
    let huge = try Log().attack { $0[4] = edit($0[4], "{\"n\":4,", "{\"n\":4611686018427387904,") }
    #expect(huge.finding.code == .format && huge.finding.record == 4)
    let large = try Log().attack { $0[4] = edit($0[4], "{\"n\":4,", "{\"n\":2147483647,") }
    #expect(large.finding.code == .tag && large.finding.record == 4)
    #expect(large.intact == [0...3, 6...7])
  }

  @Test("Row 34: only a payload is edited")
  func anEditedPayloadIsAnEditedText() throws {
    let report = try Log().attack { lines in
      let place = lines[3].count - 20
      lines[3][place] = lines[3][place] == 0x41 ? 0x42 : 0x41
    }
    #expect(report.finding.code == .text && report.finding.record == 3 && report.exitStatus == 1)
  }

  @Test("Row 44: a key stands twice")
  func aSecondKeyIsNoForm() throws {
    let report = try Log().attack { lines in
      let text = String(decoding: lines[2], as: UTF8.self)
      let key = try #require(text.firstMatch(of: /"m":"[^"]*",/))
      lines[2] = edit(lines[2], String(key.output), String(key.output) + String(key.output))
    }
    #expect(report.finding.code == .format && report.finding.record == 2)
  }

  @Test("Row 45: the clock is set back")
  func aClockSetBackIsAWarning() throws {
    let scene = try SegmentScene()
    let writer = try scene.writer(at: UnixTime(milliseconds: 1_763_650_000_000))
    _ = try writer.append(
      SegmentScene.message(.sent, 1, "earlier"), at: UnixTime(milliseconds: 1_763_640_000_000))
    _ = try writer.append(
      .close(why: .bye, sent: 1, received: 0), at: UnixTime(milliseconds: 1_763_640_000_000))
    try writer.close()
    let report = try scene.check(writer.path).report
    #expect(report.verdict == .verified && report.warnings == [.clock(record: 1)] && report.exitStatus == 0)
  }

  @Test("Row 46: another user's key")
  func anotherKeyDoesNotFit() throws {
    let scene = try SegmentScene()
    let path = try scene.closedSegment()
    let folder = try TemporaryFolder()
    let other = try KnownAnswerLogs.copy("keys/other.log-verify.key", to: folder)
    let found = try KnownAnswerLogs.checker(key: other).check(path)
    #expect(found.map(\.report.finding.code) == [.wrongKey] && found.first?.report.exitStatus == 4)
  }

  @Test("Row 50: an empty folder, and an empty file")
  func nothingToCheckIsNeverAPass() throws {
    let scene = try SegmentScene()
    let empty = scene.folder.file("empty")
    try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: false)
    let found = try scene.checker().check(empty)
    #expect(found.map(\.report.finding.code) == [.nothing] && found.first?.report.exitStatus == 4)
    let file = try scene.folder.write("", to: "empty.sclog")
    #expect(try scene.check(file).report.finding.code == .nothing)
  }

  private func edit(_ line: [UInt8], _ old: String, _ new: String) -> [UInt8] {
    Array(String(decoding: line, as: UTF8.self).replacingOccurrences(of: old, with: new).utf8)
  }

  private func lastLine(_ bytes: [UInt8]) -> Int {
    bytes.count - ((bytes.lastIndex(of: 0x0A) ?? -1) + 1)
  }
}
