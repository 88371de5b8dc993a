import Cryptography
import Foundation
import LogFiles
import Places
import SessionLog
import Synchronization
import TestSupport
import Testing
import Wire

@Suite struct SegmentWriterTests {
  @Test(arguments: LogTextMode.allCases)
  func whatIsWrittenIsVerifiedAndShown(text: LogTextMode) throws {
    let scene = try SegmentScene(text: text)
    let writer = try scene.writer()
    let texts = ["hello bob", "", "two\nlines \u{1B}[31m \u{202E}", String(repeating: "ä", count: 32_768)]
    for (index, text) in texts.enumerated() {
      let position = try writer.append(
        SegmentScene.message(.received, UInt64(index + 1), text), at: scene.now())
      #expect(position.record == index + 1 && position.tag.count == 32 && position == writer.last)
    }
    _ = try writer.append(.close(why: .peer, sent: 0, received: 4), at: scene.now())
    try writer.close()
    let checked = try scene.check(writer.path, texts: true)
    #expect(checked.report.verdict == .verified)
    #expect(checked.report.messagesReceived == 4 && checked.report.closing == .peer)
    var shown: [String] = []
    _ = try scene.checker().show(writer.path) { _, _, record in
      #expect(record.isAuthentic)
      if case .message(.received, _, let text?, _) = record.content {
        shown.append(String(decoding: text, as: UTF8.self))
      }
    }
    #expect(shown == texts)
    let raw = String(decoding: try bytes(writer.path), as: UTF8.self)
    #expect(raw.contains("hello bob") == (text == .plain))
  }

  @Test func aNewSegmentIsPrivateNamedLaterAndLinkedToTheOneBefore() throws {
    let scene = try SegmentScene()
    let time = scene.now()
    let first = try scene.writer(at: time)
    _ = try first.append(SegmentScene.message(.sent, 1, "one"), at: time)
    let last = first.last
    try first.close()
    let second = try scene.writer(at: time)
    #expect(first.segment == 1 && second.segment == 2)
    #expect(first.path < second.path)
    #expect(
      second.warnings == [.endedWithoutClose(name: String(first.path.split(separator: "/").last ?? ""))])
    let written = try bytes(second.path)
    let header = try LogOpening(beginning: written.span, fileSize: written.count).header
    #expect(header.previous?.log == first.log && header.previous?.record == last.record)
    #expect(header.previous?.tag == last.tag && header.previous?.torn == 0)
    #expect(header.witness == .off && header.segmentKey == nil && header.deviceRecord == nil)
    for file in scene.folder.allFiles where file.hasSuffix(".sclog") {
      #expect(try scene.folder.mode(of: file) == 0o600)
    }
    let attributes = try FileManager.default.attributesOfItem(atPath: scene.directory.path)
    #expect(attributes[.posixPermissions] as? Int == 0o700)
  }

  @Test("Row 30: a segment has one writer, and a checker sees that it is being written")
  func aSegmentInUseIsOpen() throws {
    let scene = try SegmentScene()
    let writer = try scene.writer()
    _ = try writer.append(SegmentScene.message(.sent, 1, "one"), at: scene.now())
    let other = try OpenFile.forReadingAndWriting(writer.path)
    #expect(try other.tryLock() == false)
    #expect(try scene.check(writer.path).report.finding == Finding(.open, record: 1))
    // A second session of the same two people gets a segment of its own, and knows that the first is at work.
    let beside = try scene.writer()
    #expect(beside.segment == 2 && beside.warnings.isEmpty)
    try beside.close()
    try writer.close()
    #expect(try scene.check(writer.path).report.finding == Finding(.noClose, record: 1))
  }

  @Test("Row 31: verified again and again while it is being written")
  func aLogBeingWrittenIsAlwaysTrueSoFar() async throws {
    let scene = try SegmentScene()
    let writer = try scene.writer()
    let path = writer.path
    let start = scene.now()
    #if DEBUG
      let (records, checks) = (3_000, 60)
    #else
      let (records, checks) = (20_000, 300)
    #endif
    let flag = Flag()
    let key = scene.keyPath
    let checking = Task.detached {
      var found = 0
      while found < checks || !flag.isSet.load(ordering: .acquiring) {
        let checker = LogChecker(LogKeyring(.file(key)) { _, _, _ in nil })
        guard try checker.check(path).map(\.report.finding.code) == [.open], found < 100_000 else {
          throw SceneError()
        }
        found += 1
      }
      return found
    }
    for number in 1...records {
      _ = try writer.append(SegmentScene.message(.sent, UInt64(number), "text"), at: start)
      if number % 500 == 0 { try writer.syncHandle.sync() }
    }
    flag.isSet.store(true, ordering: .releasing)
    let found = try await checking.value
    #expect(found >= checks)
    _ = try writer.append(.close(why: .bye, sent: UInt64(records), received: 0), at: start)
    try writer.close()
    #expect(try scene.check(path).report.records == records + 2)
  }

  @Test func aFullSegmentGoesOnInTheNextOneWithItsOrdinals() throws {
    let scene = try SegmentScene()
    let writer = try scene.writer()
    _ = try writer.append(SegmentScene.message(.sent, 1, "one"), at: scene.now())
    _ = try writer.append(SegmentScene.message(.received, 1, "two"), at: scene.now())
    let first = writer.path
    #expect(!writer.needsRotation)
    try writer.rotate(at: scene.now())
    #expect(writer.path != first && writer.segment == 2 && writer.sent == 1 && writer.received == 1)
    _ = try writer.append(SegmentScene.message(.sent, 2, "three"), at: scene.now())
    _ = try writer.append(.close(why: .bye, sent: 2, received: 1), at: scene.now())
    try writer.close()
    let found = try scene.checker(texts: true).check(scene.directory.path)
    #expect(found.map(\.report.finding.code) == [.ok, .ok])
    #expect(found.map(\.report.closing) == [.rotate, .bye])
  }

  @Test("Row 20: a live file that somebody cut is not closed")
  func aFileThatWasCutIsNotClosed() throws {
    let scene = try SegmentScene()
    let writer = try scene.writer()
    _ = try writer.append(SegmentScene.message(.sent, 1, "one"), at: scene.now())
    let size = try bytes(writer.path).count
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: writer.path))
    try handle.truncate(atOffset: UInt64(size - 100))
    try handle.close()
    #expect(
      throws: LogFailure.changedOnDisk(path: writer.path, expected: Int64(size), found: Int64(size - 100))
    ) {
      _ = try writer.append(.close(why: .bye, sent: 1, received: 0), at: scene.now())
    }
    #expect(try bytes(writer.path).count == size - 100)
    #expect(throws: LogFailure.segmentEnded) {
      _ = try writer.append(SegmentScene.message(.sent, 2, "two"), at: scene.now())
    }
  }

  @Test func unsyncedBytesAreCountedUntilTheDiskHasThem() throws {
    let scene = try SegmentScene()
    let writer = try scene.writer()
    #expect(writer.unsyncedBytes == 0)
    _ = try writer.append(
      SegmentScene.message(.sent, 1, String(repeating: "x", count: 1000)), at: scene.now())
    #expect(writer.unsyncedBytes > 1000)
    try writer.syncHandle.sync()
    #expect(writer.unsyncedBytes == 0)
  }

  @Test func entriesThatDoNotFollowAreRefusedAndWriteNothing() throws {
    let scene = try SegmentScene()
    let writer = try scene.writer()
    let size = try bytes(writer.path).count
    let wrong: [LogEntry] = [
      SegmentScene.message(.sent, 2, "skips one"), .close(why: .bye, sent: 1, received: 0), .rekey(epoch: 0),
      .acknowledgement(ordinal: 1, peerRecord: 1, peerTag: [UInt8](repeating: 0, count: 32)),
    ]
    for entry in wrong {
      #expect(throws: LogFailure.chain(.outOfSequence)) { _ = try writer.append(entry, at: scene.now()) }
    }
    #expect(throws: LogFailure.chain(.noForm)) {
      _ = try writer.append(
        SegmentScene.message(.sent, 1, String(repeating: "x", count: 65_537)), at: scene.now())
    }
    #expect(try bytes(writer.path).count == size)
    _ = try writer.append(.close(why: .bye, sent: 0, received: 0), at: scene.now())
    #expect(throws: LogFailure.chain(.alreadyClosed)) {
      _ = try writer.append(.rekey(epoch: 1), at: scene.now())
    }
  }

  @Test func keysOfWrittenRecordsAreGoneFromTheFileAndTheNextRecordsStayUnreadable() throws {
    let scene = try SegmentScene()
    let path = try scene.closedSegment(messages: 2)
    // With the public half alone nothing can be read: a checker without the key says so.
    let found = try LogChecker(LogKeyring(.profiles(HomePath(scene.folder.file("other")))) { _, _, _ in nil })
      .check(path)
    #expect(found.map(\.report.finding.code) == [.noKey])
  }
}

private final class Flag: Sendable {
  let isSet = Atomic(false)
}
