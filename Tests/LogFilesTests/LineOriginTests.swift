import Foundation
import LogFiles
import SessionLog
import TestSupport
import Testing

/// "The same line stands in FILE": where a changed record came from.
@Suite struct LineOriginTests {
  /// Two closed segments, of which the second has a line of the first in the place of its own, same number.
  private func splice(_ scene: SegmentScene, record: Int = 3) throws -> (first: String, second: String) {
    let first = try scene.closedSegment()
    let second = try scene.closedSegment()
    var all = lines(try bytes(second))
    all[record] = lines(try bytes(first))[record]
    try replace(second, with: all.flatMap { $0 })
    return (first, second)
  }

  private func found(_ checker: LogChecker, _ paths: [String]) throws -> [CheckedFile] {
    var files: [CheckedFile] = []
    for path in paths { files += try checker.check(path) }
    checker.findSameLines(for: &files)
    return files
  }

  @Test func aLineThatNoOtherFileHoldsHasNoOrigin() throws {
    let scene = try SegmentScene()
    let first = try scene.closedSegment()
    let second = try scene.closedSegment()
    var all = lines(try bytes(second))
    // The time is changed: the form stays, the tag does not hold.
    all[3][30] ^= 1
    try replace(second, with: all.flatMap { $0 })
    let files = try found(scene.checker(), [first, second])
    #expect(files.map(\.report.finding.code) == [.ok, .tag])
    #expect(files.allSatisfy { $0.sameLineIn == nil })
  }

  @Test func aFileIsNoOriginOfItsOwnLinesUnderAnotherName() throws {
    let scene = try SegmentScene()
    let (_, second) = try splice(scene)
    let other = scene.directory.path + "/../" + URL(fileURLWithPath: scene.directory.path).lastPathComponent
    let same = other + "/" + URL(fileURLWithPath: second).lastPathComponent
    let files = try found(scene.checker(), [second, same])
    #expect(files.map(\.report.finding.code) == [.tag, .tag])
    #expect(files.allSatisfy { $0.sameLineIn == nil })
  }

  @Test("Row 21: a line of another log is named with the file it was taken from")
  func aSplicedLineIsNamedWithItsFile() throws {
    let scene = try SegmentScene()
    let (first, second) = try splice(scene)
    let files = try found(scene.checker(), [second, first])
    #expect(files[0].report.finding.code == .tag && files[0].report.finding.record == 3)
    #expect(files[0].sameLineIn == first)
    #expect(files[1].sameLineIn == nil)
    // In a folder as well, where the segments are checked against each other.
    let inFolder = try found(scene.checker(), [scene.directory.path])
    #expect(inFolder.contains { $0.path == second && $0.sameLineIn == first })
  }

  @Test func sixteenFindingsAreLookedUpAndNoMore() throws {
    let scene = try SegmentScene()
    let (first, second) = try splice(scene)
    let spliced = try bytes(second)
    var paths = [first]
    for number in 0..<18 {
      let path = scene.folder.file("copy-\(number).sclog")
      try Data(spliced).write(to: URL(fileURLWithPath: path))
      paths.append(path)
    }
    let files = try found(scene.checker(), paths)
    #expect(files.count { $0.sameLineIn != nil } == 16)
  }
}
