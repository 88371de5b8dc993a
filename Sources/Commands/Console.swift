/// Why a question got no answer.
package enum QuestionEnd: Error, Equatable, Sendable {
  /// Control-D, or the terminal went away.
  case endOfInput
  /// Control-C, or SIGINT.
  case interrupted
  /// SIGTERM or SIGHUP.
  case terminated
}

/// Somebody who can be asked: the person at the terminal, or a test's script.
package protocol Console: Sendable {
  /// Shows the question and returns the line that was entered, without its newline.
  func ask(_ question: String) async throws(QuestionEnd) -> String
  /// Shows a line or a few.
  func say(_ text: String) async
}
