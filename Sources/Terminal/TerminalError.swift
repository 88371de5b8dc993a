import Glibc

/// Why a terminal could not be used.
package enum TerminalError: Error, Hashable, Sendable {
  /// The descriptor is no terminal.
  case notATerminal
  /// The input ended before ENTER (^D, or the terminal went away).
  case endOfInput
  /// ^C, or the signal that came in its place; the program is still there only if it handles that signal.
  case interrupted(signal: Int32)
  /// What was typed is longer than the memory that was lent for it, in bytes.
  case tooLong(limit: Int)
  /// The system's number for what failed.
  case failed(code: Int32)
}
