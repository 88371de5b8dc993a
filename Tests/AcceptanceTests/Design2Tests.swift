import Foundation
import TestSupport
import Testing

extension EndToEnd.Acceptance {
  /// ECDH, AES, HMAC, hashed passwords, many clients at once.
  @Suite struct Design2 {
    @Test("2-01: the two ends agree on keys by X25519 and prove who they are")
    func keyAgreement() async throws {
      let tapped = try await Tapped()
      let sender = try await tapped.send("agreed")
      let (here, there) = (try await sender.event("connected"), try await tapped.listener.event("connected"))
      #expect(here.text("group")?.contains("x25519") == true)
      #expect(here.text("session") == there.text("session"))
      #expect(here.text("peer") == "user2" && there.text("peer") == "user1")
      // Each side sends a share of its own: 32 bytes behind the challenge in INIT and in RESP.
      let offer = try #require(tapped.frames(1, .toListener).first)
      let answer = try #require(tapped.frames(2, .toDialler).first)
      #expect(offer[52..<84] != answer[37..<69])
      try await tapped.scene.stop(tapped.listener)

      // The same name with another key is not the one who was met: nothing is sent.
      let (impostor, port) = try await tapped.scene.listener(as: "user2", home: "impostor")
      let refused = try await tapped.scene.send("for user2 only", port: port, home: "one")
      #expect(try await refused.ending() == .exited(4))
      #expect(try !impostor.events.contains { $0.event == "message" || $0.event == "connected" })
      try await tapped.scene.stop(impostor)
    }

    @Test("2-02: AES-256, named in the details, and no text on the wire")
    func encryption() async throws {
      let tapped = try await Tapped()
      let sender = try await tapped.send("the harbour at midnight")
      #expect(try await sender.ending() == .exited(0))
      #expect(try await sender.event("connected").text("cipher") == "aes256-cbc-hmac-crc32")
      #expect(try await tapped.listener.event("message").text("text") == "the harbour at midnight")
      #expect(!tapped.capture.isEmpty && !tapped.capture.holds("harbour"))
      try await tapped.scene.stop(tapped.listener)

      let (listener, dialler) = try await tapped.scene.conversation()
      dialler.write("/details\r")
      try await dialler.shows("AES-256-CBC")
      try await tapped.scene.leave(listener, dialler)
    }

    @Test("2-03: an altered message is rejected and never shown")
    func authentication() async throws {
      // The listener's second record on is left alone; the dialler's third frame of records is its text.
      let tapped = try await Tapped { frame in
        var bytes = frame.bytes
        let records = frame.earlier.filter { $0[2] == 0x10 }.count
        if frame.direction == .toListener, frame.type == 0x10, records == 1 { bytes[40] ^= 0x20 }
        return [.forward(bytes)]
      }
      let sender = try await tapped.send("alter me")
      #expect(try await sender.ending() != .exited(0))
      let closed = try await tapped.listener.event("closed")
      #expect(closed.text("reason") == "error")
      try await tapped.scene.stop(tapped.listener)
      #expect(try !tapped.listener.events.contains { $0.event == "message" })
    }

    @Test("2-04: a passphrase unlocks the own profile, a password pairs, and a wrong one is refused")
    func passphraseAndPassword() async throws {
      let scene = try Scene()
      try scene.folder.write("my own passphrase\n", to: "passphrase")
      try scene.folder.write("another one\n", to: "wrong")
      let made = try await scene.run(
        "init", "--users", "users.json", "--as", "user1", "--passphrase", "--passphrase-file",
        scene.folder.file("passphrase"), home: "one")
      try scene.expect(made.exit == .exited(0), "init --passphrase: \(made)")
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let locked = try await scene.send(
        "locked", port: port, home: "one", "--passphrase-file", scene.folder.file("wrong"))
      #expect(try await locked.ending() != .exited(0))
      let guessing = try await scene.send(
        "guessed", port: port, home: "one", "--passphrase-file", scene.folder.file("passphrase"),
        "--password-file", scene.folder.file("wrong"))
      #expect(try await guessing.ending() == .exited(5))
      let right = try await scene.send(
        "unlocked", port: port, home: "one", "--passphrase-file", scene.folder.file("passphrase"))
      let ending = try await right.ending()
      try scene.expect(ending == .exited(0), "the right ones: \(ending)", right)
      try await scene.stop(listener)
      #expect(
        try listener.events.compactMap { $0.event == "message" ? $0.text("text") : nil } == ["unlocked"])
      // Who it is stands before any text.
      let order = try listener.events.map(\.event).filter { ["connected", "message"].contains($0) }
      #expect(order == ["connected", "message"])
    }

    @Test("2-05: the identity on disk is wrapped, and no password nor a hash of it crosses the wire")
    func nothingToGuessFrom() async throws {
      let scene = try Scene()
      try scene.folder.write("my own passphrase\n", to: "passphrase")
      let made = try await scene.run(
        "init", "--users", "users.json", "--as", "user1", "--passphrase", "--passphrase-file",
        scene.folder.file("passphrase"), home: "one")
      try scene.expect(made.exit == .exited(0), "init --passphrase: \(made)")
      let identity = try String(
        contentsOfFile: scene.folder.file("one/profiles/user1/identity"), encoding: .utf8)
      #expect(identity.contains("argon2id"))

      // Two first contacts with one password: what is made of it is another thing each time.
      var captures: [[UInt8]] = []
      for home in ["a", "b"] {
        let (listener, port) = try await scene.listener(as: "user2", home: "two-\(home)")
        let proxy = try FrameProxy(to: port)
        let sender = try await scene.send("x", port: proxy.port, home: home)
        #expect(try await sender.ending() == .exited(0))
        try await scene.stop(listener)
        let recorded = try #require(proxy.recorded.first)
        captures.append((recorded[.toListener] + recorded[.toDialler]).filter { $0[2] < 0x10 }.flatMap { $0 })
      }
      #expect(!captures[0].holds("password2"))
      // INIT's head is the same (magic, version, mode, offers); no 16 bytes behind it are.
      let pieces = Set((0..<captures[0].count - 16).map { Array(captures[0][$0..<$0 + 16]) })
      let common = (20..<captures[1].count - 16).filter { pieces.contains(Array(captures[1][$0..<$0 + 16])) }
      #expect(common.isEmpty)
    }

    @Test("2-06: every peer has a session of its own, listed by /sessions")
    func sessions() async throws {
      let scene = try Scene(
        users: """
          [ {"username": "user1", "password": "p1", "ip": "127.0.0.1", "port": \(FreePort.next())},
            {"username": "user2", "password": "p2", "ip": "127.0.0.1", "port": \(FreePort.next())},
            {"username": "user3", "password": "p3", "ip": "127.0.0.1", "port": \(FreePort.next())} ]
          """)
      let (listener, dialler) = try await scene.conversation()
      let third = try scene.start(
        ["chat", "user2", "--users", "users.json", "--as", "user3", "--json"], home: "three")
      let other = try await third.event("connected")
      let seen = try await listener.shows("user3")
      listener.write("/sessions\r")
      let first = try await listener.shows("user1  127.0.0.1", after: seen)
      try await listener.shows("user3  127.0.0.1", after: seen)
      dialler.write("/details\r")
      try await dialler.shows("session")
      #expect(!dialler.output.text.contains(try #require(other.text("session"))))
      #expect(first > seen)
      third.closeInput()
      #expect(try await third.ending() == .exited(0))
      try await scene.leave(listener, dialler)
    }

    @Test("2-08: a peer listens, on port 9999 if that is its port")
    func thePortOfTheOriginal() async throws {
      let scene = try Scene(users: Scene.twoUsers(ports: (FreePort.next(), 9999)))
      let listener = try scene.start(
        ["listen", "--users", "users.json", "--as", "user2", "--json"], home: "two")
      #expect(try await listener.event("listening").number("port") == 9999)
      let sender = try await scene.run(
        "send", "user2", "--users", "users.json", "--as", "user1", home: "one", input: "by the file's port")
      try scene.expect(sender.exit == .exited(0), "send: \(sender)")
      #expect(try await listener.event("message").text("text") == "by the file's port")
      try await scene.stop(listener)
    }

    @Test("2-10: exit and ENTER leave, with exit code 0, and the other is told")
    func exitLeaves() async throws {
      let scene = try Scene()
      let (listener, dialler) = try await scene.conversation()
      dialler.write("exit\r")
      let ending = try await dialler.ending()
      try scene.expect(ending == .exited(0), "exit: \(ending)", dialler)
      try await listener.shows("user1 ended the conversation")
      listener.write("exit\r")
      #expect(try await listener.ending() == .exited(0))
    }

    @Test("2-11: someone on the path sees ciphertext only, of texts and of names")
    func endToEnd() async throws {
      let tapped = try await Tapped()
      #expect(try await tapped.send("first words").ending() == .exited(0))
      // From the second contact on not even the names are to be seen.
      #expect(try await tapped.send("second words").ending() == .exited(0))
      let second = try #require(tapped.proxy.recorded.last)
      let bytes = (second[.toListener] + second[.toDialler]).flatMap { $0 }
      #expect(!tapped.capture.holds("words"))
      #expect(!bytes.holds("user1") && !bytes.holds("user2"))
      try await tapped.scene.stop(tapped.listener)
    }

    @Test(
      "2-12: each receiver checks what it receives", arguments: [FrameProxy.Direction.toListener, .toDialler])
    func bothVerify(direction: FrameProxy.Direction) async throws {
      let tapped = try await Tapped { frame in
        var bytes = frame.bytes
        // Each side's first record, its synchronisation.
        if frame.direction == direction, frame.type == 0x10, !frame.earlier.contains(where: { $0[2] == 0x10 })
        {
          bytes[bytes.count - 1] ^= 1
        }
        return [.forward(bytes)]
      }
      let sender = try await tapped.send("checked")
      #expect(try await sender.ending() != .exited(0))
      try await tapped.scene.stop(tapped.listener)
      #expect(try !tapped.listener.events.contains { $0.event == "message" })
      #expect(try !sender.events.contains { $0.event == "delivered" })
    }

    @Test("2-13: an unlock costs a quarter of a second, and five guesses close a name")
    func guessing() async throws {
      let scene = try Scene()
      try scene.folder.write("my own passphrase\n", to: "passphrase")
      let begun = ContinuousClock.now
      let made = try await scene.run(
        "init", "--users", "users.json", "--as", "user1", "--passphrase", "--passphrase-file",
        scene.folder.file("passphrase"), home: "one")
      try scene.expect(made.exit == .exited(0), "init --passphrase: \(made)")
      // At least: how fast it is, is no matter here.
      #expect(ContinuousClock.now - begun >= .milliseconds(250))

      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      for index in 0..<5 {
        try scene.folder.write("guess \(index)\n", to: "guess")
        let guess = try await scene.send(
          "x", port: port, home: "guesser\(index)", "--password-file", scene.folder.file("guess"))
        #expect(try await guess.ending() == .exited(5))
      }
      let right = try await scene.send("x", port: port, home: "late")
      let ending = try await right.ending()
      try scene.expect(ending == .exited(5), "the right password after five wrong ones: \(ending)", right)
      try await scene.stop(listener)
      #expect(try !listener.events.contains { $0.event == "message" })
      #expect(try listener.events.contains { $0.event == "refused" && $0.number("tries_left") == 0 })
    }

    @Test("2-14: two commands install it, and a licence is there")
    func installation() async throws {
      let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
      let readme = try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
      #expect(readme.contains("make install") || readme.contains("make build"))
      let licence = try String(contentsOf: root.appendingPathComponent("LICENSE"), encoding: .utf8)
      #expect(licence.contains("MIT License"))
      let scene = try Scene()
      let version = try await scene.run("version")
      #expect(version.exit == .exited(0) && version.output.hasPrefix("secure_chat 1."))
    }
  }
}
