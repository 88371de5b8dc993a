internal import ArgumentParser
internal import LogFiles
internal import Places
internal import SessionLog

/// `secure_chat_log show FILE`: the records of a log, after it has been verified.
struct ShowCommand: LogCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: LogSentences.showAbstract, discussion: LogSentences.showDiscussion)

  @Argument(help: ArgumentHelp(LogSentences.fileHelp, valueName: "file"), completion: .file())
  var file: String
  @Option(name: .long, help: ArgumentHelp(LogSentences.fromHelp, valueName: "n"))
  var from: Int?
  @Option(name: .long, help: ArgumentHelp(LogSentences.toHelp, valueName: "n"))
  var to: Int?
  @Flag(name: .long, help: ArgumentHelp(LogSentences.unverifiedHelp))
  var unverified = false
  @OptionGroup var shared: SharedLogOptions

  func validate() throws {
    if let from, let to, from > to { throw ValidationError(LogSentences.emptyRange) }
    if (from ?? 0) < 0 || (to ?? 0) < 0 { throw ValidationError(LogSentences.emptyRange) }
  }

  func run(_ surroundings: LogSurroundings) throws(LogProblem) -> Int32 {
    if (try? FileStatus(path: file))?.kind == .folder { throw .usage(LogSentences.showWantsFile, hint: nil) }
    let keyring = try surroundings.keyring()
    var hidden = 0
    var isRead = true
    let checked: CheckedFile
    do throws(LogFailure) {
      checked = try LogChecker(keyring).show(file) { report, header, record in
        guard isRead, isWanted(record) else { return }
        var record = record
        // A log without fault explains each text that is not there.
        if record.isDeletedText, report.deleted > 0, report.verdict != .tampered { record.isAuthentic = true }
        guard record.isAuthentic || unverified else {
          hidden += 1
          return
        }
        isRead = surroundings.console.payload(
          shared.json ? VerdictLine.json(record, header) : LogSentences.record(record, header))
      }
    } catch {
      throw LogSentences.problem(error)
    }
    guard isRead else { throw LogSentences.outputFailed }
    for warning in checked.report.warnings where !shared.quiet {
      surroundings.console.notice(LogSentences.warning(warning, checked.path))
    }
    if shared.json {
      try surroundings.console.write(VerdictLine.json(checked))
    } else if checked.report.exitStatus != 0 {
      for line in LogSentences.verdict(checked, isVerbose: shared.verbose) {
        surroundings.console.notice(line)
      }
    }
    if hidden > 0 { surroundings.console.notice(LogSentences.hidden(hidden)) }
    surroundings.warnOfPlainKeys(keyring)
    return checked.report.exitStatus
  }

  private func isWanted(_ record: SurveyedRecord) -> Bool {
    guard from != nil || to != nil else { return true }
    guard let number = record.number else { return unverified }
    return (from ?? 0) <= number && number <= (to ?? Int.max)
  }
}

extension SurveyedRecord {
  /// A text whose owner deleted it: nothing to show, and nothing to hide.
  var isDeletedText: Bool {
    if case .message(_, _, _, isDeleted: true) = content { true } else { false }
  }
}
