package import Messenger
import Wire

/// Tells what happens where no lobby is drawn: as JSON events, or the bare messages on standard output
/// and the rest in words on standard error.
package struct EventTeller: Sendable {
  let output: Output
  let me: PeerName

  /// `part`: which of the messages that standard input was split into was delivered.
  func tell(_ event: MessengerEvent, part: Int? = nil) async throws(Failure) {
    if output.isJSON {
      if let line = json(event, part) { try await output.payload(bytes: line) }
      if case .warning(let warning) = event { await output.notice(Sentences.warning(warning).text) }
      return
    }
    if case .message(let message) = event {
      try await output.payload(bytes: Self.payload(of: message.text))
      return
    }
    if case .group(.message(let message)) = event {
      try await output.payload(bytes: Self.payload(of: message))
      return
    }
    if let words = Sentences.told(event, me: me) { await output.notice(words) }
  }

  private func json(_ event: MessengerEvent, _ part: Int?) -> [UInt8]? {
    switch event {
    case .step(let step): JSONEvents.step(step)
    case .connected(let connected): JSONEvents.connected(connected)
    case .message(let message): JSONEvents.message(message)
    case .delivered(let delivered): JSONEvents.delivered(delivered, part: part)
    case .closed(let closed): JSONEvents.closed(closed)
    case .refused(let refused): JSONEvents.refused(refused)
    case .repairWanted(let wanted): JSONEvents.repairWanted(wanted)
    case .group(let happening): JSONEvents.group(happening)
    case .verifyProposed: nil
    case .warning(let warning):
      JSONEvents.warning(code: Sentences.warning(warning).code, message: Sentences.warning(warning).text)
    }
  }

  /// A message for a pipe: untouched, with a newline where it has none, so that the next one starts a
  /// line. One that fills a message to its limit is a part of something longer and gets none.
  package static func payload(of text: [UInt8]) -> [UInt8] {
    // A part is cut at most three bytes short of the limit, between two characters.
    text.last == 0x0A || text.count > MessageParts.limit - 4 ? text : text + [0x0A]
  }

  /// A group's message for a pipe: group and author stand before each of its lines, so that none looks like
  /// another member's; the lines themselves are untouched.
  package static func payload(of message: GroupMessageEvent) -> [UInt8] {
    let prefix = Array("[\(message.group.text)] \(message.from.text): ".utf8)
    let text = message.text.last == 0x0A ? message.text.dropLast() : message.text[...]
    return text.split(separator: 0x0A, omittingEmptySubsequences: false).flatMap { prefix + $0 + [0x0A] }
  }
}
