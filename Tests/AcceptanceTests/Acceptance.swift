import Foundation
import TestSupport
import Testing

/// What the original designs promised, row by row (docs/ACCEPTANCE.md): each test drives the real programs
/// and is named by the id of its row.
extension EndToEnd {
  @Suite struct Acceptance {}
}

/// A conversation whose every byte on the wire is seen.
struct Tapped {
  let scene: Scene
  let listener: RunningProgram
  let proxy: FrameProxy

  init(users: String? = nil, _ script: @escaping FrameProxy.Script = FrameProxy.passing) async throws {
    scene = try Scene(users: users)
    let (listener, port) = try await scene.listener(as: "user2", home: "two")
    self.listener = listener
    proxy = try FrameProxy(to: port, script)
  }

  /// Sends one text from `user1` to its end.
  func send(_ text: String, _ more: String...) async throws -> RunningProgram {
    let running = try scene.start(
      [
        "send", "user2", "--users", "users.json", "--as", "user1", "--json", "--to",
        "127.0.0.1:\(proxy.port)",
      ]
        + more,
      home: "one", streams: .input(Array(text.utf8)))
    _ = try await running.ending()
    return running
  }

  /// Everything that went over the wire, both ways.
  var capture: [UInt8] {
    proxy.recorded.flatMap { connection in
      (connection[.toListener] + connection[.toDialler]).flatMap { $0 }
    }
  }

  /// The frames of one connection in one direction that have a type.
  func frames(_ type: UInt8, _ direction: FrameProxy.Direction, connection: Int = 0) -> [[UInt8]] {
    let recorded = proxy.recorded
    guard connection < recorded.count else { return [] }
    return recorded[connection][direction].filter { $0.count > 2 && $0[2] == type }
  }
}

extension Scene {
  /// A person who listens, and one who has called: both connected.
  func conversation(
    users: String = "users.json", from caller: [String] = [], to callee: [String] = []
  ) async throws -> (listener: RunningProgram, dialler: RunningProgram) {
    let listener = try start(
      ["listen", "--users", users, "--as", "user2"] + callee, home: "two", streams: .terminal(columns: 100),
      name: "user2's terminal")
    try await listener.shows("only this computer can reach you")
    let dialler = try start(
      ["chat", "user2", "--users", users, "--as", "user1"] + caller, home: "one",
      streams: .terminal(columns: 100), name: "user1's terminal")
    try await dialler.shows("user1>user2  ")
    try await listener.shows("user2>user1  ")
    return (listener, dialler)
  }

  /// Both leave as people do, and both programs end with 0.
  func leave(_ listener: RunningProgram, _ dialler: RunningProgram) async throws {
    dialler.write("exit\r")
    let ending = try await dialler.ending()
    try expect(ending == .exited(0), "exit: \(ending)", dialler)
    listener.write("/quit\r")
    let other = try await listener.ending()
    try expect(other == .exited(0), "/quit: \(other)", listener)
  }

  /// The users file as it stands.
  var users: [[String: Any]] {
    get throws {
      let data = try Data(contentsOf: URL(fileURLWithPath: folder.file("users.json")))
      return try JSONSerialization.jsonObject(with: data) as? [[String: Any]] ?? []
    }
  }

  /// The port that a user has in the users file.
  func port(of name: String) throws -> Int {
    try #require(try users.first { $0["username"] as? String == name }?["port"] as? Int)
  }
}

extension [UInt8] {
  /// Whether these bytes stand somewhere in one piece.
  func holds(_ part: [UInt8]) -> Bool { firstRange(of: part) != nil }
  func holds(_ text: String) -> Bool { holds(Array(text.utf8)) }
}
