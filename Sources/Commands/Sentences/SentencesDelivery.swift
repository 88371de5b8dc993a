import Messenger

// What is said of a lost link, and of a disk that stood in the way.
extension Sentences {
  /// The link was lost once more, and no try is left.
  static func lostForGood(_ ended: Failure) -> Failure {
    Failure(
      .unreachable, ended.code, ended.message + " Three tries were made.",
      hint: "Check the network, and run the command again.")
  }

  /// Why a connection was turned away: what of this side's own disk failed, where something did.
  static func reason(of event: RefusedEvent) -> String {
    event.problem.map { storage($0, isLog: false).message } ?? reason(event.code)
  }
}
