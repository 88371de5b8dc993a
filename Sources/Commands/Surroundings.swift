import Terminal

/// What every command works in: the streams, the signals, and the person at the terminal if one is there.
struct Surroundings: Sendable {
  let output: Output
  let signals: SignalDesk
  let color: ColorChoice
  let program: ProgramSurroundings

  /// The person's terminal; nil without one, and where a program reads the events.
  func screen() throws(Failure) -> Screen? {
    guard !output.isJSON, Screen.isThere else { return nil }
    return try Screen(color: color, noColor: program.noColor, terminal: program.terminal)
  }

  /// Runs what may ask the person at the terminal, which is given back whichever way it ends.
  func withScreen<R>(_ body: (Screen?) async throws(Failure) -> R) async throws(Failure) -> R {
    try await Screen.lend(try screen(), to: body)
  }
}

/// Hands each signal to whoever is responsible now.
actor SignalDesk {
  typealias Handler = @Sendable (SignalWatch.Signal) async -> Void

  private let watch: SignalWatch?
  private var handler: Handler?

  init() { watch = try? SignalWatch([.interrupt, .terminate, .hangUp, .windowChanged, .resumed]) }

  /// From now on `handler` gets the signals; nil: they end the program.
  func handle(_ handler: Handler?) { self.handler = handler }

  /// A signal that only some commands know; the others end by it, as a program does that does not catch it.
  nonisolated func add(_ signal: SignalWatch.Signal) { watch?.add(signal) }

  /// Waits for signals for the rest of the program.
  nonisolated func serve() async {
    guard let watch else { return }
    while !Task.isCancelled { await handle(await watch.next()) }
  }

  private func handle(_ signal: SignalWatch.Signal) async {
    if let handler {
      await handler(signal)
      return
    }
    if signal.endsProgram { signal.endProgram() }
  }
}

extension SignalWatch.Signal {
  /// Whether it asks the program to end.
  var endsProgram: Bool {
    switch self {
    case .interrupt, .terminate, .hangUp: true
    case .windowChanged, .resumed, .report: false
    }
  }

  /// Ends the program as this signal should: 130 for Control-C, else as a program that does not catch it.
  func endProgram() {
    if self == .interrupt { ProgramSurroundings.end(ExitCode.interrupted.rawValue) }
    SignalWatch.endBy(self)
  }
}
