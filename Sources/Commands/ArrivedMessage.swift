package import Messenger
package import Wire

/// A message that a command is run for, of a conversation or of a group.
package struct ArrivedMessage: Sendable {
  package enum Place: Sendable {
    case session(SessionID)
    case group(GroupName)
  }

  package let place: Place
  package let id: MessageID
  package let from: PeerName
  /// Its ordinal in the session, or among its author's in the group; from 1.
  package let seq: UInt64
  package let text: [UInt8]
  package let verified: Bool

  package init(_ message: MessageEvent) {
    place = .session(message.session)
    (id, from, seq) = (message.id, message.from, message.seq)
    (text, verified) = (message.text, message.verified)
  }

  package init(_ message: GroupMessageEvent) {
    place = .group(message.group)
    (id, from, seq) = (message.id, message.from, message.seq)
    (text, verified) = (message.text, message.verified)
  }
}
