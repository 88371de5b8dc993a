import ChatProtocol
import Transport
import Wire

/// The direct sessions of a messenger, as its groups use them: to find, dial and speak on them. Used on the loop.
struct DirectSessions: Sendable {
  /// Somebody at the other end of a session, proven.
  struct Peer: Hashable, Sendable {
    let session: SessionID
    let profile: Profile
  }

  private let core: LoopBound<MessengerCore>
  private let dialling: @Sendable (DialTarget) async throws(MessengerFailure) -> SessionID

  init(
    _ core: MessengerCore,
    dial: @escaping @Sendable (DialTarget) async throws(MessengerFailure) -> SessionID
  ) {
    self.core = LoopBound(core, on: core.executor)
    dialling = dial
  }

  /// The newest live session with somebody.
  func live(with name: PeerName) -> Peer? {
    guard let conversation = core.value.newest(with: name) else { return nil }
    return conversation.groupPeer
  }

  /// Sends a record on a session; nothing where it is over.
  func send(_ message: DirectGroupMessage, on session: SessionID) {
    guard let record = message.record else { return }
    core.value.session(session)?.tell(.sendGroupRecord(record))
  }

  func close(_ session: SessionID) { core.value.session(session)?.close(.bye) }

  func dial(_ target: DialTarget) async throws(MessengerFailure) -> SessionID {
    try await dialling(target)
  }
}

extension Conversation {
  /// Who is at the other end, once the session is announced.
  var groupPeer: DirectSessions.Peer? {
    guard isOpenForTexts, let session = sessionID, let summary else { return nil }
    return DirectSessions.Peer(session: session, profile: summary.peer.profile)
  }
}
