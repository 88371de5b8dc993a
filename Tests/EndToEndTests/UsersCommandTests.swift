import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// `users check` and `users harden` around a real first contact.
  @Suite struct UsersFiles {
    @Test func passwordsGoOnceTwoHaveMetAndTheyStillTalk() async throws {
      let scene = try Scene()
      let before = try String(contentsOfFile: scene.folder.file("users.json"), encoding: .utf8)
      let early = try await scene.run("users", "harden", "users.json", "--yes")
      try scene.expect(early.exit == .exited(0), "harden before anybody met: \(early)")
      #expect(try String(contentsOfFile: scene.folder.file("users.json"), encoding: .utf8) == before)

      let (listener, port) = try await scene.listener(as: "user2")
      let first = try await scene.send("met", port: port)
      let firstEnding = try await first.ending()
      try scene.expect(firstEnding == .exited(0), "send: \(firstEnding)")
      #expect(try await listener.event("message").text("text") == "met")
      try await scene.stop(listener)

      let silent = try await scene.run("users", "harden", "users.json")
      try scene.expect(silent.exit == .exited(2), "harden without --yes: \(silent)")
      #expect(silent.errors.contains("--yes"))
      #expect(try String(contentsOfFile: scene.folder.file("users.json"), encoding: .utf8) == before)

      let person = try scene.person("users", "harden", "users.json", name: "person")
      _ = try await person.shows("(y or n): ")
      person.write("y\r")
      let ending = try await person.ending()
      try scene.expect(ending == .exited(0), "harden: \(ending)", person)
      let after = try String(contentsOfFile: scene.folder.file("users.json"), encoding: .utf8)
      #expect(!after.contains("\"password") && after.contains("\"identity\": \""))

      let check = try await scene.run("users", "check", "users.json")
      try scene.expect(check.exit == .exited(0), "check: \(check)")
      #expect(check.output.contains("user1  127.0.0.1:") && check.output.contains("pinned here by user2"))
      #expect(check.errors.contains("can be used: 2 users."))

      let (again, secondPort) = try await scene.listener(as: "user2")
      let second = try await scene.send("still here", port: secondPort)
      let secondEnding = try await second.ending()
      try scene.expect(secondEnding == .exited(0), "send: \(secondEnding)")
      #expect(try await again.event("message").text("text") == "still here")
      try await scene.stop(again)
    }

    @Test func checkSaysEveryFaultAndExits2AndJSONHoldsEventsAlone() async throws {
      let scene = try Scene(
        users: #"[{"username":"user1","ip":"127.0.0.1","port":0,"password":""},{"username":"user1"}]"#)
      let text = try await scene.run("users", "check", "users.json")
      try scene.expect(text.exit == .exited(2), "check: \(text)")
      for place in ["column 46", "column 59", "column 75"] {
        #expect(text.errors.contains(place), "\(place)")
      }
      let running = try scene.start(["--json", "users", "check", "users.json"])
      let ending = try await running.ending()
      try scene.expect(ending == .exited(2), "check --json: \(ending)", running)
      let events = try running.events
      #expect(events.last?.text("event") == "users_file" && events.last?.number("errors") == 5)
      #expect(events.count { $0.text("event") == "error" } == 5)
    }
  }
}
