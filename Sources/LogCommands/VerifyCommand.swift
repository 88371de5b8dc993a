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
    let keyring = try surroundings.keyring()
    let checker = LogChecker(keyring, texts: texts)
    var statuses: [Int32] = []
    for path in paths {
      let found: [CheckedFile]
      do throws(LogFailure) {
        found = try checker.check(path)
      } catch {
        throw LogSentences.problem(error)
      }
      for file in found {
        statuses.append(file.report.exitStatus)
        guard tell(file, surroundings) else { return Verdict.worst(of: statuses) }
      }
    }
    surroundings.warnOfPlainKeys(keyring)
    return Verdict.worst(of: statuses)
  }

  /// The logs of this home; none yet is nothing to check, not a fault.
  private func defaultPaths(_ surroundings: LogSurroundings) throws(LogProblem) -> [String] {
    let logs = try surroundings.defaultLogs()
    if FileStatus.exists(logs) { return [logs] }
    throw LogProblem(
      code: VerdictCode.nothing.rawValue, exitStatus: Verdict.cannotCheck.exitStatus,
      message: LogSentences.noLogs(logs), hint: nil)
  }

  /// False once nobody reads the output any more.
  private func tell(_ file: CheckedFile, _ surroundings: LogSurroundings) -> Bool {
    for warning in file.report.warnings where !shared.quiet {
      surroundings.console.notice(LogSentences.warning(warning, file.path))
    }
    if shared.json { return surroundings.console.payload(VerdictLine.json(file)) }
    if shared.quiet, file.report.exitStatus == 0 { return true }
    let lines = LogSentences.verdict(file, isVerbose: shared.verbose)
    return surroundings.console.payload(Array((lines.joined(separator: "\n") + "\n").utf8))
  }
}
