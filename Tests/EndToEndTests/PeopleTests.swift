import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Whom one knows, lets in and believes.
  @Suite struct People {
    private static let threeUsers = """
      [ {"username": "user1", "password": "password1", "ip": "127.0.0.1", "port": \(FreePort.next())},
        {"username": "user2", "password": "password2", "ip": "127.0.0.1", "port": \(FreePort.next())},
        {"username": "user3", "password": "password3", "ip": "127.0.0.1", "port": \(FreePort.next())} ]
      """

    private func run(
      _ scene: Scene, _ user: String, _ arguments: String..., home: String
    ) async throws -> (exit: RunningProgram.Ending, output: String, errors: String) {
      let running = try scene.start(
        arguments + ["--users", "users.json", "--as", user], home: home, streams: .input([]))
      let ending = try await running.ending()
      return (ending, running.output.text, running.errors.text)
    }

    /// The last event; warnings about the users file stand before it.
    private func last(_ output: String) throws -> JSONLine {
      try JSONLine(String(try #require(output.split(separator: "\n").last)))
    }

    // [E-03]
    @Test func aBlockedContactGetsExitNineAndAClearSentence() async throws {
      let scene = try Scene(users: Self.threeUsers)
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let first = try await scene.send("before", port: port, home: "one")
      #expect(try await first.ending() == .exited(0))
      let block = try await run(scene, "user2", "block", "user1", home: "two")
      try scene.expect(block.exit == .exited(0), "block: \(block)")
      #expect(block.output.isEmpty && block.errors.contains("secure_chat unblock user1"))

      let sender = try await scene.send("blocked", port: port, home: "one")
      let ending = try await sender.ending()
      try scene.expect(ending == .exited(9), "send by a blocked contact: \(ending)")
      let error = try await sender.event("error")
      #expect(error.number("exit") == 9)
      #expect(error.text("message")?.contains("user2 does not accept conversations from you") == true)
      let refused = try await listener.event("refused")
      #expect(refused.text("code") == "E_POLICY" && refused.text("reason") == "user1 is blocked")
      #expect(refused.text("name") == nil)

      let unblock = try await run(scene, "user2", "unblock", "user1", home: "two")
      try scene.expect(unblock.exit == .exited(0), "unblock: \(unblock)")
      let last = try await scene.send("after", port: port, home: "one")
      #expect(try await last.ending() == .exited(0))
      try await scene.stop(listener)
      #expect(
        try listener.events.filter { $0.event == "message" }.map { $0.text("text") } == ["before", "after"])
    }

    @Test func contactsAreListedGivenAndTaken() async throws {
      let scene = try Scene(users: Self.threeUsers)
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let first = try await scene.send("hello", port: port, home: "one")
      #expect(try await first.ending() == .exited(0))
      let list = try await run(scene, "user1", "contacts", "list", "--json", home: "one")
      try scene.expect(list.exit == .exited(0), "contacts list: \(list)")
      let contact = try last(list.output)
      #expect(contact.event == "contact" && contact.text("name") == "user2")
      #expect(contact.truth("verified") == false && contact.truth("blocked") == false)
      #expect(contact.text("floor") == "x25519-mlkem768" && contact.text("paired") != nil)
      let words = try #require(contact.text("words"))
      let plain = try await run(scene, "user1", "contacts", "list", home: "one")
      #expect(plain.output.hasPrefix("?user2  \(words)  paired "))

      // What one gives, another takes, without a password; nothing is taken unasked.
      let given = try await run(scene, "user1", "contacts", "export", home: "one")
      #expect(given.output.contains(try #require(contact.text("profile"))))
      try scene.folder.write(given.output, to: "given")
      let unasked = try await run(scene, "user3", "contacts", "import", "given", home: "three")
      try scene.expect(unasked.exit == .exited(2), "import without a terminal: \(unasked)")
      #expect(unasked.errors.contains("--yes"))
      let taken = try await run(scene, "user3", "contacts", "import", "given", "--yes", home: "three")
      try scene.expect(taken.exit == .exited(0), "import: \(taken)")
      let theirs = try await run(scene, "user3", "contacts", "list", "--json", home: "three")
      #expect(try last(theirs.output).text("words") == words)
      // A pin, and no password any more: the other side does not know this key yet.
      let dialled = try await scene.send("x", from: "user3", port: port, home: "three")
      #expect(try await dialled.ending() == .exited(5))

      // Another key under a known name changes nothing.
      let stranger = try await run(scene, "user2", "id", home: "stranger")
      #expect(stranger.exit == .exited(0))
      let id = try await run(scene, "user2", "id", "--json", home: "stranger")
      let profile = try #require(try last(id.output).text("profile"))
      try scene.folder.write(profile + "\n", to: "forged")
      let refused = try await run(scene, "user1", "contacts", "import", "forged", "--yes", home: "one")
      try scene.expect(refused.exit == .exited(4), "import of another key: \(refused)")
      #expect(refused.errors.contains("another key than the one you know"))
      #expect(try await run(scene, "user1", "contacts", "list", "--json", home: "one").output == list.output)
      try await scene.stop(listener)
    }

    @Test func anUnverifiedContactIsExitFourWhereVerifiedOnesAreRequired() async throws {
      let scene = try Scene(users: Self.threeUsers)
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let stranger = try await scene.send("x", port: port, home: "one", "--require-verified")
      try scene.expect(try await stranger.ending() == .exited(4), "a stranger")
      let first = try await scene.send("one", port: port, home: "one")
      #expect(try await first.ending() == .exited(0))
      let unverified = try await scene.send("x", port: port, home: "one", "--require-verified")
      try scene.expect(try await unverified.ending() == .exited(4), "an unverified contact")
      #expect(unverified.output.text.contains("secure_chat verify user2"))
      let person = try scene.person(
        "verify", "user2", "--users", "users.json", "--as", "user1", home: "one", name: "verify")
      try await person.shows("[same words/pair anew/no]: ")
      person.write("same words\r")
      #expect(try await person.ending() == .exited(0))
      let verified = try await scene.send("two", port: port, home: "one", "--require-verified")
      try scene.expect(try await verified.ending() == .exited(0), "a verified contact")
      try await scene.stop(listener)
      #expect(try listener.events.filter { $0.event == "message" }.map { $0.text("text") } == ["one", "two"])
      #expect(try !listener.events.contains { $0.event == "refused" })
    }

    // [G-10]
    @Test func theLobbyTakesANewKeyByVerifyAndAnotherCommandOfTheOtherSide() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let first = try await scene.send("one", port: port, home: "one")
      #expect(try await first.ending() == .exited(0))
      try await scene.stop(listener)
      // user1 begins anew; user2 sits at a terminal.
      try FileManager.default.removeItem(atPath: scene.folder.file("one"))
      let two = try scene.person(
        "listen", "--users", "users.json", "--as", "user2", "--port", "\(port)", home: "two", name: "user2")
      try await two.shows("only this computer can reach you")
      two.write("/verify user1\r")
      try await two.shows("[same words/pair anew/no]: ")
      two.write("pair anew\r")
      try await two.shows("Waiting for user1 to pair anew")
      let one = try scene.person(
        "verify", "user2", "--users", "users.json", "--as", "user1", "--to", "127.0.0.1:\(port)", home: "one",
        name: "user1")
      try await one.shows("[pair anew/no]: ")
      one.write("pair anew\r")
      try await one.shows("[yes/no]: ")
      one.write("yes\r")
      #expect(try await one.ending() == .exited(0))
      try await two.shows("new words: ")
      try await two.shows("[yes/no]: ")
      two.write("yes\r")
      try await two.shows("and verified")
      let known = try await scene.send("two", port: port, home: "one")
      try scene.expect(try await known.ending() == .exited(0), "after both said yes")
      let seen = try await two.shows("two")
      // /block ends it, and says how to undo it.
      two.write("/block user1\r")
      try await two.shows("user1 is blocked", after: seen)
      let blocked = try await scene.send("three", port: port, home: "one")
      try scene.expect(try await blocked.ending() == .exited(9), "after /block")
      two.write("/quit\r")
      #expect(try await two.ending() == .exited(0))
    }

    // [G-05]
    @Test(
      "attack 4: the dialler stops after three wrong passwords, across processes, and does not even connect")
    func theDiallerStopsAfterThreeAcrossProcesses() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      try scene.folder.write("not password2\n", to: "wrong")
      for attempt in 1...3 {
        let sender = try await scene.send("x", port: port, home: "one", "--password-file", "wrong")
        try scene.expect(try await sender.ending() == .exited(5), "try \(attempt)")
        #expect(try await sender.event("error").text("code") == "E_AUTH")
      }
      // Nobody listens at this port: to connect would be exit 3.
      let closed = FreePort.next()
      let fourth = try await scene.send("x", port: closed, home: "one", "--password-file", "wrong")
      try scene.expect(try await fourth.ending() == .exited(5), "the fourth")
      #expect(try await fourth.event("error").text("code") == "E_LIMIT")
      let right = try await scene.send("right", port: port, home: "one")
      try scene.expect(try await right.ending() == .exited(0), "another password")
      try await scene.stop(listener)
      #expect(try listener.events.filter { $0.event == "refused" }.count == 3)
    }

    @Test(
      "attack 46: control and direction characters of a text stay off the terminal and reach a pipe whole")
    func hostileTextsAreShownNeutral() async throws {
      let name = String(repeating: "n", count: 63)
      let users = Scene.twoUsers().replacingOccurrences(of: "user1", with: name)
      let scene = try Scene(users: users)
      let text = "a\u{1b}]0;owned\u{7}b\u{9b}2Jc\rd\u{202e}e\u{85}f\u{1b}[31mg"
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let piped = try await scene.send(text, from: name, port: port, home: "one")
      #expect(try await piped.ending() == .exited(0))
      #expect(try await listener.event("message").text("text") == text)
      #expect(try await listener.event("message").text("from") == name)
      try await scene.stop(listener)
      let two = try scene.person(
        "listen", "--users", "users.json", "--as", "user2", "--port", "\(port)", home: "two", name: "user2")
      try await two.shows("only this computer can reach you")
      let shown = try await scene.send(text + "END", from: name, port: port, home: "one")
      #expect(try await shown.ending() == .exited(0))
      try await two.shows("END")
      let screen = two.output.text
      for hostile in ["\u{1b}]0;", "\u{7}b", "\u{9b}", "\u{202e}", "\u{85}", "\u{1b}[31m", "c\rd"] {
        #expect(
          !screen.unicodeScalars.contains(substring: hostile.unicodeScalars), "\(hostile.debugDescription)")
      }
      two.write("/quit\r")
      #expect(try await two.ending() == .exited(0))
    }
  }
}

extension String.UnicodeScalarView {
  /// Scalar by scalar, so that no combining or line end hides one.
  fileprivate func contains(substring: String.UnicodeScalarView) -> Bool {
    Array(self).firstRange(of: Array(substring)) != nil
  }
}
