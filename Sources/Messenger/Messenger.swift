package import Wire

/// One user's side of all conversations: opens the profile, listens, dials, sends, closes.
///
/// Conversations themselves run on an event loop, without a hop; this actor is for control.
package actor Messenger {
  package nonisolated let identity: IdentitySummary
  /// Everything that happens, for one consumer.
  package nonisolated let events: EventQueue

  init(identity: IdentitySummary) {
    self.identity = identity
    self.events = EventQueue()
  }

  /// Loads the profile of `options.me`, or makes it.
  package static func open(_ options: MessengerOptions) async throws(MessengerFailure) -> Messenger {
    throw .stopped
  }

  /// Listens; `connected` events tell who came. One listener a messenger.
  package func listen(_ options: ListenOptions) async throws(MessengerFailure) -> ListeningSummary {
    throw .stopped
  }

  /// Dials once and returns when the session is up; the caller tries again by ``RetryPolicy``.
  package func dial(
    _ target: DialTarget, password: PasswordChoice
  ) async throws(MessengerFailure) -> SessionID {
    throw .stopped
  }

  /// Pairs anew with NAME (`verify NAME`): resets its guesses, dials with P and returns what is to be
  /// compared; ``verifyAnswer(_:accept:)`` then commits or drops it. Until then nothing changes.
  package func verify(
    _ target: DialTarget, password: PasswordChoice
  ) async throws(MessengerFailure) -> VerifyProposal {
    throw .stopped
  }

  /// Replaces the old pin by the held one in one write, or drops the held one.
  package func verifyAnswer(_ session: SessionID, accept: Bool) async throws(MessengerFailure) {
  }

  /// Notes that the user compared the pinned words and found them the same.
  package func markVerified(_ name: PeerName) async throws(MessengerFailure) {
  }

  /// Takes a text of at most 65,536 bytes of UTF-8 and returns when it is taken, which is later while
  /// the peer does not read; `delivered` follows.
  ///
  /// `id`: a text that an earlier session of this messenger took and that was never acknowledged; it keeps
  /// its id and its `f`, so that the peer shows it once (PROTOCOL 1.9).
  package func send(
    _ text: [UInt8], on session: SessionID, as id: OutgoingID? = nil
  ) async throws(MessengerFailure) -> OutgoingID {
    throw .stopped
  }

  /// Ends a conversation with a close record and waits until it is over; unknown sessions are over.
  package func close(_ session: SessionID, reason: CloseReason) async {
  }

  /// The live conversations, oldest first.
  package func sessions() async -> [SessionSummary] {
    []
  }

  /// The session that new texts for NAME go over; nil when none is live.
  package func newestSession(with name: PeerName) async -> SessionID? {
    nil
  }

  package func contacts() async throws(MessengerFailure) -> [ContactSummary] {
    []
  }

  package func contact(named name: PeerName) async throws(MessengerFailure) -> ContactSummary? {
    nil
  }

  /// Whether ``dial(_:password:)`` would need a password that only the user has.
  package func passwordNeed(toDial name: PeerName) async throws(MessengerFailure) -> PasswordNeed {
    .known
  }

  /// Whether a listener has neither a password nor anybody's in its users file, so that it is worth
  /// asking for one.
  package func listenerLacksPassword() async -> Bool {
    false
  }

  /// Stops listening, closes every conversation with a close record (reason 2), waits for their ends
  /// within the protocol's 5 s, and finishes ``events``.
  package func shutDown() async {
  }
}
