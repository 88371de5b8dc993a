import Messenger

// What is said of a lost link.
extension Sentences {
  /// The link was lost once more, and no try is left.
  static func lostForGood(_ ended: Failure) -> Failure {
    Failure(
      .unreachable, ended.code, ended.message + " Three tries were made.",
      hint: "Check the network, and run the command again.")
  }
}
