import Foundation
import Testing

/// Holds the labels of the sources against the list of docs/PROTOCOL.md.
@Suite struct LabelTests {
  /// What stands in double quotes in the two requirements that name every label.
  private static func listed() throws -> Set<String> {
    let document = try String(
      contentsOf: SourceTree.root.appendingPathComponent("docs/PROTOCOL.md"), encoding: .utf8)
    let paragraphs = document.components(separatedBy: "\n\n")
      .filter { $0.hasPrefix("**[K-01]**") || $0.hasPrefix("**[K-02]**") }
    #expect(paragraphs.count == 2)
    let form = try Regex(#""([A-Za-z0-9 \n]+)""#, as: (Substring, Substring).self)
    return Set(
      paragraphs.joined().matches(of: form).map { $0.output.1.replacing("\n", with: " ") }.map(String.init))
  }

  /// What the sources prefix, or export under, or declare as the label of a record's keys.
  private static func used() throws -> [String: Set<String>] {
    let form = try Regex(
      #"(?:Label\.bytes\(|export\(|exportPublic\(|keyLabel: )"([A-Za-z0-9 ]+)""#,
      as: (Substring, Substring).self)
    var places: [String: Set<String>] = [:]
    for file in try SourceTree.files(below: "Sources") {
      for match in file.text.matches(of: form) {
        places[String(match.output.1), default: []].insert(file.path)
      }
    }
    return places
  }

  // [K-02]
  @Test func theLabelsOfTheSourcesAreThoseOfTheProtocol() throws {
    let (listed, used) = (try Self.listed(), Set(try Self.used().keys))
    #expect(used.isSubset(of: listed), "not in the list: \(used.subtracting(listed).sorted())")
    // The chains are exported through one call that takes the side's label.
    let elsewhere: Set = ["chain I", "chain R"]
    #expect(listed.subtracting(used) == elsewhere)
  }

  // [K-02]
  @Test func aLabelHasOneUse() throws {
    // The signature of a profile is made in one place and verified in another.
    for (label, files) in try Self.used() where label != "profile" {
      #expect(files.count == 1, "\(label): \(files.sorted())")
    }
  }
}
