import Foundation
import Synchronization
import TestSupport
import Testing

/// The built programs, run as people and scripts run them, a terminal where a person would sit.
///
/// One suite and one test at a time: every test starts several processes. Each wait is bounded far above
/// what it should take, runs on a thread of its own, and shows what the programs wrote when it is in vain.
@Suite(.serialized) struct EndToEnd {}

/// One test's small world: a folder, a users file, and the programs that run in it.
final class Scene {
  let folder: TemporaryFolder
  private let program: String
  private let checker: String
  private(set) var programs: [RunningProgram] = []

  /// Two users, of whom nobody's port is fixed unless a test says so.
  init(users: String? = nil) throws {
    folder = try TemporaryFolder()
    program = try Program.path("secure_chat")
    checker = try Program.path("secure_chat_log")
    try folder.write(users ?? Scene.twoUsers(), to: "users.json")
  }

  static func twoUsers(ports: (Int, Int) = (FreePort.next(), FreePort.next())) -> String {
    """
    [ {"username": "user1", "password": "password1", "ip": "127.0.0.1", "port": \(ports.0)},
      {"username": "user2", "password": "password2", "ip": "127.0.0.1", "port": \(ports.1)} ]
    """
  }

  static func threeUsers() -> String {
    let entries = (1...3).map { number in
      "{\"username\": \"user\(number)\", \"password\": \"password\(number)\", \"ip\": \"127.0.0.1\", "
        + "\"port\": \(FreePort.next())}"
    }
    return "[\(entries.joined(separator: ",\n"))]"
  }

  private func environment(home: String) -> [String: String] {
    [
      "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": folder.path, "LANG": "C.UTF-8",
      "TERM": "xterm", "NO_COLOR": "1", "TZ": "UTC", "SECURE_CHAT_HOME": folder.file(home),
      // As an administrator may have set it for all programs; ours turn it off for themselves.
      "SWIFT_BACKTRACE": "enable=yes,color=no",
    ]
  }

  /// Starts `secure_chat`; `home` is a folder of the scene, so two homes are two machines.
  func start(
    _ arguments: String..., home: String = "home", streams: RunningProgram.Streams = .pipes,
    name: String? = nil
  ) throws -> RunningProgram {
    try start(arguments, home: home, streams: streams, name: name)
  }

  func start(
    _ arguments: [String], home: String = "home", streams: RunningProgram.Streams = .pipes,
    environment more: [String: String] = [:], name: String? = nil
  ) throws -> RunningProgram {
    let running = try RunningProgram(
      program, arguments, environment: environment(home: home).merging(more) { $1 }, folder: folder.path,
      streams: streams,
      name: name ?? "secure_chat " + arguments.joined(separator: " "))
    programs.append(running)
    return running
  }

  /// Starts `secure_chat` through a shell line, in which `"$@"` is the program with its arguments.
  func start(
    throughShell line: String, _ arguments: [String], home: String = "home",
    streams: RunningProgram.Streams = .pipes
  ) throws -> RunningProgram {
    let running = try RunningProgram(
      "/bin/sh", ["-c", line, "sh", program] + arguments, environment: environment(home: home),
      folder: folder.path, streams: streams, name: "secure_chat " + arguments.joined(separator: " "))
    programs.append(running)
    return running
  }

  /// Runs `secure_chat` to its end without a terminal and with nothing on standard input.
  func run(
    _ arguments: String..., home: String = "home", input: String = ""
  ) async throws -> (exit: RunningProgram.Ending, output: String, errors: String) {
    let running = try start(arguments, home: home, streams: .input(Array(input.utf8)))
    let ending = try await running.ending()
    return (ending, running.output.text, running.errors.text)
  }

  /// A listener in JSON mode on a free port, listening by now.
  func listener(
    as name: String = "user2", home: String = "home", _ more: String...
  ) async throws -> (program: RunningProgram, port: Int) {
    let running = try start(
      ["listen", "--users", "users.json", "--as", name, "--json", "--port", "0"] + more, home: home)
    let listening = try await running.event("listening")
    return (running, try #require(listening.number("port")))
  }

  /// Sends a text as a script does, to its end.
  func send(
    _ text: String, from: String = "user1", to: String = "user2", port: Int, home: String = "home",
    _ more: String...
  ) async throws -> RunningProgram {
    let running = try start(
      ["send", to, "--users", "users.json", "--as", from, "--json", "--to", "127.0.0.1:\(port)"] + more,
      home: home, streams: .input(Array(text.utf8)))
    _ = try await running.ending()
    return running
  }

  /// A person at a terminal.
  func person(_ arguments: String..., home: String = "home", name: String) throws -> RunningProgram {
    try start(arguments, home: home, streams: .terminal(columns: 100), name: name)
  }

  /// The verdicts of `secure_chat_log verify`, one a log, sorted by file.
  func verdicts(home: String = "home", of user: String? = nil) async throws -> [JSONLine] {
    let path = folder.file(home) + "/logs" + (user.map { "/" + $0 } ?? "")
    let running = try RunningProgram(
      checker, ["verify", path, "--json"], environment: environment(home: home), folder: folder.path)
    programs.append(running)
    _ = try await running.ending()
    return try running.events.sorted { $0.text("file") ?? "" < $1.text("file") ?? "" }
  }

  /// Runs `secure_chat_log` to its end.
  func check(
    _ arguments: String..., home: String = "home"
  ) async throws -> (exit: RunningProgram.Ending, output: String, errors: String) {
    let running = try RunningProgram(
      checker, arguments, environment: environment(home: home), folder: folder.path)
    programs.append(running)
    let ending = try await running.ending()
    return (ending, running.output.text, running.errors.text)
  }

  /// The logs of one user below a home, as paths.
  func logs(of user: String, home: String = "home") -> [String] {
    folder.allFiles.filter { $0.hasPrefix("\(home)/logs/\(user)/") && $0.hasSuffix(".sclog") }.map(
      folder.file)
  }

  /// The file of a pin as it stands; nil without one.
  func pin(of peer: String, by user: String, home: String) -> Data? {
    FileManager.default.contents(atPath: folder.file(home) + "/profiles/\(user)/contacts/\(peer)")
  }

  /// Ends a listener as an administrator does, and expects a clean end.
  func stop(_ listener: RunningProgram) async throws {
    listener.send(SIGTERM)
    let ending = try await listener.ending()
    try expect(ending == .exited(0), "SIGTERM: \(ending)", listener)
  }

  /// Fails with all that the programs wrote, which a bare expectation would not show.
  func expect(
    _ condition: Bool, _ what: String, _ programs: RunningProgram...,
    at location: SourceLocation = #_sourceLocation
  ) throws {
    guard !condition else { return }
    let transcripts = (programs.isEmpty ? self.programs : programs).map(\.transcript)
    Issue.record(
      Comment(rawValue: ([what] + transcripts).joined(separator: "\n")), sourceLocation: location)
    throw ProgramFailure(what)
  }
}

/// Ports below the range from which the system takes those of outgoing connections.
enum FreePort {
  private static let last = Mutex(Int.random(in: 20_000..<32_000))

  /// None twice, so that two users of one test never share one.
  static func next() -> Int {
    last.withLock { last in
      repeat { last = last < 31_999 ? last + 1 : 20_000 } while !canBind(last)
      return last
    }
  }

  private static func canBind(_ port: Int) -> Bool {
    guard let socket = try? RawSocket() else { return false }
    return socket.bind(port: port)
  }
}
