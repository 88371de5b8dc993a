package import Messenger
import Terminal
import Wire

// What `doctor` says, one sentence a check.
extension Sentences {
  static func finding(_ finding: Finding, paint: Paint) -> String {
    let name = finding.check.padding(12)
    let verdict: String
    switch finding.verdict {
    case .ok: verdict = paint.good(finding.verdict.rawValue.padding(8))
    case .warning: verdict = paint.strong(finding.verdict.rawValue.padding(8))
    case .failed: verdict = paint.alarm(finding.verdict.rawValue.padding(8))
    }
    let message = finding.message + (finding.hint.map { "  " + $0 } ?? "")
    return "\(name) \(verdict) "
      + message.split(separator: "\n").map { String($0).trimmingSpaces }.joined(separator: " ")
  }

  static func doctorEnd(warnings: Int, failed: Int) -> String {
    failed > 0
      ? "\(count(failed, "check")) failed."
      : warnings > 0 ? "Nothing failed; \(count(warnings, "warning"))." : "All is well."
  }

  // MARK: Libraries

  /// libsodium has CPace's group since 1.0.18. OpenSSL 3.0 before Debian's 3.0.20-1~deb12u2 takes the
  /// attacker's word for the order of a Diffie-Hellman group (CVE-2026-42770).
  package static func libraries(_ libraries: Diagnosis.Libraries) -> Finding {
    let all = "libsodium \(libraries.libsodium), OpenSSL \(libraries.openSSL), zlib \(libraries.zlib)"
    let sodium = VersionNumber(libraries.libsodium)
    let openSSL = VersionNumber(libraries.openSSL)
    guard sodium >= VersionNumber("1.0.18") else {
      return Finding(
        "libraries", .failed, "\(all): libsodium must be 1.0.18 or newer.",
        hint: "sudo apt-get install libsodium23")
    }
    if openSSL < VersionNumber("3.0.20") {
      return Finding(
        "libraries", .failed,
        "\(all): OpenSSL must be 3.0.20-1~deb12u2 or newer (CVE-2026-42770).",
        hint: "sudo apt-get install --only-upgrade libssl3")
    }
    if openSSL < VersionNumber("3.0.21") {
      return Finding(
        "libraries", .warning,
        "\(all): only the builds of Debian from 3.0.20-1~deb12u2 on have the fix of CVE-2026-42770.",
        hint: "See yours: dpkg -s libssl3")
    }
    if openSSL >= VersionNumber("3.1") {
      return Finding(
        "libraries", .warning,
        "\(all): whether this OpenSSL has the fix of CVE-2026-42770 is for its maker to say.",
        hint: "Group x25519-ffdhe3072 needs it; the default group makes no such exchange.")
    }
    return Finding("libraries", .ok, all)
  }

  // MARK: The process

  package static func process(_ hardening: Diagnosis.Hardening) -> Finding {
    guard hardening.dumpsAreForbidden, hardening.backtraceIsOff else {
      return Finding(
        "process", .failed, "core dumps or crash backtraces could not be turned off.",
        hint: "Report this with the name of your system.")
    }
    return Finding("process", .ok, "no core dumps, no crash backtraces")
  }

  package static func memory(_ memory: Diagnosis.Memory) -> Finding {
    let limit = memory.limit.map { "\($0 >> 10) KiB may be locked" } ?? "any amount may be locked"
    guard memory.isLocked else {
      return Finding(
        "memory", .warning, "\(limit), and a lock was refused: keys could reach the swap.",
        hint: "Raise it: ulimit -l unlimited (or LimitMEMLOCK= of the service), or encrypt the swap")
    }
    guard let bytes = memory.limit else { return Finding("memory", .ok, "locked against swapping; \(limit)") }
    let conversations = bytes / Diagnosis.Memory.perConversation
    let message = "locked against swapping; \(limit), enough for about \(conversations) conversations"
    return conversations < 64
      ? Finding("memory", .warning, message, hint: "Raise it: ulimit -l unlimited")
      : Finding("memory", .ok, message)
  }

  package static func descriptors(_ limits: (soft: UInt64, hard: UInt64)) -> Finding {
    let hard = limits.hard == .max ? "no hard limit" : "hard limit \(limits.hard)"
    let message = "\(limits.soft) files and connections at once (\(hard))"
    if limits.soft < 64 {
      return Finding("descriptors", .failed, message, hint: "Raise it: ulimit -n 4096")
    }
    return limits.soft < 1024
      ? Finding(
        "descriptors", .warning, message, hint: "Raise it for a listener that many reach: ulimit -Hn 4096")
      : Finding("descriptors", .ok, message)
  }

  package static func clocks(_ clocks: Diagnosis.Clocks) -> Finding {
    let now = clocks.now.rfc3339
    // The first release is of 2026; a clock before it is a battery that ran out.
    let first: UInt64 = 1_767_225_600_000
    let last: UInt64 = 4_102_444_800_000
    guard (first..<last).contains(clocks.now.milliseconds) else {
      return Finding(
        "clock", .failed, "it is not \(now): logs would say wrong times.",
        hint: "Set it: timedatectl set-ntp true")
    }
    guard clocks.neverWentBack else {
      return Finding(
        "clock", .failed, "the system's monotonic clock went back: time limits do not hold.",
        hint: "Check the machine, or the virtual machine's clock source.")
    }
    return Finding("clock", .ok, now)
  }

  // MARK: Places

  package static func place(_ check: String, _ places: [PlaceReport]) -> Finding {
    for place in places {
      let path = SafeText.line(place.path)
      switch place.state {
      case .wrongKind:
        return Finding(
          check, .failed,
          "\(path) is not \(place.kind == .folder ? "a folder" : "a regular file").",
          hint: "Move it away, or name another home: --home DIR")
      case .missing(canBeMade: false):
        return Finding(
          check, .failed, "\(path) is not there and cannot be made.",
          hint: "Name a folder of your own: --home DIR, --logs DIR")
      case .there(_, isMine: false, _):
        return Finding(
          check, .failed, "\(path) belongs to another user of this computer.",
          hint: "Name a folder of your own: --home DIR, --logs DIR")
      case .there(_, _, mayBeWritten: false):
        return Finding(
          check, .failed, "\(path) cannot be written.",
          hint: "chmod u+w \(path), or name another folder: --home DIR, --logs DIR")
      case .missing, .there: continue
      }
    }
    let loose = places.filter(\.isLoose)
    if let first = loose.first(where: { $0.kind == .secretFile }) ?? loose.first {
      let commands = loose.map { "chmod \($0.kind == .folder ? 700 : 600) \(SafeText.line($0.path))" }
      return Finding(
        check, first.kind == .secretFile ? .failed : .warning,
        "others on this computer can reach \(SafeText.line(first.path))"
          + (loose.count > 1 ? " and \(loose.count - 1) more." : "."),
        hint: commands.joined(separator: "; "))
    }
    guard let first = places.first else { return Finding(check, .ok, "") }
    let path = SafeText.line(first.path)
    if case .missing = first.state { return Finding(check, .ok, "\(path) (made at first use)") }
    return Finding(check, .ok, path + (places.count > 1 ? ", private to you" : ""))
  }

  static func usersFile(_ users: UsersFile) -> Finding {
    let message = "\(count(users.entries.count, "user")) in \(SafeText.line(users.path))"
    guard let first = users.warnings.first else { return Finding("users file", .ok, message) }
    return Finding("users file", .warning, message + ":", hint: usersFileWarning(first))
  }

  // MARK: The network

  static func canListen(at address: String) -> Finding {
    Finding("listen", .ok, "\(SafeText.line(address)) could be taken")
  }

  /// A port in use may well be the own listener's.
  static func cannotListen(_ failure: MessengerFailure) -> Finding {
    let sentence = Self.failure(failure)
    if case .portInUse = failure {
      return Finding(
        "listen", .warning, sentence.message,
        hint: "If it is your own listener, all is well; else take another port: --port N")
    }
    return Finding("listen", sentence)
  }

  static func connectedToItself(_ times: SelfConnect.Times) -> Finding {
    Finding(
      "conversation", .ok,
      "first contact with itself in \(times.connected) ms, a text acknowledged in \(times.acknowledged) ms "
        + "(\(times.group.name), \(times.cipher.name))")
  }

  static func notConnectedToItself(_ failure: SelfConnect.Failure) -> Finding {
    switch failure {
    case .noFolder:
      Finding(
        "conversation", .failed, "no temporary folder could be made for it.",
        hint: "Make room, or set TMPDIR to a folder of yours.")
    case .messenger(let failure): Finding("conversation", Self.failure(failure))
    case .silent(let seconds):
      Finding(
        "conversation", .failed, "a conversation with itself stood still for \(seconds) s.",
        hint: "Look for a firewall on the loopback interface.")
    }
  }
}

/// "3.0.22" as numbers; what follows the numbers does not count.
private struct VersionNumber: Comparable {
  private let numbers: [Int]

  init(_ text: String) {
    numbers = text.split(separator: ".").map { part in Int(part.prefix { $0.isNumber }) ?? 0 }
  }

  static func < (left: Self, right: Self) -> Bool { left.numbers.lexicographicallyPrecedes(right.numbers) }
}

extension String {
  /// Filled up with spaces.
  fileprivate func padding(_ count: Int) -> String {
    self + String(repeating: " ", count: max(0, count - self.count))
  }
}
