import Foundation

/// A folder of its own with a users file, two homes and the programs that are measured.
final class Place {
  let path: String
  private let binaries: String
  /// Prefixed to both programs' options by figures that ask for it.
  var logSync = "group"

  init(binaries: String, users: Int = 2) throws {
    self.binaries = binaries
    path = NSTemporaryDirectory() + "secure_chat_benchmarks-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let entries = (1...users).map {
      "{\"username\": \"user\($0)\", \"password\": \"password\($0)\", \"ip\": \"127.0.0.1\", \"port\": \(20_000 + $0)}"
    }
    try "[\(entries.joined(separator: ",\n"))]\n".write(
      toFile: path + "/users.json", atomically: true, encoding: .utf8)
    guard chmod(path + "/users.json", 0o600) == 0 else { throw Failed("no users file") }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }

  private var program: String { binaries + "/secure_chat" }

  private func environment(_ home: String) -> [String: String] {
    ["SECURE_CHAT_HOME": file(home), "NO_COLOR": "1"]
  }

  /// `user2`, listening; and its port. Without `json` what it is sent goes to its output as it is.
  func listener(_ more: String..., json: Bool = true) throws -> (Child, Int) {
    var port = 0
    let child: Child
    if json {
      child = try Child(
        words(["listen", "--as", "user2", "--port", "0", "--json"] + more), environment: environment("home2"))
      port = try Self.port(in: try child.output.line(with: "\"event\":\"listening\""), after: "\"port\":")
    } else {
      child = try Child(
        words(["listen", "--as", "user2", "--port", "0"] + more), environment: environment("home2"))
      port = try Self.port(in: try child.errors.line(with: "127.0.0.1:"), after: "127.0.0.1:")
    }
    return (child, port)
  }

  private func words(_ more: [String]) -> [String] {
    [program] + more + ["--users", file("users.json"), "--log-sync", logSync]
  }

  static func port(in line: String, after words: String) throws -> Int {
    guard let tail = line.split(separator: words).last, let port = Int(tail.prefix(while: \.isNumber)) else {
      throw Failed("no port in \(line)")
    }
    return port
  }

  /// A program of another user that dials `user2`.
  func dialler(
    _ command: String, as user: String = "user1", port: Int, _ more: [String] = [], input: Child.Input,
    output: Child.Output = .pipe
  ) throws -> Child {
    try Child(
      words([command, "user2", "--as", user, "--to", "127.0.0.1:\(port)"] + more), input: input,
      output: output,
      environment: environment("home1"))
  }

  /// The first contact, so that what is measured after it is between two who know each other.
  func introduce(_ user: String = "user1", port: Int) throws {
    try dialler("send", as: user, port: port, input: .file(try short()), output: .nothing).wait()
  }

  /// A file that holds one short line.
  func short() throws -> String {
    let path = file("short")
    try "hello\n".write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }
}
