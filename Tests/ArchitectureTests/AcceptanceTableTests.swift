import Foundation
import Testing

/// Holds docs/ACCEPTANCE.md and the tests of its rows together.
///
/// A test of a row has a display name that begins with the row's id, or with several, and a colon.
@Suite struct AcceptanceTableTests {
  private struct Row {
    let id: String
    let evidence: String
  }

  /// How many rows each of the five designs has.
  private static let counts = ["0": 21, "1": 16, "2": 14, "3": 37, "4": 27]

  private static func table() throws -> [Row] {
    let document = try String(
      contentsOf: SourceTree.root.appendingPathComponent("docs/ACCEPTANCE.md"), encoding: .utf8)
    let form = try Regex(
      #"^\| ([0-4]-\d\d) \| [^|]+ \| ([^|]+) \|$"#, as: (Substring, Substring, Substring).self)
    return try document.split(separator: "\n").filter { $0.firstMatch(of: /^\| \d/) != nil }.map { line in
      let match = try #require(try form.wholeMatch(in: line), "not the form of a row: \(line)").output
      return Row(id: String(match.1), evidence: String(match.2))
    }
  }

  /// The rows that tests are named for, and the suites these stand in.
  private static func tests() throws -> [String: Set<String>] {
    let name = try Regex(#"@Test\(\s*"((?:[0-4]-\d\d(?:, )?)+): [^"]"#, as: (Substring, Substring).self)
    let suite = try Regex(#"@Suite struct (\w+) \{"#, as: (Substring, Substring).self)
    var tests: [String: Set<String>] = [:]
    for file in try SourceTree.files(below: "Tests/AcceptanceTests") {
      let suites = file.text.matches(of: suite).map { String($0.output.1) }
      for match in file.text.matches(of: name) {
        for id in match.output.1.components(separatedBy: ", ") {
          tests[id, default: []].formUnion(suites)
        }
      }
    }
    return tests
  }

  @Test func everyRowStandsInTheTableOnce() throws {
    let expected = Self.counts.sorted { $0.key < $1.key }.flatMap { design, count in
      (1...count).map { "\(design)-\($0 < 10 ? "0" : "")\($0)" }
    }
    #expect(try Self.table().map(\.id) == expected)
  }

  @Test func everyRowHasTheTestThatTheTableNames() throws {
    let (table, tests) = (try Self.table(), try Self.tests())
    for row in table {
      if let match = row.evidence.firstMatch(of: /^`AcceptanceTests\/(\w+)`/) {
        #expect(
          tests[row.id]?.contains(String(match.output.1)) == true,
          "\(row.id) has no test in \(match.output.1)")
      } else {
        #expect(tests[row.id] == nil, "\(row.id) has a test that the table does not name")
      }
      // What another row shows is shown there, or is said to come later.
      for match in row.evidence.matches(of: /as (\d-\d\d)/) {
        #expect(tests[String(match.output.1)] != nil, "\(row.id) refers to \(match.output.1)")
      }
    }
    let shown = table.count { tests[$0.id] != nil }
    print("docs/ACCEPTANCE.md: \(table.count) rows, \(shown) with a test of their own")
  }
}
