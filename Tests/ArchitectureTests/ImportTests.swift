import Testing

/// The rooms and the arrows between them, as docs/ARCHITECTURE.md draws them. SwiftPM lets a target
/// import whatever its dependencies import; this table does not. Modules of the standard library are no
/// arrows; `Glibc` in Transport names error numbers.
private let standardLibrary: Set<String> = ["Swift", "Synchronization"]

private let allowedImports: [String: Set<String>] = [
  "CSodium": [], "COpenSSL": [], "CZlib": [], "CPlatform": [],
  "Wire": [],
  "Cryptography": ["CSodium", "COpenSSL", "CZlib", "Crypto"],
  "ChatProtocol": ["Cryptography", "Wire"],
  "GroupKeys": ["Cryptography", "Wire"],
  "SessionLog": ["Cryptography", "Wire"],
  "Places": ["CPlatform", "Glibc"],
  "LogFiles": ["SessionLog", "Cryptography", "Wire", "Places", "Synchronization"],
  "Transport": ["Wire", "NIOCore", "NIOPosix", "Logging", "Glibc"],
  "Relay": ["Wire"],
  "Stores": ["Wire", "Places", "GRDB"],
  "Terminal": ["CPlatform", "Glibc", "Synchronization"],
  "Messenger": [
    "ChatProtocol", "Cryptography", "GroupKeys", "LogFiles", "Places", "Relay", "SessionLog", "Stores",
    "Transport", "Wire", "Foundation", "Logging",
  ],
  "Commands": ["Messenger", "Wire", "Terminal", "ArgumentParser"],
  "LogCommands": [
    "LogFiles", "SessionLog", "Cryptography", "Wire", "Places", "Terminal", "ArgumentParser",
  ],
  "secure_chat": ["Commands", "Places"],
  "secure_chat_log": ["LogCommands", "Places"],
]

/// Where the compiler's memory safety may be left: `unsafe`, `@unchecked` and their kin.
private func mayBeUnsafe(_ file: SourceTree.File) -> Bool {
  ["Cryptography", "Places", "Terminal"].contains(file.room)
    || file.path == "Sources/Transport/LoopExecutor.swift"
}

@Suite struct ImportTests {
  @Test func everyFolderOfSourcesIsOnThePlan() throws {
    #expect(try Set(SourceTree.folders(below: "Sources")) == Set(allowedImports.keys))
  }

  @Test func everyImportIsAnArrowOfThePlan() throws {
    let importing = try #require(
      try? Regex(
        #"^\s*(?:@[A-Za-z_]+(?:\([^)]*\))?\s+)*(?:public |package |internal |fileprivate |private )?import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?([A-Za-z_0-9]+)"#
      ))
    var seen = 0
    for file in try SourceTree.files(below: "Sources") where file.path.hasSuffix(".swift") {
      let allowed = try #require(allowedImports[file.room], "\(file.path) is in no room of the plan")
      for (number, line) in file.code.enumerated() {
        guard let match = try importing.firstMatch(in: line), let name = match.output[1].substring else {
          continue
        }
        seen += 1
        #expect(
          allowed.contains(String(name)) || standardLibrary.contains(String(name)),
          "\(file.path):\(number + 1): \(file.room) may not import \(name)")
      }
    }
    #expect(seen > 20, "the imports of Sources were not found; the pattern is wrong")
  }

  @Test func cHeadersStandInTheCRoomsAlone() throws {
    for file in try SourceTree.files(below: "Sources") where file.path.hasSuffix(".h") {
      #expect(["CSodium", "COpenSSL", "CZlib", "CPlatform"].contains(file.room), "\(file.path)")
    }
  }

  @Test func unsafeCodeStaysInItsRooms() throws {
    let leaving = try Regex(
      #"\bunsafe\b|@unchecked|nonisolated\(unsafe\)|\bUnsafe(?:Mutable)?(?:Raw)?(?:Buffer)?Pointer\b|unsafeBitCast|unowned\(unsafe\)|assumeIsolated\("#
    )
    var seen = 0
    for file in try SourceTree.files(below: "Sources") where file.path.hasSuffix(".swift") {
      for (number, line) in file.code.enumerated() where try leaving.firstMatch(in: line) != nil {
        seen += 1
        #expect(mayBeUnsafe(file), "\(file.path):\(number + 1): \(line)")
      }
    }
    #expect(seen > 10, "no unsafe code was found at all; the pattern is wrong")
  }

  @Test func noTestReachesPastPackageAccess() throws {
    for file in try SourceTree.files(below: "Tests") {
      for (number, line) in file.code.enumerated() {
        #expect(!line.drop(while: \.isWhitespace).hasPrefix("@testable"), "\(file.path):\(number + 1)")
      }
    }
  }

  @Test func nothingInSourcesCanTrapOnPurposeOrWaitsToBeWritten() throws {
    let marks = try Regex(#"\bfatalError\(|\btry!|\bTODO\b|\bFIXME\b|\bXXX\b"#)
    for file in try SourceTree.files(below: "Sources") {
      for (number, line) in file.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
      where try marks.firstMatch(in: line) != nil {
        Issue.record("\(file.path):\(number + 1): \(line)")
      }
    }
  }

  @Test func aFileHoldsOneIdeaAndStaysReadable() throws {
    for file in try SourceTree.files(below: "Sources") where file.path.hasSuffix(".swift") {
      let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false).count
      // A word list is one idea of 2,048 lines' worth.
      #expect(
        lines <= 500 || file.path == "Sources/Wire/WordListEnglish.swift", "\(file.path): \(lines) lines")
    }
  }
}
