package import Messenger
package import Terminal
import Wire

/// The messages that a configured command is run for: one run a message, in their order for each sender,
/// several senders side by side.
///
/// What waits is bounded. With `--exec` whoever brings more waits for room; a `--notify-cmd` that falls
/// behind leaves messages out and says how many.
package actor CommandQueue {
  package enum Kind: Sendable {
    /// Gets the message's text.
    case exec
    /// Is told that a message came, and from whom.
    case notify
  }

  package struct Settings: Sendable {
    package var sideBySide = 4
    package var waitingLimit = 64
    package var run = ShellCommand.Limits()

    package init() {}
  }

  /// What the user hears of it.
  package enum Report: Sendable {
    case output([UInt8], isCut: Bool)
    /// It ended otherwise than with 0.
    case failed(ShellCommand.Ending, ArrivedMessage)
    case notStarted(StreamError)
    /// So many wait, and the conversation with them; told once until there is room for all.
    case isFull(Int)
    /// So many messages came without a run.
    case leftOut(Int)
  }

  private enum Result: Sendable {
    case outcome(ShellCommand.Outcome)
    case failure(StreamError)
  }

  private let kind: Kind
  private let command: ShellCommand
  private let settings: Settings
  private let report: @Sendable (Report) async -> Void
  private let stopSwitch: StopSwitch
  private var waiting: [ArrivedMessage] = []
  /// Whose messages are worked on.
  private var running: [PeerName] = []
  /// Of these, commands that have not ended.
  private var processes = 0
  private var threads: [ThreadedWork] = []
  private var isStopped = false
  private var isFullTold = false
  private var leftOut = 0
  private var roomWaiters: [CheckedContinuation<Void, Never>] = []
  private var idleWaiters: [CheckedContinuation<Void, Never>] = []
  private var stopWaiters: [CheckedContinuation<Void, Never>] = []

  /// `report` is called outside of every run's time, and holds up the next message of the same sender.
  package init(
    _ kind: Kind, _ line: String, settings: Settings = Settings(),
    report: @escaping @Sendable (Report) async -> Void
  ) throws(StreamError) {
    self.kind = kind
    command = ShellCommand(line)
    self.settings = settings
    self.report = report
    stopSwitch = try StopSwitch()
  }

  package func take(_ message: MessageEvent) async { await take(ArrivedMessage(message)) }

  /// Takes a message that arrived; with `--exec` returns when there is room for it.
  package func take(_ message: ArrivedMessage) async {
    switch kind {
    case .exec: await waitForRoom()
    case .notify: break
    }
    guard !isStopped, waiting.count < settings.waitingLimit else {
      leftOut += 1
      return
    }
    waiting.append(message)
    advance()
  }

  /// Waits until nothing runs or waits any more, and all of it is told.
  package func finish() async {
    while !isIdle { await withCheckedContinuation { idleWaiters.append($0) } }
    await tellLeftOut()
  }

  /// Ends what runs and drops what waits; returns when no command runs any more.
  package func stop() async {
    isStopped = true
    leftOut += waiting.count
    waiting = []
    stopSwitch.stop()
    resume(&roomWaiters)
    if isIdle { resume(&idleWaiters) }
    while processes > 0 { await withCheckedContinuation { stopWaiters.append($0) } }
  }

  private var isIdle: Bool { waiting.isEmpty && running.isEmpty }

  private func waitForRoom() async {
    while waiting.count >= settings.waitingLimit, !isStopped {
      if !isFullTold {
        isFullTold = true
        await report(.isFull(waiting.count))
        continue
      }
      await withCheckedContinuation { roomWaiters.append($0) }
    }
  }

  private func advance() {
    while running.count < settings.sideBySide,
      let index = waiting.firstIndex(where: { !running.contains($0.from) })
    {
      let message = waiting.remove(at: index)
      running.append(message.from)
      processes += 1
      let thread = threads.popLast() ?? ThreadedWork()
      Task { await run(message, on: thread) }
    }
    if waiting.count < settings.waitingLimit { resume(&roomWaiters) }
    guard isIdle else { return }
    isFullTold = false
    resume(&idleWaiters)
  }

  private func run(_ message: ArrivedMessage, on thread: ThreadedWork) async {
    let (command, limits, stopSwitch) = (command, settings.run, stopSwitch)
    let input: [UInt8] =
      switch kind {
      case .exec: message.text
      case .notify: []
      }
    let variables = Self.variables(of: message)
    let result = await thread.run { () -> Result in
      do throws(StreamError) {
        return .outcome(
          try command.run(input: input, variables: variables, limits: limits, stop: stopSwitch))
      } catch {
        return .failure(error)
      }
    }
    processes -= 1
    threads.append(thread)
    if processes == 0 { resume(&stopWaiters) }
    await tell(result, message)
    // A flood of notifications is summed up when it is over.
    if waiting.isEmpty, running.count == 1 { await tellLeftOut() }
    running.removeAll { $0 == message.from }
    advance()
  }

  /// Names are those of the user's own file or contacts; what could hide or turn text in them is escaped.
  private static func variables(of message: ArrivedMessage) -> [(name: String, value: String)] {
    let place: (name: String, value: String) =
      switch message.place {
      case .session(let session): ("SECURE_CHAT_SESSION", session.text)
      case .group(let group): ("SECURE_CHAT_GROUP", SafeText.line(group.text))
      }
    return [
      ("SECURE_CHAT_FROM", SafeText.line(message.from.text)),
      ("SECURE_CHAT_VERIFIED", message.verified ? "yes" : "no"), place, ("SECURE_CHAT_ID", message.id.text),
      ("SECURE_CHAT_SEQ", String(message.seq)),
    ]
  }

  private func tell(_ result: Result, _ message: ArrivedMessage) async {
    switch result {
    case .failure(let error): await report(.notStarted(error))
    case .outcome(let outcome):
      if !outcome.output.isEmpty { await report(.output(outcome.output, isCut: outcome.isOutputCut)) }
      if outcome.ending != .exited(0) { await report(.failed(outcome.ending, message)) }
    }
  }

  private func tellLeftOut() async {
    guard leftOut > 0 else { return }
    let count = leftOut
    leftOut = 0
    await report(.leftOut(count))
  }

  private func resume(_ waiters: inout [CheckedContinuation<Void, Never>]) {
    let resumed = waiters
    waiters = []
    for waiter in resumed { waiter.resume() }
  }
}
