package import Messenger
import Terminal
package import Wire

// What happened, in words: failures of the messenger, refusals, ends, warnings, and the questions of `verify`.
extension Sentences {
  package static func failure(_ failure: MessengerFailure, me: PeerName? = nil) -> Failure {
    let me = me?.text ?? "YOUR-NAME"
    switch failure {
    case .usage(let problem): return Self.problem(problem)
    case .unreachable(let unreachable): return Self.unreachable(unreachable)
    case .notProven(let facts): return notProven(facts)
    case .identityRefused(let facts, let code): return identityRefused(facts, code)
    case .identityDiffers(let facts):
      return Failure(
        .identity, ChatErrorCode.ident.rawValue,
        "the users file gives \(facts.peer.name.text) another identity than the one you know "
          + "(pinned \(day(facts.pinned)), words \(facts.words)). Nothing was sent.",
        hint: "If \(facts.peer.name.text) confirms the new one by another channel:  "
          + "secure_chat verify \(facts.peer.name.text)")
    case .keyUnknown(let facts, let code):
      return Failure(
        .authentication, code.rawValue,
        "\(facts.name.text) does not know your key (at \(SafeText.line(facts.address))): their side, or yours, was "
          + "set up anew;\nor it does, and takes no weaker key agreement than in an earlier conversation. "
          + "Nothing was sent.",
        hint: "\(facts.name.text) types:  secure_chat verify \(me)    and you:  "
          + "secure_chat verify \(facts.name.text)\nIf you chose the key agreement (--groups): dial without.")
    case .firstContactFailed(let facts, let code):
      return Failure(
        .authentication, code.rawValue,
        "\(facts.name.text) did not accept the first contact: the password is wrong, or "
          + "\(facts.name.text) already knows an older key of yours. Nothing was sent.",
        hint: "Check the password in \(facts.name.text)'s entry of the users file; if \(facts.name.text) "
          + "knows an older key of yours, they type:  secure_chat verify \(me)")
    case .guessLimit(let facts):
      return Failure(
        .authentication, ChatErrorCode.limit.rawValue,
        "three passwords for \(facts.name.text) were wrong; no more are tried, since each gives a man in the "
          + "middle one guess.",
        hint: "Give another password, or type:  secure_chat verify \(facts.name.text)")
    case .alert(let facts, let alert): return Self.alert(facts.name, alert)
    case .passphraseNeeded(let name): return passphraseNeeded(name)
    case .wrongPassphrase(let name, let path): return wrongPassphrase(name, path: path)
    case .state(let problem): return storage(problem, isLog: false)
    case .log(let problem): return storage(problem, isLog: true)
    case .portInUse(let address, let port):
      return Failure(
        .failed, "E_PORT",
        "port \(port) of \(SafeText.line(address)) is in use: another program listens there.",
        hint: "End it, or take another port: --port N (0: any free one)")
    case .cannotListen(let address, let port, let why):
      return Failure(
        .failed, "E_PORT",
        "cannot listen on port \(port) of \(SafeText.line(address)): \(SafeText.line(why)).",
        hint: "Name another address or port: --bind ADDR, --port N")
    case .sessionEnded: return Failure(.failed, ChatErrorCode.truncated.rawValue, "the conversation is over.")
    case .peerIsVerifying(let facts): return peerIsVerifying(facts.name)
    case .blockedHere(let name): return blockedHere(name)
    case .notVerified(let name, let isKnown): return notVerified(name, isKnown: isKnown)
    case .contactChanged(let facts): return contactChanged(facts)
    case .group(let failure): return group(failure)
    case .relay(let failure): return relay(failure)
    case .stopped: return interrupted
    }
  }

  private static func peerIsVerifying(_ name: PeerName) -> Failure {
    Failure(
      .failed, "E_VERIFYING", "\(name.text) is checking your new key; nothing was shown to them.",
      hint: "Try again when \(name.text) said yes.")
  }

  private static func notProven(_ facts: NotProven) -> Failure {
    let name = facts.peer.name.text
    let hint = "If \(name) confirms it by another channel:  secure_chat verify \(name)"
    let pinned = "(pinned \(day(facts.pinned)), words \(facts.words))"
    if facts.isOfThisHome {
      return Failure(
        .identity, facts.code.rawValue,
        "\(name) did not prove the key you know \(pinned).\n"
          + "the \(name) you know is the one on this computer: you tried both users here, and now another "
          + "computer answers at \(SafeText.line(facts.peer.address)). Nothing was sent.",
        hint: hint)
    }
    return Failure(
      .identity, facts.code.rawValue,
      "\(name) did not prove the key you know \(pinned).\n"
        + "Either \(name) reinstalled, or another machine answers at \(SafeText.line(facts.peer.address)), "
        + "or someone is in between,\n"
        + "or you tried both users on this computer before (or it accepts none of the groups offered). "
        + "Nothing was sent.",
      hint: hint)
  }

  private static func identityRefused(_ facts: PeerFacts, _ code: ChatErrorCode) -> Failure {
    if code == .downgrade {
      return Failure(
        .identity, code.rawValue,
        "the conversation with \(facts.name.text) would have a weaker key agreement than one before it: their "
          + "program or its --groups changed, or yours, or somebody is in between. Nothing was sent.",
        hint: "If \(facts.name.text) confirms it by another channel, take it once more with  "
          + "--allow-downgrade \(facts.name.text)")
    }
    return Failure(
      .identity, code.rawValue,
      "whoever answers at \(SafeText.line(facts.address)) knows the password and proves a key, but not as a new "
        + "\(facts.name.text): the name or the key belongs to somebody else you know. Nothing was sent.",
      hint: "Check the address of \(facts.name.text) in the users file.")
  }

  private static func unreachable(_ unreachable: Unreachable) -> Failure {
    let name = unreachable.peer.name.text
    let address = SafeText.line(unreachable.peer.address)
    let (message, hint): (String, String) =
      switch unreachable.cause {
      case .refused:
        (
          "\(name) is not listening at \(address).",
          "On their side: secure_chat listen    Another address: --to HOST:PORT"
        )
      case .timedOut(let seconds):
        (
          "\(name) did not answer at \(address) within \(seconds) s: a firewall, or a computer that is off.",
          "Check the address, or wait longer: --timeout S"
        )
      case .unknownHost:
        (
          "the host of \(name), \(address), is not known to the name service.",
          "Check it, or use: --to HOST:PORT"
        )
      case .other(let why):
        (
          "\(name) cannot be reached at \(address): \(SafeText.line(why)).",
          "Check the network, or use: --to HOST:PORT"
        )
      }
    return Failure(.unreachable, "E_UNREACHABLE", message, hint: hint)
  }

  private static func problem(_ problem: UsageProblem) -> Failure {
    switch problem {
    case .passwordNeeded(let name): passwordNeeded(name)
    case .passwordRefused(let name):
      usage(
        "the password\(name.map { " of \($0.text)" } ?? "") cannot be used: "
          + "it is empty, holds a control character, or has more than 128 bytes.")
    case .portNeeded:
      usage("it is not said which port to listen on.", hint: "Say it: --port N (0: any free one)")
    case .textTooLong(let count): usage("a text of \(count) bytes is too long for one message.")
    case .textNotUTF8: usage("the text is not UTF-8.")
    case .dialsItself(let name): usage("that is you (\(name.text)).", hint: "Name somebody else.")
    case .ownPasswordNeeded(let name): ownPasswordNeeded(name)
    case .notListening: notListening
    case .notKnown(let name):
      usage(
        "you do not know \(name.text) yet: no key of theirs is kept here.",
        hint: "Talk first: secure_chat chat \(name.text)")
    case .addressNotHere(let address):
      usage(
        "\(quoted(address)) is no address of this computer.",
        hint: "Leave --bind out, or name one of its own.")
    case .unknownSession: usage("there is no such conversation.")
    }
  }

  private static func alert(_ name: PeerName, _ alert: AlertCode) -> Failure {
    switch alert {
    case .error:
      Failure(.failed, ChatErrorCode.alert.rawValue, "\(name.text) ended the conversation: an error there.")
    case .blocked:
      Failure(.refused, ChatErrorCode.alert.rawValue, "\(name.text) does not accept conversations from you.")
    case .tooManySessions:
      Failure(
        .refused, ChatErrorCode.alert.rawValue, "\(name.text) has too many conversations with you already.",
        hint: "End one of them.")
    case .notMember:
      Failure(.refused, ChatErrorCode.alert.rawValue, "\(name.text) says that you are not a member.")
    }
  }

  // MARK: Ends

  /// Why a conversation did not end well; for the end of a command.
  static func ended(_ closed: ClosedEvent, unconfirmed: Int) -> Failure {
    let name = closed.peer.text
    if let alert = closed.alert { return Self.alert(closed.peer, alert) }
    if let problem = closed.logProblem { return storage(problem, isLog: true) }
    if closed.peerReason == .verified {
      return peerIsVerifying(closed.peer)
    }
    // A record that was refused is more than a cut, though no goodbye came with it either.
    let wasCut = closed.code == nil || closed.code == .truncated || closed.code == .timeout
    if closed.truncated, wasCut {
      return Failure(.failed, ChatErrorCode.truncated.rawValue, truncated(closed, unconfirmed))
    }
    if let code = closed.code {
      return Failure(
        .failed, code.rawValue,
        "the conversation with \(name) was stopped: \(reason(code)) (\(code.rawValue)).")
    }
    return Failure(
      .failed, ChatErrorCode.closed.rawValue,
      "\(name) ended the conversation" + (unconfirmed > 0 ? "; \(lastConfirmed(closed, unconfirmed))" : "."))
  }

  private static func truncated(_ closed: ClosedEvent, _ unconfirmed: Int) -> String {
    "TRUNCATED: the conversation with \(closed.peer.text) was cut short; \(lastConfirmed(closed, unconfirmed))"
  }

  private static func lastConfirmed(_ closed: ClosedEvent, _ unconfirmed: Int) -> String {
    let last = closed.lastConfirmed.map { "#\($0.seq) (\($0.id.text))" } ?? "none"
    return "last message \(closed.peer.text) confirmed: \(last)"
      + (unconfirmed > 0 ? ", \(count(unconfirmed, "message")) not confirmed." : ".")
  }

  /// The same in a conversation.
  package static func ended(_ closed: ClosedEvent, wasLeft: Bool, unconfirmed: Int, paint: Paint) -> String {
    guard closed.endedCleanly, closed.peerReason != .verified else {
      return paint.alarm("!") + " "
        + explained(namingError(ended(closed, unconfirmed: unconfirmed), of: closed))
    }
    let counts = "\(closed.sent) sent, \(closed.received) received"
    return wasLeft || closed.reason != .peer
      ? "The conversation with \(closed.peer.text) ended (\(counts))."
      : "\(closed.peer.text) ended the conversation (\(counts))."
  }

  /// The link was lost once more, and no try is left.
  static func lostForGood(_ ended: Failure) -> Failure {
    Failure(
      .unreachable, ended.code, ended.message + " Three tries were made.",
      hint: "Check the network, and run the command again.")
  }

  /// With its code, where an error ended the conversation and the words do not have it.
  private static func namingError(_ failure: Failure, of closed: ClosedEvent) -> Failure {
    guard closed.logProblem != nil || closed.alert == .error, !failure.message.contains(failure.code) else {
      return failure
    }
    return Failure(failure.exit, failure.code, failure.message + " (\(failure.code))", hint: failure.hint)
  }

  // MARK: What strangers do, and warnings

  package static func reason(_ code: ChatErrorCode) -> String {
    switch code {
    case .proto: "what came is not this protocol, or breaks its rules"
    case .policy: "nothing that is offered is accepted now"
    case .dh: "an unusable Diffie-Hellman value"
    case .pake: "an unusable value in the password exchange"
    case .auth: "a password or key was not proven"
    case .ident: "the name or key belongs to somebody else"
    case .reflect: "our own values came back"
    case .downgrade: "a weaker key agreement than before; --allow-downgrade NAME takes it"
    case .mac: "a record was changed on the way (HMAC)"
    case .crc: "damaged after authentication (memory or program error)"
    case .ku: "a key update went wrong"
    case .limit: "too many attempts"
    case .timeout: "it fell silent"
    case .state: "our own disk could not be written"
    case .closed: "the other side closed the connection"
    case .alert: "the other side reported an error"
    case .truncated: "the link was cut"
    }
  }

  package static func refused(_ event: RefusedEvent) -> String {
    if let name = event.name {
      let spent = event.triesLeft.map { " (\(max(0, 5 - $0)) of 5)" } ?? ""
      // The password was right where these come.
      if event.problem != nil || [.ident, .downgrade].contains(event.code) {
        return "first contact with \(name.text) failed: \(reason(event)) (\(event.code.rawValue))"
      }
      let text = "first contact with \(name.text) failed: wrong password, or cut off\(spent)"
      return event.triesLeft == 0
        ? text + "\n No more are taken for \(name.text) until you type:  secure_chat verify \(name.text)"
        : text
    }
    if let contact = event.unwanted, event.count == 1 { return unwanted(contact) }
    let who =
      event.count > 1
      ? "\(event.count) connections were" : "a connection from \(SafeText.line(event.address)) was"
    return "\(who) turned away: \(reason(event)) (\(event.code.rawValue))"
  }

  static func repairWanted(_ event: RepairWantedEvent) -> String {
    "Somebody at \(SafeText.line(event.address)) wants a first contact as \(event.name.text), whom you know already: "
      + "\(event.name.text) reinstalled, or somebody poses as them.\n"
      + " If \(event.name.text) confirms it by another channel:  secure_chat verify \(event.name.text)"
  }

  static func warning(_ warning: Warning) -> (code: String, text: String) {
    switch warning {
    case .knownPeopleOnly:
      (
        "W_KNOWN_ONLY",
        "Without a password of your own only people you already know can reach you (--password-file FILE)."
      )
    case .earlierLog(let problem): ("W_EARLIER_LOG", earlierLog(problem))
    case .descriptorsShort:
      ("W_DESCRIPTORS", "Open files run short; connections wait until others end (ulimit -n).")
    case .clockDiffers(let name, let milliseconds):
      ("W_CLOCK_SKEW", clockDiffers(name, milliseconds))
    }
  }

  private static func clockDiffers(_ name: PeerName, _ milliseconds: Int64) -> String {
    let minutes = Int(clamping: milliseconds.magnitude / 60_000)
    let howLong =
      minutes < 120
      ? count(minutes, "minute") : minutes < 2880 ? count(minutes / 60, "hour") : count(minutes / 1440, "day")
    return milliseconds > 0
      ? "By the clock of \(name.text) their last message was written \(howLong) from now: "
        + "one of the two clocks is wrong (doctor looks at yours)."
      : "By the clock of \(name.text) their last message was written \(howLong) ago: "
        + "it waited on its way, or one of the two clocks is wrong (doctor looks at yours)."
  }

  private static func earlierLog(_ problem: EarlierLog) -> String {
    switch problem {
    case .endedWithoutClose(let name):
      "The log before this one, \(SafeText.line(name)), has no end: a crash, a power loss or a cut link."
    case .tornTail(let name, let bytes):
      "The log before this one, \(SafeText.line(name)), ends in \(bytes) bytes of an unfinished record: a crash."
    case .rolledBack(let name, let records, let witnessed):
      "The log \(SafeText.line(name)) has \(records) records, and \(witnessed) were seen before: "
        + "it was cut or exchanged. Check it:  secure_chat_log verify"
    case .missing(let segment):
      "Log number \(segment) of this conversation is missing. Check the folder:  secure_chat_log verify"
    }
  }

  static func publicPasswords(_ users: UsersFile, posing names: [PeerName]) -> String {
    let who = names.count == 1 ? names[0].text : "any of its users"
    return "These passwords are public: anyone can be \(SafeText.line(who)); put your own into "
      + "\(SafeText.line(users.path))."
  }

  /// An event in words, for standard error; nil where the payload says it all.
  static func told(_ event: MessengerEvent, me: PeerName) -> String? {
    switch event {
    case .step(let step): Self.step(step)
    case .connected(let connected):
      (Self.connected(connected, isFirst: false) + [log(connected)]).joined(separator: "\n")
    case .group(let happening): told(happening, me: me, typing: .shell)
    case .message, .verifyProposed: nil
    case .delivered(let delivered): Self.delivered(delivered)
    case .closed(let closed):
      ended(
        closed, wasLeft: false, unconfirmed: 0,
        paint: .plain)
    case .refused(let event): refused(event)
    case .repairWanted(let event): repairWanted(event)
    case .warning(let warning): Self.warning(warning).text
    }
  }

  // MARK: verify, id, init

  static func askVerifyNow(_ name: PeerName) -> String { "Run verify \(name.text) now? [yes/no]: " }

  static func verifyNeedsATerminal(_ name: String) -> Failure {
    usage(
      "verify asks a person whether words are the same, and there is no terminal to ask at.",
      hint: "At a terminal: secure_chat verify \(SafeText.line(name))    (--yes never answers this)")
  }

  static func pinnedWords(_ contact: ContactSummary) -> String {
    "The key you know for \(contact.name.text), since \(day(contact.pinned))"
      + (contact.verified ? " (verified)" : "") + ":\n   \(contact.words)\n"
      + "Ask \(contact.name.text) by phone, or face to face, for the words that `secure_chat id` shows there."
  }

  static let askSameWords = "Same words, pair anew, or no? [same words/pair anew/no]: "

  static func notAWordsAnswer(_ answer: String) -> String {
    "\(answer.isEmpty ? "An empty answer" : quoted(answer)) is none of them: `same words` marks the key as verified, "
      + "`pair anew` makes a new contact,\n `no` changes nothing."
  }

  static func pairingAnew(_ target: DialTarget) -> String {
    "Calling \(target.name.text) at \(SafeText.line(target.address)) to pair anew; the old key stays until you say yes ..."
  }

  static func waitingToPair(_ name: PeerName) -> String {
    "Waiting for \(name.text) to pair anew; Control-C stops. The old key stays until you say yes."
  }

  static func oldAndNewWords(_ proposal: VerifyProposal) -> String {
    var lines = ["\(proposal.name.text) at \(SafeText.line(proposal.address)) knows the password."]
    if let old = proposal.old { lines.append("   old words: \(old.words)") }
    lines.append("   new words: \(proposal.newWords)" + (proposal.isSameKey ? "   (the same key)" : ""))
    return lines.joined(separator: "\n")
  }

  static func askNewWords(_ name: PeerName) -> String {
    "Does \(name.text) confirm the new words by another channel? [yes/no]: "
  }

  static func notYesOrNo(_ answer: String) -> String {
    "\(answer.isEmpty ? "An empty answer" : quoted(answer)) is neither yes nor no."
  }

  static func newKeyKept(_ name: PeerName) -> String {
    "The new key of \(name.text) is the one you know now, and verified."
  }

  static func oldKeyKept(_ name: PeerName) -> String { "Nothing changed: the old key of \(name.text) stays." }
  static let nothingChanged = "Nothing changed."
  static func marked(_ name: PeerName) -> String {
    "\(name.text) is verified; the ? before the name is gone."
  }

  static func identityMade(_ identity: IdentitySummary, _ folders: HomeFolders) -> String {
    "A new identity for \(identity.name.text) was made in \(SafeText.line(folders.homePath))."
  }

  static func identityThere(_ identity: IdentitySummary, _ folders: HomeFolders) -> String {
    "The identity of \(identity.name.text) is in \(SafeText.line(folders.homePath)) already; nothing changed."
  }
}
