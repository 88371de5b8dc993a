import ChatProtocol
import Wire

/// What must hold in every run, looked at as it happens.
final class Judge {
  private(set) var findings: [String] = []
  /// Every text that a user gave to a machine.
  private var written: [MessageID: (text: [UInt8], by: PeerName)] = [:]
  private(set) var shownCount = 0
  private(set) var acknowledgedCount = 0
  /// Rekeys that both sides of a session completed.
  private(set) var rekeyCount = 0
  private unowned let world: World
  var parties: [Party] = []
  /// Two sessions were up at once: then only each session's own order is promised.
  var sessionsOverlapped = false

  init(world: World) { self.world = world }

  func find(_ what: String) { findings.append(what) }

  func taken(_ text: OutgoingText, by party: Party) { written[text.id] = (text.text, party.name) }

  /// A machine asks to log. What came in must have been sent, and what is sent must be synced.
  func appended(_ entry: LogEntry, by party: Party) {
    guard case .message(let message) = entry, message.direction == .received else { return }
    guard let (id, text) = original(message.identifier) else {
      find("a text that nobody wrote arrived")
      return
    }
    if text != message.text { find("a text was altered") }
    if other(than: party).disk.contains(id, .sent) == nil { find("a text left before its sync") }
  }

  func shown(_ text: ReceivedText, by party: Party) {
    shownCount += 1
    if party.disk.contains(text.id, .received) == nil { find("a text was shown before its sync") }
    if written[text.id]?.text != text.text { find("a shown text is not the one written") }
    if party.process.shown.contains(text.id) { find("a text was shown twice") }
    if !sessionsOverlapped,
      let last = party.process.shown.last(where: { $0.stream == text.id.stream }),
      last.number >= text.id.number
    {
      find("texts were shown out of order")
    }
    party.process.shown.append(text.id)
  }

  func acknowledged(_ receipt: DeliveryReceipt, to party: Party) {
    acknowledgedCount += receipt.ids.count
    for id in receipt.ids where other(than: party).disk.contains(id, .received) == nil {
      find("an acknowledged text is not in the other's synced log")
    }
  }

  func rekeyed(_ endpoint: Endpoint, to epoch: UInt64) {
    endpoint.epochs.append(epoch)
    if endpoint.epochs.last != UInt64(endpoint.epochs.count) { find("an epoch was left out") }
    if UInt64(endpoint.machine.epoch) != epoch { find("a machine and its log differ in the epoch") }
  }

  /// R completes a rekey after I, and both have completed all of them when they end cleanly.
  private func compareEpochs(_ dialling: Endpoint, _ accepting: Endpoint) {
    rekeyCount += accepting.epochs.count
    if accepting.epochs.count > dialling.epochs.count { find("R completed a rekey that I did not") }
    if dialling.epochs.count > accepting.epochs.count + 1 { find("I is two epochs ahead") }
    if let first = dialling.end, let second = accepting.end, first.code == nil, second.code == nil,
      dialling.epochs != accepting.epochs
    {
      find("a clean end in different epochs")
    }
  }

  /// Two ends of one session that both ended cleanly must agree.
  func compare(_ one: Endpoint, _ two: Endpoint, isCalm: Bool) {
    if let first = one.summary, let second = two.summary, first.sessionID != second.sessionID {
      find("two sessions on one link")
    }
    compareEpochs(one, two)
    guard let first = one.end, let second = two.end, first.code == nil, second.code == nil else {
      return
    }
    if first.sent != second.received || second.sent != first.received {
      find("a clean end with different counts")
    }
    if isCalm, first.confirmed != first.sent || second.confirmed != second.sent {
      find("a clean end with unconfirmed texts")
    }
  }

  private func original(_ identifier: [UInt8]) -> (MessageID, [UInt8])? {
    let bytes = identifier.span
    let id = MessageID(
      stream: bytes.bigEndianUInt64(at: 0), number: bytes.bigEndianUInt64(at: 8))
    return written[id].map { (id, $0.text) }
  }

  private func other(than party: Party) -> Party {
    parties[0] === party ? parties[1] : parties[0]
  }
}
