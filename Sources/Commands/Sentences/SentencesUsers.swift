package import Messenger
import Terminal
import Wire

/// What is said about a users file as a whole, by `users check` and `users harden`.
extension Sentences {
  static func usersFileNotNamed(_ action: String) -> Failure {
    usage("no users file was named.", hint: "Name it: secure_chat users \(action) FILE")
  }

  static let usersFileNamedTwice = usage(
    "the users file was named twice.", hint: "Name it once: behind check or harden, or with --users.")

  // MARK: check

  package static func remark(_ remark: UsersFileRemark, path: String) -> String {
    let place = remark.position
    let why =
      switch remark.kind {
      case .isPublic:
        "this password is public: anyone can be \(SafeText.line(remark.user.text)); put your own in"
      case .isName: "this password is the user's own name"
      case .isShared(let other):
        "\(SafeText.line(other.text)) has the same password, so either can pose as the other"
      case .isShort: "this password has fewer than \(UsersFileRemark.shortPassword) bytes"
      }
    return "\(SafeText.line(path)), line \(place.line), column \(place.column): \(quoted(remark.key)) of "
      + "\(SafeText.line(remark.user.text)): \(why)."
  }

  /// A user on one line.
  package static func user(_ user: UserLine) -> String {
    var parts = ["\(SafeText.line(user.name.text))  \(SafeText.line(user.address))", words(user.place)]
    parts.append(words(user.firstContact))
    if user.isOwn { parts.append("has a profile in this home") }
    if !user.pinners.isEmpty { parts.append("pinned here by \(list(user.pinners, separator: ", "))") }
    return parts.joined(separator: "; ")
  }

  private static func words(_ place: UserPlace) -> String {
    switch place {
    case .loopback: "this computer alone"
    case .thisHost: "an address of this computer"
    case .elsewhere: "elsewhere"
    case .name: "a name, not looked up"
    }
  }

  private static func words(_ basis: FirstContactBasis) -> String {
    switch basis {
    case .identity: "known by the identity in the file"
    case .pairPassword: "first contact by a password of the two alone"
    case .password: "first contact by a password"
    case .none: "no password in the file"
    }
  }

  static func usersFileVerdict(_ survey: UsersFileSurvey) -> String {
    let path = SafeText.line(survey.file.path)
    guard survey.isUsable else { return "\(path) cannot be used: \(count(survey.faults.count, "error"))." }
    return "\(path) can be used: \(count(survey.file.entries.count, "user"))."
  }

  // MARK: harden

  static func taken(_ taken: UsersFileHardening.Taken) -> String {
    let instead = taken.writesIdentity ? ", the identity takes its place" : ", the identity is there already"
    return "\(SafeText.line(taken.user.text)): \(keys(taken.keys)) goes\(instead)"
  }

  static func left(_ left: UsersFileHardening.Left) -> String {
    "\(SafeText.line(left.user.text)): \(keys(left.keys)) stays: \(reason(left.reason))"
  }

  private static func keys(_ keys: [String]) -> String { keys.map(quoted).joined(separator: " and ") }

  package static func reason(_ reason: UsersFileHardening.Reason) -> String {
    switch reason {
    case .nobodyHere: "nobody of this file has a profile in this home, so nobody is known here"
    case .notPinned(let name): "\(SafeText.line(name.text)) has not met this user yet, and needs it to"
    case .notConfirmed(let name):
      "\(SafeText.line(name.text)) paired, but the other side has not confirmed it yet: talk once more"
    case .keysDiffer: "another key is known here than the file or another profile says: secure_chat verify"
    case .neededBy(let names):
      "it is how people reach this user the first time, and these are not known yet: "
        + SafeText.line(list(Array(names.prefix(5)), separator: ", ")) + (names.count > 5 ? ", ..." : "")
    }
  }

  static func nothingToTake(_ hardening: UsersFileHardening) -> String {
    let path = SafeText.line(hardening.path)
    return hardening.left.isEmpty
      ? "There is no password in \(path)." : "Nothing can be taken out of \(path) yet; it was not changed."
  }

  static func askToHarden(_ hardening: UsersFileHardening) -> String {
    "Write \(SafeText.line(hardening.path)) without them? No copy of the old file is kept (y or n): "
  }

  static func isYes(_ answer: String) -> Bool { ["y", "yes"].contains(answer.trimmingSpaces.lowercased()) }

  static func hardenNeedsYes(_ path: String) -> Failure {
    usage(
      "there is no terminal to ask at; nothing was changed.",
      hint: "Say it: secure_chat users harden \(SafeText.line(path)) --yes")
  }

  static func hardened(_ hardening: UsersFileHardening) -> String {
    "\(SafeText.line(hardening.path)) was written anew, mode 0600. No copy was kept, since it would hold the old "
      + "passwords; other copies (backups, the other people's files) still do. Whoever is added to the file later "
      + "needs a new password for the first contact."
  }

  static func hardeningOffer(_ path: String) -> String {
    "Everybody in \(SafeText.line(path)) is known by now; its passwords can go: "
      + "secure_chat users harden \(SafeText.line(path))"
  }

  static func hardening(_ error: UsersFileHardeningError) -> Failure {
    switch error {
    case .file(let error): return usersFile(error)
    case .symbolicLink(let path):
      return usage(
        "\(SafeText.line(path)) is a symbolic link; nothing was changed.",
        hint: "Name the file itself: readlink -f \(SafeText.line(path))")
    case .home(.ownedByAnother(let path)):
      return usage("\(SafeText.line(path)) belongs to another user of this computer; nothing was changed.")
    case .home(let failure): return home(failure)
    case .notWritten(let failure):
      let found = home(failure)
      return Failure(
        .failed, "E_FILE", "the users file could not be written: \(found.message)",
        hint: "It is as it was. Make room, or mend the folder's permissions.")
    }
  }
}
