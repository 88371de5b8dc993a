import ChatProtocol
import Wire

/// What a dial sets out with.
enum DialPlan: Sendable {
  case known(Contact)
  case firstContact(FirstContactPlan)
}

/// What a first contact sets out with.
struct FirstContactPlan: Sendable {
  let secret: PasswordSecret
  let password: EnteredPassword
  /// What stood for the name when the run began: what the new pin is compared against.
  let expecting: PinState
  let old: Contact?
  let purpose: PairingPurpose
}

/// What a dial came to.
enum DialOutcome: Sendable {
  case up(SessionID)
  case proposal(VerifyProposal)
  case failed(MessengerFailure)
}

/// One dial, from the call to its answer; lives on the loop.
final class DialRun {
  let target: DialTarget
  let plan: DialPlan
  private(set) var isOver = false
  private var outcome: DialOutcome?
  private var continuation: CheckedContinuation<DialOutcome, Never>?
  /// The conversation that carries it, once the connection stands.
  weak var conversation: Conversation?

  init(target: DialTarget, plan: DialPlan) {
    self.target = target
    self.plan = plan
  }

  var facts: PeerFacts { PeerFacts(name: target.name, address: target.address) }

  /// Answers the call; only the first answer counts.
  func end(_ outcome: DialOutcome) {
    guard !isOver else { return }
    isOver = true
    if let continuation {
      self.continuation = nil
      continuation.resume(returning: outcome)
    } else {
      self.outcome = outcome
    }
  }

  func wait(_ continuation: CheckedContinuation<DialOutcome, Never>) {
    if let outcome {
      continuation.resume(returning: outcome)
    } else {
      self.continuation = continuation
    }
  }

  /// What the user is told of a handshake that failed (PROTOCOL 1.4 and PRODUCT "Exit codes").
  func failure(
    of refusal: HandshakeRefusal, storage: StorageProblem?, isOfThisHome: Bool, words: String
  ) -> MessengerFailure {
    switch refusal.code {
    case .state:
      return .state(storage ?? StorageProblem(path: "", why: "it could not be stored", errorNumber: 0))
    case .ident, .downgrade:
      return .identityRefused(facts, refusal.code)
    case .limit:
      return .guessLimit(facts)
    case .proto, .policy, .dh, .pake, .auth, .reflect, .mac, .crc, .ku, .timeout, .closed, .alert,
      .truncated:
      break
    }
    switch plan {
    case .firstContact:
      return .firstContactFailed(facts, refusal.code)
    case .known(let contact):
      if refusal.peerIsProven { return .keyUnknown(facts, refusal.code) }
      return .notProven(
        contact.notProven(facts, code: refusal.code, isOfThisHome: isOfThisHome, words: words))
    }
  }
}

extension Contact {
  func notProven(
    _ facts: PeerFacts, code: ChatErrorCode, isOfThisHome: Bool, words: String
  ) -> NotProven {
    NotProven(
      peer: facts, pinned: pin.pairedAt, words: words, verified: pin.isVerified,
      isOfThisHome: isOfThisHome, code: code)
  }
}
