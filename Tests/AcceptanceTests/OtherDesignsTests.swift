import Foundation
import TestSupport
import Testing

extension EndToEnd.Acceptance {
  /// Rows of the designs about groups that already hold between two people.
  @Suite struct OtherDesigns {
    @Test("0-09, 0-10: a draft leaves at the second ENTER, and not a byte of it before")
    func drafts() async throws {
      let scene = try Scene()
      let (service, port) = try await scene.listener(as: "user2", home: "two")
      let proxy = try FrameProxy(to: port)
      let person = try scene.person(
        "chat", "user2", "--users", "users.json", "--as", "user1", "--draft", "--to",
        "127.0.0.1:\(proxy.port)",
        home: "one", name: "user1")
      try await person.shows("user1>user2  ")
      // Each side's synchronisation.
      _ = try await proxy.frames(1, .toDialler)
      let before = proxy.recorded[0][.toListener].count
      person.write("kept for now\r")
      try await person.shows("(ENTER again sends)")
      #expect(proxy.recorded[0][.toListener].count == before)
      person.write("\r")
      #expect(try await service.event("message").text("text") == "kept for now")
      person.write("exit\r")
      #expect(try await person.ending() == .exited(0))
      try await scene.stop(service)
    }

    @Test("0-12: an altered log names the line that was altered")
    func alteredLog() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", home: "two", "--log-text", "plain")
      #expect(try await scene.send("one\ntwo\n", port: port, home: "one", "--lines").ending() == .exited(0))
      try await scene.stop(listener)
      let path = try #require(scene.logs(of: "user2", home: "two").first)
      let text = try String(contentsOfFile: path, encoding: .utf8)
      try text.replacingOccurrences(of: "\"two\"", with: "\"too\"").write(
        toFile: path, atomically: false, encoding: .utf8)
      let result = try await scene.check("verify", path, "--json", home: "two")
      #expect(result.exit == .exited(1))
      #expect(try JSONLine(String(result.output.split(separator: "\n").first ?? "")).number("record") == 2)
    }

    @Test("0-19: files are made for their owner alone, and looser ones are refused")
    func modes() async throws {
      let scene = try Scene()
      let made = try await scene.run("init", "--users", "users.json", "--as", "user1")
      #expect(made.exit == .exited(0))
      #expect(try scene.folder.mode(of: "home/profiles/user1/identity") == 0o600)
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o644], ofItemAtPath: scene.folder.file("home/profiles/user1/identity"))
      let refused = try await scene.run("id", "--users", "users.json", "--as", "user1")
      #expect(refused.exit == .exited(1))
      #expect(refused.errors.contains("chmod 600"))
    }

    @Test("0-21: names with spaces, and texts of any length")
    func longTexts() async throws {
      let scene = try Scene(
        users: """
          [ {"username": "Randall Flagg", "password": "p", "ip": "127.0.0.1", "port": \(FreePort.next())},
            {"username": "user2", "password": "p", "ip": "127.0.0.1", "port": \(FreePort.next())} ]
          """)
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let text = String(repeating: "žluťoučký kůň ", count: 20_000)
      let sender = try await scene.send(text, from: "Randall Flagg", port: port, home: "one")
      #expect(try await sender.ending() == .exited(0))
      try await scene.stop(listener)
      let messages = try listener.events.filter { $0.event == "message" }
      #expect(messages.compactMap { $0.text("text") }.joined() == text)
      #expect(messages.allSatisfy { $0.text("from") == "Randall Flagg" })
    }

    @Test("1-09: key confirmation both ways stands before any text")
    func confirmation() async throws {
      // The listener's confirmation is altered: the dialler sends nothing.
      let tapped = try await Tapped { frame in
        var bytes = frame.bytes
        if frame.direction == .toDialler, frame.type == 6 { bytes[10] ^= 1 }
        return [.forward(bytes)]
      }
      let sender = try await tapped.send("not before")
      #expect(try await sender.ending() == .exited(5))
      #expect(tapped.frames(0x10, .toListener).isEmpty)
      try await tapped.scene.stop(tapped.listener)
      #expect(try !tapped.listener.events.contains { $0.event == "message" })
    }

    @Test("1-12: Ctrl-C says goodbye to the other side")
    func interrupt() async throws {
      let scene = try Scene()
      let (listener, dialler) = try await scene.conversation()
      dialler.write("\u{3}")
      dialler.write("\u{3}")
      #expect(try await dialler.ending() == .exited(130))
      try await listener.shows("user1 ended the conversation")
      listener.write("/quit\r")
      #expect(try await listener.ending() == .exited(0))
    }

    @Test("1-14: a thousand quick messages arrive, in order")
    func manyMessages() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let texts = (0..<1000).map { "message \($0)" }
      let sender = try await scene.send(
        texts.joined(separator: "\n") + "\n", port: port, home: "one", "--lines")
      #expect(try await sender.ending() == .exited(0))
      try await scene.stop(listener)
      #expect(try listener.events.compactMap { $0.event == "message" ? $0.text("text") : nil } == texts)
    }

    @Test("1-15: empty input sends nothing")
    func emptyInput() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      #expect(try await scene.send("", port: port, home: "one").ending() == .exited(0))
      try await scene.stop(listener)
      #expect(try !listener.events.contains { $0.event == "message" })
    }

    @Test("4-01: a set of five users, each with a strong password of its own")
    func fiveUsers() async throws {
      let scene = try Scene()
      let made = try await scene.run("demo", "--users", "5", "--write", scene.folder.file("five"))
      try scene.expect(made.exit == .exited(0), "demo --users 5: \(made)")
      let files = scene.folder.allFiles.filter { $0.hasPrefix("five/") && $0.hasSuffix(".json") }
      let path = try #require(files.first)
      let data = try Data(contentsOf: URL(fileURLWithPath: scene.folder.file(path)))
      let users = try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
      #expect(users.count == 5)
      #expect(Set(users.compactMap { $0["password"] as? String }).count == 5)
    }

    @Test("4-25: frames survive being split and merged on their way, and port 59000 is accepted")
    func framing() async throws {
      let scene = try Scene()
      let checked = try await scene.run(
        "listen", "--users", "users.json", "--as", "user2", "--port", "70000", home: "two")
      #expect(checked.exit == .exited(2))
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      // One byte at a time through the head of the hello, then the rest.
      let proxy = try FrameProxy(to: port) { frame in
        frame.bytes.prefix(40).map { .forward([$0]) } + [.forward(Array(frame.bytes.dropFirst(40)))]
      }
      #expect(try await scene.send("in pieces", port: proxy.port, home: "one").ending() == .exited(0))
      #expect(try await listener.event("message").text("text") == "in pieces")
      try await scene.stop(listener)
    }

    @Test("4-27: two terminals of one computer, with one users file and one home")
    func oneComputer() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2")
      #expect(try await scene.send("same home", port: port).ending() == .exited(0))
      try await scene.stop(listener)
      #expect(try await scene.verdicts().map { $0.text("verdict") } == ["verified", "verified"])
    }
  }
}
