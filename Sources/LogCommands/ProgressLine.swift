internal import LogFiles
package import Places
internal import Terminal

/// A terminal that shows how far a check is, and the clock that says when it is worth showing.
package struct ProgressTerminal {
  /// Takes text as it stands, without a newline.
  package var write: (String) -> Void
  package var columns: Int
  package var clock: any ClockSource

  package init(write: @escaping (String) -> Void, columns: Int, clock: any ClockSource) {
    self.write = write
    self.columns = columns
    self.clock = clock
  }

  /// Standard error, where it is a terminal.
  static var standardError: ProgressTerminal? {
    guard TerminalScreen.isTerminal(2) else { return nil }
    return ProgressTerminal(
      write: { text in try? StreamWriter.writeAll(Array(text.utf8), to: .error) },
      columns: TerminalScreen.columns(of: 2), clock: SystemClock())
  }
}

/// One line that says how far a check is, once the command has lasted a second; it is overwritten in place and
/// erased before anything else is printed.
///
/// It is plain text with carriage returns: nothing that a terminal has to know.
final class ProgressLine {
  private static let patience: Int64 = 1_000_000_000
  private static let interval: Int64 = 200_000_000

  private let terminal: ProgressTerminal?
  private let start: Int64
  private var last: Int64 = 0
  private var width = 0

  /// Nil shows nothing.
  init(_ terminal: ProgressTerminal?) {
    self.terminal = terminal
    start = terminal?.clock.monotonicNanoseconds ?? 0
  }

  func show(_ progress: CheckProgress) {
    guard let terminal else { return }
    let now = terminal.clock.monotonicNanoseconds
    guard now - start >= Self.patience, width == 0 || now - last >= Self.interval else { return }
    last = now
    // A line that fills the terminal would wrap, and could not be erased.
    var text = LogSentences.progress(progress)
    while DisplayWidth.of(text) > max(1, terminal.columns - 1) { text.removeLast() }
    let shown = DisplayWidth.of(text)
    terminal.write("\r" + text + String(repeating: " ", count: max(0, width - shown)))
    width = max(width, shown)
  }

  /// Leaves an empty line with the cursor at its beginning, if anything was shown.
  func erase() {
    guard let terminal, width > 0 else { return }
    terminal.write("\r" + String(repeating: " ", count: width) + "\r")
    width = 0
  }
}
