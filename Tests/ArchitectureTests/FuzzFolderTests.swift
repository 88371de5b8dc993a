import Foundation
import Testing

/// Holds the folder `Fuzz` together: its targets, their corpora, their floors, and what they may import.
@Suite struct FuzzFolderTests {
  private static func text(_ path: String) throws -> String {
    try String(contentsOf: SourceTree.root.appendingPathComponent(path), encoding: .utf8)
  }

  /// The cases of `FuzzTarget`.
  private static func targets() throws -> [String] {
    let cases = try text("Fuzz/Harness/FuzzTarget.swift").split(separator: "\n").filter {
      $0.drop(while: \.isWhitespace).hasPrefix("case ") && !$0.contains(":")
    }
    return cases.flatMap { $0.drop(while: \.isWhitespace).dropFirst(5).components(separatedBy: ", ") }
  }

  @Test func everyTargetIsRunHasAFloorAndACorpus() throws {
    let targets = try Self.targets()
    #expect(targets.count > 6)
    let row = try Regex(#"^([a-z]+) (\d+) (\d+)$"#, as: (Substring, Substring, Substring, Substring).self)
    var floors: [String: Int] = [:]
    for line in try Self.text("Fuzz/run").split(separator: "\n") {
      guard let match = try row.wholeMatch(in: line)?.output else { continue }
      floors[String(match.1)] = Int(match.3)
    }
    #expect(Set(floors.keys) == Set(targets))
    for target in targets {
      #expect(floors[target, default: 0] > 0, "\(target) has no floor")
      let corpus = try FileManager.default.contentsOfDirectory(
        atPath: SourceTree.root.appendingPathComponent("Fuzz/Corpus/\(target)").path)
      #expect(!corpus.isEmpty, "\(target) begins with nothing")
    }
  }

  @Test func theFuzzerDrivesTheCoreWithoutTheNetwork() throws {
    let allowed: Set = [
      "ChatProtocol", "Cryptography", "FuzzHarness", "Glibc", "GroupKeys", "LogFiles", "Messenger", "Places",
      "ProtocolTestSupport", "Relay", "SessionLog", "Synchronization", "Terminal", "Wire",
    ]
    var seen = 0
    for file in try SourceTree.files(below: "Fuzz") {
      for line in file.code where line.hasPrefix("import ") {
        seen += 1
        #expect(allowed.contains(String(line.dropFirst(7))), "\(file.path): \(line)")
      }
    }
    #expect(seen > 10, "the imports of Fuzz were not found")
  }
}
