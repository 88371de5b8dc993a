import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite struct Refusals {
    /// Nothing of a failed handshake may keep a good peer out.
    private func aGoodPeerIsServed(_ scene: Scene, _ listener: RunningProgram, port: Int) async throws {
      let sender = try await scene.send("good", port: port)
      let ending = try await sender.ending()
      try scene.expect(ending == .exited(0), "the good peer: \(ending)")
      let id = try await sender.event("delivered").text("id")
      // Others may have been served before, and not all of it be told yet.
      var told = 0
      while try await listener.event("message", told).text("id") != id { told += 1 }
    }

    // [G-06]
    @Test func aWrongPasswordIsOneClearLineOnBothSidesAndTheListenerServesOn() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2")
      try scene.folder.write("not password2\n", to: "wrong")
      let sender = try await scene.send(
        "hello", port: port, home: "other", "--password-file", scene.folder.file("wrong"))
      let ending = try await sender.ending()
      try scene.expect(ending == .exited(5), "send: \(ending)")
      let error = try await sender.event("error")
      #expect(error.text("code") == "E_AUTH")
      #expect(error.number("exit") == 5)
      #expect(error.text("message")?.contains("password") == true)
      let refused = try await listener.event("refused")
      // The dialler found the wrong tag and closed: codes are what each side saw for itself.
      #expect(refused.text("code") == "E_CLOSED")
      #expect(refused.text("name") == "user1")
      #expect(refused.number("tries_left") == 4)
      #expect(try !listener.events.contains { $0.event == "connected" || $0.event == "message" })
      try await aGoodPeerIsServed(scene, listener, port: port)
      try await scene.stop(listener)
    }

    @Test func aWrongPasswordIsOneClearLineAtTwoTerminals() async throws {
      let scene = try Scene()
      try scene.folder.write("not password2\n", to: "wrong")
      let two = try scene.person("listen", "--users", "users.json", "--as", "user2", name: "user2")
      try await two.shows("only this computer can reach you")
      let one = try scene.person(
        "chat", "user2", "--users", "users.json", "--as", "user1", "--password-file",
        scene.folder.file("wrong"), home: "other", name: "user1")
      let ending = try await one.ending()
      try scene.expect(ending == .exited(5), "chat: \(ending)")
      #expect(one.output.text.contains("password is wrong"))
      try await two.shows("first contact with user1 failed: wrong password, or cut off (1 of 5)")
      two.write("/quit\r")
      #expect(try await two.ending() == .exited(0))
    }

    // [G-10] [G-12] [G-16]
    @Test("attack 4: after five wrong passwords the right one fails too, and others are served")
    func afterFiveWrongPasswordsTheNameIsClosedAndOthersAreServed() async throws {
      let users = """
        [ {"username": "user1", "password": "p1", "ip": "127.0.0.1", "port": \(FreePort.next())},
          {"username": "user2", "password": "p2", "ip": "127.0.0.1", "port": \(FreePort.next())},
          {"username": "user3", "password": "p3", "ip": "127.0.0.1", "port": \(FreePort.next())} ]
        """
      let scene = try Scene(users: users)
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      for attempt in 1...5 {
        // A home each: a dialler of one home stops by itself after three tries of one password.
        try scene.folder.write("guess \(attempt)\n", to: "guess")
        let guess = try await scene.send("x", port: port, home: "one \(attempt)", "--password-file", "guess")
        let ending = try await guess.ending()
        try scene.expect(ending == .exited(5), "guess \(attempt): \(ending)")
        #expect(try await listener.event("refused", attempt - 1).number("tries_left") == 5 - attempt)
      }
      // Even the right password is too late now, and looks like a wrong one.
      let right = try await scene.send("x", port: port, home: "one")
      let ending = try await right.ending()
      try scene.expect(ending == .exited(5), "the right one, too late: \(ending)")
      let other = try await scene.send("from user3", from: "user3", port: port, home: "three")
      let served = try await other.ending()
      try scene.expect(served == .exited(0), "another user: \(served)")
      try await scene.stop(listener)
      #expect(try listener.events.filter { $0.event == "message" }.map { $0.text("from") } == ["user3"])
    }

    @Test("attack 29: a reinstalled peer does not prove its key, exit 4, and verify mends it")
    func aReinstalledPeerDoesNotProveItsKeyAndVerifyMendsIt() async throws {
      let scene = try Scene()
      var (listener, port) = try await scene.listener(as: "user2", home: "two")
      let first = try await scene.send("one", port: port, home: "one")
      #expect(try await first.ending() == .exited(0))
      try await scene.stop(listener)

      // user2's home is lost: the same name, new keys.
      try FileManager.default.removeItem(atPath: scene.folder.file("two"))
      (listener, port) = try await scene.listener(as: "user2", home: "two")
      let second = try await scene.send("two", port: port, home: "one")
      let ending = try await second.ending()
      try scene.expect(ending == .exited(4), "send to a reinstalled peer: \(ending)")
      let error = try await second.event("error")
      #expect(error.number("exit") == 4)
      #expect(error.text("message")?.contains("did not prove the key you know") == true)
      #expect(second.output.text.contains("secure_chat verify user2"))
      #expect(try !listener.events.contains { $0.event == "message" || $0.event == "connected" })

      // Without a terminal the question cannot be put, whatever `--yes` says.
      let unasked = try await scene.run(
        "verify", "user2", "--users", "users.json", "--as", "user1", "--to", "127.0.0.1:\(port)", "--yes",
        home: "one")
      try scene.expect(unasked.exit == .exited(2), "verify without a terminal: \(unasked.exit)")

      let person = try scene.person(
        "verify", "user2", "--users", "users.json", "--as", "user1", "--to", "127.0.0.1:\(port)", home: "one",
        name: "verify")
      try await person.shows("[same words/pair anew/no]: ")
      person.write("pair anew\r")
      try await person.shows("new words: ")
      try await person.shows("[yes/no]: ")
      person.write("yes\r")
      let verified = try await person.ending()
      try scene.expect(verified == .exited(0), "verify: \(verified)", person)

      let third = try await scene.send("three", port: port, home: "one")
      let last = try await third.ending()
      try scene.expect(last == .exited(0), "after verify: \(last)")
      try await scene.stop(listener)
      #expect(try listener.events.last { $0.event == "message" }?.text("text") == "three")
    }

    // [G-16]
    @Test("attack 29: who begins anew is exit 5, its friend hears of it, and no pin changes")
    func aPeerThatForgotMeIsToldApartFromOneThatIChanged() async throws {
      // A third user, who could still pair: else a first contact is not taken at all.
      let users = """
        [ {"username": "user1", "password": "p1", "ip": "127.0.0.1", "port": \(FreePort.next())},
          {"username": "user2", "password": "p2", "ip": "127.0.0.1", "port": \(FreePort.next())},
          {"username": "user3", "password": "p3", "ip": "127.0.0.1", "port": \(FreePort.next())} ]
        """
      let scene = try Scene(users: users)
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let first = try await scene.send("one", port: port, home: "one")
      #expect(try await first.ending() == .exited(0))
      let pinned = scene.pin(of: "user1", by: "user2", home: "two")
      #expect(pinned != nil)
      // user1's home is lost: its first contact meets a contact that is known already.
      try FileManager.default.removeItem(atPath: scene.folder.file("one"))
      let second = try await scene.send("two", port: port, home: "one")
      let ending = try await second.ending()
      try scene.expect(ending == .exited(5), "send after a reinstallation: \(ending)")
      #expect(try await listener.event("repair_wanted").text("name") == "user1")
      #expect(
        try await second.event("error").text("message")?.contains("knows an older key of yours") == true)
      #expect(scene.pin(of: "user1", by: "user2", home: "two") == pinned)
      try await scene.stop(listener)
      #expect(try listener.events.filter { $0.event == "message" }.count == 1)
    }

    @Test func aPortInUseIsExitOneAndNamesTheOption() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2")
      let second = try await scene.run(
        "listen", "--users", "users.json", "--as", "user1", "--port", "\(port)")
      try scene.expect(second.exit == .exited(1), "a port in use: \(second.exit)")
      #expect(second.errors.contains("--port"))
      #expect(second.output.isEmpty)
      try await scene.stop(listener)
    }

    // [E-06]
    @Test func whatIsNoSecureChatIsTurnedAwayAndAGoodPeerServed() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2")
      var generator = SystemRandomNumberGenerator()
      let noise = (0..<1_000_000).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
      let tlsHello: [UInt8] = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03]
      let hostile: [[UInt8]] = [
        Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8), tlsHello + [UInt8](repeating: 7, count: 500),
        noise, [0x00, 0x00, 0x01], [0xFF, 0xFF, 0x01], [0x00, 0x52, 0x02], [0x00, 0x01, 0x10],
        // An initiation of the right length, of another version.
        [0x04, 0xF2, 0x01] + Array("SECCHAT".utf8) + [0x02] + [UInt8](repeating: 0x50, count: 1257),
      ]
      for bytes in hostile {
        let socket = try RawSocket(connectedTo: port)
        socket.write(bytes)
        let answer = await socket.everything(within: 60)
        #expect(answer == [], "\(bytes.prefix(12)) was answered")
      }
      try await aGoodPeerIsServed(scene, listener, port: port)
      try await scene.stop(listener)
      let refused = try listener.events.filter { $0.event == "refused" }
      #expect(refused.count == hostile.count)
      #expect(refused.allSatisfy { $0.text("code") != nil && $0.text("name") == nil })
    }

    @Test(arguments: [
      ["users.json"], ["listen", "--users", "users.json"], ["send", "user2", "--users", "users.json"],
      ["chat", "--users", "users.json", "--as", "user1"], [],
    ])
    func withoutATerminalNothingIsAskedAndTheOptionIsNamed(arguments: [String]) async throws {
      let scene = try Scene()
      let running = try scene.start(arguments, streams: .input([]))
      let ending = try await running.ending()
      try scene.expect(ending == .exited(2), "\(arguments): \(ending)", running)
      #expect(running.output.text.isEmpty)
      let named = arguments.isEmpty ? "--users" : arguments.contains("--as") ? "NAME" : "--as"
      #expect(running.errors.text.contains(named), "\(running.errors.text)")
    }

    @Test func anUnpairedDiallerWithoutAPasswordNamesTheOption() async throws {
      let users = """
        [ {"username": "user1", "ip": "127.0.0.1", "port": \(FreePort.next())},
          {"username": "user2", "ip": "127.0.0.1", "port": \(FreePort.next())} ]
        """
      let scene = try Scene(users: users)
      let (listener, port) = try await scene.listener(as: "user2")
      #expect(try await listener.event("listening").truth("first_contact") == false)
      let sender = try await scene.send("hello", port: port)
      let ending = try await sender.ending()
      try scene.expect(ending == .exited(2), "send: \(ending)")
      #expect(sender.output.text.contains("--password-file"))
      try await scene.stop(listener)
    }

    @Test func aPasswordFileThatOthersCanReadIsRefused() async throws {
      let scene = try Scene()
      try scene.folder.write("password2\n", to: "password", mode: 0o644)
      let result = try await scene.run(
        "send", "user2", "--users", "users.json", "--as", "user1", "--password-file", "password",
        input: "hello")
      #expect(result.exit != .exited(0))
      #expect(result.errors.contains("chmod 600"))
    }

    static let badUsersFiles: [(name: String, content: String, says: String)] = [
      ("missing", "", "missing.json"), ("empty", "", "line 1"), ("not JSON", "users: user1", "line 1"),
      ("cut off", "[ {\"username\": \"user1\",\n  \"password\": \"p", "line 2"),
      ("not an array", "{\"username\": \"user1\"}", "line 1"),
      (
        "wrong type", "[ {\"username\": 5, \"password\": \"p\", \"ip\": \"127.0.0.1\", \"port\": 5000} ]",
        "username"
      ),
      (
        "port too large",
        "[ {\"username\": \"a\", \"password\": \"p\", \"ip\": \"127.0.0.1\", \"port\": 70000} ]", "port"
      ),
      (
        "port a word",
        "[ {\"username\": \"a\", \"password\": \"p\", \"ip\": \"127.0.0.1\", \"port\": \"abc\"} ]", "port"
      ),
      (
        "a name twice",
        "[ {\"username\": \"a\", \"password\": \"p\", \"ip\": \"127.0.0.1\", \"port\": 5000},\n"
          + "  {\"username\": \"a\", \"password\": \"q\", \"ip\": \"127.0.0.1\", \"port\": 5001} ]", "line 2"
      ),
      (
        "a key twice",
        "[ {\"username\": \"a\", \"username\": \"b\", \"password\": \"p\", \"ip\": \"127.0.0.1\", \"port\": 5000} ]",
        "username"
      ),
      (
        "control characters in a name",
        "[ {\"username\": \"a\\u001b[2J\", \"password\": \"p\", \"ip\": \"::1\", \"port\": 5000} ]", "name"
      ),
      (
        "an empty password", "[ {\"username\": \"a\", \"password\": \"\", \"ip\": \"::1\", \"port\": 5000} ]",
        "password"
      ),
    ]

    @Test(arguments: badUsersFiles.indices)
    func aBadUsersFileIsOneClearErrorThatSaysWhere(index: Int) async throws {
      let (name, content, says) = Self.badUsersFiles[index]
      let scene = try Scene()
      if name != "missing" { try scene.folder.write(content, to: "missing.json") }
      let result = try await scene.run("listen", "--users", "missing.json", "--as", "a")
      try scene.expect(result.exit == .exited(2), "\(name): \(result.exit)")
      #expect(result.output.isEmpty)
      #expect(result.errors.contains(says), "\(name): \(result.errors)")
      #expect(!result.errors.contains("\u{1b}"))
      // The secret next to the fault is not in the message.
      #expect(!result.errors.contains("\"p\""))
    }

    @Test func aHugeUsersFileIsRefusedUnread() async throws {
      let scene = try Scene()
      let path = scene.folder.file("huge.json")
      _ = FileManager.default.createFile(atPath: path, contents: Data("[".utf8))
      try #require(truncate(path, 100_000_000) == 0)
      let result = try await scene.run("listen", "--users", "huge.json", "--as", "user1")
      try scene.expect(result.exit == .exited(2), "100 MB: \(result.exit)")
    }

    @Test func aUsersFileThatOthersCanReadGetsOneWarningWithItsCommand() async throws {
      let scene = try Scene()
      // The example's own passwords are public: there is nothing to warn of.
      let users = Scene.twoUsers().replacingOccurrences(of: "password2", with: "a secret of ours")
      try scene.folder.write(users, to: "users.json", mode: 0o644)
      let listener = try scene.start("listen", "--users", "users.json", "--as", "user2", "--port", "0")
      try await listener.complains("only this computer can reach you")
      try await scene.stop(listener)
      #expect(listener.errors.text.components(separatedBy: "chmod 600").count == 2)
    }

    @Test(arguments: [
      (["snd", "user2"], "did you mean", "send"),
      (["send", "user2", "--wait", "5"], "comes later", "--wait"),
      (["file", "list"], "comes later", "file"), (["listen", "--port", "seven"], "--port", ""),
      (["listen", "--frobnicate"], "--frobnicate", ""), (["daemon"], "comes later", ""),
    ])
    func argumentsThatCannotBeAreExitTwo(arguments: [String], says: String, and: String) async throws {
      let scene = try Scene()
      let running = try scene.start(
        arguments + (arguments[0] == "send" ? ["--users", "users.json", "--as", "user1"] : []),
        streams: .input([]))
      let ending = try await running.ending()
      try scene.expect(ending == .exited(2), "\(arguments): \(ending)", running)
      #expect(running.errors.text.contains(says) && (and.isEmpty || running.errors.text.contains(and)))
      #expect(running.output.text.isEmpty)
    }

    @Test func anErrorInJSONModeIsJSONToo() async throws {
      let scene = try Scene()
      for arguments in [["listen", "--frobnicate", "--json"], ["send", "--json"], ["--json", "snd"]] {
        let running = try scene.start(arguments, streams: .input([]))
        let ending = try await running.ending()
        try scene.expect(ending == .exited(2), "\(arguments): \(ending)", running)
        #expect(try running.events.map(\.event) == ["error"])
      }
    }
  }
}
