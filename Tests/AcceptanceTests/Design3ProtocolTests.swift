import Foundation
import TestSupport
import Testing

extension EndToEnd.Acceptance {
  /// Diffie-Hellman, challenge and response, AES-CBC, CRC32 and the logs: what can be seen of them from outside.
  @Suite struct Design3Protocol {
    @Test("3-14, 3-22: -v names each step as it happens, on both sides")
    func steps() async throws {
      let scene = try Scene()
      let (listener, dialler) = try await scene.conversation(from: ["-v"], to: ["-v"])
      for step in ["hello", "Diffie-Hellman", "challenge", "response verified", "AES-256-CBC"] {
        try await listener.shows(step)
        try await dialler.shows(step)
      }
      dialler.write("checked twice\r")
      try await listener.shows("checked twice")
      try await listener.shows("CRC32 ok")
      try await listener.shows("HMAC ok")
      try await scene.leave(listener, dialler)
    }

    @Test("3-15: hello first, then the listener's share, then proofs: the order on the wire")
    func order() async throws {
      let tapped = try await Tapped()
      #expect(try await tapped.send("one").ending() == .exited(0))
      #expect(try await tapped.send("two").ending() == .exited(0))
      try await tapped.scene.stop(tapped.listener)
      let connections = tapped.proxy.recorded
      #expect(connections.count == 2)
      #expect(connections[0][.toListener].map { $0[2] }.filter { $0 < 0x10 } == [1, 3, 5])
      #expect(connections[0][.toDialler].map { $0[2] }.filter { $0 < 0x10 } == [2, 4, 6])
      // Those who know each other need no password exchange.
      #expect(connections[1][.toListener].map { $0[2] }.filter { $0 < 0x10 } == [1, 5])
      #expect(connections[1][.toDialler].map { $0[2] }.filter { $0 < 0x10 } == [2, 6])
    }

    @Test("3-16, 3-17: fresh shares and random challenges of 32 bytes in every session")
    func freshness() async throws {
      let tapped = try await Tapped()
      for _ in 0..<5 { #expect(try await tapped.send("again").ending() == .exited(0)) }
      try await tapped.scene.stop(tapped.listener)
      var values: [[UInt8]] = []
      for connection in tapped.proxy.recorded {
        let offer = try #require(connection[.toListener].first)
        let answer = try #require(connection[.toDialler].first)
        // Behind the head: magic 7, version, mode, groups 4, ciphers 4; group, cipher.
        values += [
          Array(offer[20..<52]), Array(offer[52..<84]), Array(answer[5..<37]), Array(answer[37..<69]),
        ]
      }
      #expect(values.count == 20 && Set(values).count == 20)
      #expect(
        Set(try tapped.listener.events.compactMap { $0.event == "connected" ? $0.text("session") : nil })
          .count == 5)
    }

    @Test("3-17: with a wrong secret both sides are told, and nothing is sent")
    func wrongSecret() async throws {
      let tapped = try await Tapped()
      try tapped.scene.folder.write("wrong\n", to: "wrong")
      let sender = try await tapped.send(
        "never to leave", "--password-file", tapped.scene.folder.file("wrong"))
      #expect(try await sender.ending() == .exited(5))
      #expect(try await sender.event("error").text("code") == "E_AUTH")
      #expect(try await tapped.listener.event("refused").text("name") == "user1")
      #expect(tapped.frames(0x10, .toListener).isEmpty)
      try await tapped.scene.stop(tapped.listener)
    }

    @Test("3-18: a false receiver gets nothing but a hello", arguments: [false, true])
    func falseReceiver(known: Bool) async throws {
      let scene = try Scene()
      if known {
        let (listener, port) = try await scene.listener(as: "user2", home: "two")
        #expect(try await scene.send("met", port: port, home: "one").ending() == .exited(0))
        try await scene.stop(listener)
      }
      // It sends back what it gets, which is the right size for nothing.
      let fake = try RawSocket()
      let port = FreePort.next()
      try #require(fake.bind(port: port))
      fake.listen()
      let proxy = try FrameProxy(to: port) { frame in
        frame.direction == .toListener && frame.index == 0 ? [.back(frame.bytes)] : [.forward(frame.bytes)]
      }
      let sender = try await scene.send("for user2 only", port: proxy.port, home: "one")
      #expect(try await sender.ending() == .exited(known ? 4 : 5))
      #expect(proxy.recorded.first?[.toListener].count == 1)
    }

    @Test("3-19: a recorded conversation played again is refused")
    func replay() async throws {
      let tapped = try await Tapped()
      #expect(try await tapped.send("met").ending() == .exited(0))
      #expect(try await tapped.send("play it again").ending() == .exited(0))
      let recorded = try #require(tapped.proxy.recorded.last)[.toListener]
      let port = try #require(try await tapped.listener.event("listening").number("port"))
      let socket = try RawSocket(connectedTo: port)
      for frame in recorded { socket.write(frame) }
      let answer = try #require(await socket.everything(within: 60))
      // One answer to a hello that is genuine, and then nothing.
      #expect(answer.count > 2 && answer[2] == 2)
      #expect(answer.count == 2 + Int(answer[0]) << 8 + Int(answer[1]))
      let refused = try await tapped.listener.event("refused")
      #expect(refused.text("code") == "E_AUTH")
      try await tapped.scene.stop(tapped.listener)
      #expect(try tapped.listener.events.filter { $0.event == "message" }.count == 2)
    }

    @Test("3-20: the same text sent again looks different, every block of it")
    func freshKeys() async throws {
      let tapped = try await Tapped()
      let line = String(repeating: "the same text ", count: 10)
      let sender = try await tapped.send(String(repeating: line + "\n", count: 50), "--lines")
      #expect(try await sender.ending() == .exited(0))
      try await tapped.scene.stop(tapped.listener)
      let records = tapped.frames(0x10, .toListener)
      #expect(records.count >= 50)
      var blocks: [[UInt8]] = []
      for record in records {
        let body = record.dropFirst(3)
        for start in stride(from: body.startIndex, to: body.endIndex - 15, by: 16) {
          blocks.append(Array(body[start..<start + 16]))
        }
      }
      #expect(Set(blocks).count == blocks.count)
    }

    @Test("3-23: what was sent counts as delivered only when the other side has said so")
    func acknowledgement() async throws {
      let tapped = try await Tapped { frame in
        // Everything that the listener says after its synchronisation is swallowed.
        let records = frame.earlier.filter { $0[2] == 0x10 }.count
        return frame.direction == .toDialler && frame.type == 0x10 && records >= 1
          ? [] : [.forward(frame.bytes)]
      }
      let sender = try tapped.scene.start(
        [
          "chat", "user2", "--users", "users.json", "--as", "user1", "--json", "--to",
          "127.0.0.1:\(tapped.proxy.port)",
        ],
        home: "one")
      _ = try await sender.event("connected")
      sender.write("is it there?\n")
      #expect(try await tapped.listener.event("message").text("text") == "is it there?")
      // It was shown, and the answer is lost: no tick.
      _ = try await tapped.proxy.frames(3, .toDialler)
      #expect(try !sender.events.contains { $0.event == "delivered" })
      sender.send(SIGKILL)
      _ = try await sender.ending()
      try await tapped.scene.stop(tapped.listener)
    }

    @Test("3-24: three tries, each announced, then exit code 3; the receiver has one copy")
    func threeTries() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let proxy = try FrameProxy(to: port)
      let sender = try scene.start(
        [
          "send", "user2", "--users", "users.json", "--as", "user1", "--lines", "--to",
          "127.0.0.1:\(proxy.port)",
        ],
        home: "one")
      sender.write("just one\n")
      try await sender.complains("logged by user2")
      proxy.stop()
      sender.closeInput()
      let ending = try await sender.ending()
      // What was acknowledged is done, however the link ends; more of it needs the other side.
      try scene.expect(ending == .exited(0) || ending == .exited(3), "send: \(ending)", sender)
      let nobody = try await scene.run(
        "send", "user2", "--users", "users.json", "--as", "user1", "--to", "127.0.0.1:\(FreePort.next())",
        home: "one", input: "nobody there")
      try scene.expect(nobody.exit == .exited(3), "nobody listening: \(nobody)")
      #expect(nobody.errors.contains("Trying again in 1 s") && nobody.errors.contains("Trying again in 2 s"))
      try await scene.stop(listener)
      #expect(try listener.events.filter { $0.event == "message" }.count == 1)
    }

    @Test("3-25: a silent peer is let go, and others are served meanwhile")
    func silence() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let silent = try RawSocket(connectedTo: port)
      #expect(try await scene.send("meanwhile", port: port, home: "one").ending() == .exited(0))
      #expect(await silent.everything(within: 100) == [])
      try await scene.stop(listener)
    }

    @Test("3-27: the listener takes one peer after another, and several at once")
    func manyPeers() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      for index in 0..<3 {
        #expect(try await scene.send("\(index)", port: port, home: "one").ending() == .exited(0))
      }
      var chats: [RunningProgram] = []
      for index in 0..<4 {
        let chat = try scene.start(
          ["chat", "user2", "--users", "users.json", "--as", "user1", "--json", "--to", "127.0.0.1:\(port)"],
          home: "one")
        _ = try await chat.event("connected")
        chat.write("chat \(index)\n")
        _ = try await chat.event("delivered")
        chats.append(chat)
      }
      for chat in chats {
        chat.closeInput()
        #expect(try await chat.ending() == .exited(0))
      }
      try await scene.stop(listener)
      #expect(try listener.events.filter { $0.event == "message" }.count == 7)
    }

    @Test("3-29: an edit, a deletion, a swap, a cut tail and a newline in a text are each detected")
    func log() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", home: "two", "--log-text", "plain")
      let sender = try await scene.send("one\ntwo\nthree\n", port: port, home: "one", "--lines")
      #expect(try await sender.ending() == .exited(0))
      try await scene.stop(listener)
      let path = try #require(scene.logs(of: "user2", home: "two").first)
      let whole = try String(contentsOfFile: path, encoding: .utf8)
      let lines = whole.split(separator: "\n").map(String.init)
      #expect(lines.count == 5)
      let good = try await scene.check("verify", path, home: "two")
      try scene.expect(good.exit == .exited(0), "untouched: \(good)")
      var swapped = lines
      swapped.swapAt(1, 2)
      var deleted = lines
      deleted.remove(at: 2)
      let changes: [(String, [String], Int32)] = [
        ("edited", lines.map { $0.replacingOccurrences(of: "two", with: "tow") }, 1), ("deleted", deleted, 1),
        ("swapped", swapped, 1),
        ("newline", lines.map { $0.replacingOccurrences(of: "three", with: "thr\nee") }, 1),
        // The true beginning of a log whose end is gone is not called forged, and never whole.
        ("cut", Array(lines.dropLast(2)), 3),
      ]
      for (name, changed, exit) in changes {
        let copy = try scene.folder.write(changed.joined(separator: "\n") + "\n", to: "\(name).sclog")
        let result = try await scene.check(
          "verify", copy, "--key", scene.folder.file("two/profiles/user2/log-verify.key"), home: "two")
        try scene.expect(result.exit == .exited(exit), "\(name): \(result)")
      }
    }

    @Test("3-30: when a message was written, by its sender's clock, stands beside when it came")
    func times() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      #expect(try await scene.send("now", port: port, home: "one").ending() == .exited(0))
      let message = try await listener.event("message")
      let form = ISO8601DateFormatter()
      form.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
      let sent = try #require(message.text("sent").flatMap(form.date(from:)))
      let came = try #require(message.text("time").flatMap(form.date(from:)))
      #expect(abs(came.timeIntervalSince(sent)) < 600)
      try await scene.stop(listener)
    }

    @Test("3-31: both logs hold the same texts")
    func bothLogs() async throws {
      let scene = try Scene()
      let (listener, dialler) = try await scene.conversation()
      for index in 0..<3 {
        dialler.write("from one, \(index)\r")
        try await listener.shows("user1  from one, \(index)")
        listener.write("from two, \(index)\r")
        try await dialler.shows("user2  from two, \(index)")
      }
      try await scene.leave(listener, dialler)
      for (user, home) in [("user1", "one"), ("user2", "two")] {
        let path = try #require(scene.logs(of: user, home: home).first)
        let verdict = try await scene.check("verify", path, home: home)
        try scene.expect(verdict.exit == .exited(0), "\(user): \(verdict)")
        let shown = try await scene.check("show", path, home: home)
        for index in 0..<3 {
          #expect(shown.output.contains("from one, \(index)") && shown.output.contains("from two, \(index)"))
        }
      }
    }

    @Test(
      "3-34: other ciphers can be chosen, and the one in use is named",
      arguments: ["aes256-gcm", "xchacha20-poly1305"])
    func ciphers(cipher: String) async throws {
      let tapped = try await Tapped()
      let sender = try await tapped.send("sealed otherwise", "--ciphers", cipher)
      #expect(try await sender.ending() == .exited(0))
      #expect(try await sender.event("connected").text("cipher") == cipher)
      #expect(try await tapped.listener.event("connected").text("cipher") == cipher)
      #expect(try await tapped.listener.event("message").text("text") == "sealed otherwise")
      try await tapped.scene.stop(tapped.listener)
    }

    @Test("3-36: the documents name the specifications that are composed")
    func references() throws {
      let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
      let protocolText = try String(
        contentsOf: root.appendingPathComponent("docs/PROTOCOL.md"), encoding: .utf8)
      for name in [
        "RFC 5869", "RFC 7748", "RFC 7919", "draft-irtf-cfrg-cpace-21", "ML-KEM-768", "Noise", "RFC 4648",
      ] {
        #expect(protocolText.contains(name), "\(name)")
      }
    }
  }
}
