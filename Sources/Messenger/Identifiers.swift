package import Wire

/// The public name of one session: 32 bytes, the same on both sides and in both logs (PROTOCOL 1.6).
package struct SessionID: Hashable, Sendable {
  package let bytes: [UInt8]
  /// As logs and JSON events write it: base64url without padding.
  package var text: String { Base64URL.encode(bytes) }

  package init(bytes: [UInt8]) { self.bytes = bytes }
}

extension MessageID {
  /// As logs and JSON events write it: base64url without padding.
  package var text: String { Base64URL.encode(bytes) }
}

/// What ``Messenger/send(_:on:)`` returns; the `delivered` event of the same text carries it as `id`.
package typealias OutgoingID = MessageID
