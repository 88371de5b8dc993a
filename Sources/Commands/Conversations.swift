import Messenger
import Wire

/// The live conversations of a lobby, which of them typed lines go to, and the texts that nobody has
/// acknowledged yet.
struct Conversations {
  struct Conversation: Sendable {
    let connected: ConnectedEvent
    /// This side asked for its end.
    var isLeaving = false
    var sent = 0
    var received = 0
    /// The latest messages, for `/details N`; at most ``rememberedLimit``.
    fileprivate(set) var remembered: [Received] = []

    var session: SessionID { connected.session }
    var peer: PeerName { connected.peer }
  }

  /// What is told of a message that came; its text is not kept.
  struct Received: Sendable {
    let seq: UInt64
    let id: MessageID
    let time: UnixTime
    let sent: UnixTime
    let byteCount: Int
  }

  static let rememberedLimit = 1000

  /// A text on its way, with the id it got once a link took it.
  struct Unconfirmed: Sendable {
    let text: String
    var id: OutgoingID?
    var session: SessionID?
  }

  private var live: [Conversation] = []
  private var currentSession: SessionID?
  /// In the order of sending, for each peer, across links that are lost.
  private var unconfirmed: [PeerName: [Unconfirmed]] = [:]
  /// The last send for each peer; the next waits for it, so that order is kept.
  private var lastSends: [PeerName: Task<Void, Never>] = [:]
  /// Acknowledgements that overtook the return of their own `send`.
  private var early: [OutgoingID: DeliveredEvent] = [:]

  var count: Int { live.count }
  var sessions: [SessionID] { live.map(\.session) }
  var all: [Conversation] { live }
  /// Each peer once, in the order of arrival.
  var peers: [PeerName] {
    live.reduce(into: []) { peers, talk in if !peers.contains(talk.peer) { peers.append(talk.peer) } }
  }
  /// The conversation in the prompt.
  var current: Conversation? { live.first { $0.session == currentSession } }

  func conversation(_ session: SessionID) -> Conversation? { live.first { $0.session == session } }

  /// The newest conversation with a peer: new texts go over that one.
  func newest(with peer: PeerName) -> Conversation? { live.last { $0.peer == peer } }

  /// Adds a conversation; the first one becomes the current one, and a second link to the current peer
  /// takes its place.
  mutating func add(_ connected: ConnectedEvent) {
    let follows = current.map { $0.peer == connected.peer } ?? true
    live.append(Conversation(connected: connected))
    if follows { currentSession = connected.session }
  }

  mutating func markLeaving(_ session: SessionID) {
    if let index = live.firstIndex(where: { $0.session == session }) { live[index].isLeaving = true }
  }

  mutating func received(_ message: MessageEvent) {
    guard let index = live.firstIndex(where: { $0.session == message.session }) else { return }
    live[index].received += 1
    if live[index].remembered.count == Self.rememberedLimit { live[index].remembered.removeFirst() }
    live[index].remembered.append(
      Received(
        seq: message.seq, id: message.id, time: message.time, sent: message.sent,
        byteCount: message.text.count))
  }

  /// Takes out one that is over; the newest of the others becomes current if it was.
  mutating func remove(_ session: SessionID) -> Conversation? {
    guard let index = live.firstIndex(where: { $0.session == session }) else { return nil }
    let gone = live.remove(at: index)
    if currentSession == session {
      currentSession = live.last { $0.peer == gone.peer }?.session ?? live.last?.session
    }
    return gone
  }

  /// Puts a peer into the prompt; false where no conversation with it is up.
  mutating func select(_ peer: PeerName) -> Bool {
    guard let found = newest(with: peer) else { return false }
    currentSession = found.session
    return true
  }

  // MARK: Texts on their way

  /// What the next text for a peer waits for.
  func lastSend(to peer: PeerName) -> Task<Void, Never>? { lastSends[peer] }

  mutating func sending(_ task: Task<Void, Never>, to peer: PeerName) { lastSends[peer] = task }

  mutating func taken(_ text: String, as id: OutgoingID, on session: SessionID, by peer: PeerName)
    -> DeliveredEvent?
  {
    if let index = live.firstIndex(where: { $0.session == session }) { live[index].sent += 1 }
    if let index = unconfirmed[peer]?.firstIndex(where: { $0.id == id }) {
      unconfirmed[peer]?[index].session = session
    } else {
      unconfirmed[peer, default: []].append(Unconfirmed(text: text, id: id, session: session))
    }
    return early.removeValue(forKey: id)
  }

  /// The text that an acknowledgement is for; nil where its `send` has not returned yet.
  mutating func confirmed(_ event: DeliveredEvent) -> String? {
    guard let index = unconfirmed[event.to]?.firstIndex(where: { $0.id == event.id }) else {
      early[event.id] = event
      return nil
    }
    return unconfirmed[event.to]?.remove(at: index).text
  }

  /// What a peer did not acknowledge.
  func unconfirmed(by peer: PeerName) -> [Unconfirmed] { unconfirmed[peer] ?? [] }

  /// Keeps a text that no link took for the next one.
  mutating func keep(_ text: String, for peer: PeerName) {
    unconfirmed[peer, default: []].append(Unconfirmed(text: text))
  }

  /// Of these, what stands on no live link, for another try. What has an id keeps its place in the row.
  mutating func takeLost(by peer: PeerName) -> [Unconfirmed] {
    let lost = unconfirmed(by: peer).filter { entry in !live.contains { $0.session == entry.session } }
    unconfirmed[peer]?.removeAll { $0.id == nil }
    return lost
  }

  /// Waits until a link took every text that was typed.
  func flush() async {
    for task in lastSends.values { await task.value }
  }
}
