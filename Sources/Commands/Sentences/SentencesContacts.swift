import Messenger
import Terminal
import Wire

// Contacts: who is known, who is blocked, who is verified, and the exchange of public keys.
extension Sentences {
  // MARK: contacts list

  static let noContacts = "You know nobody yet: the first conversation with somebody makes a contact."

  /// "bob?  orbit velvet ...  paired 2026-10-02, not verified, floor x25519-mlkem768".
  static func contact(_ contact: ContactSummary, blocked: UnixTime?) -> String {
    var facts: [String] = []
    facts.append(contact.isFromUsersFile ? "known from the users file" : "paired \(day(contact.pinned))")
    facts.append(contact.verifiedAt.map { "verified \(day($0))" } ?? "not verified")
    facts.append("floor \(contact.floor.name)")
    if contact.isProvisional { facts.append("not confirmed by them yet") }
    if let blocked { facts.append("blocked \(day(blocked))") }
    let mark = contact.verified ? "" : "?"
    return "\(mark)\(contact.name.text)  \(contact.words)  \(facts.joined(separator: ", "))"
  }

  static func blockedStranger(_ name: PeerName, since: UnixTime) -> String {
    "\(name.text)  not known, blocked \(day(since))"
  }

  static func day(_ time: UnixTime) -> String {
    LocalTime(unixMilliseconds: time.milliseconds).date
  }

  // MARK: contacts import

  static func importing(_ outlook: ImportOutlook) -> String {
    outlook.kind == .known
      ? "\(outlook.name.text) is known already, by this very key; nothing changes."
      : "\(outlook.name.text): \(outlook.words)"
  }

  static func askImport(_ count: Int) -> String {
    "Take \(count == 1 ? "this key" : "these \(count) keys") as theirs? Who gave you the file can pose as "
      + "them if it lies. [yes/no]: "
  }

  static func imported(_ count: Int) -> String {
    "\(Self.count(count, "contact")) taken, not verified. They need your profile too: secure_chat contacts export, "
      + "or secure_chat id."
  }

  static let nothingToImport = "There is nobody new in it; nothing changed."

  static let importNeedsYes = usage(
    "contacts import asks before it takes keys from a file, and there is no terminal to ask at.",
    hint: "Say it: --yes")

  /// Nil where nothing stands against it.
  static func importRefused(_ outlook: ImportOutlook) -> Failure? {
    let name = outlook.name.text
    let why: String
    switch outlook.kind {
    case .new, .known: return nil
    case .differs: why = "the file gives \(name) another key than the one you know"
    case .refused(.ownKey): why = "the file gives \(name) a key that is your own"
    case .refused(.keyOfAnother(let other)):
      why = "the file gives \(name) a key that is \(other.text)'s"
    case .refused(.changedMeanwhile), .refused(.alreadyConfirmed):
      why = "\(name) is known by another key already"
    }
    return Failure(
      .identity, ChatErrorCode.ident.rawValue,
      "\(why) (words in the file: \(outlook.words)). Nothing changed.",
      hint: "If \(name) confirms the new one by another channel:  secure_chat verify \(name)")
  }

  static func profileList(_ path: String, _ problem: ProfileListProblem) -> Failure {
    let path = SafeText.line(path)
    let form = "Each line is a profile as `secure_chat id` prints it, or a comment that begins with #."
    return switch problem {
    case .file(let failure): usage("the contacts cannot be read: \(home(failure).message)")
    case .tooLarge: usage("\(path) has more than \(ProfileList.sizeLimit >> 20) MiB; nothing changed.")
    case .tooMany: usage("\(path) holds more than \(ProfileList.limit) profiles; nothing changed.")
    case .empty: usage("\(path) holds no profile.", hint: form)
    case .notAProfile(let line):
      usage("\(path), line \(line): this is no profile; nothing changed.", hint: form)
    case .notAuthentic(let line):
      Failure(
        .identity, ChatErrorCode.ident.rawValue,
        "\(path), line \(line): the signature of this profile does not hold; nothing changed.",
        hint: "Get it again from whom it names.")
    case .contradiction(let line):
      Failure(
        .identity, ChatErrorCode.ident.rawValue,
        "\(path), line \(line): its name or its key stands above with another key or name; nothing changed.")
    }
  }

  // MARK: block

  static func blocked(_ name: PeerName) -> String {
    "\(name.text) is blocked: they are sent away, and told so. To let them in:  secure_chat unblock \(name.text)"
  }

  static func blockedAlready(_ name: PeerName) -> String { "\(name.text) is blocked already." }
  static func unblocked(_ name: PeerName) -> String { "\(name.text) is not blocked any more." }
  static func notBlocked(_ name: PeerName) -> String { "\(name.text) is not blocked; nothing changed." }
  static let blockUsage = "Whom? Type /block NAME."

  static func blockedHere(_ name: PeerName) -> Failure {
    Failure(
      .refused, ChatErrorCode.policy.rawValue, "you have blocked \(name.text). Nothing was sent.",
      hint: "To talk with them again:  secure_chat unblock \(name.text)")
  }

  // MARK: --require-verified and verify

  static func notVerified(_ name: PeerName, isKnown: Bool) -> Failure {
    isKnown
      ? Failure(
        .identity, ChatErrorCode.ident.rawValue,
        "\(name.text) is not verified: you never compared their words. Nothing was sent.",
        hint: "Compare them:  secure_chat verify \(name.text)")
      : Failure(
        .identity, ChatErrorCode.ident.rawValue,
        "\(name.text) is not known yet, and so not verified. Nothing was sent.",
        hint: "Pair and compare the words:  secure_chat verify \(name.text)")
  }

  static func contactChanged(_ facts: PeerFacts) -> Failure {
    let name = facts.name.text
    return Failure(
      .failed, ChatErrorCode.state.rawValue,
      "another connection with \(name) paired first, from here or from their side. Nothing was sent.",
      hint: "Try again; if \(name) then does not know your key:  secure_chat verify \(name)")
  }

  static func noPinnedWords(_ name: PeerName) -> String {
    "You know no key of \(name.text) yet, so there are no words to compare.\n"
      + "Pairing opens \(name.text)'s guesses of the password again."
  }

  static let askPairOrNo = "Pair anew, or no? [pair anew/no]: "

  static func notAPairAnswer(_ answer: String) -> String {
    "\(answer.isEmpty ? "An empty answer" : quoted(answer)) is neither of them: `pair anew` makes a contact, "
      + "`no` changes nothing."
  }

  static let verifyUsage = "Whose words? Type /verify NAME."

  static func verifyElsewhere(_ name: PeerName) -> String {
    "Pairing anew needs a listener, or a command of its own:  secure_chat verify \(name.text)"
  }

  static func waitingInLobby(_ name: PeerName, me: PeerName) -> String {
    "Waiting for \(name.text) to pair anew; they type:  secure_chat verify \(me.text)\n"
      + " The old key stays until you say yes. To stop waiting: /verify \(name.text), and no."
  }

  static func ownPasswordNeeded(_ name: PeerName) -> Failure {
    usage(
      "\(name.text) can pair only under a password, and neither the users file nor you gave one.",
      hint: "Give it: --password-file FILE, or `password` in your entry of the users file.")
  }

  static let notListening = usage(
    "nobody listens here, so no new key can come.", hint: "Type it in a listener, or: secure_chat verify NAME"
  )

  // MARK: refused

  static func reason(_ event: RefusedEvent) -> String {
    event.unwanted.map(words) ?? event.problem.map { storage($0, isLog: false).message } ?? reason(event.code)
  }

  static func unwanted(_ contact: UnwantedContact) -> String { "Sent away: \(words(contact))." }

  private static func words(_ contact: UnwantedContact) -> String {
    switch contact.why {
    case .blocked: "\(contact.name.text) is blocked"
    case .unverified: "\(contact.name.text) is not verified"
    case .verifying: "\(contact.name.text) came while another key is waited for"
    case .tooMany: "\(contact.name.text) has too many conversations already"
    }
  }
}
