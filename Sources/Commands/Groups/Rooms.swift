import Messenger
import Wire

/// The groups of a lobby: the one that typed lines go to, and own texts that the relay has not receipted yet.
struct Rooms {
  /// The room in the prompt.
  private(set) var current: GroupName?
  /// Rooms that this user went into while the program runs, and has not left.
  private(set) var visited: [GroupName] = []
  /// Rooms whose link is down, and that was said.
  private var unreachable: Set<GroupName> = []
  private var waiting: [OutgoingID: String] = [:]
  /// The last send for each room; the next waits for it, so that order is kept.
  private var lastSends: [GroupName: Task<Void, Never>] = [:]
  private var taking = 0
  /// Receipts that overtook the return of their own `send`.
  private var early: [OutgoingID: GroupAcceptedEvent] = [:]
  /// What changes a group waits for the change before it.
  var lastChange: Task<Void, Never>?
  /// The invitation that `secure_chat join` waits for.
  var awaited: Awaited?

  struct Awaited: Sendable {
    /// Nil: any.
    let group: GroupName?

    func isMet(by invitation: GroupName) -> Bool { group == nil || group == invitation }
  }

  /// Puts a room into the prompt.
  mutating func enter(_ room: GroupName) {
    current = room
    if !visited.contains(room) { visited.append(room) }
  }

  /// Nobody's lines go to a room for now.
  mutating func goOut() { current = nil }

  /// The room is none of this user's any more; false where that was known.
  mutating func end(_ room: GroupName) -> Bool {
    if current == room { current = nil }
    let count = visited.count
    visited.removeAll { $0 == room }
    return visited.count < count
  }

  /// True where nobody was told yet.
  mutating func lost(_ room: GroupName) -> Bool { unreachable.insert(room).inserted }

  /// True where its loss was told.
  mutating func cameBack(_ room: GroupName) -> Bool { unreachable.remove(room) != nil }

  // MARK: Texts on their way

  func lastSend(to room: GroupName) -> Task<Void, Never>? { lastSends[room] }

  mutating func sending(_ task: Task<Void, Never>, to room: GroupName) {
    taking += 1
    lastSends[room] = task
  }

  /// The text is stored here; its receipt, where that came already.
  mutating func taken(_ text: String, as id: OutgoingID?) -> GroupAcceptedEvent? {
    taking -= 1
    defer { if taking == 0 { early = [:] } }
    guard let id else { return nil }
    if let event = early.removeValue(forKey: id) { return event }
    waiting[id] = text
    return nil
  }

  /// The text that a receipt is for; nil where an earlier run of the program sent it, or where its `send` has
  /// not returned yet.
  mutating func confirmed(_ event: GroupAcceptedEvent) -> String? {
    if let text = waiting.removeValue(forKey: event.id) { return text }
    if taking > 0 { early[event.id] = event }
    return nil
  }

  /// The text that nobody gets.
  mutating func refused(_ id: OutgoingID) -> String? { waiting.removeValue(forKey: id) }

  /// Waits until every text that was typed is stored here.
  func flush() async {
    for task in lastSends.values { await task.value }
    await lastChange?.value
  }
}
