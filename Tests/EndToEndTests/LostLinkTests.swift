import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// A link that is lost in mid-conversation: who dials again, how often, and what the peer sees.
  @Suite struct LostLinks {
    private func talker(
      _ scene: Scene, _ words: [String], to port: Int, _ more: String...
    ) throws -> RunningProgram {
      try scene.start(
        words + ["--users", "users.json", "--as", "user1", "--to", "127.0.0.1:\(port)"] + more, home: "one")
    }

    // [Y-05]
    @Test(arguments: [["chat", "user2"], ["send", "user2", "--lines"]])
    func whatWasNotAcknowledgedGoesAgainAndIsShownOnce(words: [String]) async throws {
      let scene = try Scene()
      let (listener, listening) = try await scene.listener(as: "user2", home: "two")
      let isDeaf = Watched(false)
      let cable = try FrameProxy(to: listening) { frame in
        isDeaf.value && frame.connection == 0 && frame.direction == .toDialler ? [] : [.forward(frame.bytes)]
      }
      let talker = try talker(scene, words, to: cable.port, "--json")
      talker.write("one\n")
      _ = try await talker.event("delivered")
      // The listener shows this one, and its acknowledgement is lost with the link.
      isDeaf.change { $0 = true }
      talker.write("two\n")
      let shown = try await listener.event("message", 1)
      #expect(shown.text("text") == "two")
      cable.cut()
      let cut = try await talker.event("closed")
      #expect(cut.truth("truncated") == true)
      #expect(cut.text("reason") == "truncated")
      let warning = try await talker.event("warning")
      #expect(warning.text("code") == "W_RETRY")
      #expect(warning.text("message")?.contains("1 message not confirmed. Trying again in 1 s.") == true)

      let delivered = try await talker.event("delivered", 1)
      #expect(delivered.text("id") == shown.text("id"))
      #expect(delivered.number("seq") == 1)
      #expect(try await talker.event("connected", 1).text("session") != cut.text("session"))
      talker.write("three\n")
      _ = try await talker.event("delivered", 2)
      talker.closeInput()
      let ending = try await talker.ending()
      try scene.expect(ending == .exited(0), "\(words): \(ending)", talker, listener)
      #expect(try await listener.event("closed", 1).truth("truncated") == false)
      try await scene.stop(listener)
      let texts = try listener.events.compactMap { $0.event == "message" ? $0.text("text") : nil }
      try scene.expect(texts == ["one", "two", "three"], "\(texts)", listener)
    }

    @Test func aPeerThatIsGoneIsTriedThreeTimesInAllAndThenItIsThree() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let talker = try talker(scene, ["chat", "user2"], to: port)
      talker.write("one\n")
      try await talker.complains("logged by user2")
      listener.send(SIGKILL)
      _ = try await listener.ending()
      let ending = try await talker.ending()
      try scene.expect(ending == .exited(3), "chat: \(ending)", talker)
      let said = talker.errors.text
      let lost = "TRUNCATED: the conversation with user2 was cut short; last message user2 confirmed: #1 ("
      try scene.expect(said.contains(lost), "the cut", talker)
      let announced = said.components(separatedBy: "Trying again in ").dropFirst().map { $0.prefix(4) }
      try scene.expect(announced == ["1 s.", "2 s."], "\(announced)", talker)
      try scene.expect(said.contains("user2 is not listening at 127.0.0.1:\(port)."), "the reason", talker)
    }

    @Test func aLinkThatIsLostThreeTimesIsTheEndToo() async throws {
      let scene = try Scene()
      let (listener, listening) = try await scene.listener(as: "user2", home: "two")
      let cable = try FrameProxy(to: listening)
      let talker = try talker(scene, ["chat", "user2"], to: cable.port, "--json")
      talker.write("one\n")
      _ = try await talker.event("delivered")
      for time in 0..<3 {
        _ = try await talker.event("connected", time)
        _ = try await listener.event("connected", time)
        cable.cut(connection: time)
        _ = try await talker.event("closed", time)
      }
      let ending = try await talker.ending()
      try scene.expect(ending == .exited(3), "chat: \(ending)", talker)
      let error = try await talker.event("error")
      #expect(error.number("exit") == 3)
      #expect(error.text("code") == "TRUNCATED")
      #expect(try talker.events.count { $0.event == "connecting" } == 3)
      try await scene.stop(listener)
    }

    /// At a terminal it is dialled until ENTER, from the lobby of a listener too, and nothing typed is lost.
    @Test(arguments: ["chat", "listen"])
    func aPersonsLostLinkIsDialledAgainAndNothingIsShownTwice(word: String) async throws {
      let scene = try Scene()
      let (listener, listening) = try await scene.listener(as: "user2", home: "two")
      let isDeaf = Watched(false)
      let cable = try FrameProxy(to: listening) { frame in
        isDeaf.value && frame.connection == 0 && frame.direction == .toDialler ? [] : [.forward(frame.bytes)]
      }
      try scene.folder.write(Scene.twoUsers(ports: (FreePort.next(), cable.port)), to: "users.json")
      let person = try scene.start(
        (word == "chat" ? ["chat", "user2"] : ["listen", "--port", "0"]) + [
          "--users", "users.json", "--as", "user1",
        ],
        home: "one", streams: .terminal(columns: 100), name: "user1")
      if word == "listen" {
        try await person.shows("user1 is listening")
        person.write("/chat user2\r")
      }
      try await person.shows("Connected to user2")
      person.write("one\r")
      var place = try await person.shows("✓ logged by user2")
      isDeaf.change { $0 = true }
      person.write("two\r")
      _ = try await listener.event("message", 1)
      cable.cut()
      place = try await person.shows("TRUNCATED", after: place)
      place = try await person.shows("Calling user2 again", after: place)
      place = try await person.shows("Connected to user2", after: place)
      place = try await person.shows("✓ logged by user2", after: place)
      person.write("three\r")
      place = try await person.shows("✓ logged by user2", after: place)
      person.write("/quit\r")
      let ending = try await person.ending()
      try scene.expect(ending == .exited(0), "\(word): \(ending)", person)
      try await scene.stop(listener)
      let texts = try listener.events.compactMap { $0.event == "message" ? $0.text("text") : nil }
      try scene.expect(texts == ["one", "two", "three"], "\(texts)", listener)
    }

    /// A listener does not dial: its conversation is over, and its program goes on.
    @Test func theListenerWaitsForTheOtherToDialAgain() async throws {
      let scene = try Scene()
      let (listener, listening) = try await scene.listener(as: "user2", home: "two")
      let cable = try FrameProxy(to: listening)
      let talker = try talker(scene, ["chat", "user2"], to: cable.port, "--json")
      _ = try await listener.event("connected")
      cable.cut()
      #expect(try await listener.event("closed").truth("truncated") == true)
      _ = try await listener.event("connected", 1)
      talker.closeInput()
      let ending = try await talker.ending()
      try scene.expect(ending == .exited(0), "the dialler: \(ending)", talker)
      try await scene.stop(listener)
      #expect(try !listener.events.contains { $0.event == "connecting" })
    }
  }
}
