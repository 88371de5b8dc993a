package import Cryptography
package import Wire

/// What this side offers or accepts; PROTOCOL 1.5. The order of `ciphers` is I's preference.
package struct NegotiationPolicy: Sendable {
  package var groups: [KeyAgreementGroup]
  package var ciphers: [CipherSuite]

  /// At least one of each; ids that this build does not know are left out by the caller.
  package init(groups: [KeyAgreementGroup], ciphers: [CipherSuite]) {
    self.groups = groups
    self.ciphers = ciphers
  }
}

/// What every connection of one profile in one process has in common.
package struct ConnectionContext: Sendable {
  package var identity: IdentityKeys
  package var policy: NegotiationPolicy
  /// The shares of this process's own unanswered dials: an INIT that carries one is a reflection.
  package var outstandingShares: OutstandingShares
  /// The texts that this process has shown already, so that each is shown once.
  package var seenMessages: SeenMessages
  package var entropy: any EntropySource
  package var encapsulation: any KeyEncapsulation
  /// Emit `.step` actions (`-v`, `explain`).
  package var reportsSteps: Bool

  package init(
    identity: IdentityKeys, policy: NegotiationPolicy, outstandingShares: OutstandingShares,
    seenMessages: SeenMessages, entropy: any EntropySource,
    encapsulation: any KeyEncapsulation, reportsSteps: Bool = false
  ) {
    self.identity = identity
    self.policy = policy
    self.outstandingShares = outstandingShares
    self.seenMessages = seenMessages
    self.entropy = entropy
    self.encapsulation = encapsulation
    self.reportsSteps = reportsSteps
  }
}

/// Why a first contact is made.
package enum PairingPurpose: Sendable {
  /// The pin is stored and the conversation goes on.
  case conversation
  /// `verify NAME`: the pin is held (`.pinHeld`), nothing is stored, and the run ends with CLOSE
  /// reason 3 as soon as the other side's SYNC is here.
  case verification
}

/// What the dialling side knows of the contact it dials.
package struct DialSetup: Sendable {
  package enum Target: Sendable {
    /// Mode K: the contact is pinned. There is never a way from here to mode P.
    case known(Pin)
    /// Mode P: first contact under a password. `floor` is that of an older pin of this name
    /// (`verify NAME`), nil when there is none.
    case firstContact(
      name: PeerName, password: PasswordSecret, floor: KeyAgreementGroup?,
      purpose: PairingPurpose)
  }

  package var context: ConnectionContext
  package var target: Target

  package init(context: ConnectionContext, target: Target) {
    self.context = context
    self.target = target
  }
}

/// What the accepting side knows before the first byte.
package struct AcceptSetup: Sendable {
  package var context: ConnectionContext
  /// Mode P is taken only while some contact could pair; else every INIT(P) ends in silence.
  package var takesFirstContact: Bool

  package init(context: ConnectionContext, takesFirstContact: Bool) {
    self.context = context
    self.takesFirstContact = takesFirstContact
  }
}
