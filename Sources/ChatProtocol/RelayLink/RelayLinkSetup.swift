package import Wire

/// What a client knows of the relay that it dials.
package struct RelayDialSetup: Sendable {
  package var context: HandshakeContext
  /// The relay's profile: from the group's roster, or pinned for its address.
  package var relay: Profile

  package init(context: HandshakeContext, relay: Profile) {
    self.context = context
    self.relay = relay
  }
}

/// What a relay has before the first byte.
package struct RelayAcceptSetup: Sendable {
  package var context: HandshakeContext
  package var identity: IdentityKeys

  package init(context: HandshakeContext, identity: IdentityKeys) {
    self.context = context
    self.identity = identity
  }
}

/// How long one link may live; a new one replaces it (GROUPS 3.5 L2).
package struct RelayLinkLifetime: Sendable {
  package var seconds: Int64
  /// Records of either direction, CLOSE included.
  package var records: UInt64

  package init(seconds: Int64 = Limits.relayLinkSeconds, records: UInt64 = Limits.relayLinkRecords) {
    self.seconds = seconds
    self.records = records
  }
}
