import Messenger
import Wire

/// The warning that the shipped example's passwords are everybody's, where others could use them: beyond
/// this computer, and only while a first contact would run under them.
struct PublicPasswords {
  let party: Party

  /// For a listener that others can reach.
  func listening(_ summary: ListeningSummary) -> String? {
    guard let users = party.users, users.hasPublicPasswords, summary.firstContact else { return nil }
    if case .loopback = summary.reach { return nil }
    return Sentences.publicPasswords(users, posing: users.others(than: party.me).map(\.name))
  }

  /// For a dial to another computer.
  func dialling(_ target: DialTarget, _ messenger: Messenger) async -> String? {
    guard let users = party.users, users.passwordsArePublic(forHost: target.host),
      case .inUsersFile? = try? await messenger.passwordNeed(toDial: target.name)
    else { return nil }
    return Sentences.publicPasswords(users, posing: [target.name])
  }

  /// Says it on standard error, and as an event where events are printed.
  static func tell(_ text: String?, _ output: Output) async {
    guard let text else { return }
    if output.isJSON {
      try? await output.payload(bytes: JSONEvents.warning(code: "W_PUBLIC_PASSWORDS", message: text))
    }
    await output.notice(text)
  }
}
