package import Cryptography
package import Wire

/// What this side offers when it dials, and what it accepts when it is dialled; PROTOCOL 1.5.
package struct NegotiationPolicy: Sendable {
  /// Each with a share in INIT, and at least one.
  package let offeredGroups: [KeyAgreementGroup]
  /// By preference, and at least one.
  package let offeredCiphers: [CipherSuite]
  package let acceptedGroups: [KeyAgreementGroup]
  package let acceptedCiphers: [CipherSuite]

  /// Lists that say both what is offered and what is accepted. Without one the strongest group is offered, the
  /// ciphers 1, 3, 2, and everything is accepted.
  package init(groups: [KeyAgreementGroup]? = nil, ciphers: [CipherSuite]? = nil) {
    offeredGroups = groups ?? [.x25519MLKEM768]
    offeredCiphers = ciphers ?? [.aes256CBCHMACCRC32, .xchacha20Poly1305, .aes256GCM]
    acceptedGroups = groups ?? KeyAgreementGroup.allCases
    acceptedCiphers = ciphers ?? CipherSuite.allCases
  }
}

/// What a handshake needs that is no key: the policy, the process's own dials, randomness.
package struct HandshakeContext: Sendable {
  package var policy: NegotiationPolicy
  /// The shares of this process's own unanswered dials: an INIT that carries one is a reflection.
  package var outstandingShares: OutstandingShares
  package var entropy: any EntropySource
  package var encapsulation: any KeyEncapsulation
  /// Nobody but a rehearsal can make one.
  var trace: HandshakeTrace?

  package init(
    policy: NegotiationPolicy, outstandingShares: OutstandingShares, entropy: any EntropySource,
    encapsulation: any KeyEncapsulation
  ) {
    self.policy = policy
    self.outstandingShares = outstandingShares
    self.entropy = entropy
    self.encapsulation = encapsulation
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
  /// Nobody but a rehearsal can make one.
  var trace: HandshakeTrace?

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

  /// Its part that a handshake needs.
  package var handshake: HandshakeContext {
    var context = HandshakeContext(
      policy: policy, outstandingShares: outstandingShares, entropy: entropy, encapsulation: encapsulation)
    context.trace = trace
    return context
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
