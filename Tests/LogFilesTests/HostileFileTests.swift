import Foundation
import LogFiles
import Places
import SessionLog
import TestSupport
import Testing
import Wire

/// Files that are meant to exhaust, mislead or block a checker.
@Suite struct HostileFileTests {
  @Test("Row 33: a line of 24 MB")
  func aHugeLineIsTooLong() throws {
    let scene = try SegmentScene()
    let path = try scene.closedSegment()
    var all = lines(try bytes(path))
    all[3] = [UInt8](repeating: 0x61, count: 24_000_000) + [0x0A]
    try replace(path, with: all.flatMap { $0 })
    let report = try scene.check(path).report
    #expect(report.finding.code == .tooLong && report.finding.record == 3 && report.exitStatus == 1)
    #expect(report.intact == [0...2, 5...7])
    try replace(path, with: [UInt8](repeating: 0x61, count: 24_000_000))
    #expect(try scene.check(path).report.finding.code == .tooLong)
  }

  @Test("Row 33: a sparse file of 4 GB, alone and behind a log")
  func aSparseFileIsTooLong() throws {
    let scene = try SegmentScene()
    let path = try scene.closedSegment()
    let open = scene.folder.file("open.sclog")
    try Data(lines(try bytes(path)).dropLast().flatMap { $0 }).write(to: URL(fileURLWithPath: open))
    for file in [try scene.folder.write("", to: "sparse.sclog"), open, path] {
      let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
      try handle.truncate(atOffset: 4 << 30)
      try handle.close()
      let report = try scene.check(file).report
      #expect(report.finding.code == .tooLong && report.exitStatus == 1, "\(file)")
    }
  }

  @Test("Row 33: a hundred thousand brackets")
  func nestedBracketsAreNoForm() throws {
    let scene = try SegmentScene()
    let path = try scene.closedSegment()
    var all = lines(try bytes(path))
    all[3] = [UInt8](repeating: 0x5B, count: 100_000) + [0x0A]
    try replace(path, with: all.flatMap { $0 })
    let report = try scene.check(path).report
    #expect(report.finding.code == .format && report.finding.record == 3)
  }

  @Test("Row 47: a symbolic link, a FIFO, a device, a missing file")
  func onlyRegularFilesAreRead() throws {
    let scene = try SegmentScene()
    let path = try scene.closedSegment()
    let link = scene.folder.file("link.sclog")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    let fifo = scene.folder.file("fifo.sclog")
    #expect(mkfifo(fifo, 0o600) == 0)
    for file in [link, fifo, "/dev/zero", scene.folder.file("missing.sclog")] {
      let found = try scene.check(file)
      #expect(found.report.finding.code == .inputOutput && found.report.exitStatus == 5, "\(file)")
      #expect(found.fault != nil)
    }
    // In a folder they are named too, and hide nothing.
    try FileManager.default.createSymbolicLink(
      atPath: scene.directory.path + "/20990101T000000Z-00000000.sclog", withDestinationPath: path)
    let found = try scene.checker().check(scene.directory.path)
    #expect(found.map(\.report.finding.code) == [.ok, .inputOutput])
  }

  @Test("Row 47: a file that others can write is a warning")
  func looseModesAreAWarning() throws {
    let scene = try SegmentScene()
    let path = try scene.closedSegment()
    try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: path)
    let report = try scene.check(path).report
    #expect(report.verdict == .verified && report.warnings == [.permissions(path: path)])
    #expect(report.exitStatus == 0)
  }

  @Test("Row 11: other files beside the log change nothing")
  func foreignFilesAreIgnored() throws {
    let scene = try SegmentScene()
    try scene.closedSegment()
    let before = try scene.checker().check(scene.directory.path).map(\.report.finding)
    for name in [".hidden.sclog", "notes.txt", ".20261120T120000Z-00000000.sclog.new", "x.sclog.bak"] {
      try Data("garbage\n".utf8).write(to: URL(fileURLWithPath: scene.directory.path + "/" + name))
    }
    #expect(try scene.checker().check(scene.directory.path).map(\.report.finding) == before)
    // A writer is not misled by what is no log of this conversation.
    try Data("garbage\n".utf8).write(
      to: URL(fileURLWithPath: scene.directory.path + "/20990101T000000Z-00000000.sclog"))
    let next = try scene.writer()
    #expect(next.segment == 2)
    #expect(next.path.split(separator: "/").last.map { $0 > "20990101T000000Z" } == true)
  }
}
