import Wire

/// When a dialler tries again: only after failed TCP or a link lost after FIN, never after a refused
/// handshake or a fatal error (PRODUCT).
package struct RetryPolicy: Sendable {
  /// What the waits between tries are, in seconds; nil means without end, the last one repeated.
  private let waits: [Int]
  private let isEndless: Bool
  private var tried = 0

  /// `send`, and `chat` without a terminal: three tries in all, 1 s and 2 s apart.
  package static var threeTries: RetryPolicy { RetryPolicy(waits: [1, 2], isEndless: false) }

  /// At a terminal: until the user stops it; 1, 2, 4 and then every 5 s.
  package static var untilStopped: RetryPolicy { RetryPolicy(waits: [1, 2, 4, 5], isEndless: true) }

  private init(waits: [Int], isEndless: Bool) {
    self.waits = waits
    self.isEndless = isEndless
  }

  /// Seconds to wait before the next try after this failure; nil when there is none.
  package mutating func wait(after failure: MessengerFailure) -> Int? {
    guard failure.mayDialAgain else { return nil }
    return nextWait()
  }

  /// Seconds to wait before dialling again after a conversation ended; nil when there is none.
  package mutating func wait(after closed: ClosedEvent) -> Int? {
    guard closed.mayDialAgain else { return nil }
    return nextWait()
  }

  private mutating func nextWait() -> Int? {
    defer { tried += 1 }
    if tried < waits.count { return waits[tried] }
    return isEndless ? waits.last : nil
  }
}

extension ClosedEvent {
  /// Whether the link was lost, by a cut or by silence, and this side is the one that may dial again.
  package var mayDialAgain: Bool {
    guard dialled, truncated else { return false }
    switch code {
    case .truncated, .timeout: return true
    case .proto, .policy, .dh, .pake, .auth, .ident, .reflect, .downgrade, .mac, .crc, .ku, .limit, .state,
      .closed, .alert, nil:
      return false
    }
  }
}

extension MessengerFailure {
  /// Whether the protocol lets a dialler try the same again by itself.
  package var mayDialAgain: Bool {
    switch self {
    case .unreachable: true
    case .relay(let failure):
      switch failure.cause {
      case .unreachable: true
      case .notProven, .otherKey, .noProfile: false
      }
    case .usage, .notProven, .identityRefused, .identityDiffers, .keyUnknown, .firstContactFailed,
      .guessLimit, .alert, .state, .log, .passphraseNeeded, .wrongPassphrase, .portInUse, .cannotListen,
      .sessionEnded, .peerIsVerifying, .blockedHere, .notVerified, .contactChanged,
      .group, .stopped:
      false
    }
  }
}
