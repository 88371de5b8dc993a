import Foundation
import LogFiles
import SessionLog
import TestSupport
import Testing

/// expected.json of the known answers: every verdict that a build without witnesses can give.
@Suite struct LogKnownAnswerTests {
  private static let expected: VectorValue = {
    // A folder without the file makes every test below fail where it reads a field.
    (try? VectorFiles.decode(from: "expected.json", in: KnownAnswerLogs.folder)) ?? .missing("expected.json")
  }()

  private static func rows(_ kind: String, step: Int) throws -> [VectorValue] {
    try expected["verify"].list.filter { try !$0[kind].isMissing && $0["step"].number == step }
  }

  @Test func everyFileOfTheFirstStepHasItsVerdict() throws {
    let rows = try Self.rows("file", step: 1)
    #expect(rows.count > 40)
    for row in rows { try Self.check(row) }
  }

  @Test func everyFolderOfTheFirstStepHasItsVerdicts() throws {
    let rows = try Self.rows("dir", step: 1)
    #expect(rows.count == 2)
    for row in rows {
      let folder = try TemporaryFolder()
      let key = try KnownAnswerLogs.copy(row["key"].string, to: folder)
      let conversation = folder.file("conversation")
      try FileManager.default.createDirectory(
        atPath: conversation, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
      guard case .object(let files) = row["files"] else { throw WrongField() }
      let source = try KnownAnswerLogs.folder.appendingPathComponent(row["dir"].string)
      for name in try FileManager.default.contentsOfDirectory(atPath: source.path) {
        try Data(contentsOf: source.appendingPathComponent(name))
          .write(to: URL(fileURLWithPath: conversation + "/" + name))
      }
      let found = try KnownAnswerLogs.checker(key: key).check(conversation)
      #expect(found.count == files.count)
      for file in found {
        try Self.compare(file.report, with: row["files"][file.isFolder ? "." : file.name], file.name)
      }
      #expect(Verdict.worst(of: found.map(\.report.exitStatus)) == Int32(try row["exit"].number))
      if try row["dir"].string.hasSuffix("whole") {
        #expect(found.count { $0.report.isTailExplained } == 1)
      }
    }
  }

  /// Rows of the step that adds witnesses which already hold; the rest is counted, so that nobody mistakes
  /// their absence for a pass.
  @Test func filesOfTheSecondStepThatNeedNoWitnessHaveTheirVerdicts() throws {
    let late = ["E_NOTE"]
    var checked = 0
    var skipped = 0
    for row in try Self.rows("file", step: 2) {
      let needsHeads = if case .null = row["heads"] { false } else { true }
      let code = try row["code"].string
      if needsHeads || late.contains(code) {
        skipped += 1
      } else {
        try Self.check(row)
        checked += 1
      }
    }
    skipped += try Self.rows("store", step: 2).count
    skipped += try Self.expected["compare"].list.count
    print("log known answers of the second step: \(checked) checked, \(skipped) skipped")
    #expect(checked > 0)
  }

  private static func check(_ row: VectorValue) throws {
    let folder = try TemporaryFolder()
    let file = try KnownAnswerLogs.copy(row["file"].string, to: folder)
    let key = try KnownAnswerLogs.copy(row["key"].string, to: folder)
    let checker = KnownAnswerLogs.checker(
      key: key, passphrase: try? row["passphrase"].string, texts: (try? row["texts"].boolean) ?? false)
    let found = try checker.check(file)
    #expect(found.count == 1)
    guard let report = found.first?.report else { return }
    let why = (try? row["why"].string) ?? ""
    try compare(report, with: row, "\(try row["file"].string) \(why)")
  }

  private static func compare(_ report: LogReport, with row: VectorValue, _ name: String) throws {
    #expect(report.verdict.rawValue == (try row["verdict"].string), "\(name)")
    #expect(report.finding.code.rawValue == (try row["code"].string), "\(name)")
    #expect(report.finding.record == (try? row["record"].number), "\(name)")
    #expect(report.exitStatus == Int32(try row["exit"].number), "\(name)")
    if !row["intact"].isMissing {
      let ranges = try row["intact"].list.map { try $0.list.map { try $0.number } }
      #expect(report.intact.map { $0.map { [$0.lowerBound, $0.upperBound] } } == ranges, "\(name)")
    }
    if !row["last"].isMissing { #expect(report.finding.last == (try row["last"].number), "\(name)") }
    if !row["other"].isMissing { #expect(report.finding.other == (try row["other"].number), "\(name)") }
    if !row["torn"].isMissing { #expect(report.finding.torn == (try row["torn"].number), "\(name)") }
    if !row["deleted"].isMissing { #expect(report.deleted == (try row["deleted"].number), "\(name)") }
    if !row["segments"].isMissing {
      #expect(report.missingSegments == (try row["segments"].list.map { try $0.number }), "\(name)")
    }
    if !row["warnings"].isMissing {
      #expect(report.warnings.map(\.text) == (try row["warnings"].list.map { try $0.string }), "\(name)")
    }
  }
}

private struct WrongField: Error {}

extension VectorValue {
  fileprivate var boolean: Bool {
    get throws {
      guard case .boolean(let value) = self else { throw WrongField() }
      return value
    }
  }
}
