/// What a script learns from `secure_chat` when it ends.
package enum ExitCode: Int32, Sendable, CaseIterable {
  case ok = 0
  /// Something failed, a conversation that was cut short among it.
  case failed = 1
  /// The command line, an answer without a terminal, or the input is not usable.
  case usage = 2
  /// Nobody could be reached at that address.
  case unreachable = 3
  /// The other side did not prove the key that is known for it.
  case identity = 4
  /// Passwords or keys did not agree.
  case authentication = 5
  /// The other side does not want this conversation.
  case refused = 9
  /// Control-C at a prompt.
  case interrupted = 130
}
