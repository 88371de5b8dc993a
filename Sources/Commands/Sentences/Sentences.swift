import Messenger
import Terminal
import Wire

/// Every sentence that the program says to people, and nothing else; a failure says what failed, the
/// likely cause, and the exact next thing to do.
///
/// One topic a file of this folder; no other file of the room holds words for people.
package enum Sentences {
  // MARK: The form of failures

  /// As printed at the end of a command: the cause and the hint on indented lines.
  static func printed(_ failure: Failure, paint: Paint) -> String {
    let exit = failure.exit == .identity ? "   (exit \(failure.exit.rawValue))" : ""
    return paint.alarm("secure_chat:") + " " + explained(failure) + exit
  }

  /// As shown in a conversation, or before a question is asked again.
  package static func explained(_ failure: Failure) -> String {
    var lines = failure.message.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if let hint = failure.hint { lines += hint.split(separator: "\n").map(String.init) }
    return lines.enumerated().map { $0 == 0 ? $1 : " " + $1 }.joined(separator: "\n")
  }

  package static func usage(_ message: String, hint: String? = nil) -> Failure {
    Failure(.usage, "E_USAGE", message, hint: hint)
  }

  /// Text from elsewhere in quotes, safe to show.
  static func quoted(_ text: String) -> String { "`\(SafeText.line(text))`" }

  static func list(_ names: [PeerName], separator: String = "/") -> String {
    names.map(\.text).joined(separator: separator)
  }

  static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

  // MARK: The command line

  static func laterCommand(_ word: String) -> Failure {
    usage(
      "\(quoted(word)) comes later: this version does not have it.", hint: "What there is: secure_chat help")
  }

  static func laterOption(_ name: String) -> Failure {
    usage(
      "\(name) comes later: this version does not have it.", hint: "What there is: secure_chat help COMMAND")
  }

  static func unknownChoice(_ name: String, option: String, _ known: String) -> Failure {
    usage(
      "\(option) does not know \(quoted(name)).",
      hint: "One or more of, with commas between: " + known)
  }

  static func doubledChoice(_ name: String, option: String) -> Failure {
    usage("\(option) names \(quoted(name)) twice.")
  }

  static func noSuchCommand(_ word: String) -> Failure {
    var message = "no command \(quoted(word))"
    if let meant = DidYouMean.nearest(to: word, among: Vocabulary.commands) {
      message += "; did you mean \(quoted(meant))?"
    } else {
      message += ", and no file of that name."
    }
    return usage(
      message, hint: "All commands: secure_chat help"
    )
  }

  /// What the parser of the command line says, without its own prefix and its usage lines.
  static func parser(_ message: String, help: String) -> Failure {
    usage(message, hint: "Explained by: \(help)")
  }

  // MARK: Streams and signals

  static func outputFailed(_ error: StreamError) -> Failure {
    Failure(
      .failed, "E_OUTPUT",
      error.isBrokenPipe
        ? "nobody reads standard output any more; stopped."
        : "standard output cannot be written: \(error.description).")
  }

  static func inputFailed(_ why: String) -> Failure {
    Failure(.failed, "E_INPUT", "standard input cannot be read: \(why).")
  }

  static func terminalFailed(_ why: String) -> Failure {
    Failure(.failed, "E_TERMINAL", "the terminal cannot be used: \(why).")
  }

  static func inputNotText(offset: Int) -> Failure {
    Failure(
      .usage, "E_USAGE",
      "standard input is not UTF-8 text (byte \(offset + 1)); messages before it were sent.",
      hint: "Files of other kinds: use file send, which comes later. Text of another encoding: iconv -t UTF-8"
    )
  }

  static let interrupted = Failure(.interrupted, "E_INTERRUPTED", "interrupted.")

  /// Questions that ended without an answer.
  static func ended(_ ending: Questions.Ending) -> Failure {
    switch ending {
    case .end(.interrupted): interrupted
    case .end(.terminated): Failure(.failed, "E_INTERRUPTED", "stopped by a signal.")
    case .end(.endOfInput): usage("no answer came; nothing was started.")
    case .leave: Failure(.ok, "E_INTERRUPTED", "left.")
    }
  }

  // MARK: Places

  static func home(_ failure: HomeFailure) -> Failure {
    let (message, hint): (String, String?) =
      switch failure {
      case .damaged(let path):
        (
          "\(SafeText.line(path)) is damaged; it is never made anew by itself.",
          "Bring it back from a backup, or name another home: --home DIR"
        )
      case .laterVersion(let path):
        (
          "\(SafeText.line(path)) was written by a later version.",
          "Use that version, or another home: --home DIR"
        )
      case .identityMissing(let path):
        (
          "the contacts of this profile are there, but its identity is gone: \(SafeText.line(path)).",
          "Bring it back from a backup, or move the profile's folder away."
        )
      case .passphraseNeeded(let path):
        ("\(SafeText.line(path)) is locked with a passphrase.", "Give it: --passphrase-file FILE")
      case .wrongPassphrase(let path):
        ("the passphrase does not open \(SafeText.line(path)).", nil)
      case .changedMeanwhile(let path):
        (
          "another program changed \(SafeText.line(path)) meanwhile; nothing was written.",
          "Run this again."
        )
      case .openToOthers(let path, let mode):
        (
          "\(SafeText.line(path)) can be read by others (mode \(octal(mode))); it holds secrets.",
          "chmod \(path.hasSuffix("/") ? 700 : 600) \(SafeText.line(path))"
        )
      case .ownedByAnother(let path):
        (
          "\(SafeText.line(path)) belongs to another user of this computer.",
          "Name a home of your own: --home DIR"
        )
      case .inUse(let path):
        ("another secure_chat keeps \(SafeText.line(path)) locked.", "Wait for it, or end it.")
      case .noSpace(let path): ("no space left for \(SafeText.line(path)).", "Make room, and try again.")
      case .readOnly(let path):
        (
          "\(SafeText.line(path)) cannot be written: the file system is read-only.",
          "Name another home: --home DIR"
        )
      case .notPermitted(let path):
        ("\(SafeText.line(path)): the system does not permit it.", "Name a home of your own: --home DIR")
      case .failed(let path, let message): ("\(SafeText.line(path)): \(SafeText.line(message)).", nil)
      case .noHome:
        ("nothing says where your home is.", "Name it: --home DIR, or set SECURE_CHAT_HOME")
      case .memory: ("the system gives no protected memory.", "Raise the limit: ulimit -l")
      }
    return Failure(.failed, "E_STATE", message, hint: hint)
  }

  static func storage(_ problem: StorageProblem, isLog: Bool) -> Failure {
    let what =
      isLog ? "logging is on but the log cannot be written" : "this profile cannot be read or written"
    return Failure(
      .failed, "E_STATE", "\(what): \(SafeText.line(problem.path)): \(SafeText.line(problem.why)).",
      hint: isLog
        ? "Free or mend that disk, or name another folder: --logs DIR"
        : "Mend that file or folder, or name another home: --home DIR")
  }

  private static func octal(_ mode: UInt32) -> String {
    let text = String(mode & 0o7777, radix: 8)
    return String(repeating: "0", count: max(0, 4 - text.count)) + text
  }

  // MARK: Passwords

  static func askPassword(of name: PeerName) -> String { "Password of \(name.text) (first contact only): " }

  static let askOwnPassword =
    "Password others use to reach you the first time (ENTER: only people you already know): "

  static func passwordNeeded(_ name: PeerName) -> Failure {
    usage(
      "the first contact with \(name.text) needs their password, and the users file has none.",
      hint: "Give it: --password-file FILE (or --password-fd N), or run this at a terminal.")
  }

  static func password(_ problem: PasswordProblem, of name: PeerName?) -> Failure {
    let whose = name.map { "the password of \($0.text)" } ?? "the password"
    return usage("\(whose) \(words(problem)).")
  }

  static func words(_ problem: PasswordProblem) -> String {
    switch problem {
    case .empty: "is empty"
    case .tooLong: "has more than 128 bytes"
    case .control: "holds a control character"
    case .notUTF8: "is not UTF-8"
    case .memory: "found no protected memory"
    }
  }

  static func passwordSource(_ error: PasswordSourceError) -> Failure {
    switch error {
    case .file(let failure):
      let found = home(failure)
      return usage("the password file cannot be used: \(found.message)", hint: found.hint)
    case .descriptor(let number): return usage("no password can be read from descriptor \(number).")
    case .password(let problem): return password(problem, of: nil)
    }
  }
}
