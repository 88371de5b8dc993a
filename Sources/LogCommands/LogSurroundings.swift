internal import LogFiles
internal import Places

/// What a command finds around it: the options of all commands, the console, the home, the key.
struct LogSurroundings {
  let options: SharedLogOptions
  let console: LogConsole
  let environment: any ProcessEnvironment

  /// The folder of the logs that `verify` checks when no path is given.
  func defaultLogs() throws(LogProblem) -> String {
    let logs = LogsPath.choose(named: options.logs, home: try home())
    return options.asName.map { logs.folder(of: $0) } ?? logs.root
  }

  func home() throws(LogProblem) -> HomePath {
    do throws(PlaceError) {
      return try HomePath.choose(named: options.home, environment: environment)
    } catch {
      throw LogSentences.problem(.place(error))
    }
  }

  /// The keys at hand; `beforeAsking` runs before a person is asked for a passphrase.
  func keyring(beforeAsking: @escaping () -> Void = {}) throws(LogProblem) -> LogKeyring {
    let passphrase = try PassphraseReader(options, console)
    let source: LogKeySource = if let key = options.key { .file(key) } else { .profiles(try home()) }
    return LogKeyring(source, tries: passphrase.asksAgain ? Self.tries : 1) { key, path, attempt in
      beforeAsking()
      return passphrase.read(for: key, path: path, isRepeated: attempt > 0)
    }
  }

  /// How often a person may type a passphrase.
  private static let tries = 3

  /// Tells once, on standard error, that keys in use lie open in the home.
  func warnOfPlainKeys(_ keyring: LogKeyring) {
    guard !options.quiet, !keyring.plainKeys.isEmpty else { return }
    console.notice(LogSentences.plainKey)
  }
}
