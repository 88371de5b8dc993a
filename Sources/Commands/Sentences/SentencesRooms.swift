package import Messenger
import Terminal
package import Wire

// What happens in a group, as its members read it.
extension Sentences {
  /// How a command is typed where the person is now: bare in the lobby, with a slash elsewhere, as a
  /// command of the shell where nobody types.
  package enum Typing: Sendable {
    case lobby, conversation, shell

    func command(_ verb: String, _ argument: String) -> String {
      switch self {
      case .lobby: "\(verb) \(argument)"
      case .conversation: "/\(verb) \(argument)"
      case .shell: "secure_chat \(verb) \(argument)"
      }
    }
  }

  static func prompt(me: PeerName, room: GroupName) -> String { "\(me.text)>[\(room.text)]  " }

  // MARK: Texts

  /// The time, the group, the proven author, and the text; its further lines are set off, so that none looks
  /// like another member's.
  package static func message(_ event: GroupMessageEvent, paint: Paint) -> [String] {
    let time = LocalTime(unixMilliseconds: event.time.milliseconds).hourAndMinute
    let mark = event.verified ? "" : "?"
    let again = event.again ? "(perhaps shown before) " : ""
    let indent = String(repeating: " ", count: time.count + 1) + "| "
    return SafeText.lines(utf8: event.text).enumerated().map { index, line in
      index == 0
        ? paint.faint("\(time) [\(event.group.text)]") + " \(mark)\(event.from.text)  \(again)\(line)"
        : indent + line
    }
  }

  /// "23:16 [team] you  Yes, to 02:00.     ✓ on the relay (#4)"
  static func tick(_ text: String, _ event: GroupAcceptedEvent, columns: Int, paint: Paint) -> String {
    tick(
      text, by: "[\(event.group.text)] you", mark: "✓ on the relay (#\(event.seq))", columns: columns,
      paint: paint)
  }

  static func refusedText(_ text: String) -> String { " It was: \(SafeText.line(String(text.prefix(60))))" }

  static func accepted(_ event: GroupAcceptedEvent) -> String { "✓ on the relay (#\(event.seq))" }

  // MARK: Events

  /// What happened, in words; nil where nothing is to be said to `me`.
  package static func told(_ happening: GroupHappening, me: PeerName?, typing: Typing) -> String? {
    switch happening {
    case .invited(let group, _, let by, let members):
      invited(group, by: by, members.filter { $0 != me && $0 != by }, typing)
    case .memberInvited(let group, let name, let words, let by):
      name == me
        ? nil
        : "\(by == me ? "You have" : "\(by.text) has") invited \(name.text) to \(group.text) (\(words))."
    case .joined(let group, let name, let words):
      name == me
        ? nil : "\(name.text) has joined \(group.text).  Their words, to compare by phone: \(words)"
    case .left(let group, let name):
      name == me
        ? nil : "\(name.text) has left \(group.text), and can read nothing that is written from now on."
    case .removed(let group, let name, let by):
      name == me
        ? nil
        : "\(name.text) was removed from \(group.text)\(by.map { $0 == me ? " by you" : " by \($0.text)" } ?? "")"
          + ", and can read nothing that is written from now on."
    case .offline(let group, let names, let by):
      notOnline(names, in: group, invitedBy: by == me ? nil : by)
    case .presence(let group, let name, let online):
      name == me ? nil : "\(name.text) is \(online ? "online" : "not online any more") in \(group.text)."
    case .message: nil
    case .accepted(let event): "\(event.group.text): \(accepted(event))"
    case .refused(let group, _, let why):
      "! The relay of \(group.text) does not take a text of yours: \(SafeText.line(why)). Nobody gets it."
    case .misdeed(let group, let trouble): misdeed(trouble, in: group)
    case .ended(let group, let standing): ended(group, standing)
    case .connected(let group, let address, let members):
      connected(group, address, members.filter { $0 != me })
    case .reconnecting(let group, let address, let seconds):
      "The relay of \(group.text) does not answer at \(SafeText.line(address)): trying again in \(seconds) s, and "
        + "so on until it does. What is written here waits, and goes then."
    case .logged(let group, let path): "Log of \(group.text): \(SafeText.line(path))"
    case .invitationDropped(let from):
      "! An invitation was dropped: \(from.map { "it says that it comes from \($0.text), and" } ?? "it") does not "
        + "prove to come from anybody you know. Nothing to do; whoever wants you in a group talks with you first: "
        + "secure_chat chat YOU"
    case .storageFailed(let group, let problem):
      "! \(group.map { "\($0.text): " } ?? "")the groups of this profile cannot be written: "
        + "\(SafeText.line(problem.path)): \(SafeText.line(problem.why)). Nothing more is sent or shown there until "
        + "that is mended and this program started again."
    }
  }

  private static func invited(
    _ group: GroupName, by: PeerName, _ others: [PeerName], _ typing: Typing
  ) -> String {
    "\(by.text) has invited you to \(group.text)"
      + (others.isEmpty ? "." : ", with \(list(others, separator: ", ")).")
      + "  To join:  \(typing.command("join", group.text))"
  }

  /// Whom an invitation did not reach.
  static func notOnline(_ names: [PeerName], in group: GroupName, invitedBy other: PeerName?) -> String {
    let whose = other.map { "\($0.text) keeps" } ?? "You keep"
    return
      "Not online: \(list(names, separator: ", ")). \(whose) the invitation to \(group.text), and they get it "
      + "when they come."
  }

  static func connected(_ group: GroupName, _ address: String, _ others: [PeerName]) -> String {
    "\(group.text) is connected, by the relay at \(SafeText.line(address))."
      + (others.isEmpty ? "" : " Members: \(list(others, separator: ", ")).")
  }

  /// A first contact that an invitation to a group made.
  static func metForAGroup(_ event: ConnectedEvent) -> String {
    "First contact with \(event.peer.text), password accepted.  Their words, to compare by phone: \(event.words)"
  }

  static func ended(_ group: GroupName, _ standing: GroupSummary.Standing) -> String {
    switch standing {
    case .left: "You have left \(group.text)."
    case .removed(let by):
      "! You were removed from \(group.text)\(by.map { " by \($0.text)" } ?? ""). What is written there from now on "
        + "you cannot read."
    case .forked: misdeed(.forked(nil), in: group)
    case .invited, .member: "\(group.text) has ended here."
    }
  }

  // MARK: Misdeeds

  /// What the relay or a member did and must not, what that means, and what to do.
  package static func misdeed(_ trouble: GroupTrouble, in group: GroupName) -> String {
    let (what, means, todo): (String, String, String) =
      switch trouble {
      case .chainBroken:
        (
          "the relay handed out entries that do not follow from one another",
          "it left something out, put something in, or changed the order; what did not fit was not shown",
          "Ask the others whether they miss something, and take another relay for a new group: --relay HOST:PORT."
        )
      case .rolledBack:
        (
          "the relay shows less than it confirmed before",
          "it lost its disk, or somebody put an old state in its place; texts with a tick may be gone from it",
          "Ask whoever runs the relay; until it is mended, make a new group at another one."
        )
      case .forgotten(let entries):
        (
          "the relay no longer keeps \(count(Int(clamping: entries), "message")) that you never saw",
          "you were away for longer than it keeps them (--keep, --quota); they are lost for you",
          "Ask the others for what you missed."
        )
      case .forked(let name):
        (
          name.map { "the relay shows \($0.text) another conversation than you" }
            ?? "the relay shows members different conversations",
          "it is the relay's doing, by intent or because its disk was restored; nothing more is sent to this "
            + "group from here",
          "Compare by phone what was said, and make a new group at another relay."
        )
      case .gap(let name, let missing):
        (
          "\(count(Int(clamping: missing), "message")) of \(name.text) never came",
          "the relay left them out",
          "Ask \(name.text) what they were, and do not trust that relay."
        )
      case .replayed(let name):
        (
          "an old message\(name.map { " of \($0.text)" } ?? "") came a second time",
          "the relay or a member repeats it; it was not shown again", "Nothing to do, unless it goes on."
        )
      case .badSignature(let name):
        (
          "a message that says it comes from \(name?.text ?? "a member") is not signed by them",
          "a member tries to speak as another; it was not shown",
          "Ask an admin to find out who, and to remove them: group kick."
        )
      case .garbage:
        (
          "something came that no member's key opens",
          "the relay or a former member put it there; it was not shown",
          "Nothing to do, unless it goes on."
        )
      case .badReceipt:
        (
          "the relay gave a receipt that it did not sign, or not for what was sent",
          "that text has no tick: nobody promised to keep it", "Do not trust that relay with a new group."
        )
      case .badCommit(let name):
        (
          "a change of the group\(name.map { " by \($0.text)" } ?? "") breaks its rules",
          "it was refused, and the keys stay as they were",
          name.map { "Ask \($0.text); an admin can remove them: group kick \(group.text) \($0.text)" }
            ?? "Ask the others who it was."
        )
      }
    return "! \(group.text): \(what). That means: \(means). \(todo)"
  }

  /// The misdeed's word in JSON events.
  package static func code(of trouble: GroupTrouble) -> (code: String, name: PeerName?) {
    switch trouble {
    case .chainBroken: ("chain_broken", nil)
    case .rolledBack: ("rolled_back", nil)
    case .forgotten: ("forgotten", nil)
    case .forked(let name): ("forked", name)
    case .gap(let name, _): ("gap", name)
    case .replayed(let name): ("replayed", name)
    case .badSignature(let name): ("bad_signature", name)
    case .garbage: ("garbage", nil)
    case .badReceipt: ("bad_receipt", nil)
    case .badCommit(let name): ("bad_commit", name)
    }
  }

  // MARK: In the lobby

  static func entered(_ summary: GroupSummary) -> [String] {
    let others = summary.members.filter { !$0.isMe }
    let online = others.filter(\.online).map(\.name)
    let who =
      others.isEmpty ? ", alone." : " with \(list(others.map(\.name), separator: ", "))."
    let there =
      online.isEmpty ? " Nobody else is online." : " Online: \(list(online, separator: ", "))."
    return [
      "You are in \(summary.name.text)\(who)\(others.isEmpty ? "" : there)  /help for commands",
      " What you type goes to all of them, by the relay at \(SafeText.line(summary.relay)) (words: "
        + "\(summary.relayWords)), which can read none of it.",
    ]
  }

  static func alreadyIn(_ room: GroupName) -> String { "You are in \(room.text) already." }
  static func joining(_ room: GroupName) -> String { "Joining \(room.text) ..." }
  static func creating(_ room: GroupName, _ names: [PeerName]) -> String {
    "Making \(room.text) and inviting \(list(names, separator: ", ")) ..."
  }
  static func outOfRoom(_ room: GroupName) -> String {
    "You are out of \(room.text), and still a member: its messages keep coming.  /chat \(room.text) goes back, "
      + "/leave \(room.text) leaves for good."
  }
  static let nothingToJoin =
    "No invitation waits for you, and you are in no group. To make one:  /chat NAME NAME"
  static func whichRoom(_ verb: String, _ rooms: [GroupName]) -> String {
    rooms.isEmpty
      ? "You are in no group. To make one:  /chat NAME NAME"
      : "Which group? Type /\(verb) GROUP. There is: \(rooms.map(\.text).joined(separator: ", "))"
  }
  static func inviteUsage(_ room: GroupName?) -> String {
    room == nil
      ? "Type /invite GROUP: NAME, or go into the group first: /chat GROUP"
      : "Type /invite NAME, or several names."
  }
  static let kickUsage = "Type /kick NAME in the group, or /kick GROUP: NAME."

  /// What an invitation came to.
  static func invited(_ result: GroupInvited) -> [String] {
    var lines: [String] = []
    if !result.invited.isEmpty {
      lines.append("Invited to \(result.summary.name.text): \(list(result.invited, separator: ", ")).")
    }
    if !result.offline.isEmpty {
      lines.append(notOnline(result.offline, in: result.summary.name, invitedBy: nil))
    }
    return lines
  }

  static func whoIsIn(_ summary: GroupSummary) -> String {
    let shown = summary.members.map { member in
      member.isMe ? "\(member.name.text) (you)" : "\(member.name.text)\(member.online ? "" : " (not online)")"
    }
    return "In \(summary.name.text): \(shown.joined(separator: ", "))"
  }

  static func otherRooms(_ rooms: [GroupSummary]) -> String {
    "Groups: " + rooms.map { "\($0.name.text)\(standing($0.standing))" }.joined(separator: ", ")
  }

  static func onlineUsers(_ names: [PeerName]) -> String {
    names.isEmpty ? "Nobody else is online." : "Online: \(list(names, separator: ", "))"
  }

  // MARK: group list, group show

  private static func standing(_ standing: GroupSummary.Standing) -> String {
    switch standing {
    case .invited(let by): " (invited by \(by.text))"
    case .member: ""
    case .left: " (left)"
    case .removed(let by): " (removed\(by.map { " by \($0.text)" } ?? ""))"
    case .forked: " (forked: nothing is sent there)"
    }
  }

  static let noGroups =
    "You are in no group. To make one:  secure_chat group create NAME USER... --relay HOST:PORT"

  /// "team (invited by bob)  alice, bob, carol  relay 127.0.0.1:5000"
  static func group(_ summary: GroupSummary) -> String {
    "\(summary.name.text)\(standing(summary.standing))  "
      + "\(list(summary.members.map(\.name), separator: ", "))  relay \(SafeText.line(summary.relay))"
  }

  /// Everything about one group; each member on a line, with the words of its key.
  static func groupDetails(_ summary: GroupSummary) -> String {
    var lines = [
      "group    \(summary.name.text)\(standing(summary.standing))", "id       \(summary.id.text)",
      "relay    \(SafeText.line(summary.relay)), words: \(summary.relayWords)",
      "keys     changed \(count(Int(clamping: summary.epoch), "time"))",
    ]
    for (index, member) in summary.members.enumerated() {
      let marks = [
        member.isMe ? "you" : nil, member.isAdmin ? "admin" : nil,
        member.isMe ? nil : member.online ? "online" : "not online",
      ].compactMap(\.self)
      lines.append(
        (index == 0 ? "members  " : "         ") + (member.verified || member.isMe ? "" : "?")
          + "\(member.name.text) (\(marks.joined(separator: ", ")))  \(member.words)")
    }
    return lines.joined(separator: "\n")
  }

  static func kicked(_ name: PeerName, from group: GroupName) -> String {
    "\(name.text) was removed from \(group.text), and can read nothing that is written from now on."
  }
  static func created(_ summary: GroupSummary) -> String {
    "\(summary.name.text) is made, at the relay \(SafeText.line(summary.relay)) (words: \(summary.relayWords)).  "
      + "To talk there:  secure_chat join \(summary.name.text)"
  }

  // MARK: Failures of the commands

  static func badGroupName(_ text: String, _ error: NameError) -> Failure {
    let found = badName(text, error)
    return usage(
      "\(quoted(text)) cannot be a group's name (at most 58 bytes). \(found.message)", hint: found.hint)
  }

  static func severalGroups(_ groups: [GroupName]) -> Failure {
    usage("you are in several groups.", hint: "Name one: " + groups.map(\.text).joined(separator: ", "))
  }

  static func notInvited(_ name: PeerName, _ failure: Failure) -> Failure {
    Failure(
      failure.exit, failure.code, "\(name.text) is not invited: \(failure.message)", hint: failure.hint)
  }

  static func textRefused(_ group: GroupName, _ why: String) -> Failure {
    Failure(
      .refused, "E_RELAY", "the relay of \(group.text) does not take a text: \(SafeText.line(why)).",
      hint: "What came before it was taken. Ask whoever runs the relay (its limits: --keep, --quota).")
  }

  static func notOnTheRelay(_ group: GroupName, count: Int, address: String?, seconds: Int) -> Failure {
    Failure(
      .unreachable, "E_UNREACHABLE",
      "the relay of \(group.text)\(address.map { " (\(SafeText.line($0)))" } ?? "") did not take "
        + "\(Self.count(count, "message")) within \(seconds) s.",
      hint: "They wait here and go with the next  secure_chat join \(group.text)  : do not send them again.")
  }

  static func groupNotConnected(_ group: GroupName, address: String?, seconds: Int) -> Failure {
    Failure(
      .unreachable, "E_UNREACHABLE",
      "the relay of \(group.text)\(address.map { " (\(SafeText.line($0)))" } ?? "") did not answer within \(seconds) s.",
      hint: "See that it runs: secure_chat relay --listen HOST:PORT    Wait longer: --timeout S")
  }

  static func withoutGroups(_ failure: Failure) -> String { "Without your groups: " + explained(failure) }

  static func lookingForInvitation(_ group: GroupName?) -> String {
    "Looking for an invitation\(group.map { " to \($0.text)" } ?? "") ..."
  }

  static func notSent(_ text: String, to group: GroupName, _ failure: Failure) -> String {
    "Not sent to \(group.text): \(SafeText.line(String(text.prefix(60))))\n " + explained(failure)
  }
}
