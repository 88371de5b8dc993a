import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite struct ScriptedFlow {
    @Test func anEchoedLineIsDeliveredOnceAndBothLogsAreWhole() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", "--once")
      let listening = try await listener.event("listening")
      #expect(listening.line.hasPrefix(#"{"v":1,"event":"listening","#))
      #expect(listening.text("as") == "user2")
      #expect(listening.text("address") == "127.0.0.1")
      #expect(listening.truth("first_contact") == true)

      let sender = try await scene.send("hello\n", port: port)
      let ending = try await sender.ending()
      try scene.expect(ending == .exited(0), "send: \(ending)")
      let listenerEnding = try await listener.ending()
      try scene.expect(listenerEnding == .exited(0), "listen --once: \(listenerEnding)")

      let connected = try await listener.event("connected")
      #expect(connected.text("peer") == "user1")
      #expect(connected.text("group") == "x25519-mlkem768")
      #expect(connected.text("cipher") == "aes256-cbc-hmac-crc32")
      #expect(connected.truth("known") == false)
      #expect(connected.truth("verified") == false)
      #expect(connected.members["words"] != nil)
      let other = try await sender.event("connected")
      #expect(other.text("peer") == "user2")
      #expect(other.text("session") == connected.text("session"))

      let message = try await listener.event("message")
      #expect(message.text("text") == "hello\n")
      #expect(message.text("from") == "user1")
      #expect(message.number("seq") == 1)
      let delivered = try await sender.event("delivered")
      #expect(delivered.text("to") == "user2")
      #expect(delivered.number("seq") == 1)
      #expect(delivered.text("id") == message.text("id"))
      #expect(delivered.number("logged") != nil)
      #expect(delivered.text("tag") != nil)

      let closed = try await listener.event("closed")
      #expect(closed.text("peer") == "user1")
      #expect(closed.text("reason") == "peer")
      #expect(closed.number("received") == 1)
      #expect(closed.number("sent") == 0)
      #expect(closed.truth("truncated") == false)
      let own = try await sender.event("closed")
      #expect(own.text("reason") == "bye")
      #expect(own.number("sent") == 1)

      let verdicts = try await scene.verdicts()
      #expect(verdicts.map { $0.text("verdict") } == ["verified", "verified"])
      #expect(verdicts.allSatisfy { $0.number("records") == 4 || $0.number("records") == 3 })
    }

    @Test func theSecondTimeTheKeysAreKnownAndNoPasswordIsNeeded() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2")
      let first = try await scene.send("one", port: port)
      #expect(try await first.ending() == .exited(0))
      // Not even the file's password matters any more.
      try scene.folder.write(
        try String(contentsOfFile: scene.folder.file("users.json"), encoding: .utf8)
          .replacingOccurrences(of: "password2", with: "another"), to: "users.json")
      let second = try await scene.send("two", port: port)
      let ending = try await second.ending()
      try scene.expect(ending == .exited(0), "the second: \(ending)")
      #expect(try await listener.event("connected", 1).truth("known") == true)
      #expect(try await listener.event("message", 1).text("text") == "two")
      try await scene.stop(listener)
      #expect(try await scene.verdicts().map { $0.text("verdict") } == Array(repeating: "verified", count: 4))
    }

    @Test func terminationClosesAnOpenConversationOnBothSides() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2")
      let alice = try scene.person(
        "chat", "user2", "--users", "users.json", "--as", "user1", "--to", "127.0.0.1:\(port)", name: "user1")
      try await alice.shows("Connected to user2")
      _ = try await listener.event("connected")
      alice.write("before the end\r")
      #expect(try await listener.event("message").text("text") == "before the end")
      try await alice.shows("logged by user2")
      try await scene.stop(listener)
      #expect(try await listener.event("closed").truth("truncated") == false)
      let ending = try await alice.ending()
      try scene.expect(ending == .exited(0), "the dialler: \(ending)")
      #expect(try await scene.verdicts().map { $0.text("verdict") } == ["verified", "verified"])
    }

    @Test(
      arguments: [
        ("", []), ("x", [1]), (String(repeating: "a", count: 65_536), [65_536]),
        (String(repeating: "a", count: 65_537), [65_536, 1]),
        // Two-byte characters from an odd offset: a cut at 65,536 would go through one of them.
        ("a" + String(repeating: "é", count: 40_000), [65_535, 14_466]),
      ] as [(String, [Int])])
    func standardInputArrivesWholeCutBetweenCharacters(text: String, sizes: [Int]) async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2")
      let sender = try await scene.send(text, port: port)
      let ending = try await sender.ending()
      try scene.expect(ending == .exited(0), "send: \(ending)", sender)
      var received = ""
      var got: [Int] = []
      for index in sizes.indices {
        let part = try #require(try await listener.event("message", index).text("text"))
        received += part
        got.append(part.utf8.count)
      }
      #expect(got == sizes)
      #expect(received == text)
      #expect(try sender.events.filter { $0.event == "delivered" }.count == sizes.count)
      try await scene.stop(listener)
      #expect(try listener.events.filter { $0.event == "message" }.count == sizes.count)
    }

    @Test func aMegabyteArrivesWholeAndEveryPartIsAcknowledged() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", "--once")
      let line = "0123456789 żółw 漢字 👩‍👩‍👧 \n"
      let text = String(repeating: line, count: 1_000_000 / line.utf8.count + 1)
      let sender = try await scene.send(text, port: port)
      let ending = try await sender.ending()
      try scene.expect(ending == .exited(0), "send: \(ending)")
      #expect(try await listener.ending() == .exited(0))
      let messages = try listener.events.filter { $0.event == "message" }
      #expect(messages.compactMap { $0.text("text") }.joined() == text)
      #expect(messages.compactMap { $0.number("seq") } == Array(1...messages.count))
      #expect(try sender.events.filter { $0.event == "delivered" }.count == messages.count)
      #expect(try await scene.verdicts().map { $0.text("verdict") } == ["verified", "verified"])
    }

    @Test func withLinesEachLineIsItsOwnMessageAndEmptyOnesAreSkipped() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", "--once")
      let sender = try await scene.send("one\n\ntwo\nthree", port: port, "--lines")
      #expect(try await sender.ending() == .exited(0))
      #expect(try await listener.ending() == .exited(0))
      #expect(
        try listener.events.compactMap { $0.event == "message" ? $0.text("text") : nil } == [
          "one", "two", "three",
        ])
      #expect(try sender.events.filter { $0.event == "delivered" }.count == 3)
    }

    @Test func inputThatIsNotUTF8IsRefused() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2")
      let sender = try scene.start(
        ["send", "user2", "--users", "users.json", "--as", "user1", "--to", "127.0.0.1:\(port)"],
        streams: .input([0x61, 0xFF, 0x62]))
      let ending = try await sender.ending()
      try scene.expect(ending == .exited(2), "send: \(ending)", sender)
      #expect(sender.errors.text.contains("UTF-8"))
      try await scene.stop(listener)
      #expect(try !listener.events.contains { $0.event == "message" })
    }

    // [R-20]
    @Test func textForAPipeIsPassedThroughUntouched() async throws {
      let scene = try Scene()
      let listener = try scene.start(
        "listen", "--users", "users.json", "--as", "user2", "--once", home: "home")
      // Without JSON the port is the file's own.
      let text = "esc \u{1b}[31m bell \u{7} bidi \u{202e} nul \0 cr \r end\n"
      let sender = try scene.start(
        ["send", "user2", "--users", "users.json", "--as", "user1"], streams: .input(Array(text.utf8)))
      #expect(try await sender.ending() == .exited(0))
      #expect(try await listener.ending() == .exited(0))
      #expect(listener.output.text == text)
    }

    @Test func aPlainLogHoldsTheTextAndASealedOneDoesNot() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", home: "two", "--log-text", "plain")
      let sender = try await scene.send("in plain words", port: port, home: "one")
      #expect(try await sender.ending() == .exited(0))
      try await scene.stop(listener)
      let plain = try String(
        contentsOfFile: #require(scene.logs(of: "user2", home: "two").first), encoding: .utf8)
      let sealed = try String(
        contentsOfFile: #require(scene.logs(of: "user1", home: "one").first), encoding: .utf8)
      #expect(plain.contains("in plain words"))
      #expect(!sealed.contains("in plain words"))
      #expect(try await scene.verdicts(home: "two").map { $0.text("verdict") } == ["verified"])
      #expect(try await scene.verdicts(home: "one").map { $0.text("verdict") } == ["verified"])
    }

    @Test func twoListenersAndASenderOfOneHomeRunSideBySide() async throws {
      let scene = try Scene()
      let (one, portOne) = try await scene.listener(as: "user1")
      let (two, portTwo) = try await scene.listener(as: "user2")
      // user1 listens and sends at once, and so does user2.
      let there = try await scene.send("from user1", port: portTwo)
      let back = try await scene.send("from user2", from: "user2", to: "user1", port: portOne)
      let endings = (try await there.ending(), try await back.ending())
      try scene.expect(endings == (.exited(0), .exited(0)), "\(endings)")
      #expect(try await two.event("message").text("text") == "from user1")
      #expect(try await one.event("message").text("text") == "from user2")
      try await scene.stop(one)
      try await scene.stop(two)
      #expect(try await scene.verdicts().allSatisfy { $0.text("verdict") == "verified" })
    }

    @Test func twoPeersTalkToOneListenerAtOnce() async throws {
      let users = """
        [ {"username": "user1", "password": "p1", "ip": "127.0.0.1", "port": \(FreePort.next())},
          {"username": "user2", "password": "p2", "ip": "127.0.0.1", "port": \(FreePort.next())},
          {"username": "user3", "password": "p3", "ip": "127.0.0.1", "port": \(FreePort.next())} ]
        """
      let scene = try Scene(users: users)
      let (listener, port) = try await scene.listener(as: "user2")
      let address = "127.0.0.1:\(port)"
      let one = try scene.person(
        "chat", "user2", "--users", "users.json", "--as", "user1", "--to", address, name: "user1")
      let three = try scene.person(
        "chat", "user2", "--users", "users.json", "--as", "user3", "--to", address, name: "user3")
      try await one.shows("Connected to user2")
      try await three.shows("Connected to user2")
      one.write("from one\r")
      try await one.shows("logged by user2")
      three.write("from three\r")
      try await three.shows("logged by user2")
      let senders = [try await listener.event("message", 0), try await listener.event("message", 1)]
      #expect(senders.map { $0.text("from") } == ["user1", "user3"])
      for person in [one, three] {
        person.write("exit\r")
        let ending = try await person.ending()
        try scene.expect(ending == .exited(0), "exit: \(ending)", person)
      }
      try await scene.stop(listener)
      #expect(try await scene.verdicts().map { $0.text("verdict") } == Array(repeating: "verified", count: 4))
    }
  }
}
