import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// How a conversation's end and its ticks are told, on the screen and in events.
  @Suite struct ConversationEnds {
    // [Y-08] [Y-10]
    @Test func aCleanEndIsToldOnBothScreensWithItsCounts() async throws {
      let scene = try Scene()
      let port = FreePort.next()
      let two = try scene.person(
        "listen", "--users", "users.json", "--as", "user2", "--port", "\(port)", home: "two", name: "user2")
      try await two.shows("listening")
      let one = try scene.person(
        "chat", "user2", "--users", "users.json", "--as", "user1", "--to", "127.0.0.1:\(port)", home: "one",
        name: "user1")
      try await one.shows("Connected to user2")
      one.write("from one\r")
      try await one.shows("✓ logged by user2 (#")
      try await two.shows("user1  from one")
      two.write("from two\r")
      try await two.shows("✓ logged by user1 (#")
      one.write("exit\r")
      #expect(try await one.ending() == .exited(0))
      try await two.shows("user1 ended the conversation (1 sent, 1 received).")
      two.write("/quit\r")
      #expect(try await two.ending() == .exited(0))
      for program in [one, two] { #expect(!program.output.text.contains("TRUNCATED")) }
    }

    // [Y-10]
    @Test func aCutSaysWhatTheOtherSideConfirmedLast() async throws {
      let scene = try Scene()
      let (listener, listening) = try await scene.listener(as: "user2", home: "two", "--once")
      let isDeaf = Watched(false)
      let cable = try FrameProxy(to: listening) { frame in
        isDeaf.value && frame.direction == .toDialler ? [] : [.forward(frame.bytes)]
      }
      let one = try scene.person(
        "chat", "user2", "--users", "users.json", "--as", "user1", "--to", "127.0.0.1:\(cable.port)",
        home: "one",
        name: "user1")
      try await one.shows("Connected to user2")
      one.write("the first\r")
      let identifier = try #require(try await listener.event("message").text("id"))
      try await one.shows("✓ logged by user2 (#")
      isDeaf.change { $0 = true }
      one.write("the second\r")
      _ = try await listener.event("message", 1)
      cable.cut()
      let cut = try await one.shows(
        "TRUNCATED: the conversation with user2 was cut short; last message user2")
      try await one.shows("not confirmed.", after: cut)
      let words = "last message user2 confirmed: #1 (\(identifier)), 1 message not confirmed."
      let said = one.output.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      try scene.expect(said.contains(words), "\(words)", one)

      let closed = try await listener.event("closed")
      #expect(closed.truth("truncated") == true)
      #expect(closed.text("reason") == "truncated")
      #expect(closed.number("received") == 2)
      #expect(closed.number("sent") == 0)
      let ending = try await listener.ending()
      try scene.expect(ending == .exited(1), "listen --once: \(ending)", listener)
      one.write("\r")
      #expect(try await one.ending() == .exited(1))
    }

    // [R-16]
    @Test func aPeerThatDoesNotWaitForItsDiskAcknowledgesWithoutARecord() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", home: "two", "--log-sync", "interval")
      let program = try await scene.send("by a program", port: port, home: "one")
      #expect(try await program.ending() == .exited(0))
      let delivered = try await program.event("delivered")
      #expect(delivered.members["logged"] == .null)
      #expect(delivered.members["tag"] == .null)
      #expect(delivered.number("ms") != nil)
      #expect(delivered.members["part"] == nil)

      let words = try await scene.run(
        "send", "user2", "--users", "users.json", "--as", "user1", "--to", "127.0.0.1:\(port)", home: "one",
        input: "in words")
      #expect(words.exit == .exited(0))
      #expect(words.errors.contains("✓ received, not logged by user2"))

      let person = try scene.person(
        "chat", "user2", "--users", "users.json", "--as", "user1", "--to", "127.0.0.1:\(port)", home: "one",
        name: "user1")
      try await person.shows("Connected to user2")
      person.write("by a person\r")
      try await person.shows("✓ received, not logged")
      person.write("exit\r")
      #expect(try await person.ending() == .exited(0))
      try await scene.stop(listener)
      // It keeps its log all the same.
      #expect(
        try await scene.verdicts(home: "two").map { $0.text("verdict") }
          == Array(repeating: "verified", count: 3))
    }

    @Test func partsOfALongInputAreNumberedInWhatIsDelivered() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let sender = try await scene.send(String(repeating: "x", count: 140_000), port: port, home: "one")
      #expect(try await sender.ending() == .exited(0))
      let delivered = try sender.events.filter { $0.event == "delivered" }
      #expect(delivered.map { $0.number("part") } == [1, 2, 3])
      #expect(delivered.map { $0.number("seq") } == [1, 2, 3])
      #expect(delivered.allSatisfy { $0.text("to") == "user2" && $0.text("tag")?.utf8.count == 43 })
      #expect(delivered.allSatisfy { ($0.number("ms") ?? -1) >= 0 && ($0.number("logged") ?? 0) >= 1 })
      try await scene.stop(listener)
    }

    // [E-03] [G-13]
    @Test func aNinthConversationWithOnePersonIsRefusedWithNine() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      func talk() throws -> RunningProgram {
        try scene.start(
          "chat", "user2", "--users", "users.json", "--as", "user1", "--json", "--to", "127.0.0.1:\(port)",
          home: "one")
      }
      var talkers: [RunningProgram] = []
      for _ in 0..<8 {
        let talker = try talk()
        _ = try await talker.event("connected")
        talkers.append(talker)
      }
      _ = try await listener.event("connected", 7)
      let ninth = try talk()
      let ending = try await ninth.ending()
      try scene.expect(ending == .exited(9), "the ninth: \(ending)", ninth)
      talkers[0].closeInput()
      #expect(try await talkers[0].ending() == .exited(0))
      _ = try await listener.event("closed")
      let next = try await scene.send("there is room again", port: port, home: "one")
      #expect(try await next.ending() == .exited(0))
      for talker in talkers.dropFirst() {
        talker.closeInput()
        #expect(try await talker.ending() == .exited(0))
      }
      try await scene.stop(listener)
    }
  }
}
