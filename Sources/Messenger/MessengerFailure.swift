package import Wire

/// Why a messenger could not do what it was asked; sorted by the exit code it leads to (PRODUCT).
package enum MessengerFailure: Error, Sendable {
  /// The request itself is wrong. Exit 2.
  case usage(UsageProblem)
  /// No connection. Exit 3.
  case unreachable(Unreachable)
  /// A pinned key was not proven: up to and including RESP. Nothing was sent. Exit 4.
  case notProven(NotProven)
  /// E_IDENT or E_DOWNGRADE: the other side proved something, and it is not acceptable. Exit 4.
  case identityRefused(PeerFacts, ChatErrorCode)
  /// The users file's `identity` differs from the pin; nothing was dialled. Exit 4.
  case identityDiffers(NotProven)
  /// K after RESP: the other side does not know this side's key. Exit 5.
  case keyUnknown(PeerFacts, ChatErrorCode)
  /// P failed: a wrong password, or the other side knows an older key. Exit 5.
  case firstContactFailed(PeerFacts, ChatErrorCode)
  /// Three wrong passwords for this contact; `verify NAME` or another password opens it again. Exit 5.
  case guessLimit(PeerFacts)
  /// The other side refused with an alert. Exit 9.
  case alert(PeerFacts, AlertCode)
  /// The own profile is locked, and no passphrase was given. Exit 2.
  case passphraseNeeded(PeerName)
  /// The passphrase does not open this file of the own profile. Exit 5.
  case wrongPassphrase(PeerName, path: String)
  /// Own disk: E_STATE. Exit 1.
  case state(StorageProblem)
  /// Logging is on but cannot be written. Exit 1.
  case log(StorageProblem)
  /// Another program listens there. Exit 1.
  case portInUse(address: String, port: UInt16)
  /// Listening failed otherwise. Exit 1.
  case cannotListen(address: String, port: UInt16, why: String)
  /// The session is over; its `closed` event says how. Exit 1.
  case sessionEnded(SessionID)
  /// The other side is running `verify` for this side: "NAME is checking your new key". Exit 1.
  case peerIsVerifying(PeerFacts)
  /// This side's user blocked the one to be dialled; nothing was dialled. Exit 9.
  case blockedHere(PeerName)
  /// `--require-verified`, and the words of the one to be dialled were never compared, or there is no key
  /// yet (`isKnown` false); nothing was dialled. Exit 4.
  case notVerified(PeerName, isKnown: Bool)
  /// Compare-and-set: another connection changed the contact first. Exit 1.
  case contactChanged(PeerFacts)
  /// Something about a group; its cases say which exit.
  case group(GroupFailure)
  /// There is no link to a relay. Exit 3, 4 or 1, as its cause says.
  case relay(RelayFailure)
  /// The messenger was shut down meanwhile. Exit 130 or 0, as the caller knows.
  case stopped

  /// The code that the `error` event carries, where the protocol has one.
  package var code: ChatErrorCode? {
    switch self {
    case .usage, .unreachable, .portInUse, .cannotListen, .sessionEnded, .peerIsVerifying, .stopped,
      .passphraseNeeded, .wrongPassphrase, .group:
      nil
    case .blockedHere: .policy
    case .notVerified: .ident
    case .contactChanged: .state
    case .relay(let failure): failure.code
    case .notProven(let facts): facts.code
    case .identityRefused(_, let code), .keyUnknown(_, let code), .firstContactFailed(_, let code):
      code
    case .identityDiffers: .ident
    case .guessLimit: .limit
    case .alert: .alert
    case .state, .log: .state
    }
  }
}

/// Whom a failure is about.
package struct PeerFacts: Sendable {
  package let name: PeerName
  package let address: String

  package init(
    name: PeerName, address: String
  ) {
    self.name = name
    self.address = address
  }
}

/// A peer that could not be reached.
package struct Unreachable: Sendable {
  package enum Cause: Hashable, Sendable {
    case refused
    case timedOut(seconds: Int)
    case unknownHost
    /// No route, network down, and the like; the system's word for it.
    case other(String)
  }
  package let peer: PeerFacts
  package let cause: Cause

  package init(
    peer: PeerFacts, cause: Cause
  ) {
    self.peer = peer
    self.cause = cause
  }
}

/// What is known about a contact whose key was not proven.
package struct NotProven: Sendable {
  package let peer: PeerFacts
  package let pinned: UnixTime
  /// The six words of the pinned key.
  package let words: String
  package let verified: Bool
  /// The pinned profile is one of this same home: both users were tried on this computer.
  package let isOfThisHome: Bool
  /// E_CLOSED, E_AUTH, E_TIMEOUT and so on: how the run ended.
  package let code: ChatErrorCode

  package init(
    peer: PeerFacts, pinned: UnixTime, words: String, verified: Bool, isOfThisHome: Bool, code: ChatErrorCode
  ) {
    self.peer = peer
    self.pinned = pinned
    self.words = words
    self.verified = verified
    self.isOfThisHome = isOfThisHome
    self.code = code
  }
}

/// A request that cannot be carried out as it stands.
package enum UsageProblem: Sendable {
  /// First contact needs a password, and there is none.
  case passwordNeeded(PeerName)
  /// The password breaks the rules: empty, controls, above 128 bytes.
  case passwordRefused(PeerName?)
  /// No port was given and the users file has no entry of one's own.
  case portNeeded
  /// A text above 65,536 bytes.
  case textTooLong(Int)
  case textNotUTF8
  /// The name to dial is one's own.
  case dialsItself(PeerName)
  /// Waiting for a new key needs a password of one's own, and there is none.
  case ownPasswordNeeded(PeerName)
  /// Waiting for a new key needs a listener.
  case notListening
  /// `verify` of somebody who was never met.
  case notKnown(PeerName)
  /// `--bind` names no address of this host.
  case addressNotHere(String)
  /// No such session, or it was never this messenger's.
  case unknownSession(SessionID)
}

/// A file or folder that could not be read or written.
package struct StorageProblem: Sendable {
  package let path: String
  /// What was wrong, in the words of the room that found it; never bytes of a file.
  package let why: String
  /// The system's error number; 0 where it was not the system.
  package let errorNumber: Int32

  package init(path: String, why: String, errorNumber: Int32) {
    self.path = path
    self.why = why
    self.errorNumber = errorNumber
  }
}
