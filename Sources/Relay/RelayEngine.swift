package import Wire

/// The relay's core (GROUPS 3, docs/RELAY.md): mailboxes, their order, receipts, delivery.
///
/// It has no socket, clock or disk. The driver tells it of links and frames, carries out `nextAction` until there is
/// none, and says what the store answered. Not Sendable: one driver, one call at a time.
package final class RelayEngine {
  package let limits: RelayLimits

  package init(limits: RelayLimits, primitives: RelayPrimitives, store: RelayStoreSummary) {
    self.limits = limits
  }

  /// A link whose handshake is done: `th` is its hash (32 bytes), `address` the far end without its port.
  package func linkOpened(_ link: RelayLinkID, address: String, th: [UInt8], at now: RelayInstant) {}

  /// A whole frame came by the link.
  ///
  /// The driver stops reading a link while what it has to send there is above its mark: answers to requests are
  /// bounded by that, entries by credit, items by acknowledgements.
  package func received(type: UInt8, body: [UInt8], from link: RelayLinkID, at now: RelayInstant) {}

  /// What is to be sent by the link rose above the driver's mark, or is below it again. Meanwhile the link gets no
  /// EPHEMERAL, and LINK_UP and LINK_DOWN are put together.
  package func link(_ link: RelayLinkID, isWritable: Bool, at now: RelayInstant) {}

  package func linkClosed(_ link: RelayLinkID, at now: RelayInstant) {}

  package func stored(_ outcome: RelayStored, _ ticket: RelayTicket, at now: RelayInstant) {}

  package func storeFailed(_ failure: RelayStoreFailure, _ ticket: RelayTicket, at now: RelayInstant) {}

  package func found(_ reading: RelayReading, _ ticket: RelayTicket, at now: RelayInstant) {}

  package func readFailed(_ failure: RelayStoreFailure, _ ticket: RelayTicket, at now: RelayInstant) {}

  /// When `alarm` wants to be called; nil for never.
  package var deadline: Moment? { nil }

  package func alarm(at now: RelayInstant) {}

  /// The next thing to do; nil until the next event.
  package func nextAction() -> RelayAction? { nil }

  package var counters: RelayCounters { RelayCounters() }
}
