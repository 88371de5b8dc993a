import Messenger
import Terminal
import Wire

// Relays, in words: what keeps a client from one, and what `secure_chat relay` says.
extension Sentences {
  static func relay(_ failure: RelayFailure) -> Failure {
    let address = SafeText.line(failure.address)
    switch failure.cause {
    case .unreachable(let cause):
      return Failure(
        .unreachable, "E_UNREACHABLE", "no relay at \(address): \(why(cause)).",
        hint: "On the relay's machine: secure_chat relay --listen ADDR:PORT    Check the address after --relay.")
    case .notProven(let code):
      return Failure(
        .identity, code.rawValue,
        "the relay at \(address) did not prove the key you know.\n"
          + "Either it was set up anew, or another machine answers there, or someone is in between. "
          + "Nothing was sent.",
        hint: "Ask whoever runs the relay for its words.")
    case .otherKey(let pinned, let shown):
      return Failure(
        .identity, ChatErrorCode.ident.rawValue,
        "the relay at \(address) has another key than the one you know. Nothing was sent.\n"
          + "the one you know: \(pinned)\nwhat it says now: \(shown)",
        hint: "Ask whoever runs the relay for its words. If they confirm the new ones, remove the file `relays` "
          + "of your profile: every relay is then met anew.")
    case .noProfile(let code):
      return Failure(
        .failed, code.rawValue, "what answers at \(address) is no relay of secure_chat.",
        hint: "Check the address and port after --relay.")
    }
  }

  static func badRelayAddress(_ text: String, _ problem: RelayAddress.Problem) -> Failure {
    let why =
      switch problem {
      case .portMissing(let host): "it has no port; write \(SafeText.line(host)):PORT"
      case .badPort(let port): "\(quoted(port)) is no port from 1 to 65535"
      case .badHost: "it has no host, or one that is too long"
      }
    return usage("\(quoted(text)) is no address of a relay: \(why).")
  }
}
