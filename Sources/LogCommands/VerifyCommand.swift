internal import ArgumentParser
internal import LogFiles
internal import Places
internal import SessionLog

/// `secure_chat_log verify [FILE|DIR]...`: a verdict a file.
struct VerifyCommand: LogCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: LogSentences.verifyAbstract, discussion: LogSentences.verifyDiscussion)

  @Argument(help: ArgumentHelp(LogSentences.pathsHelp, valueName: "file|dir"))
  var paths: [String] = []
  @Flag(name: .long, help: ArgumentHelp(LogSentences.textsHelp))
  var texts = false
  @OptionGroup var shared: SharedLogOptions

  func run(_ surroundings: LogSurroundings) throws(LogProblem) -> Int32 {
    let paths = try self.paths.isEmpty ? defaultPaths(surroundings) : self.paths
    let progress = ProgressLine(shared.quiet || shared.json ? nil : surroundings.console.progress)
    defer { progress.erase() }
    let keyring = try surroundings.keyring(beforeAsking: progress.erase)
    let checker = LogChecker(keyring, texts: texts)
    checker.progress = progress.show
    var checked: [CheckedFile] = []
    // Verdicts are told as they come, but for those that wait to hear where else their changed line stands.
    var told = 0
    for path in paths {
      checked += try check(path, checker)
      while told < checked.count, !checked[told].wantsSameLine {
        progress.erase()
        try tell(checked[told], surroundings)
        told += 1
      }
    }
    checker.findSameLines(for: &checked)
    progress.erase()
    for file in checked[told...] { try tell(file, surroundings) }
    surroundings.warnOfPlainKeys(keyring)
    return Verdict.worst(of: checked.map(\.report.exitStatus))
  }

  private func check(_ path: String, _ checker: LogChecker) throws(LogProblem) -> [CheckedFile] {
    do throws(LogFailure) {
      return try checker.check(path)
    } catch {
      throw LogSentences.problem(error)
    }
  }

  /// The logs of this home; none yet is nothing to check, not a fault.
  private func defaultPaths(_ surroundings: LogSurroundings) throws(LogProblem) -> [String] {
    let logs = try surroundings.defaultLogs()
    if FileStatus.exists(logs) { return [logs] }
    throw LogProblem(
      code: VerdictCode.nothing.rawValue, exitStatus: Verdict.cannotCheck.exitStatus,
      message: LogSentences.noLogs(logs), hint: nil)
  }

  private func tell(_ file: CheckedFile, _ surroundings: LogSurroundings) throws(LogProblem) {
    for warning in file.report.warnings where !shared.quiet {
      surroundings.console.notice(LogSentences.warning(warning, file.path))
    }
    if shared.json { return try surroundings.console.write(VerdictLine.json(file)) }
    if shared.quiet, file.report.exitStatus == 0 { return }
    let lines = LogSentences.verdict(file, isVerbose: shared.verbose)
    try surroundings.console.print(lines.joined(separator: "\n"))
  }
}
