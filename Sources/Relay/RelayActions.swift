package import Wire

/// A link to the relay; its driver chooses the numbers and uses none twice.
package struct RelayLinkID: Hashable, Sendable {
  package let number: UInt64

  package init(_ number: UInt64) {
    self.number = number
  }
}

/// Names a thing that the engine asked of the store, in the event that answers it.
package struct RelayTicket: Hashable, Sendable {
  package let number: UInt64
}

/// Both clocks: the one that measures and the one that dates.
package struct RelayInstant: Sendable {
  package var moment: Moment
  package var time: UnixTime

  package init(moment: Moment, time: UnixTime) {
    self.moment = moment
    self.time = time
  }
}

/// Why the relay closes a link.
package enum RelayCloseReason: Hashable, Sendable, CaseIterable {
  /// A frame that is none.
  case malformed
  /// The signature of HELLO is wrong, its key is not registered, or something came before it.
  case unauthenticated
  /// No HELLO in time.
  case silent
  /// More frames than any client sends.
  case flood
  /// Too many links, of this address, in this mailbox, or at all.
  case tooManyLinks
  /// There are as many mailboxes as there may be.
  case tooManyMailboxes
  /// The store failed where no answer could say so.
  case storageFailed
}

/// What the driver has to do, in this order.
package enum RelayAction: Sendable {
  /// Hands one frame to each of these links. One array of bytes for all of them.
  case send(RelayFrame, to: [RelayLinkID])
  /// Ends the link; the engine has forgotten it already, and wants no `linkClosed` (one does no harm).
  case close(RelayLinkID, RelayCloseReason)
  /// Has the store do these changes, then calls `stored` or `storeFailed`. One at a time.
  case store([RelayChange], RelayTicket)
  /// Has the store read, then calls `found` or `readFailed`. `RelayLimits.readsAtOnce` at most.
  case read(RelayQuery, RelayTicket)
}

/// What the operator may see: numbers, never names.
package struct RelayCounters: Hashable, Sendable {
  package var links = 0
  package var mailboxes = 0
  package var entries = 0
  /// Bytes of the entries and items that came since the start.
  package var receivedByteCount = 0
  package var deliveredByteCount = 0
  package var appends = 0
  package var deliveries = 0
  package var refusals = 0
  package var conflicts = 0
  package var badCommits = 0
  package var closedLinks = 0
  package var storeFailures = 0

  package init() {}
}
