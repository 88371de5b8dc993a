import Cryptography
package import Wire

/// One connection of secure_chat/1, from the first byte to the last, without input or output.
///
/// Bytes, events and the time go in; actions, outbound bytes and one deadline come out. After each
/// call the driver takes every action with `nextAction()`, writes what `takeOutbound` gives (while
/// its link is writable), sets its alarm to `deadline` and reads or does not read as `wantsToRead`
/// says. A machine is not Sendable and lives on one event loop; it never waits.
package final class ConnectionMachine {
  package init(dialling setup: DialSetup) {
  }

  package init(accepting setup: AcceptSetup) {
  }

  /// The link is open. The dialling side makes its INIT.
  package func start(at now: Moment) {}

  /// Bytes of the link, in any pieces.
  package func received(_ bytes: Span<UInt8>, at now: Moment) {}

  package func handle(_ event: ConnectionEvent, at now: Moment) {}

  /// The time has come to `deadline`. Calling it early does nothing.
  package func alarm(at now: Moment) {}

  /// The next thing to do, or nil. Drain it after each call.
  package func nextAction() -> ConnectionAction? { nil }

  /// Lends the bytes that may leave now and forgets them. Acknowledgements are made here, so that
  /// one covers every text that was logged since the last call.
  package func takeOutbound(_ body: (Span<UInt8>) -> Void) {}

  /// When `alarm` must be called, unless something else happens before.
  package var deadline: Moment? { nil }

  /// False while more than the receive window waits for the log or the user, and while a question
  /// is open after authentication: pause reading then.
  package var wantsToRead: Bool { true }

  /// The session is up, is not closing, and less than the send window waits for the log and link.
  package var canTakeText: Bool { false }
}
