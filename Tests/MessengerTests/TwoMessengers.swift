import Foundation
import Messenger
import Synchronization
import TestSupport
import Wire

/// What one messenger's consumer saw; everything is taken as it comes unless the test stops taking.
final class Watcher: Sendable {
  private struct State {
    var events: [MessengerEvent] = []
    var isHolding = false
  }

  private let state = Mutex(State())
  private let task = Mutex<Task<Void, Never>?>(nil)

  init(_ messenger: Messenger, startTaking: Bool = true) {
    if startTaking { start(messenger) }
  }

  func start(_ messenger: Messenger) {
    let task = Task { [self] in
      while let event = await messenger.events.next() {
        state.withLock { $0.events.append(event) }
      }
    }
    self.task.withLock { $0 = task }
  }

  var events: [MessengerEvent] { state.withLock { $0.events } }

  var messages: [MessageEvent] {
    events.compactMap { if case .message(let message) = $0 { message } else { nil } }
  }
  var connected: [ConnectedEvent] {
    events.compactMap { if case .connected(let connected) = $0 { connected } else { nil } }
  }
  var delivered: [DeliveredEvent] {
    events.compactMap { if case .delivered(let delivered) = $0 { delivered } else { nil } }
  }
  var closed: [ClosedEvent] {
    events.compactMap { if case .closed(let closed) = $0 { closed } else { nil } }
  }
  var refused: [RefusedEvent] {
    events.compactMap { if case .refused(let refused) = $0 { refused } else { nil } }
  }
  var proposals: [VerifyProposal] {
    events.compactMap { if case .verifyProposed(let proposal) = $0 { proposal } else { nil } }
  }
  var repairWanted: [RepairWantedEvent] {
    events.compactMap { if case .repairWanted(let wanted) = $0 { wanted } else { nil } }
  }

  /// Waits until what was seen is as `condition` says; false after a long time.
  func waits(until condition: (Watcher) -> Bool) async -> Bool {
    for _ in 0..<6000 {
      if condition(self) { return true }
      try? await Task.sleep(for: .milliseconds(10))
    }
    return false
  }
}

/// A home, logs and a users file for the messengers of one test.
struct Household {
  let folder: TemporaryFolder

  init(users: String = Household.twoUsers) throws {
    folder = try TemporaryFolder()
    try folder.write(users, to: "users.json")
  }

  static let twoUsers = """
    [ {"username": "user1", "password": "password1", "ip": "127.0.0.1", "port": 12345},
      {"username": "user2", "password": "password2", "ip": "127.0.0.1", "port": 12346} ]
    """

  /// The messenger of a user, in a home of its own unless it is named.
  func open(
    _ name: String, home: String? = nil, users: String = "users.json",
    change: (inout MessengerOptions) -> Void = { _ in }
  ) async throws -> Messenger {
    var options = MessengerOptions(
      home: folder.file(home ?? "home-" + name), logs: folder.file("logs-" + name),
      me: try PeerName(name), users: try UsersFile.read(folder.file(users)))
    change(&options)
    return try await Messenger.open(options)
  }
}

extension Messenger {
  /// Listens on a free port of the loopback.
  func listenAnywhere(once: Bool = false) async throws -> UInt16 {
    var options = ListenOptions()
    options.bind = .address("127.0.0.1")
    options.port = 0
    options.once = once
    return try await listen(options).port
  }

  func dial(_ name: String, port: UInt16, password: PasswordChoice = .fromUsersFile) async throws -> SessionID
  {
    try await dial(
      DialTarget(name: try PeerName(name), host: "127.0.0.1", port: port), password: password)
  }

  func send(_ text: String, on session: SessionID) async throws -> OutgoingID {
    try await send(Array(text.utf8), on: session)
  }
}

extension EnteredPassword {
  convenience init(_ text: String) {
    let bytes = Array(text.utf8)
    self.init { span in
      for index in bytes.indices { span[index] = bytes[index] }
      return bytes.count
    }
  }
}
