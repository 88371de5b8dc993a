internal import ArgumentParser
package import Places
internal import SessionLog
internal import Wire

/// The program `secure_chat_log`: arguments in, an exit status out.
package enum LogProgram {
  /// Runs one command line.
  package static func run(
    _ arguments: [String], console: LogConsole = .standard,
    environment: any ProcessEnvironment = SystemEnvironment()
  ) -> Int32 {
    let isJSON = LogArguments.wantsJSON(arguments)
    do throws(LogProblem) {
      let scan = try LogArguments(arguments)
      return try run(scan, console: console, environment: environment)
    } catch {
      return tell(error, isJSON: isJSON, console: console)
    }
  }

  /// Runs the process's own command line and ends the process with its status.
  package static func main() -> Never {
    let status = run(Array(CommandLine.arguments.dropFirst()))
    LogTool.exit(withError: ExitCode(status))
  }

  private static func run(
    _ scan: LogArguments, console: LogConsole, environment: any ProcessEnvironment
  ) throws(LogProblem) -> Int32 {
    let command: any ParsableCommand
    do {
      var parsed = try LogTool.parseAsRoot(scan.ordered)
      if !(parsed is any LogCommand), !(parsed is LogTool) {
        // What `--help` becomes; it throws the text.
        try parsed.run()
      }
      command = parsed
    } catch {
      let text = LogTool.fullMessage(for: error)
      // Help and version are no faults; everything else that the parser finds is usage.
      guard LogTool.exitCode(for: error) == .success else {
        throw .usage(LogSentences.parserMessage(text), hint: nil)
      }
      try console.help(text, isJSON: scan.isJSON)
      return 0
    }
    guard let command = command as? any LogCommand else {
      throw .usage(LogSentences.noCommand, hint: LogTool.helpMessage())
    }
    return try command.run(
      LogSurroundings(options: command.shared, console: console, environment: environment))
  }

  private static func tell(_ problem: LogProblem, isJSON: Bool, console: LogConsole) -> Int32 {
    if isJSON {
      var line = JSONWriter(event: "error")
      line.write("code", problem.code)
      line.write("exit", problem.exitStatus)
      line.write("message", problem.message)
      line.write("hint", problem.hint)
      _ = console.payload(line.line())
    }
    console.notice("secure_chat_log: " + problem.message)
    if let hint = problem.hint { console.notice(hint) }
    return problem.exitStatus
  }
}

/// What ends the program without a verdict.
struct LogProblem: Error {
  var code: String
  var exitStatus: Int32
  var message: String
  var hint: String?

  /// Wrong arguments.
  static func usage(_ message: String, hint: String?) -> LogProblem {
    LogProblem(code: "E_USAGE", exitStatus: 2, message: message, hint: hint)
  }

  /// The disk, a key file, or memory.
  static func failed(_ message: String, hint: String? = nil) -> LogProblem {
    LogProblem(code: "E_IO", exitStatus: Verdict.error.exitStatus, message: message, hint: hint)
  }
}
