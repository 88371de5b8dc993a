import Messenger
import Terminal
import Wire

// What is said of the commands that run for messages.
extension Sentences {
  private static func option(_ kind: CommandQueue.Kind) -> String {
    switch kind {
    case .exec: "--exec"
    case .notify: "--notify-cmd"
    }
  }

  static func commandNotReady(_ kind: CommandQueue.Kind, _ error: StreamError) -> Failure {
    Failure(.failed, "E_COMMAND", "\(option(kind)) cannot be used now: \(error.description).")
  }

  /// The option stands before each line, so that none can be taken for a message.
  static func commandOutput(_ kind: CommandQueue.Kind, _ bytes: [UInt8], isCut: Bool) -> [String] {
    let lines = SafeText.lines(utf8: bytes).map { "\(option(kind)): \($0)" }
    return isCut ? lines + ["\(option(kind)): (more output is not shown)"] : lines
  }

  /// Nil where nothing is to be warned of.
  static func commandWarning(
    _ kind: CommandQueue.Kind, _ report: CommandQueue.Report
  ) -> (code: String, text: String)? {
    let option = option(kind)
    let text: String
    switch report {
    case .output: return nil
    case .failed(let ending, let message):
      text = "\(option) \(words(ending)), for message #\(message.seq) of \(message.from.text)."
    case .notStarted(let error): text = "\(option) cannot be run: \(error.description)."
    case .isFull(let count):
      text = "\(option) falls behind: \(count) messages wait for it; no more are taken until there is room."
    case .leftOut(let count): text = leftOut(kind, count)
    }
    switch kind {
    case .exec: return ("W_EXEC", text)
    case .notify: return ("W_NOTIFY", text)
    }
  }

  private static func words(_ ending: ShellCommand.Ending) -> String {
    switch ending {
    case .exited(let code): "ended with \(code)"
    case .signalled(let number): "was ended by signal \(number)"
    case .tookTooLong: "did not end in time and was ended"
    case .stopped: "was ended with this program"
    }
  }

  private static func leftOut(_ kind: CommandQueue.Kind, _ count: Int) -> String {
    let messages = Self.count(count, "message")
    switch kind {
    case .exec: return "--exec was not run for \(messages); the log holds them."
    case .notify: return "--notify-cmd fell behind: it was not run for \(messages)."
    }
  }
}
