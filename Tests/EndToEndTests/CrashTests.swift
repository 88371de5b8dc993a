import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite struct Crashes {
    // [Y-10]
    @Test func aSenderKilledInMidConversationIsTruncatedAndItsLogIncomplete() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", home: "two", "--once")
      let sender = try scene.start(
        "send", "user2", "--users", "users.json", "--as", "user1", "--json", "--lines", "--to",
        "127.0.0.1:\(port)", home: "one")
      sender.write("one\ntwo\n")
      _ = try await sender.event("delivered", 1)
      sender.send(SIGKILL)
      #expect(try await sender.ending() == .signalled(SIGKILL))
      let closed = try await listener.event("closed")
      #expect(closed.truth("truncated") == true)
      #expect(closed.text("reason") == "truncated")
      #expect(closed.number("received") == 2)
      let ending = try await listener.ending()
      try scene.expect(ending == .exited(1), "listen --once after a cut: \(ending)")

      let killed = try await scene.verdicts(home: "one")
      try scene.expect(killed.map { $0.text("verdict") } == ["incomplete"], "\(killed.map(\.line))")
      let other = try await scene.verdicts(home: "two")
      try scene.expect(other.map { $0.text("verdict") } == ["verified"], "\(other.map(\.line))")
      try await self.everythingAcknowledgedIsLogged(scene, sender, home: "two", user: "user2")
    }

    @Test func aListenerKilledInMidConversationIsToldToTheDiallerAndNothingAcknowledgedIsLost() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let sender = try scene.start(
        "send", "user2", "--users", "users.json", "--as", "user1", "--json", "--lines", "--to",
        "127.0.0.1:\(port)", home: "one")
      sender.write("one\ntwo\nthree\n")
      _ = try await sender.event("delivered", 2)
      // In the middle of a stream of lines, wherever that is.
      sender.write((4...400).map { "line \($0)\n" }.joined())
      _ = try await sender.event("delivered", 20)
      listener.send(SIGKILL)
      #expect(try await listener.ending() == .signalled(SIGKILL))
      // The link is lost after FIN, so it dials again, and gives up after three tries in all.
      let ending = try await sender.ending()
      try scene.expect(ending == .exited(3), "send to a killed peer: \(ending)", sender)
      let closed = try sender.events.last { $0.event == "closed" }
      #expect(closed?.truth("truncated") == true)

      let killed = try await scene.verdicts(home: "two")
      try scene.expect(killed.map { $0.text("verdict") } == ["incomplete"], "\(killed.map(\.line))")
      try await everythingAcknowledgedIsLogged(scene, sender, home: "two", user: "user2")
    }

    @Test func aPersonWhosePeerDiesIsToldAndExitsWithOne() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let person = try scene.person(
        "chat", "user2", "--users", "users.json", "--as", "user1", "--to", "127.0.0.1:\(port)", home: "one",
        name: "user1")
      try await person.shows("Connected to user2")
      person.write("the last one\r")
      try await person.shows("logged by user2")
      listener.send(SIGKILL)
      try await person.shows("TRUNCATED")
      // It dials again until ENTER.
      person.write("\r")
      let ending = try await person.ending()
      try scene.expect(ending == .exited(1), "chat: \(ending)", person)
      #expect(try await scene.verdicts(home: "one").map { $0.text("verdict") } == ["verified"])
    }

    @Test func afterACrashTheNextConversationHasItsOwnLogAndTheOldOneStands() async throws {
      let scene = try Scene()
      var (listener, port) = try await scene.listener(as: "user2", home: "two")
      let sender = try scene.start(
        "send", "user2", "--users", "users.json", "--as", "user1", "--json", "--lines", "--to",
        "127.0.0.1:\(port)", home: "one")
      sender.write("before the crash\n")
      _ = try await sender.event("delivered")
      listener.send(SIGKILL)
      _ = try await sender.ending()
      (listener, port) = try await scene.listener(as: "user2", home: "two")
      let next = try await scene.send("after the crash", port: port, home: "one")
      let ending = try await next.ending()
      try scene.expect(ending == .exited(0), "after the crash: \(ending)")
      try await scene.stop(listener)
      #expect(try await scene.verdicts(home: "two").map { $0.text("verdict") } == ["incomplete", "verified"])
    }

    /// Each record that a `delivered` names stands in the receiver's log, with the tag that it names.
    private func everythingAcknowledgedIsLogged(
      _ scene: Scene, _ sender: RunningProgram, home: String, user: String
    ) async throws {
      let log = try #require(scene.logs(of: user, home: home).first)
      let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
      let delivered = try sender.events.filter { $0.event == "delivered" }
      #expect(!delivered.isEmpty)
      for event in delivered {
        let record = try #require(event.number("logged"))
        let tag = try #require(event.text("tag"))
        let identifier = try #require(event.text("id"))
        try scene.expect(record < lines.count, "record \(record) of \(lines.count) is lost")
        #expect(lines[record].contains("\"h\":\"\(tag)\""))
        #expect(
          lines[...record].contains { $0.contains("\"id\":\"\(identifier)\"") }, "\(identifier) is lost")
      }
    }
  }
}
