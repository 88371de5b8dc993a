import Foundation
import Testing

/// Holds the table of attacks in docs/STATUS.md and the tests together.
///
/// A test that shows an attack has a display name that begins with "attack", the number of its row and a
/// colon; the table says of each row what shows it, or that it is not shown.
@Suite struct AttackTableTests {
  private struct Row {
    let number: Int
    let evidence: Substring

    var isShown: Bool { !evidence.hasPrefix("not shown") }
  }

  private static let rows = 1...49

  private static func table() throws -> [Row] {
    let document = try String(
      contentsOf: SourceTree.root.appendingPathComponent("docs/STATUS.md"), encoding: .utf8)
    let sections = document.components(separatedBy: "\n## ")
    let section = try #require(sections.first { $0.hasPrefix("Attacks of the protocol\n") })
    let form = try Regex(#"^\| (\d+) \| [^|]+ \| ([^|]+) \|$"#, as: (Substring, Substring, Substring).self)
    let lines = section.split(separator: "\n").filter { $0.hasPrefix("| ") }
    return try lines.dropFirst().map { line in
      let match = try #require(try form.wholeMatch(in: line), "not the form of a row: \(line)").output
      return Row(number: try #require(Int(match.1)), evidence: match.2)
    }
  }

  /// How many tests are named for each row.
  private static func tests() throws -> [Int: Int] {
    let form = try Regex(#""attack (\d+): [^"]"#, as: (Substring, Substring).self)
    var tests: [Int: Int] = [:]
    for file in try SourceTree.files(below: "Tests") {
      for match in file.text.matches(of: form) {
        tests[try #require(Int(match.output.1)), default: 0] += 1
      }
    }
    return tests
  }

  @Test func everyAttackStandsInTheTableOnce() throws {
    #expect(try Self.table().map(\.number) == Array(Self.rows))
  }

  @Test func everyAttackThatIsSaidToBeShownHasATest() throws {
    let (table, tests) = (try Self.table(), try Self.tests())
    #expect(tests.keys.allSatisfy(Self.rows.contains), "\(tests.keys.sorted())")
    let unproven = table.filter { $0.isShown && tests[$0.number] == nil }.map(\.number)
    #expect(unproven.isEmpty, "said to be shown, without a test: \(unproven)")
    print(
      "Attacks: \(table.count(where: \.isShown)) of \(table.count) shown by",
      "\(tests.values.reduce(0, +)) tests; not shown:", table.filter { !$0.isShown }.map(\.number))
  }
}
