import Messenger
import Terminal
import Wire

// What is known of people, and of single messages.
extension Sentences {
  /// One person: here, or not, and what is known of their key.
  static func standing(
    _ name: PeerName, live: SessionSummary?, contact: ContactSummary?, entry: UsersFileEntry?,
    online: Bool? = nil
  ) -> String {
    let key =
      contact.map { $0.verified ? "known, verified" : "known, words not compared yet" } ?? "no contact yet"
    if let live {
      let since = LocalTime(unixMilliseconds: live.since.milliseconds).hourAndMinute
      return "\(name.text)  here since \(since) (\(live.dialled ? "you called" : "they called")), \(key)"
    }
    if let online {
      return "\(name.text)  is \(online ? "" : "not ")online in your groups, \(key)"
    }
    if contact == nil, entry == nil { return "Nobody is known as \(name.text)." }
    return "\(name.text)  not connected, \(key)"
  }

  static let statusUsage = "Type /status NAME; /all tells of everybody."
  static let nobodyKnown = "Nobody is known yet: no users file, and no contacts."

  /// A message that came: what was checked before it was shown.
  static func details(_ message: Conversations.Received, in event: ConnectedEvent) -> String {
    """
    message    #\(message.seq) from \(event.peer.text), \(count(message.byteCount, "byte")), id \(message.id.text)
    type       text
    time       logged here \(message.time.rfc3339), sent \(message.sent.rfc3339) by their clock
    CRC32      ok
    MAC        \(event.cipher.authentication), ok
    cipher     \(event.cipher.encryptionStep) (\(event.cipher.name))
    """
  }

  static func noMessage(_ number: UInt64, latest: Int) -> String {
    "No message #\(number) is remembered; "
      + (latest == 0 ? "none came in this conversation." : "the latest is #\(latest): /details \(latest)")
  }
}
