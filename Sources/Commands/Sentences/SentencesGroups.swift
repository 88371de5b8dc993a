import Messenger
import Terminal
import Wire

// Groups, in words.
extension Sentences {
  static func group(_ failure: GroupFailure) -> Failure {
    switch failure {
    case .noSuchGroup(let group): usage("there is no group \(group.text) here.")
    case .nameTaken(let group): usage("you have a group \(group.text) already.")
    case .relayNeeded: usage("no relay is known yet.", hint: "Name one: --relay HOST:PORT")
    case .textTooLong(let count): usage("a text of \(count) bytes is too long for a group.")
    case .alreadyMember(let name, let group): usage("\(name.text) is in \(group.text) already.")
    case .noSuchMember(let name, let group): usage("\(name.text) is not in \(group.text).")
    case .severalInvitations(let groups):
      usage("several invitations wait: \(groups.map(\.text).joined(separator: ", ")).")
    case .nameUnfit(let name): usage("\(name.text) cannot be in a group: the name holds \": \".")
    case .notConnected(let group, let address):
      Failure(
        .unreachable, "E_UNREACHABLE",
        "the relay of \(group.text), \(SafeText.line(address)), is not connected.")
    case .notOnline(let name): Failure(.unreachable, "E_UNREACHABLE", "\(name.text) is not online.")
    case .relayRefused(let address, let why):
      Failure(.refused, "E_RELAY", "the relay \(SafeText.line(address)) refused: \(SafeText.line(why)).")
    case .notMember(let group): Failure(.refused, "E_GROUP", "you are not in \(group.text).")
    case .notAdmin(let group): Failure(.refused, "E_GROUP", "only an admin of \(group.text) may do that.")
    case .notInvited(let group):
      Failure(.refused, "E_GROUP", "nobody invited you\(group.map { " to \($0.text)" } ?? "").")
    case .forked(let group):
      Failure(.failed, "E_GROUP", "\(group.text) has forked: nothing is sent there any more.")
    case .inviteeNotProven(let name):
      Failure(
        .identity, ChatErrorCode.ident.rawValue, "\(name.text) did not prove the key you know.")
    case .inUse: Failure(.failed, "E_GROUP", "another secure_chat of yours has the groups open.")
    }
  }

  static func why(_ cause: Unreachable.Cause) -> String {
    switch cause {
    case .refused: "nobody listens there"
    case .timedOut(let seconds): "no answer within \(seconds) s"
    case .unknownHost: "the name service does not know the host"
    case .other(let why): SafeText.line(why)
    }
  }
}
