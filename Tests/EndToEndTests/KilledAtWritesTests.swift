import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Programs that are killed in the middle of what makes something durable, by strace(1): in `make deep`, where it
  /// is installed.
  @Suite struct KilledAtWrites {
    private static let strace = "/usr/bin/strace"
    private static let canRun =
      ProcessInfo.processInfo.environment["SECURE_CHAT_EVERY_OFFSET"] != nil
      && FileManager.default.isExecutableFile(atPath: strace)

    /// A shell line that runs a program which dies when one of its threads syncs or renames for this time.
    private func dying(at number: Int) -> String {
      "exec \(Self.strace) -D -f -o /dev/null "
        + "-e inject=fsync,fdatasync,rename,renameat,renameat2:signal=SIGKILL:when=\(number) \"$@\""
    }

    @Test(
      "attack 31: whichever program is killed at whichever write of a first contact, the pair converges",
      .enabled(if: canRun), arguments: ["listen", "send"])
    func aFirstContactSurvivesAKillAtEveryWrite(word: String) async throws {
      var isKilled = true
      var number = 0
      while isKilled {
        number += 1
        let scene = try Scene()
        let first = try scene.start(
          throughShell: word == "listen" ? dying(at: number) : "exec \"$@\"",
          ["listen", "--users", "users.json", "--as", "user2", "--json", "--port", "0"], home: "two")
        var victim = first
        // It may be dead by now.
        if let port = try? await first.event("listening").number("port") {
          let sender = try scene.start(
            throughShell: word == "send" ? dying(at: number) : "exec \"$@\"",
            [
              "send", "user2", "--users", "users.json", "--as", "user1", "--json", "--to",
              "127.0.0.1:\(port)",
            ], home: "one", streams: .input(Array("first".utf8)))
          _ = try await sender.ending()
          if word == "send" { victim = sender }
        }
        first.send(SIGTERM)
        _ = try await first.ending()
        isKilled = try await victim.ending() == .signalled(SIGKILL)

        let (listener, port) = try await scene.listener(as: "user2", home: "two")
        for text in ["one", "two"] {
          let sender = try await scene.send(text, port: port, home: "one")
          let ending = try await sender.ending()
          try scene.expect(ending == .exited(0), "after a kill at write \(number): \(ending)")
        }
        try await scene.stop(listener)
        // What happened is told a moment after it did: all of it when the listener has ended.
        let known = try #require(try listener.events.last { $0.event == "connected" })
        #expect(known.truth("known") == true)
        let pins = try [
          StolenKeys(of: "user1", contact: "user2", home: "one", scene).pairSecret,
          StolenKeys(of: "user2", contact: "user1", home: "two", scene).pairSecret,
        ]
        #expect(pins[0] == pins[1], "two pins after a kill at write \(number)")
      }
      print("first contacts: \(word) was killed at each of \(number - 1) writes")
      #expect(number > 3)
    }
  }
}
