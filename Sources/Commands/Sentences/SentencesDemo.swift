import Messenger
import Terminal
import Wire

// The demonstration.
extension Sentences {
  static func demoWelcome(partner: Int32) -> String {
    """
    secure_chat \(Version.short): no server, no account.
    You are user1. user2 is another process of this computer (\(partner)), reached over TCP like any other, \
    and answers each line with what just happened to it.
    Everything here is temporary: identities, contacts and logs are gone at the end. Type something, /details, \
    or exit.
    """
  }

  static func demoStart(partner: Int32, _ target: DialTarget) -> String {
    "user1 is this process, user2 is process \(partner); calling \(target.address) over TCP."
  }

  static let demoText = "Hello from user1."

  static func demoTold(_ event: MessengerEvent) -> String? {
    switch event {
    case .connected(let event):
      "Connected to \(event.peer.text): both proved that they know the password, and pinned each other's keys.\n"
        + " \(event.group.name), \(event.cipher.name); their words: \(event.words)"
    case .message(let event):
      "\(event.from.text)  \(SafeText.lines(utf8: event.text).joined(separator: "\n   "))"
    case .delivered(let event): "you    \(demoText)   \(delivered(event))"
    case .closed(let event):
      "The conversation ended on both sides (\(event.sent) sent, \(event.received) received)."
    case .step(let step): Self.step(step)
    case .refused(let refused): Self.refused(refused)
    case .warning(let warning): Self.warning(warning).text
    case .repairWanted, .verifyProposed, .group: nil
    }
  }

  /// What the other side says about a text; a different part of the way each time.
  static func demoAnswer(_ event: MessageEvent, _ suite: ConnectedEvent) -> String {
    let count = Self.count(event.text.count, "byte")
    switch (event.seq - 1) % 4 {
    case 0:
      return
        "Your \(count) came as message \(event.seq) of this session: AES-256-CBC under a key used for it alone, "
        + "HMAC ok, padding ok, CRC32 ok. Only then did I read them."
    case 1:
      return "Before I showed those \(count), I wrote them to my sealed log and synced it to the disk. "
        + "Your tick names that record: I cannot deny it later without breaking my own log."
    case 2:
      return "Nobody on the way could read or change that: our keys come from \(suite.group.name), "
        + "and both of us answered the other's challenge. The six words of this session: \(suite.sessionWords)"
    case _:
      return
        "The key of that record is erased already, on both sides; a thief of this computer tomorrow cannot "
        + "decrypt what was captured today. exit ends this, and then both logs are verified."
    }
  }

  static func demoVerdict(_ line: String) -> String { SafeText.line(line) }

  static func demoFarewell(program: String) -> String {
    let program = SafeText.line(program)
    return """
      Both logs are verified, and gone with the rest of the demonstration. The same with two terminals of your own:
        first:   \(program) users.example.json     user2, then r
        second:  \(program) users.example.json     user1, then s, then user2
      """
  }

  static let demoIsOnItsOwn = usage(
    "demo has users, a home and logs of its own, so --users, --as, --home and --logs mean nothing to it.",
    hint: "secure_chat demo")

  // MARK: A users file to begin with

  static let demoUsersCount = usage(
    "--write needs the number of users, \(DemoUsers.counts.lowerBound) to \(DemoUsers.counts.upperBound).",
    hint: "secure_chat demo --users 5 --write DIR")

  static func demoUsers(_ refusal: NewUsersFile.Refusal) -> Failure {
    switch refusal {
    case .alreadyThere(let path):
      Failure(
        .failed, "E_FILE", "\(SafeText.line(path)) is there already; nothing was written.",
        hint: "Name another folder: secure_chat demo --users 5 --write DIR")
    case .failed(let failure): home(failure)
    }
  }

  static func demoUsersWritten(_ path: String, count: Int) -> String {
    let path = SafeText.line(path)
    return """
      \(count) users, each with a password of its own; keep the file to yourselves. In two terminals:
        secure_chat listen --users \(path) --as user2
        secure_chat chat user2 --users \(path) --as user1
      """
  }

  static let demoNeedsAFolder = Failure(
    .failed, "E_FILE", "no temporary folder could be made.",
    hint: "Make room, or set TMPDIR to a folder of yours.")

  static func demoNoSecondProcess(_ failure: ChildProgram.Failure) -> Failure {
    Failure(.failed, "E_DEMO", "the second process could not be started: \(SafeText.line(failure.why)).")
  }

  static let demoPartnerFailed = Failure(.failed, "E_DEMO", "the second process did not do its part.")

  static func demoCheckerMissing(_ failure: ChildProgram.Failure) -> Failure {
    Failure(
      .failed, "E_DEMO",
      "\(SafeText.line(failure.path)) could not be started: \(SafeText.line(failure.why)).",
      hint: "Both programs belong into one folder: make build, or make install")
  }

  static let demoLogsWrong = Failure(.failed, "E_DEMO", "a log did not verify.")

  /// The demonstration ends with 0 or 1, whatever failed in it.
  static func demoFailed(_ failure: Failure) -> Failure {
    Failure(failure.exit == .usage ? .usage : .failed, failure.code, failure.message, hint: failure.hint)
  }
}
