package import Wire

/// A group's public number: 32 random bytes that its creator drew; the same on every member's side.
package struct GroupID: Hashable, Sendable {
  package static let byteCount = 32
  package let bytes: [UInt8]

  package init(bytes: [UInt8]) { self.bytes = bytes }

  /// As JSON events write it: base64url without padding.
  package var text: String { Base64URL.encode(bytes) }
}

/// One group of this user.
package struct GroupSummary: Sendable {
  package enum Standing: Hashable, Sendable {
    /// An invitation waits for `join`.
    case invited(by: PeerName)
    case member
    case left
    /// Nil where nobody is left to say who it was.
    case removed(by: PeerName?)
    /// The members were shown two different pasts: this side sends nothing there any more.
    case forked
  }

  package let name: GroupName
  package let id: GroupID
  package let standing: Standing
  /// Oneself first, then by name; as the invitation has them where it was not joined yet.
  package let members: [GroupMemberSummary]
  /// Where its relay is, "HOST:PORT".
  package let relay: String
  /// The six words of the relay's key.
  package let relayWords: String
  /// How often the group's key was changed.
  package let epoch: UInt64
  /// The link to its relay stands, and what the relay held was read.
  package let isConnected: Bool
}

/// One member of a group.
package struct GroupMemberSummary: Sendable {
  package let name: PeerName
  /// The six words of the member's key.
  package let words: String
  /// The user compared them.
  package let verified: Bool
  package let isMe: Bool
  package let isAdmin: Bool
  /// As its presence tells; oneself while the link stands.
  package let online: Bool
}

/// What became of a `group create` or of an invitation.
package struct GroupInvited: Sendable {
  package let summary: GroupSummary
  /// Those whose invitation lies in their inbox.
  package let invited: [PeerName]
  /// Those who could not be reached; they are named in the group and invited when they come.
  package let offline: [PeerName]
  /// Those who cannot be invited at all.
  package let failed: [(name: PeerName, failure: MessengerFailure)]
}
