import Foundation
import TestSupport
import Testing

/// A numbered requirement of docs/PROTOCOL.md.
private struct Requirement {
  let section: Character
  let number: Int
  let isPlanned: Bool

  var tag: String { "[\(section)-\(number < 10 ? "0" : "")\(number)]" }
}

/// Holds docs/PROTOCOL.md and the tests together: each requirement is planned or cited.
@Suite struct RequirementTests {
  private static func document() throws -> String {
    try String(contentsOf: SourceTree.root.appendingPathComponent("docs/PROTOCOL.md"), encoding: .utf8)
  }

  /// The requirements in their order; every line that begins as one must be one.
  private static func requirements() throws -> [Requirement] {
    let form = try Regex(
      #"^\*\*\[([A-Z])-(\d\d)\]\*\* (\*\(planned\)\* )?\S"#,
      as: (Substring, Substring, Substring, Substring?).self)
    return try document().split(separator: "\n").filter { $0.hasPrefix("**[") }.map { line in
      let match = try #require(try form.prefixMatch(in: line), "not the form of a requirement: \(line)")
        .output
      return Requirement(
        section: try #require(match.1.first), number: try #require(Int(match.2)), isPlanned: match.3 != nil)
    }
  }

  /// Every tag that stands in a test, with the files it stands in. This file cites nothing.
  private static func citations() throws -> [String: Set<String>] {
    let form = try Regex(#"\[[A-Z]-\d\d\]"#)
    var citations: [String: Set<String>] = [:]
    for file in try SourceTree.files(below: "Tests")
    where file.path != "Tests/ArchitectureTests/RequirementTests.swift" {
      for match in file.text.matches(of: form) {
        citations[String(file.text[match.range]), default: []].insert(file.path)
      }
    }
    return citations
  }

  @Test func numbersOfASectionRunFromOneWithoutAGap() throws {
    let requirements = try Self.requirements()
    #expect(requirements.count > 100)
    for (section, members) in Dictionary(grouping: requirements, by: \.section) {
      #expect(members.map(\.number) == Array(1...members.count), "section \(section)")
    }
  }

  @Test func everyRequirementThatIsMetIsCitedByATest() throws {
    let (requirements, citations) = (try Self.requirements(), try Self.citations())
    let uncited = requirements.filter { !$0.isPlanned && citations[$0.tag] == nil }.map(\.tag)
    #expect(uncited.isEmpty, "no test cites \(uncited.joined(separator: " "))")
    let planned = requirements.filter(\.isPlanned)
    print(
      "docs/PROTOCOL.md: \(requirements.count) requirements, \(planned.count) of them planned:",
      planned.map(\.tag).joined(separator: " "))
  }

  @Test func noTestCitesARequirementThatDoesNotExist() throws {
    let known = Set(try Self.requirements().map(\.tag))
    for (tag, files) in try Self.citations() {
      #expect(known.contains(tag), "\(tag) is cited by \(files.sorted().joined(separator: ", "))")
    }
  }

  private struct HandshakeSet: Decodable {
    struct Case: Decodable {
      let name: String
      let wire: [String: String]
    }
    let cases: [Case]
  }

  private struct RecordSet: Decodable {
    struct Sequence: Decodable {
      struct Record: Decodable {
        let frame: String?
      }
      let records: [Record]
    }
    let sequences: [Sequence]
  }

  @Test func theWorkedExampleIsTheKnownAnswer() throws {
    // The committed answers, not those of another folder: the document shows these.
    let folder = SourceTree.root.appendingPathComponent("Tests/KnownAnswers/secure_chat-protocol")
    let shown = try Self.document().filter { $0 != "\n" }
    let handshakes: HandshakeSet = try VectorFiles.decode(from: "handshake.json", in: folder)
    let example = try #require(handshakes.cases.first { $0.name == "K-group1" })
    #expect(example.wire.count == 4)
    for (name, frame) in example.wire {
      #expect(shown.contains(frame), "\(name) is not in docs/PROTOCOL.md")
    }
    let records: RecordSet = try VectorFiles.decode(from: "records.json", in: folder)
    let record = try #require(records.sequences.first?.records.first?.frame)
    #expect(shown.contains(record), "the record is not in docs/PROTOCOL.md")
  }
}
