import Messenger
import Terminal
import Wire

// Why something about a group could not be done.
extension Sentences {
  static func group(_ failure: GroupFailure) -> Failure {
    switch failure {
    case .noSuchGroup(let group):
      usage("there is no group \(group.text) here.", hint: "Your groups: secure_chat group list")
    case .nameTaken(let group):
      usage(
        "you have a group \(group.text) already.",
        hint: "Take another name, or add to that one: secure_chat group invite \(group.text) USER...")
    case .relayNeeded:
      usage(
        "a group needs a relay, and none is known yet.",
        hint: "Name one: --relay HOST:PORT    Run one, on any computer: secure_chat relay --listen HOST:PORT")
    case .textTooLong(let count):
      usage("a text of \(count) bytes is too long for a group (65,471 at most).")
    case .alreadyMember(let name, let group):
      usage(
        "somebody called \(name.text) is in \(group.text) already: a name stands for one member.",
        hint: "Who that is, with words: secure_chat group show \(group.text)")
    case .noSuchMember(let name, let group):
      usage("\(name.text) is not in \(group.text).", hint: "Who is: secure_chat group show \(group.text)")
    case .severalInvitations(let groups):
      usage(
        "several invitations wait.", hint: "Name one: " + groups.map(\.text).joined(separator: ", "))
    case .nameUnfit(let name):
      usage("\(name.text) cannot be in a group: a name there must not hold a colon and a space.")
    case .notConnected(let group, let address):
      Failure(
        .unreachable, "E_UNREACHABLE",
        "the relay of \(group.text), \(SafeText.line(address)), is not connected at the moment.",
        hint: "It is tried again by itself; try this again when it is back.")
    case .notOnline(let name):
      Failure(
        .unreachable, "E_UNREACHABLE", "\(name.text) is not online.",
        hint: "On their side: secure_chat listen --relay HOST:PORT")
    case .relayRefused(let address, let why):
      Failure(
        .refused, "E_RELAY", "the relay \(SafeText.line(address)) refused: \(SafeText.line(why)).",
        hint: "Wait a moment, or ask whoever runs it (its limits: --keep, --quota).")
    case .notMember(let group):
      Failure(
        .refused, "E_GROUP", "you are not a member of \(group.text).",
        hint: "With an invitation: secure_chat join \(group.text)    Else ask a member for one.")
    case .notAdmin(let group):
      Failure(
        .refused, "E_GROUP", "only an admin of \(group.text) may do that.",
        hint: "Who is: secure_chat group show \(group.text)")
    case .notInvited(let group):
      Failure(
        .refused, "E_GROUP", "nobody has invited you\(group.map { " to \($0.text)" } ?? "").",
        hint: "A member does it so: secure_chat group invite \(group?.text ?? "GROUP") YOUR-NAME    "
          + "You have to know each other: talk with them once before.")
    case .forked(let group):
      Failure(
        .failed, "E_GROUP",
        "the relay has shown the members of \(group.text) different conversations: nothing is sent there any "
          + "more.",
        hint: "Compare by phone what was said, and make a new group at another relay.")
    case .inviteeNotProven(let name):
      Failure(
        .identity, ChatErrorCode.ident.rawValue,
        "what stands for \(name.text) does not prove the key you know. Nobody was invited by it.",
        hint: "If \(name.text) confirms a new key by another channel:  secure_chat verify \(name.text)")
    case .inUse:
      Failure(
        .failed, "E_GROUP", "another secure_chat of yours has your groups open.",
        hint: "Type it there, or end that one.")
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
