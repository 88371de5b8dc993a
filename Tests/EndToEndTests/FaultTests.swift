import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Disks that are full or read-only: what fails says why, and everything else goes on.
  @Suite struct Faults {
    enum Side: String, CaseIterable {
      case dialler, listener
    }

    /// A line for the shell that takes from root what lets it write anywhere, so that modes count.
    private static let withoutPrivilege =
      geteuid() == 0
      ? "exec setpriv --bounding-set -dac_override,-dac_read_search,-fowner "
        + "--inh-caps -dac_override,-dac_read_search,-fowner \"$@\"" : "exec \"$@\""

    // [S-11] [G-08]
    @Test("attack 30: a state directory that cannot be written while pairing", arguments: Side.allCases)
    func readOnlyState(side: Side) async throws {
      let scene = try Scene()
      for (user, home) in [("user1", "one"), ("user2", "two")] {
        let made = try await scene.run("init", "--as", user, home: home)
        try scene.expect(made.exit == .exited(0), "init: \(made)")
      }
      let folder = side == .dialler ? "one/profiles/user1" : "two/profiles/user2"
      try setModes(0o500, below: folder, scene)
      defer { try? setModes(0o700, below: folder, scene) }
      let listener = try scene.start(
        throughShell: Self.withoutPrivilege,
        ["listen", "--users", "users.json", "--as", "user2", "--json", "--port", "0"], home: "two")
      let port = try #require(try await listener.event("listening").number("port"))
      func pair() async throws -> RunningProgram {
        let sender = try scene.start(
          throughShell: Self.withoutPrivilege,
          ["send", "user2", "--users", "users.json", "--as", "user1", "--json", "--to", "127.0.0.1:\(port)"],
          home: "one", streams: .input(Array("hello".utf8)))
        _ = try await sender.ending()
        return sender
      }
      let first = try await pair()
      let ending = try await first.ending()
      switch side {
      case .dialler:
        try scene.expect(ending == .exited(1), "send: \(ending)", first, listener)
        let error = try await first.event("error")
        #expect(error.text("code") == "E_STATE")
        try scene.expect(error.text("message")?.contains(folder) == true, "no path: \(error.line)")
      case .listener:
        try scene.expect(ending == .exited(5), "send: \(ending)", first, listener)
        let refused = try await listener.event("refused")
        #expect(refused.text("code") == "E_STATE")
        try scene.expect(refused.text("reason")?.contains(folder) == true, "no path: \(refused.line)")
      }
      #expect(try !first.events.contains { $0.event == "connected" || $0.event == "delivered" })

      // The other side kept nothing that stands in the way.
      try setModes(0o700, below: folder, scene)
      let second = try await pair()
      let secondEnding = try await second.ending()
      try scene.expect(secondEnding == .exited(0), "later: \(secondEnding)", second, listener)
      try await scene.stop(listener)
      #expect(try listener.events.compactMap { $0.event == "message" ? $0.text("text") : nil } == ["hello"])
    }

    /// A limit on the size of files stands for a disk that is full: in the middle of a log a write fails.
    private static let withSmallFiles = "ulimit -f 32; exec \"$@\""

    /// Only what holds wherever the disk fills up: nothing that was acknowledged is lost or shown twice, on
    /// however many links the sender tried, and the listener lives.
    // [Y-07]
    @Test func aListenerWhoseDiskIsFullEndsThatConversationAndServesTheNext() async throws {
      let scene = try Scene()
      let listener = try scene.start(
        throughShell: Self.withSmallFiles,
        ["listen", "--users", "users.json", "--as", "user2", "--json", "--port", "0"], home: "two")
      let port = try #require(try await listener.event("listening").number("port"))
      let long = try await scene.send(longText, port: port, home: "one", "--lines")
      let delivered = try long.events.compactMap { $0.event == "delivered" ? $0.text("id") : nil }
      let ending = try await long.ending()
      try scene.expect((ending == .exited(0)) == (delivered.count == 400), "send: \(ending)", long, listener)
      let closed = try await listener.event("closed")
      #expect(closed.text("reason") == "error" && closed.text("code") == "E_STATE")

      let short = try await scene.send("short", port: port, home: "one")
      let shortEnding = try await short.ending()
      try scene.expect(shortEnding == .exited(0), "the next: \(shortEnding)", short, listener)
      let acknowledged = Set(delivered + [try #require(try await short.event("delivered").text("id"))])
      var shown: [String] = []
      while !acknowledged.isSubset(of: shown) {
        // Fails after its time, with all that both wrote, where one of them never comes.
        shown.append(try #require(try await listener.event("message", shown.count).text("id")))
      }
      try await scene.stop(listener)
      let all = try listener.events.compactMap { $0.event == "message" ? $0.text("id") : nil }
      #expect(Set(all).count == all.count)
    }

    // [Y-07]
    @Test func aSenderWhoseDiskIsFullSaysSoAndSendsNothingThatItDidNotLog() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let sender = try scene.start(
        throughShell: Self.withSmallFiles,
        [
          "send", "user2", "--users", "users.json", "--as", "user1", "--json", "--lines", "--to",
          "127.0.0.1:\(port)",
        ], home: "one", streams: .input(Array(longText.utf8)))
      let ending = try await sender.ending()
      try scene.expect(ending == .exited(1), "send: \(ending)", sender)
      let error = try await sender.event("error")
      #expect(error.text("code") == "E_STATE")
      try scene.expect(error.text("message")?.contains(".sclog") == true, "no path: \(error.line)")
      try await scene.stop(listener)
      let shown = try listener.events.compactMap { $0.event == "message" ? $0.text("id") : nil }
      let log = try #require(scene.logs(of: "user1", home: "one").first)
      let lines = try String(contentsOfFile: log, encoding: .utf8)
      // None at all where the disk is full before the first sync.
      #expect(shown.count < 400)
      #expect(shown.allSatisfy { lines.contains("\"id\":\"\($0)\"") })
    }

    /// Lines whose log records are far more than the limit on files.
    private let longText = (1...400).map { "line \($0)\n" }.joined()

    private func setModes(_ mode: Int, below folder: String, _ scene: Scene) throws {
      let path = scene.folder.file(folder)
      var folders = [path]
      for name in try FileManager.default.contentsOfDirectory(atPath: path) {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path + "/" + name, isDirectory: &isFolder),
          isFolder.boolValue
        {
          folders.append(path + "/" + name)
        }
      }
      for folder in folders {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder)
      }
    }
  }
}
