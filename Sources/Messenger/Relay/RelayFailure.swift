package import Wire

/// Why there is no link to a relay.
package struct RelayFailure: Error, Hashable, Sendable {
  package enum Cause: Hashable, Sendable {
    /// No connection. Exit 3.
    case unreachable(Unreachable.Cause)
    /// Whoever answers did not prove the key that is known for this relay; nothing was sent. Exit 4.
    case notProven(ChatErrorCode)
    /// Whoever answers says it has another key than the pinned one. Exit 4.
    case otherKey(pinnedWords: String, shownWords: String)
    /// It was asked for its profile, and what came was none. Exit 1.
    case noProfile(ChatErrorCode)
  }

  package let address: String
  package let cause: Cause

  package init(address: String, cause: Cause) {
    self.address = address
    self.cause = cause
  }

  var code: ChatErrorCode? {
    switch cause {
    case .unreachable: nil
    case .notProven(let code), .noProfile(let code): code
    case .otherKey: .ident
    }
  }
}

/// How a link that was up came to its end.
package enum RelayLinkFailure: Hashable, Sendable {
  /// The relay said goodbye: it stops, or the link's time was over.
  case closedByRelay(CloseReason)
  /// This side closed it.
  case closedHere
  /// The relay does not want it: too many links (2), not a member (3), or this side broke its rules (0).
  case refused(AlertCode)
  /// It was cut, fell silent, or broke the protocol.
  case failed(ChatErrorCode)
}
