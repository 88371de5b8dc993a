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
        hint:
          "On the relay's machine: secure_chat relay --listen ADDR:PORT    Check the address after --relay.")
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
        hint:
          "Ask whoever runs the relay for its words. If they confirm the new ones, remove the file `relays` "
          + "of your profile: every relay is then met anew.")
    case .noProfile(let code):
      return Failure(
        .failed, code.rawValue, "what answers at \(address) is no relay of secure_chat.",
        hint: "Check the address and port after --relay.")
    }
  }

  static func badListenAddress(_ text: String) -> Failure {
    usage(
      "\(quoted(text)) is no address to listen on.",
      hint: "Write --listen ADDR:PORT, as 0.0.0.0:7000, [::]:7000 or 127.0.0.1:0 (any free port).")
  }

  /// A relay has one option where a listener has two.
  static func relayNotStarted(_ failure: Failure) -> Failure {
    guard let hint = failure.hint, hint.contains("--port") || hint.contains("--bind") else { return failure }
    return Failure(
      failure.exit, failure.code, failure.message,
      hint: "Name another address or port: --listen ADDR:PORT (port 0: any free one)")
  }

  static func badKeepTime(_ text: String) -> Failure {
    usage(
      "\(quoted(text)) is no time to keep entries.",
      hint: "Write a number and d, h, m or s, from 60s to 3650d: --keep 30d")
  }

  static func badQuota(_ text: String) -> Failure {
    usage(
      "\(quoted(text)) is no size.",
      hint: "Write a number of bytes, or one with K, M or G, from 1M to 1024G: --quota 256M")
  }

  /// What a relay says when it stands.
  static func relayListening(_ summary: RelayServerSummary) -> [String] {
    let host = summary.address.contains(":") ? "[\(summary.address)]" : summary.address
    var lines = ["The relay listens on \(host):\(summary.port)."]
    if summary.reachesThisComputerOnly {
      lines.append("Only this computer can reach it.")
    } else if !summary.addresses.isEmpty {
      let places = summary.addresses.map { address in
        (address.contains(":") ? "[\(address)]" : address) + ":\(summary.port)"
      }
      lines.append("Members type --relay and its address: \(places.joined(separator: ", "))")
    }
    lines += [
      "Its key, to compare: \(summary.identity.words)",
      "Its profile: \(summary.identity.profile)",
      "It can see: the network addresses of its clients, times, padded sizes, the pseudonyms of mailboxes, and "
        + "which entries are commits (changes of a group's members or keys).",
      "It cannot see: names, members, texts or keys.",
      "It keeps entries for \(span(summary.keepSeconds)), at most "
        + "\(size(summary.quota)) of each group, in \(SafeText.line(summary.folder)).",
    ]
    return lines
  }

  static func relayCounters(_ counters: RelayServerCounters) -> String {
    return
      "\(count(counters.links, "link")), \(counters.mailboxes) mailbox\(counters.mailboxes == 1 ? "" : "es"), "
      + "\(counters.entries) entr\(counters.entries == 1 ? "y" : "ies") kept; since the start: "
      + "\(count(counters.appends, "append")) (\(size(counters.receivedByteCount))), "
      + "\(counters.deliveries) deliver\(counters.deliveries == 1 ? "y" : "ies") (\(size(counters.deliveredByteCount))), "
      + "\(counters.refusals) refused, \(count(counters.conflicts, "conflict")), "
      + "\(count(counters.storeFailures, "failure")) of the store, "
      + "\(count(counters.refusedHandshakes, "connection")) that proved nothing."
  }

  private static func span(_ seconds: Int64) -> String {
    for (unit, noun) in [(Int64(86_400), "day"), (3600, "hour"), (60, "minute")]
    where seconds >= unit && seconds % unit == 0 {
      return count(Int(seconds / unit), noun)
    }
    return count(Int(seconds), "second")
  }

  private static func size(_ bytes: Int) -> String {
    for (unit, name) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] where bytes >= unit {
      let tenths = bytes / (unit / 10)
      return tenths % 10 == 0 ? "\(tenths / 10) \(name)" : "\(tenths / 10).\(tenths % 10) \(name)"
    }
    return count(bytes, "byte")
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
