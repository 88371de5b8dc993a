internal import Cryptography
internal import LogFiles
internal import Places
internal import SessionLog
internal import Terminal
internal import Wire

/// Every sentence that `secure_chat_log` says to people; no other file holds one.
enum LogSentences {
  // MARK: Help

  static let abstract = "Check and read the session logs of secure_chat, offline."
  static let discussion = """
    Verdicts go to standard output, everything else to standard error.

    Exit codes: 0 verified, 1 tampered, 2 usage, 3 incomplete (true so far, end not proven), 4 cannot check \
    (no key that fits, or nothing to check), 5 error. Of several files the worst, in the order 1, 4, 5, 3, 0.

    What a verdict does not prove: what two people who collude write, the writer's clock, and what came after \
    the last record; whoever holds the log key can forge the log.
    """
  static let verifyAbstract = "Say of each log whether it is whole, and if not, where and how."
  static let verifyDiscussion = "Without a path: the logs of this home, or of ./logs in a checkout."
  static let showAbstract = "Print the records of a log, after verifying it."
  static let showDiscussion = "Texts and names are made safe: whatever would move a cursor is shown escaped."
  static let completionAbstract = "Print the completion script of a shell."
  static let completionShellHelp = "bash, zsh or fish."
  static let helpAbstract = "Explain the program, or one command."
  static let helpCommandHelp = "The command to explain."
  static let versionAbstract = "Print the version."
  static let pathsHelp = "Logs, or folders that are searched for *.sclog four levels deep."
  static let fileHelp = "The log."
  static let textsHelp = "Open every text too, and prove it against the commitment that both logs share."
  static let fromHelp = "The first record to show."
  static let toHelp = "The last record to show."
  static let unverifiedHelp = "Show damaged records too, marked with !."
  static let keyHelp = "The log key (log-verify.key) to use, and no other."
  static let homeHelp = "Where profiles and their log keys are (default: as secure_chat has it)."
  static let asHelp = "Whose logs, where no path is given."
  static let logsHelp = "Where the logs are, where no path is given."
  static let jsonHelp = "Verdicts and records as JSON on standard output, one object a line."
  static let quietHelp = "Print only what is not verified."
  static let verboseHelp = "Print more of each log's header."
  static let passphraseFileHelp = "The passphrase of the log key, in a file that only you can read."
  static let passphraseDescriptorHelp = "The passphrase of the log key, read from this descriptor."

  // MARK: Usage

  static let noCommand = "no command. `secure_chat_log verify` checks the logs of this home."
  static let twoPassphrases = "Give --passphrase-file or --passphrase-fd, not both."
  static let badDescriptor = "--passphrase-fd wants the number of an open descriptor."
  static let emptyRange = "--from and --to want record numbers, the first not above the last."
  static let showWantsFile = "show takes one log file; verify takes folders."

  static func noLogs(_ path: String) -> String { "no logs yet: \(SafeText.line(path)) is not there." }

  static func laterCommand(_ word: String) -> String {
    "`\(word)` comes later; this version has verify and show."
  }
  static func laterOption(_ name: String) -> String { "\(name) comes later; this version does not have it." }

  static func noSuchCommand(_ word: String, nearest: String?) -> String {
    let word = SafeText.line(word)
    let hint = nearest.map { "; did you mean `\($0)`?" } ?? "; try verify or show"
    return "no command `\(word)`\(hint)"
  }

  /// The parser's own message, without the program's usage below it.
  static func parserMessage(_ text: String) -> String {
    let first = text.split(separator: "\n").first.map(String.init) ?? text
    return SafeText.line(first.hasPrefix("Error: ") ? String(first.dropFirst(7)) : first)
  }

  static func askPassphrase(_ name: String) -> String { "Passphrase for \(SafeText.line(name)): " }

  static let wrongPassphraseAgain = "That passphrase does not open it. Try again."

  static func unusable(_ problem: PassphraseProblem) -> String {
    switch problem {
    case .empty: "A passphrase has at least one character."
    case .tooLong: "A passphrase has at most \(Passphrase.capacity) bytes."
    case .notUTF8: "That is not UTF-8."
    case .memory: "The system gives no guarded memory for it."
    }
  }

  static func problem(_ error: PassphraseSourceError) -> LogProblem {
    switch error {
    case .file(let fault): problem(.place(fault))
    case .descriptor(let number):
      .usage("no passphrase can be read from descriptor \(number).", hint: nil)
    case .passphrase(let problem): .usage("the passphrase cannot be used. \(unusable(problem))", hint: nil)
    }
  }

  // MARK: Failures

  static let outputFailed = LogProblem.failed(
    "standard output cannot be written, or nobody reads it any more; stopped.")

  static func problem(_ failure: LogFailure) -> LogProblem {
    switch failure {
    case .place(let error): place(error)
    case .passphraseNeeded(let path):
      .usage(
        "the log key \(SafeText.line(path)) is under a passphrase.", hint: "Name it: --passphrase-file FILE")
    case .wrongPassphrase(let path): .failed("the passphrase does not open \(SafeText.line(path)).")
    case .badKeyFile(let path): .failed("\(SafeText.line(path)) is not a log key, or is damaged.")
    case .inUse(let path): .failed("\(SafeText.line(path)) is in use by another program.")
    case .changedOnDisk(let path, _, _): .failed("\(SafeText.line(path)) was changed by somebody else.")
    case .segmentEnded, .chain: .failed("this log cannot be written any more.")
    case .cryptography(.guardedMemoryExhausted): .failed("the system gives no guarded memory for keys.")
    case .cryptography: .failed("a cryptographic library failed.")
    }
  }

  private static func place(_ error: PlaceError) -> LogProblem {
    let path = SafeText.line(error.path)
    switch error.fault {
    case .openToOthers:
      return .failed("others can read \(path).", hint: "Make it yours alone: chmod 600 \(path)")
    case .ownedByAnother: return .failed("\(path) belongs to another user.")
    case .nowhere: return .failed("no home is known.", hint: "Name it: --home DIR")
    case .notFound, .alreadyExists, .notPermitted, .notARegularFile, .notAFolder, .symbolicLink, .tooLarge,
      .pathTooLong, .inUse, .noSpace, .readOnly, .failed:
      return .failed("cannot read \(path): \(cause(error)).")
    }
  }

  private static func cause(_ error: PlaceError) -> String {
    switch error.fault {
    case .notFound: "it is not there"
    case .notPermitted: "permission denied"
    case .notARegularFile: "not a regular file"
    case .notAFolder: "not a folder"
    case .symbolicLink: "a symbolic link; links are not followed"
    case .tooLarge: "too large"
    case .alreadyExists, .pathTooLong, .inUse, .noSpace, .readOnly, .nowhere, .failed, .openToOthers,
      .ownedByAnother:
      error.systemMessage.isEmpty ? "it cannot be read" : error.systemMessage
    }
  }

  static let plainKey = """
    secure_chat_log: log key has no passphrase: whoever can read this home can read these logs, and rewrite them.
    """

  static func warning(_ warning: LogWarning, _ path: String) -> String {
    switch warning {
    case .clock(let record):
      "\(SafeText.line(path)): W_CLOCK record \(record) has an earlier time than the one before it"
    case .permissions(let place):
      "\(SafeText.line(place)): W_PERMS others than you can read or write it"
    }
  }

  /// How far a check has come with one file.
  static func progress(_ progress: CheckProgress) -> String {
    let name = progress.path.split(separator: "/").last.map(String.init) ?? progress.path
    let percent = Int(Double(progress.position) / Double(max(1, progress.end)) * 100)
    return "checking \(SafeText.line(name)): \(percent) %"
  }

  // MARK: Verdicts

  /// A file's verdict, the first line telling the most.
  static func verdict(_ file: CheckedFile, isVerbose: Bool) -> [String] {
    let report = file.report
    let name = SafeText.line(file.isFolder ? file.path : file.name)
    var lines: [String]
    switch report.verdict {
    case .verified:
      lines = ["VERIFIED    \(name)"] + details(report) + ["  anchors   \(noAnchor)"]
    case .tampered, .incomplete, .cannotCheck, .error, .agree, .disagree:
      let word = report.verdict.rawValue.uppercased()
      let padding = String(repeating: " ", count: max(1, 12 - word.count))
      lines = ["\(word)\(padding)\(name)  \(finding(file))"]
    }
    if isVerbose, let header = report.header { lines += more(header) }
    return lines
  }

  private static let noAnchor =
    "none: nothing kept elsewhere proves the end, or that the log key was not used to rewrite it"

  private static func details(_ report: LogReport) -> [String] {
    guard let header = report.header else { return [] }
    let closing = report.closing.map { ", closed (\($0.rawValue))" } ?? ""
    var lines = [
      "  session   \(SafeText.line(header.me)) <-> \(SafeText.line(header.peer)), "
        + "\(span(header.time, report.lastTime ?? header.time))\(closing)",
      "  records   \(report.records) (messages: \(report.messagesSent) out, \(report.messagesReceived) in), all "
        + "authentic, in order, none missing",
    ]
    if report.deleted > 0 { lines.append("  deleted   \(count(report.deleted, "text")) deleted by owner") }
    if report.headsNotJudged > 0 {
      lines.append(
        "  heads     \(count(report.headsNotJudged, "head")) in this log: form and tag are right; what they prove "
          + "is not judged by this version")
    }
    return lines
  }

  private static func more(_ header: LogHeader) -> [String] {
    [
      "  log       \(header.log.hex), segment \(header.segment) of its conversation",
      "  texts     \(header.text.rawValue); witness \(header.witness.rawValue)",
      "  profiles  \(Base64URL.encode(header.myIdentifier)) <-> \(Base64URL.encode(header.peerIdentifier))",
    ]
  }

  private static func finding(_ file: CheckedFile) -> String {
    let report = file.report
    let finding = report.finding
    let code = finding.code.rawValue
    let record = finding.record ?? 0
    let place =
      finding.line.map { "\(code) record \(record) (line \($0))" }
      ?? finding.record.map { "\(code) record \($0)" } ?? code
    let rest = intact(report)
    switch finding.code {
    case .ok: return code
    case .tag:
      guard record > 0 else { return "\(place)   the header was changed; nothing else can be judged" }
      let origin = file.sameLineIn.map { "; the same line stands in \(SafeText.line($0))" } ?? ""
      return "\(place)   this record's bytes were changed, or it is from another log\(origin)\(rest)"
    case .text: return "\(place)   this record's text was changed\(rest)"
    case .format: return "\(place)   this line does not have the form of a record\(rest)"
    case .tooLong: return "\(place)   this line is longer than 1 MiB\(rest)"
    case .missing:
      let last = finding.last ?? record
      let which = last == record ? "record \(record)" : "records \(record)..\(last)"
      return "\(code) \(which)   missing: they were written and are not here\(rest)"
    case .order:
      return
        "\(place)   record \(finding.other ?? 0) stands in its place: lines were moved or inserted\(rest)"
    case .duplicate: return "\(place)   this record is here twice\(rest)"
    case .afterClose: return "\(place)   something stands behind the close record\(rest)"
    case .rule:
      return "\(place)   authentic, and not what an honest writer writes: its counts do not follow\(rest)"
    case .textRemoved: return "\(place)   a text was deleted without a record that says so\(rest)"
    case .commitment: return "\(place)   the sealed text is not the one that both sides committed to\(rest)"
    case .truncated: return "\(code) from record \(record)   the next segment knew more records than are here"
    case .fork: return "\(code)   the next segment knew another history of this segment"
    case .fileMissing:
      let numbers = report.missingSegments.map(String.init).joined(separator: ", ")
      return "\(code)   segments that are not here: \(numbers)"
    case .open: return "\(code)   being written; true up to record \(record)"
    case .torn:
      let bytes = count(finding.torn ?? 0, "byte")
      let explained = report.isTailExplained ? " (explained by the next segment)" : ""
      guard finding.record != nil else {
        return "\(code)   \(bytes) of an unfinished header: a crash or power loss"
      }
      return "\(code)   \(bytes) of an unfinished record after \(record): a crash or power loss\(explained)"
    case .noClose: return "\(code)   true up to record \(record), end not proven: there is no close record"
    case .unfinishedRedaction: return "\(code) record \(record)   its deletion was begun and not finished"
    case .wrongKey: return "\(code)   the log key here does not open this log"
    case .noKey: return "\(code)   no log key here belongs to this log; --key names one"
    case .nothing: return "\(code)   nothing to check"
    case .inputOutput: return "\(code)   \(file.fault.map(cause) ?? "it cannot be read")"
    case .version: return "\(code)   a later version of the format"
    }
  }

  /// What is authentic all the same.
  private static func intact(_ report: LogReport) -> String {
    guard let ranges = report.intact, !ranges.isEmpty else { return "" }
    let shown = ranges.prefix(8).map {
      $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)"
    }
    let more = ranges.count > 8 ? " and \(ranges.count - 8) more runs" : ""
    return "; \(shown.joined(separator: " and "))\(more) \(ranges.count == 1 ? "is" : "are each") authentic"
  }

  // MARK: Records

  /// A record on one line.
  static func record(_ record: SurveyedRecord, _ header: LogHeader) -> [UInt8] {
    let number = record.number.map { String($0) } ?? "?"
    let padding = String(repeating: " ", count: max(0, 6 - number.count))
    let mark = record.isAuthentic ? " " : "!"
    let time = record.time ?? "(line \(record.line))"
    return Array("\(padding)\(number)\(mark) \(time)  \(content(record.content, header))\n".utf8)
  }

  private static func content(_ content: SurveyedRecord.Content, _ header: LogHeader) -> String {
    let me = SafeText.line(header.me)
    let peer = SafeText.line(header.peer)
    switch content {
    case .opened: return "* \(me) opened this log of a conversation with \(peer) (segment \(header.segment))"
    case .message(let direction, _, let text, let isDeleted):
      let from = direction == .sent ? me : peer
      if let text { return "\(from): \(SafeText.line(utf8: text))" }
      return "\(from): \(isDeleted ? "(text deleted by owner)" : "(text damaged)")"
    case .acknowledgement(let ordinal, let record):
      return "* \(peer) has logged \(me)'s first \(count(ordinal, "message")), the last as record \(record)"
    case .rekey(let epoch): return "* new keys, epoch \(epoch)"
    case .close(let why): return "* closed: \(closing(why, me, peer))"
    case .other(let kind): return "* \(kind) (not judged by this version)"
    case .unreadable(let bytes): return "* \(count(bytes, "byte")) that are no record"
    }
  }

  private static func closing(_ why: LogCloseReason, _ me: String, _ peer: String) -> String {
    switch why {
    case .bye: "\(me) ended the conversation"
    case .peer: "\(peer) ended the conversation"
    case .truncated: "the connection was lost"
    case .error: "an error"
    case .rotate: "the next segment goes on"
    case .stop: "the program was stopped"
    }
  }

  static func hidden(_ number: Int) -> String {
    "secure_chat_log: \(count(number, "damaged line")) not shown; --unverified shows them, marked"
  }

  private static func count(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
  }

  /// Two times, the date of the second only where it is another day.
  private static func span(_ first: String, _ last: String) -> String {
    let end = short(last)
    return short(first) + " to " + (first.prefix(10) == last.prefix(10) ? String(end.dropFirst(11)) : end)
  }

  /// `2026-11-20T12:00:00.000Z` as `2026-11-20 12:00:00Z`.
  private static func short(_ time: String) -> String {
    guard time.utf8.count == 24 else { return SafeText.line(time) }
    return time.prefix(10) + " " + time.dropFirst(11).prefix(8) + "Z"
  }
}
