package import Messenger
import Terminal
import Wire

// What a person sees in the lobby and in a conversation.
extension Sentences {
  static let draftNote = "(ENTER again sends) "

  static func prompt(me: PeerName) -> String { "\(me.text)> " }
  static func prompt(me: PeerName, peer: PeerName) -> String { "\(me.text)>\(peer.text)  " }
  static func prompt(me: PeerName, dialling peer: PeerName) -> String {
    "\(me.text) (dialling \(peer.text), ENTER stops)> "
  }

  // MARK: Listening

  static func listening(as me: PeerName, _ summary: ListeningSummary, interactive: Bool) -> [String] {
    var lines: [String] = []
    let port = String(summary.port)
    switch summary.reach {
    case .loopback:
      lines.append(
        "\(me.text) is listening on \(address(summary.address, port)): only this computer can reach you.")
      lines.append(
        " For others: put this computer's address into your entry of the users file, or --bind ADDR.")
    case .oneAddress:
      lines.append("\(me.text) is listening. Others dial \(address(summary.address, port))")
    case .everyAddress(let isElsewhere):
      if isElsewhere {
        lines.append(
          "The address of \(me.text) in the users file is none of this computer's (a router, or a name): "
            + "listening on all.")
      }
      let dialled = summary.addresses.map { address($0, port) }.joined(separator: "  ")
      lines.append(
        dialled.isEmpty
          ? "\(me.text) is listening on port \(port) of every address of this computer."
          : "\(me.text) is listening. Others dial \(dialled)")
    }
    if interactive {
      lines.append("Type /chat NAME to call somebody, /help for more, exit to leave.")
      lines.append(" 1 chat  2 status  3 all  4 join  5 leave  (chat NAME NAME makes a group)")
    }
    return lines
  }

  private static func address(_ host: String, _ port: String) -> String {
    host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }

  // MARK: Arriving

  static func connected(_ event: ConnectedEvent, isFirst: Bool) -> [String] {
    let how: String
    if event.known {
      how = event.verified ? "known, verified" : "known"
    } else {
      how = "first contact, password accepted"
    }
    var lines = [
      event.dialled
        ? "Connected to \(event.peer.text) (\(how))." + (isFirst ? "  /help for commands" : "")
        : "Connected from \(event.address): \(event.peer.text) (\(how))."
          + (isFirst ? "  /help for commands" : "")
    ]
    if !event.known { lines.append("Their words, to compare by phone: \(event.words)") }
    if !event.verified {
      lines.append(" Until you did, a ? stands before the name:  secure_chat verify \(event.peer.text)")
    }
    return lines
  }

  static func log(_ event: ConnectedEvent) -> String {
    "Log: \(SafeText.line(event.logPath))" + (event.logText == .plain ? " (readable texts)" : "")
  }

  static func suite(_ event: ConnectedEvent) -> String {
    " Keys: \(event.group.name); records: \(event.cipher.name); "
      + "this session's words: \(event.sessionWords)"
  }

  static func step(_ step: StepEvent) -> String {
    let isSent = step.direction == .sent
    let words =
      switch step.name {
      case "hello":
        isSent
          ? "hello sent: Diffie-Hellman shares, and what we accept"
          : "hello received: Diffie-Hellman shares, and what they accept"
      case "challenge": isSent ? "challenge sent" : "challenge received"
      case "response": isSent ? "response sent" : "response verified"
      case "identity": isSent ? "identity sent, encrypted" : "identity verified"
      case "password exchange":
        isSent ? "password exchange (CPace) sent" : "password exchange (CPace) verified"
      case "confirmation": isSent ? "confirmation sent" : "confirmation verified"
      case let name where name.hasPrefix("Diffie-Hellman"): SafeText.line(name) + ": shared keys agreed"
      case let name where name.hasPrefix("new keys"):
        SafeText.line(name) + ", by a Diffie-Hellman and an ML-KEM of their own"
      case let name: SafeText.line(name) + (isSent ? " for every record from here on" : "")
      }
    return (isSent ? " -> " : " <- ") + words
  }

  static func alsoHere(_ peer: PeerName) -> String {
    "\(peer.text) is here too; to talk to them:  /chat \(peer.text)"
  }

  static func nowTalking(to peer: PeerName) -> String { "You talk to \(peer.text) now." }
  static let backInLobby = "Still listening. /chat NAME calls somebody, exit leaves."

  // MARK: Texts

  /// The time, the proven name, and the text; its further lines are set off, so that none looks like
  /// another speaker's.
  package static func message(_ event: MessageEvent, paint: Paint) -> [String] {
    let time = LocalTime(unixMilliseconds: event.time.milliseconds).hourAndMinute
    let mark = event.verified ? "" : "?"
    let lines = SafeText.lines(utf8: event.text)
    let indent = String(repeating: " ", count: time.count + 1) + "| "
    return lines.enumerated().map { index, line in
      index == 0
        ? paint.faint(time) + " " + mark + event.from.text + "  " + line : indent + line
    }
  }

  /// "23:16 you  Yes, to 02:00.     ✓ logged by bob (#4)"
  package static func tick(_ text: String, _ event: DeliveredEvent, columns: Int, paint: Paint) -> String {
    tick(
      text, by: "you",
      mark: event.logged.map { "✓ logged by \(event.to.text) (#\($0))" } ?? "✓ received, not logged",
      columns: columns, paint: paint)
  }

  /// An own text in one line, cut to fit, with what became of it at the end.
  static func tick(_ text: String, by author: String, mark: String, columns: Int, paint: Paint) -> String {
    let time = LocalTime(unixMilliseconds: LocalTime.nowInMilliseconds).hourAndMinute
    let lines = SafeText.lines(text)
    var shown = lines.first ?? ""
    let room = max(10, columns - time.count - DisplayWidth.of(mark) - DisplayWidth.of(author) - 7)
    var isCut = lines.count > 1
    while DisplayWidth.of(shown) > room {
      shown.removeLast()
      isCut = true
    }
    if isCut { shown += "…" }
    let width = min(room + 1, max(46, DisplayWidth.of(shown)))
    let padding = String(repeating: " ", count: max(0, width - DisplayWidth.of(shown)) + 2)
    return paint.faint(time) + " \(author)  " + shown + padding + paint.good(mark)
  }

  static func delivered(_ event: DeliveredEvent) -> String {
    event.logged.map { "✓ logged by \(event.to.text) (#\($0))" }
      ?? "✓ received, not logged by \(event.to.text)"
  }

  static func notSent(_ text: String, to peer: PeerName) -> String {
    "Not sent, the conversation with \(peer.text) is over: \(SafeText.line(String(text.prefix(60))))"
  }

  static let nobodyToSendTo =
    "There is nobody to send this to yet. /chat NAME calls somebody; /help lists more."

  static func notConnectedYet(_ peer: PeerName) -> String {
    "\(peer.text) is not connected yet; nothing was sent. ENTER alone stops trying."
  }

  static func pasteTooLong(_ count: Int, limit: Int, peer: PeerName?) -> String {
    "That paste has \(count) bytes, and a message holds \(limit); nothing of it was sent.\n"
      + " As a file, in parts:  secure_chat send \(peer?.text ?? "NAME") < FILE"
  }

  static func limitReached(_ limit: Int) -> String { "A message holds \(limit) bytes; this one is full." }

  // MARK: Commands

  static func chatHelp(inLobby: Bool) -> String {
    """
    /chat NAME      talk to NAME: switch, or call them     /who       who is here
    /chat NAME NAME...      a group with all of them, called room; /chat TEAM: NAME NAME calls it TEAM
    /join [GROUP]   go in, or take up an invitation        /leave [GROUP]   leave it for good
    /invite NAME    into the group in the prompt           /kick NAME        out of it, if you are its admin
    /draft on|off|replace   lines are gathered until ENTER on an empty one
    /details [N]    keys, words, counts and log of this conversation; of its message N
    /status NAME    whether NAME is here and known         /all       the same of everybody
    /sessions       all conversations                      /id        your own words
    /verify NAME    compare words, or take a new key       /block NAME    send them away
    exit, Ctrl-D    \(inLobby ? "leave the program" : "end this conversation, or go out of this group")
    /quit           end all conversations and leave
    A paste of several lines is one message; //x sends /x, and a space before exit sends the word.
    """
  }

  static func laterInChat(_ word: String) -> String {
    "\(SafeText.line(word)) comes later; nothing was sent. /help lists what there is."
  }

  static func unknownInChat(_ word: String, meant: String?) -> String {
    "No command /\(SafeText.line(word)); "
      + (meant.map { "did you mean /\($0)? " } ?? "") + "Nothing was sent; //\(SafeText.line(word)) sends it."
  }

  static func onlyAtATerminal(_ word: String) -> String { "/\(word) works at a terminal." }

  static func who(me: PeerName, peers: [PeerName], current: PeerName?) -> String {
    guard !peers.isEmpty else { return "You are \(me.text). Nobody else is here." }
    let others = peers.map { $0 == current ? "\($0.text) (your lines go to them)" : $0.text }
    return "You are \(me.text). Here: \(others.joined(separator: ", "))"
  }

  static func identity(_ identity: IdentitySummary) -> String {
    """
    name     \(identity.name.text)
    words    \(identity.words)
    profile  \(identity.profile)
    """
  }

  static func sessions(_ sessions: [SessionSummary]) -> String {
    guard !sessions.isEmpty else { return "No conversation is up." }
    return sessions.map { session in
      "\(session.peer.text)  \(session.address)  \(session.dialled ? "called" : "came")  since "
        + LocalTime(unixMilliseconds: session.since.milliseconds).hourAndMinute
        + "  words: \(session.sessionWords)" + (session.isNewest ? "" : "  (older)")
    }.joined(separator: "\n")
  }

  static func details(
    _ event: ConnectedEvent, me: IdentitySummary, epoch: UInt32, sent: Int, received: Int
  ) -> String {
    """
    peer       \(event.peer.text) at \(event.address), \(event.verified ? "verified" : "words not compared yet")
    their key  \(event.words)
    your key   \(me.words)
    session    \(event.sessionWords)
               \(event.session.text)
    keys       \(event.group.name): \(agreement(event.group)), challenge and response both ways
    epoch      \(epoch): \(renewals(epoch))
    records    \(event.cipher.name): \(event.cipher.encryptionStep), CRC32 inside, \
    \(event.cipher.authentication) outside, a fresh key for each
    texts      \(sent) sent, \(received) received; each that is shown passed \(event.cipher.authentication) and CRC32
    log        \(SafeText.line(event.logPath)) (\(event.logText == .plain ? "readable" : "sealed") texts)
    """
  }

  package static func renewals(_ epoch: UInt32) -> String {
    switch epoch {
    case 0: "the first keys; new ones come while you talk"
    case 1: "new keys came once"
    case _: "new keys came \(epoch) times"
    }
  }

  private static func agreement(_ group: KeyAgreementGroup) -> String {
    switch group {
    case .x25519MLKEM768: "Diffie-Hellman (X25519) and ML-KEM-768"
    case .x25519: "Diffie-Hellman (X25519)"
    case .x25519FFDHE3072: "Diffie-Hellman (X25519 and ffdhe3072)"
    }
  }

  static func noConversation(_ argument: String, peers: [PeerName]) -> String {
    (argument.isEmpty ? "No conversation is up." : "No conversation with \(quoted(argument)) is up.")
      + (peers.isEmpty ? "" : " Here: \(list(peers, separator: ", "))")
  }

  static func chatUsage(peers: [PeerName]) -> String {
    "Type /chat NAME, or /chat HOST:PORT." + (peers.isEmpty ? "" : " Here: \(list(peers, separator: ", "))")
  }

  static func draftUsage(_ mode: LineEditor.DraftMode) -> String {
    let now =
      switch mode {
      case .off: "off"
      case .on: "on"
      case .replace: "replace"
      }
    return "Drafts are \(now). Type /draft on, /draft off or /draft replace."
  }

  static func draftSet(_ mode: LineEditor.DraftMode) -> String {
    switch mode {
    case .off: "Drafts off: ENTER sends."
    case .on: "Drafts on: ENTER adds a line, ENTER on an empty line sends."
    case .replace: "Drafts replace: ENTER keeps the last line only, ENTER on an empty line sends it."
    }
  }

  static func interruptAgain(inConversation: Bool) -> String {
    inConversation
      ? "exit or Ctrl-D ends the conversation; Ctrl-C again leaves at once."
      : "exit or Ctrl-D leaves; Ctrl-C again leaves at once."
  }

  // MARK: Dialling

  static func dialling(_ target: DialTarget) -> String {
    "Calling \(target.name.text) at \(SafeText.line(target.address)) ..."
  }

  static func alreadyDialling(_ target: DialTarget?) -> String {
    "Still calling \(target?.name.text ?? "somebody"); ENTER alone stops that."
  }

  static func diallingAgain(_ name: PeerName) -> String {
    "Calling \(name.text) again (ENTER stops)"
  }

  /// The first try failed: what to type on the other side, while it is tried again.
  static func notListening(_ target: DialTarget, _ failure: MessengerFailure, users: UsersFile?) -> String {
    guard case .unreachable(let unreachable) = failure, case .refused = unreachable.cause else {
      return explained(Sentences.failure(failure)) + "\n Trying again (ENTER stops)"
    }
    let users = users.map { SafeText.line($0.path) } ?? "USERS.json"
    return "\(target.name.text) is not listening at \(SafeText.line(target.address)). "
      + "In another terminal: secure_chat \(users), \(target.name.text), r. Trying again (ENTER stops)"
  }

  static func stoppedTrying(_ target: DialTarget) -> Failure {
    Failure(
      .failed, "E_UNREACHABLE", "stopped calling \(target.name.text) at \(SafeText.line(target.address)).")
  }

  static func tryingAgain(_ failure: Failure, seconds: Int) -> String {
    failure.message + " Trying again in \(seconds) s."
  }
}
