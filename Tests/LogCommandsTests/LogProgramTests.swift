import Foundation
import LogCommands
import Places
import TestSupport
import Testing

/// The program as it is run, its streams held in memory.
@Suite struct LogProgramTests {
  /// What one run printed and ended with.
  struct Run {
    var status: Int32
    var output: String
    var notices: String

    var lines: [String] { output.split(separator: "\n").map(String.init) }
  }

  private let folder: TemporaryFolder
  private let key: String

  init() throws {
    folder = try TemporaryFolder()
    key = try Self.copy("keys/me.log-verify.key", to: folder)
  }

  private static func copy(_ name: String, to folder: TemporaryFolder) throws -> String {
    let path = folder.file(URL(fileURLWithPath: name).lastPathComponent)
    let source = VectorFiles.knownAnswers.appendingPathComponent("secure_chat-log").appendingPathComponent(
      name)
    try Data(contentsOf: source).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    return path
  }

  private func run(_ arguments: String...) -> Run {
    var output: [UInt8] = []
    var notices: [String] = []
    let console = LogConsole(
      payload: { bytes in
        output += bytes
        return true
      }, notice: { notices.append($0) }, canAsk: false)
    let status = LogProgram.run(
      arguments, console: console, environment: FixedEnvironment(["HOME": folder.path]))
    return Run(
      status: status, output: String(decoding: output, as: UTF8.self),
      notices: notices.joined(separator: "\n"))
  }

  @Test func aGoodLogIsVerifiedInWords() throws {
    let log = try Self.copy("good/sealed.sclog", to: folder)
    let found = run("verify", "--key", key, log)
    #expect(found.status == 0)
    #expect(found.lines.first == "VERIFIED    sealed.sclog")
    #expect(found.output.contains("alice <-> bob, 2026-11-20 12:01:40Z to 12:01:49Z, closed (bye)"))
    #expect(
      found.output.contains("records   9 (messages: 2 out, 2 in), all authentic, in order, none missing"))
    #expect(found.output.contains("anchors   none"))
    #expect(found.notices.contains("log key has no passphrase"))
    #expect(run("verify", "-q", "--key", key, log).output.isEmpty)
  }

  @Test func optionsStandBeforeOrBehindTheCommand() throws {
    let log = try Self.copy("good/sealed.sclog", to: folder)
    let behind = run("verify", log, "--json", "--key", key)
    #expect(run("--json", "--key", key, "verify", log).output == behind.output)
    #expect(run("--key=" + key, "verify", "--json", log).output == behind.output)
  }

  @Test func aVerdictIsOneObjectALine() throws {
    let log = try Self.copy("edited/deleted-three.sclog", to: folder)
    let found = run("verify", "--json", "--key", key, log)
    #expect(found.status == 1 && found.lines.count == 1)
    let line = try JSONLine(found.lines[0])
    #expect(found.output.hasPrefix(#"{"v":1,"file":"#))
    #expect(line.text("verdict") == "tampered" && line.text("code") == "E_MISSING")
    #expect(line.number("record") == 3 && line.number("last") == 5 && line.number("line") == 4)
    #expect(line.number("exit") == 1 && line.number("records") == 6)
    #expect(found.output.contains(#""intact":[[0,2],[7,8]],"anchors":[],"deleted":0,"warnings":[]}"#))
  }

  @Test func theStatusIsThatOfTheWorstFile() throws {
    let good = try Self.copy("good/sealed.sclog", to: folder)
    let torn = try Self.copy("edited/torn.sclog", to: folder)
    let empty = try Self.copy("edited/empty.sclog", to: folder)
    let later = try Self.copy("edited/version-2.sclog", to: folder)
    let edited = try Self.copy("edited/time-edited.sclog", to: folder)
    #expect(run("verify", "--key", key, good, torn).status == 3)
    #expect(run("verify", "--key", key, good, torn, later).status == 5)
    #expect(run("verify", "--key", key, torn, later, empty).status == 4)
    #expect(run("verify", "--key", key, empty, later, torn, edited).status == 1)
  }

  @Test("Row 43: escapes in a text are shown escaped")
  func textsAreShownSafe() throws {
    let log = try Self.copy("edited/terminal-escapes.sclog", to: folder)
    let found = run("show", "--key", key, log)
    #expect(found.status == 0)
    #expect(found.output.contains(#"bob: \x1b]0;x\x07\u202egnp.exe\x0d"#))
    #expect(!found.output.utf8.contains(0x1B) && !found.output.unicodeScalars.contains("\u{202E}"))
    let json = run("show", "--json", "--key", key, log)
    #expect(!json.output.utf8.contains(0x1B) && !json.output.unicodeScalars.contains("\u{202E}"))
    #expect(try JSONLine(json.lines[1]).text("text") == "\u{1B}]0;x\u{07}\u{202E}gnp.exe\r")
  }

  @Test func showPrintsARangeAndHidesWhatIsDamaged() throws {
    let good = try Self.copy("good/plain.sclog", to: folder)
    let range = run("show", "--key", key, "--from", "1", "--to", "3", good)
    #expect(range.status == 0 && range.lines.count == 3)
    let damaged = try Self.copy("edited/plain-text-edited.sclog", to: folder)
    let hidden = run("show", "--key", key, damaged)
    #expect(hidden.status == 1 && hidden.lines.count == 8)
    #expect(hidden.notices.contains("1 damaged line not shown") && hidden.notices.contains("E_TEXT record 1"))
    let shown = run("show", "--key", key, "--unverified", damaged)
    #expect(shown.status == 1 && shown.lines.count == 9)
    #expect(shown.lines.count { $0.contains("! ") && $0.contains("(text damaged)") } == 1)
  }

  @Test func showRefusesWhatItCannotVerify() throws {
    let log = try Self.copy("good/sealed.sclog", to: folder)
    let other = try Self.copy("keys/other.log-verify.key", to: folder)
    let found = run("show", "--key", other, "--unverified", log)
    #expect(found.status == 4 && found.output.isEmpty && found.notices.contains("C_WRONG_KEY"))
    #expect(run("show", "--key", key, folder.path).status == 2)
  }

  @Test func aPassphraseComesFromAFile() throws {
    let log = try Self.copy("good/sealed.sclog", to: folder)
    let wrapped = try Self.copy("keys/me-wrapped.log-verify.key", to: folder)
    let right = try folder.write("correct horse battery\n", to: "right")
    let wrong = try folder.write("correct horse batteryx", to: "wrong")
    let found = run("verify", "--key", wrapped, "--passphrase-file", right, log)
    #expect(found.status == 0 && !found.notices.contains("no passphrase"))
    #expect(run("verify", "--key", wrapped, "--passphrase-file", wrong, log).status == 4)
    let none = run("verify", "--key", wrapped, log)
    #expect(none.status == 2 && none.notices.contains("--passphrase-file"))
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: right)
    let loose = run("verify", "--key", wrapped, "--passphrase-file", right, log)
    #expect(loose.status == 5 && loose.notices.contains("chmod 600"))
  }

  @Test func theKeyIsFoundInTheProfilesOfTheHome() throws {
    let log = try Self.copy("good/sealed.sclog", to: folder)
    let profile = folder.file("home/profiles/alice")
    try FileManager.default.createDirectory(
      atPath: profile, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    #expect(run("verify", "--home", folder.file("home"), log).status == 4)
    try FileManager.default.moveItem(atPath: key, toPath: profile + "/log-verify.key")
    #expect(run("verify", "--home", folder.file("home"), log).status == 0)
    // Under another profile's name it is found as well.
    try FileManager.default.moveItem(atPath: profile, toPath: folder.file("home/profiles/carol"))
    #expect(run("verify", "--home", folder.file("home"), log).status == 0)
  }

  @Test(arguments: ["search", "export", "check", "prove", "compare", "redact", "head", "prune"])
  func whatIsNotBuiltComesLater(command: String) {
    let found = run(command, "x")
    #expect(found.status == 2 && found.notices.contains("comes later") && found.output.isEmpty)
  }

  @Test(arguments: ["--heads", "--peer-note", "--vkey", "--public", "--require-anchor"])
  func optionsThatAreNotBuiltComeLater(option: String) {
    let found = run("verify", option, "x")
    #expect(found.status == 2 && found.notices.contains("comes later"))
  }

  @Test func wrongArgumentsAreUsage() {
    #expect(run("verfy").notices.contains("did you mean `verify`?"))
    for arguments in [["verfy"], ["xyz"], ["verify", "--bogus"], ["show"], [], ["verify", "--key"]] {
      let found =
        arguments.count == 2 ? run(arguments[0], arguments[1]) : arguments.isEmpty ? run() : run(arguments[0])
      #expect(found.status == 2, "\(arguments)")
      #expect(found.output.isEmpty)
    }
    #expect(run("show", "x", "--from", "5", "--to", "2").status == 2)
    let json = run("verfy", "--json")
    #expect(json.status == 2 && json.lines.count == 1 && json.output.contains(#""event":"error""#))
  }

  @Test func whatCannotBeWrittenIsNoVerdict() throws {
    let log = try Self.copy("good/sealed.sclog", to: folder)
    for arguments in [["verify", log], ["verify", "--json", log], ["show", log], ["version"], ["help"]] {
      var notices: [String] = []
      let console = LogConsole(payload: { _ in false }, notice: { notices.append($0) }, canAsk: false)
      let status = LogProgram.run(
        arguments + ["--key", key], console: console, environment: FixedEnvironment(["HOME": folder.path]))
      #expect(status == 5, "\(arguments)")
      #expect(notices.contains { $0.contains("standard output cannot be written") }, "\(arguments)")
    }
  }

  @Test func helpAndVersionAreNoFaults() {
    #expect(run("help").status == 0 && run("help").output.contains("verify"))
    #expect(run("help", "show").output.contains("--unverified"))
    #expect(run("--help").status == 0)
    #expect(run("version").output == run("--version").output)
    #expect(run("help", "--json").output.isEmpty)
    #expect(run("help", "search").status == 2)
  }

  @Test func noLogsYetIsNothingToCheck() {
    let found = run("verify", "--home", folder.file("nowhere"))
    #expect(found.status == 4 && found.notices.contains("no logs yet"))
    #expect(run("verify", folder.file("missing")).status == 5)
  }
}
