import Foundation
import TestSupport
import Testing

/// Users with a home each, as on machines of their own, and a relay.
final class GroupScene {
  let scene: Scene
  let relay: RunningProgram
  /// Where the relay answers.
  let address: String

  /// `tap`: every member reaches the relay through it.
  init(users count: Int = 5, tap: ((Int) throws -> FrameProxy)? = nil) async throws {
    let entries = (1...count).map { number in
      "{\"username\": \"user\(number)\", \"password\": \"password\(number)\", \"ip\": \"127.0.0.1\", "
        + "\"port\": \(FreePort.next())}"
    }
    scene = try Scene(users: "[\(entries.joined(separator: ",\n"))]")
    relay = try scene.start("relay", "--listen", "127.0.0.1:0", "--json", home: "relay", name: "relay")
    let port = try #require(try await relay.event("listening").number("port"))
    address = "127.0.0.1:\(try tap?(port).port ?? port)"
  }

  func start(
    _ user: Int, _ arguments: String..., users: String = "users.json",
    streams: RunningProgram.Streams = .pipes
  ) throws -> RunningProgram {
    try scene.start(
      arguments + ["--users", users, "--as", "user\(user)", "--relay", address], home: "home\(user)",
      streams: streams, name: "user\(user): " + arguments.joined(separator: " "))
  }

  /// Runs a command to its end.
  func run(
    _ user: Int, _ arguments: String..., users: String = "users.json", input: String = ""
  ) async throws -> RunningProgram {
    let running = try scene.start(
      arguments + ["--users", users, "--as", "user\(user)", "--relay", address], home: "home\(user)",
      streams: .input(Array(input.utf8)), name: "user\(user): " + arguments.joined(separator: " "))
    _ = try await running.ending()
    return running
  }

  /// Somebody who can be reached; listening by now.
  func listener(_ user: Int) async throws -> RunningProgram {
    let running = try start(user, "listen", "--json")
    _ = try await running.event("listening")
    return running
  }

  /// Somebody in a group, whose standard input goes to the group.
  func member(_ user: Int, of group: String) throws -> RunningProgram {
    try start(user, "join", group, "--lines", "--json")
  }

  /// A person at a terminal, in the lobby.
  func person(_ user: Int) async throws -> RunningProgram {
    let running = try start(user, "listen", streams: .terminal(columns: 250))
    try await running.shows("1 chat  2 status  3 all  4 join  5 leave")
    return running
  }

  /// Ends programs as an administrator does, and expects clean ends.
  func stop(_ programs: RunningProgram...) async throws {
    for program in programs { program.send(SIGTERM) }
    for program in programs {
      let ending = try await program.ending()
      try scene.expect(ending == .exited(0), "SIGTERM: \(ending)", program)
    }
  }
}

extension RunningProgram {
  /// Waits for an event of this name that has these texts.
  @discardableResult
  func event(
    _ name: String, with texts: [String: String], within seconds: Double = 60
  ) async throws -> JSONLine {
    var index = 0
    while let text = await output.line(index, within: seconds) {
      index += 1
      let line = try JSONLine(text)
      if line.event == name, texts.allSatisfy({ line.text($0.key) == $0.value }) { return line }
    }
    throw ProgramFailure("\(self.name) has no event \(name) with \(texts)\n" + transcript)
  }

  /// The events of a name so far.
  func events(_ name: String) throws -> [JSONLine] { try events.filter { $0.event == name } }

  /// Waits for so many events of a name.
  func events(_ name: String, count: Int, within seconds: Double = 60) async throws -> [JSONLine] {
    guard count > 0 else { return [] }
    _ = try await event(name, count - 1, within: seconds)
    return try events(name)
  }
}
