import Terminal

/// The program from its first instruction to its exit code.
package enum Program {
  /// Runs the command line of this process, and ends the process.
  package static func main() async -> Never {
    let code = await run(Array(CommandLine.arguments.dropFirst()))
    ProgramSurroundings.end(code.rawValue)
  }

  /// Runs one command line.
  static func run(_ arguments: [String]) async -> ExitCode {
    let program = ProgramSurroundings.current
    let isJSON = ArgumentScan.wantsJSON(arguments)
    var output = Output(
      json: isJSON, quiet: false,
      paint: Paint(.auto, on: .error, noColor: program.noColor, terminal: program.terminal))
    let command: any RunnableCommand
    do throws(Failure) {
      switch CommandLineReader.read(arguments) {
      case .command(let found): command = found
      case .help(let text):
        try await output.help(text)
        return .ok
      case .failure(let failure): throw failure
      }
    } catch {
      await output.report(error)
      return error.exit
    }
    let shared = command.shared
    output = Output(
      json: isJSON, quiet: shared.quiet,
      paint: Paint(shared.color, on: .error, noColor: program.noColor, terminal: program.terminal))
    let signals = SignalDesk()
    let serving = Task { await signals.serve() }
    defer { serving.cancel() }
    do throws(Failure) {
      return try await command.run(
        in: Surroundings(output: output, signals: signals, color: shared.color, program: program))
    } catch {
      await output.report(error)
      return error.exit
    }
  }
}
