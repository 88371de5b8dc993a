import ArgumentParser
import Messenger
import Terminal
import Wire

/// What is run for each message that arrives: `--exec`, `--notify-cmd`, both or neither.
struct ArrivalCommands: Sendable {
  private let queues: [CommandQueue]

  static let none = ArrivalCommands(queues: [])

  /// At the end of a program what runs or waits gets so long.
  private static let patienceSeconds = 2

  private init(queues: [CommandQueue]) { self.queues = queues }

  /// `screen`: where a person sits; else what a command says goes where notices go, and warnings to the
  /// reader of the events too.
  init(exec: String?, notify: String?, screen: Screen?, output: Output) throws(Failure) {
    var queues: [CommandQueue] = []
    for case (let kind, let line?) in [(CommandQueue.Kind.exec, exec), (.notify, notify)] {
      do throws(StreamError) {
        queues.append(
          try CommandQueue(kind, line) { report in
            await Self.tell(report, of: kind, screen: screen, output)
          })
      } catch {
        throw Sentences.commandNotReady(kind, error)
      }
    }
    self.queues = queues
  }

  var isEmpty: Bool { queues.isEmpty }

  /// Takes a message that was told by now; with `--exec` returns when there is room for it.
  func arrived(_ message: ArrivedMessage) async {
    for queue in queues { await queue.take(message) }
  }

  /// Waits until nothing runs or waits any more.
  func finish() async {
    for queue in queues { await queue.finish() }
  }

  /// Ends what runs and drops what waits; returns when no command runs any more.
  func stop() async {
    for queue in queues { await queue.stop() }
  }

  /// Waits for the end of `events`, which hands out the last messages, and of their commands; ends what lasts
  /// too long.
  func end(after events: Task<Void, Never>) async {
    let stopping = Task {
      guard (try? await Pause.seconds(Self.patienceSeconds)) != nil else { return }
      await stop()
    }
    await events.value
    await finish()
    stopping.cancel()
  }

  private static func tell(
    _ report: CommandQueue.Report, of kind: CommandQueue.Kind, screen: Screen?, _ output: Output
  ) async {
    if case .output(let bytes, let isCut) = report {
      for line in Sentences.commandOutput(kind, bytes, isCut: isCut) {
        if let screen { await screen.show(line) } else { await output.notice(line) }
      }
      return
    }
    guard let warning = Sentences.commandWarning(kind, report) else { return }
    if let screen { return await screen.say(warning.text) }
    if output.isJSON {
      // A reader that is gone is told of by the next event.
      try? await output.payload(bytes: JSONEvents.warning(code: warning.code, message: warning.text))
    }
    await output.notice(warning.text)
  }
}

/// What a listener runs for what it gets.
struct ExecOptions: ParsableArguments {
  @Option(
    name: .customLong("exec"),
    help: ArgumentHelp(
      "Run CMD (/bin/sh) for each message that arrives, its text on CMD's standard input, from whom in "
        + "$SECURE_CHAT_FROM.", valueName: "cmd"))
  var command: String?

  func validate() throws {
    if command?.isEmpty == true { throw ValidationError("--exec wants a command.") }
  }
}
