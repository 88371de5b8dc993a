package import Wire

/// Who this messenger is.
package struct IdentitySummary: Sendable {
  package let name: PeerName
  /// The whole 193-byte profile in base64url: what `identity` in a users file takes.
  package let profile: String
  /// The six words of the own key.
  package let words: String
  /// Made by this very opening; there was none before.
  package let isNew: Bool
}

/// A pinned contact.
package struct ContactSummary: Sendable {
  package let name: PeerName
  /// The six words of the pinned key.
  package let words: String
  package let pinned: UnixTime
  package let verified: Bool
  /// Paired here, not yet confirmed by the other side's first record.
  package let isProvisional: Bool
  /// The pinned profile is one of this same home.
  package let isOfThisHome: Bool
  /// When the words were compared; nil where they were not.
  package let verifiedAt: UnixTime?
  /// The strongest group ever completed with it.
  package let floor: KeyAgreementGroup
  /// The whole 193-byte profile in base64url; public.
  package let profile: String
  /// Not a pin of its own: the users file gives this identity, and no session has stored it yet.
  package let isFromUsersFile: Bool
}

/// A new key that `verify` brought, held until the user says yes or no.
package struct VerifyProposal: Sendable {
  /// Names the run for ``Messenger/verifyAnswer(_:accept:)``.
  package let session: SessionID
  package let name: PeerName
  package let address: String
  /// What is pinned now.
  package let old: ContactSummary?
  /// The six words of the new key.
  package let newWords: String
  /// The new key is the pinned one.
  package let isSameKey: Bool
}

/// A live conversation.
package struct SessionSummary: Sendable {
  package let session: SessionID
  package let peer: PeerName
  package let address: String
  package let group: KeyAgreementGroup
  package let cipher: CipherSuite
  package let dialled: Bool
  package let verified: Bool
  /// The six words of the peer's key.
  package let words: String
  /// The six words of this session.
  package let sessionWords: String
  package let since: UnixTime
  /// How often new keys took the place of all that encrypt it.
  package let epoch: UInt32
  package let logPath: String
  /// New texts for this peer go over this session.
  package let isNewest: Bool
}
