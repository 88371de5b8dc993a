import Messenger
import Terminal
import Wire

/// What is said about the passphrase of one's own profile.
extension Sentences {
  static func askPassphrase(_ name: PeerName) -> String { "Passphrase for \(SafeText.line(name.text)): " }
  static func askNewPassphrase(_ name: PeerName) -> String {
    "New passphrase for \(SafeText.line(name.text)): "
  }
  static let askPassphraseAgain = "The same again: "
  static let passphrasesDiffer = "The two are not the same. Once more."
  static let wrongPassphraseAgain = "That passphrase does not open it. Try again."

  static func passphraseNeeded(_ name: PeerName) -> Failure {
    usage(
      "the profile of \(SafeText.line(name.text)) is locked with a passphrase.",
      hint: "Give it: --passphrase-file FILE (or --passphrase-fd N), or run this at a terminal.")
  }

  static func wrongPassphrase(_ name: PeerName, path: String) -> Failure {
    Failure(
      .authentication, "E_PASSPHRASE",
      "the passphrase does not open \(SafeText.line(path)): it is another, or mistyped.",
      hint:
        "Without it the keys of \(SafeText.line(name.text)) cannot be used; a backup has the one of its time."
    )
  }

  static func firstPassphraseNeeded(_ name: PeerName) -> Failure {
    usage(
      "no passphrase was given for \(SafeText.line(name.text)).",
      hint: "Give it: --passphrase-file FILE (or --passphrase-fd N), or run this at a terminal.")
  }

  static func newPassphraseNeeded(_ name: PeerName) -> Failure {
    usage(
      "the profile of \(SafeText.line(name.text)) has a passphrase, and no new one was given.",
      hint: "Give it: --new-passphrase-file FILE (or --new-passphrase-fd N), or run this at a terminal.")
  }

  static func passphraseSource(_ problem: OwnPassphraseProblem) -> Failure {
    switch problem {
    case .file(let failure):
      let found = home(failure)
      return usage("the passphrase file cannot be used: \(found.message)", hint: found.hint)
    case .descriptor(let number): return usage("no passphrase can be read from descriptor \(number).")
    case .empty, .tooLong, .notUTF8, .memory:
      return usage("the passphrase cannot be used. \(unusable(problem))")
    }
  }

  static func unusable(_ problem: OwnPassphraseProblem) -> String {
    switch problem {
    case .empty: "A passphrase has at least one character."
    case .tooLong: "A passphrase has at most 1024 bytes."
    case .notUTF8: "That is not UTF-8."
    case .memory: "The system gives no protected memory for it."
    case .file, .descriptor: "It cannot be read."
    }
  }

  static func passphraseSet(_ name: PeerName, _ outcome: PassphraseSetting.Outcome) -> String {
    let what = outcome.isLogKeyLocked ? "Identity and log key are" : "The identity is"
    let again = outcome.isChange ? " with the new passphrase" : ""
    let rest =
      outcome.isLogKeyLocked
      ? ""
      : "\n The log key is not in the profile: it keeps the lock it has, or none, where you moved it."
    return "\(what) locked\(again). Nobody can open them without it, you neither: keep it well.\(rest)"
  }
}
