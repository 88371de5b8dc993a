import Foundation
import LogCommands
import Places
import TestSupport
import Testing

/// What a person at a terminal sees while a check goes on, and what nobody else does.
@Suite struct ProgressTests {
  /// Moves on by a step each time somebody looks.
  private final class SteppingClock: ClockSource, @unchecked Sendable {
    private let step: Int64
    private var now: Int64 = 0

    init(milliseconds step: Int64) { self.step = step * 1_000_000 }

    var monotonicNanoseconds: Int64 {
      now += step
      return now
    }
    var unixMilliseconds: UInt64 { 0 }
  }

  private let folder: TemporaryFolder
  private let key: String

  init() throws {
    folder = try TemporaryFolder()
    key = try KnownAnswerFiles.copy("keys/me.log-verify.key", to: folder)
  }

  /// What was written to the terminal, piece by piece, verdicts among it as a terminal shows them.
  private func shown(
    stepping milliseconds: Int64, columns: Int = 80, _ arguments: [String]
  ) -> [String] {
    var written: [String] = []
    let console = LogConsole(
      payload: { bytes in
        written.append(String(decoding: bytes, as: UTF8.self))
        return true
      }, notice: { written.append($0 + "\n") }, canAsk: false,
      progress: ProgressTerminal(
        write: { written.append($0) }, columns: columns, clock: SteppingClock(milliseconds: milliseconds)))
    _ = LogProgram.run(arguments, console: console, environment: FixedEnvironment(["HOME": folder.path]))
    return written
  }

  private func isProgress(_ piece: String) -> Bool { piece.hasPrefix("\r") }

  @Test func aShortCheckShowsNoProgress() throws {
    let log = try KnownAnswerFiles.copy("good/sealed.sclog", to: folder)
    #expect(!shown(stepping: 1, ["verify", "--key", key, log]).contains(where: isProgress))
  }

  @Test func nobodyWhoReadsVerdictsByProgramOrAskedForQuietIsShownProgress() throws {
    let log = try KnownAnswerFiles.copy("good/sealed.sclog", to: folder)
    for option in ["--json", "--quiet", "-q"] {
      let pieces = shown(stepping: 2000, ["verify", option, "--key", key, log])
      #expect(!pieces.contains(where: isProgress), "\(option)")
    }
  }

  @Test func aLongCheckShowsOneLineAndErasesItBeforeTheVerdict() throws {
    let log = try KnownAnswerFiles.copy("good/sealed.sclog", to: folder)
    let pieces = shown(stepping: 2000, ["verify", "--key", key, log])
    let first = try #require(pieces.firstIndex(where: isProgress))
    #expect(pieces[first].hasPrefix("\rchecking sealed.sclog: "))
    let verdict = try #require(pieces.firstIndex { $0.hasPrefix("VERIFIED") })
    let blank = "\r" + String(repeating: " ", count: pieces[first].count - 1) + "\r"
    #expect(pieces[verdict - 1] == blank)
    #expect(!pieces.joined().contains("\u{1B}"))
    #expect(pieces.last.map(isProgress) == false)
  }

  @Test func aNarrowTerminalIsNeverFilledToItsEdge() throws {
    let log = try KnownAnswerFiles.copy("good/sealed.sclog", to: folder)
    let pieces = shown(stepping: 2000, columns: 12, ["verify", "--key", key, log]).filter(isProgress)
    #expect(!pieces.isEmpty && pieces.allSatisfy { $0.filter { $0 != "\r" }.count <= 11 })
  }
}

/// Copies of the known answers that a test may change.
enum KnownAnswerFiles {
  static func copy(_ name: String, to folder: TemporaryFolder, as new: String? = nil) throws -> String {
    let path = folder.file(new ?? URL(fileURLWithPath: name).lastPathComponent)
    let source = VectorFiles.knownAnswers.appendingPathComponent("secure_chat-log").appendingPathComponent(
      name)
    try Data(contentsOf: source).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    return path
  }
}
