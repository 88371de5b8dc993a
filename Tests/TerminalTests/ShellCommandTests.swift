import Foundation
import Terminal
import TestSupport
import Testing

@Suite struct ShellCommandTests {
  /// A command on the thread of its own that it blocks.
  private func run(
    _ line: String, input: String = "", variables: [(name: String, value: String)] = [],
    stop: StopSwitch? = nil, _ change: (inout ShellCommand.Limits) -> Void = { _ in }
  ) async throws -> (ending: ShellCommand.Ending, output: String, isCut: Bool) {
    var limits = ShellCommand.Limits()
    change(&limits)
    let stop = try stop ?? StopSwitch()
    let (input, finalLimits) = (Array(input.utf8), limits)
    let outcome = try await ThreadedWork().run { () throws(StreamError) in
      try ShellCommand(line).run(input: input, variables: variables, limits: finalLimits, stop: stop)
    }
    return (outcome.ending, String(decoding: outcome.output, as: UTF8.self), outcome.isOutputCut)
  }

  /// The shell's words that would do something in a line or an argument.
  static let hostile = "$(touch owned) `touch owned`; touch owned\n'\"\\ & | > owned \0 \u{1b}[2J é 漢"

  @Test func whatCameFromElsewhereIsReadAndNeverRun() async throws {
    let folder = try TemporaryFolder()
    let line = "cd '\(folder.path)' && cat > got && printf %s \"$WHO\" > who && printf %s \"$0 $*\" && ls"
    let found = try await run(line, input: Self.hostile, variables: [("WHO", "$(touch owned)")])
    #expect(found.ending == .exited(0) && found.output.hasSuffix("got\nwho\n"), "\(found)")
    #expect(found.output.hasPrefix("/bin/sh ") || found.output.hasPrefix("sh "), "\(found)")
    #expect(try String(contentsOfFile: folder.file("got"), encoding: .utf8) == Self.hostile)
    #expect(try String(contentsOfFile: folder.file("who"), encoding: .utf8) == "$(touch owned)")
    #expect(folder.allFiles == ["got", "who"])
  }

  @Test func theLargestTextIsThereForOneThatReadsAndNoHindranceForOneThatDoesNot() async throws {
    let text = String(repeating: "x", count: 65_536)
    #expect(try await run("wc -c", input: text).output == "65536\n")
    #expect(try await run("exit 3", input: text).ending == .exited(3))
    #expect(try await run("head -c 1 > /dev/null; cat | wc -c", input: "").output == "0\n")
  }

  @Test func itHasNothingOfThisProgramButItsVariables() async throws {
    let leaked = open("/dev/null", O_RDONLY)
    try #require(leaked >= 0)
    defer { close(leaked) }
    let high = fcntl(leaked, F_DUPFD, 200)
    try #require(high >= 200)
    defer { close(high) }
    // The fourth is the folder that ls itself reads.
    #expect(try await run("exec ls /proc/self/fd").output == "0\n1\n2\n3\n")
    let path = try #require(ProcessInfo.processInfo.environment["PATH"])
    let found = try await run("echo \"$PATH $MORE\"", variables: [("MORE", "a=b")])
    #expect(found.output == path + " a=b\n")
    // A session of its own: its number is the shell's, and no terminal is there.
    let session = "test \"$(cut -d ' ' -f 6 /proc/$$/stat)\" = $$ && ! true < /dev/tty"
    #expect(try await run(session).ending == .exited(0))
    // What this program ignores does not count for it.
    _ = signal(SIGPIPE, SIG_IGN)
    #expect(try await run("kill -PIPE $$; echo survived").ending == .signalled(SIGPIPE))
  }

  @Test func aLineThatBeginsLikeAnOptionIsALine() async throws {
    #expect(try await run("-c true").ending == .exited(127))
  }

  @Test func ofItsOutputABoundedPartIsKeptAndItWritesOn() async throws {
    let found = try await run("yes | head -c 1000000; echo end >&2; exit 4") { $0.outputBytes = 10 }
    #expect(found.ending == .exited(4) && found.output == "y\ny\ny\ny\ny\n" && found.isCut)
    let both = try await run("echo one; echo two >&2")
    #expect(both.output == "one\ntwo\n" && !both.isCut)
  }

  @Test(arguments: [
    // Ends when it is told to; does not listen; has children that do not; writes all the time.
    "sleep 1000", "trap '' TERM; sleep 1000; sleep 1000", "trap '' TERM; (sleep 1000) & wait; wait", "yes",
  ])
  func oneThatNeverEndsIsEndedWithAllThatItStarted(line: String) async throws {
    let folder = try TemporaryFolder()
    let found = try await run("echo $$ > '\(folder.file("number"))'; " + line) {
      $0.milliseconds = 300
      $0.patienceMilliseconds = 100
    }
    #expect(found.ending == .tookTooLong)
    let number = try String(contentsOfFile: folder.file("number"), encoding: .utf8)
    let session = try #require(Int32(number.trimmingCharacters(in: .newlines)))
    // A signal is on its way for a moment.
    var tries = 0
    while !Self.living(in: session).isEmpty, tries < 600 {
      try await Task.sleep(for: .milliseconds(100))
      tries += 1
    }
    #expect(tries < 600)
  }

  @Test func whatItLeftBehindOnPurposeHoldsNobodyUp() async throws {
    let found = try await run("sleep 5 & echo done")
    #expect(found.ending == .exited(0) && found.output == "done\n")
  }

  @Test func aStopEndsThoseThatRunAndThoseThatComeLater() async throws {
    let folder = try TemporaryFolder()
    let stop = try StopSwitch()
    let line = "echo > '\(folder.file("runs"))'; sleep 1000"
    async let first = run(line, stop: stop) { $0.milliseconds = 600_000 }
    var tries = 0
    while !FileManager.default.fileExists(atPath: folder.file("runs")), tries < 6000 {
      try await Task.sleep(for: .milliseconds(10))
      tries += 1
    }
    stop.stop()
    #expect(try await first.ending == .stopped)
    #expect(try await run("sleep 1000", stop: stop) { $0.milliseconds = 600_000 }.ending == .stopped)
  }

  /// The processes of a session that are more than a number to be reaped by whoever took them over.
  private static func living(in session: Int32) -> [String] {
    let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return numbers.filter { number in
      guard Int32(number) != nil,
        let line = try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8),
        let name = line.lastIndex(of: ")")
      else { return false }
      // After the name: state, parent, group, session.
      let fields = line[line.index(after: name)...].split(separator: " ")
      return fields.count > 3 && fields[3] == String(session) && !["Z", "X"].contains(fields[0])
    }
  }
}
