import ChatProtocol
import Cryptography
import Foundation
import ProtocolTestSupport
import TestSupport
import Testing
import Wire

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

    @Test("3-16: a recorded conversation stays closed to whoever later steals both users' homes")
    func stolenHomes() async throws {
      let tapped = try await Tapped()
      #expect(try await tapped.send("met").ending() == .exited(0))
      #expect(try await tapped.send("for nobody else, ever").ending() == .exited(0))
      try await tapped.scene.stop(tapped.listener)
      let (dialler, listener) = (
        try StolenKeys(of: "user1", contact: "user2", home: "one", tapped.scene),
        try StolenKeys(of: "user2", contact: "user1", home: "two", tapped.scene)
      )
      #expect(dialler.pairSecret == listener.pairSecret)
      for key in dialler.secrets + listener.secrets + [dialler.pairSecret] {
        #expect(!tapped.capture.holds(key))
      }

      // Behind the head of three bytes: INIT 1,265 clear and a tag, RESP 1,154 clear and a sealed response.
      let offer = try #require(tapped.frames(1, .toListener, connection: 1).first).dropFirst(3)
      let answer = try #require(tapped.frames(2, .toDialler, connection: 1).first).dropFirst(3)
      let (shareOfDialler, shareOfListener) = (
        Array(offer.dropFirst(49).prefix(32)), Array(answer.dropFirst(34).prefix(32))
      )
      func agreed(_ thief: StolenKeys, _ share: [UInt8]) throws -> [UInt8] {
        var point = try Secret<Stolen>(in: GuardedRegion(byteCount: 32))
        try X25519.sharedSecret(private: thief.identity.agreementKey, public: share.span, into: &point)
        return point.revealed()
      }
      let es = try agreed(listener, shareOfDialler)
      // Everything up to RESP's seal, with what stands in for ee and the secret of ML-KEM.
      func opens(_ secrets: [[UInt8]]) throws -> Bool {
        var state = try SymmetricState(
          mode: .known, in: GuardedRegion(byteCount: GuardedRegion.pageByteCount))
        state.mixHash(dialler.contact.signedBytes.span)
        state.mixHash(Array(offer.prefix(1265)).span)
        try state.mixKey(makeSecret(es, Stolen.self), as: .es)
        // The stolen key is the right one: it opens what it is meant to open.
        _ = try state.open(Array(offer.dropFirst(1265)).span, from: .initiator, plaintextByteCount: 0)
        state.mixHash(Array(answer.prefix(1154)).span)
        for secret in secrets { try state.mixKey(makeSecret(secret, Stolen.self), as: .ee) }
        return (try? state.open(Array(answer.dropFirst(1154)).span, from: .responder, plaintextByteCount: 32))
          != nil
      }
      let known = try [
        [UInt8](repeating: 0, count: 32), es, agreed(dialler, shareOfListener),
        agreed(listener, shareOfListener),
        agreed(dialler, shareOfDialler), agreed(dialler, listener.identity.profile.ikDH), dialler.pairSecret,
      ]
      #expect(try !opens([]))
      for first in known {
        #expect(try !opens([first]))
        for second in known { #expect(try !opens([first, second])) }
      }
    }

    private enum Stolen: SecretPurpose { static let byteCount = 32 }

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
      let closed = try #require(ClosedPort())
      let nobody = try await scene.send("nobody there", port: Int(closed.number), home: "one")
      let nobodyEnding = try await nobody.ending()
      try scene.expect(nobodyEnding == .exited(3), "nobody listening: \(nobodyEnding)", nobody)
      #expect(try await nobody.event("error").number("exit") == 3)
      for announced in ["Trying again in 1 s", "Trying again in 2 s"] {
        #expect(nobody.errors.text.contains(announced))
      }
      try await scene.stop(listener)
      #expect(try listener.events.filter { $0.event == "message" }.count == 1)
    }

    /// The one test that waits for a limit in real time: ten seconds for a handshake.
    // [L-02]
    @Test(
      "3-25: a silent peer, and one that dribbles, is let go, on either side; others are served meanwhile")
    func silence() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let service = try RawSocket()
      let servicePort = FreePort.next()
      try #require(service.bind(port: servicePort))
      service.listen()
      let begun = ContinuousClock.now
      let dialler = try scene.start(
        [
          "send", "user2", "--users", "users.json", "--as", "user1", "--to", "127.0.0.1:\(servicePort)",
        ], home: "other", streams: .input([0x61]))
      let silent = try RawSocket(connectedTo: port)
      let slow = try RawSocket(connectedTo: port)
      slow.write([0x04])
      #expect(try await scene.send("meanwhile", port: port, home: "one").ending() == .exited(0))
      #expect(await silent.everything(within: 100) == [])
      #expect(await slow.everything(within: 100) == [])
      // A close at once would not be the limit at work.
      #expect(ContinuousClock.now - begun > .seconds(5))
      // A first contact: any failure after the connection, silence included, is 5.
      let ending = try await dialler.ending()
      try scene.expect(ending == .exited(5), "send to a silent service: \(ending)", dialler)
      #expect(try await scene.send("afterwards", port: port, home: "one").ending() == .exited(0))
      try await scene.stop(listener)
      #expect(
        try listener.events.compactMap { $0.event == "message" ? $0.text("text") : nil } == [
          "meanwhile", "afterwards",
        ])
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

    /// No program of ours lies about the time, so user1's keys are used by hand.
    @Test(
      "3-30: a sender's clock that is far from ours is flagged, in JSON and on screen, and changes no order")
    func clockSkew() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      #expect(try await scene.send("met", port: port, home: "one").ending() == .exited(0))
      let stolen = try StolenKeys(of: "user1", contact: "user2", home: "one", scene)
      let caller = try await HandmadeCaller(stolen, port: port)
      let now = Int64(Date().timeIntervalSince1970) * 1_000
      // Two hours ago and still so a second later, then far ahead, then right again.
      let times: [Int64] = [-7_200_000, -7_199_000, 3 * 86_400_000 + 3_600_000, 0].map { now + $0 }
      for time in times { try caller.sendText("at \(time)", writtenAt: UnixTime(milliseconds: UInt64(time))) }
      try await caller.acknowledgement(of: 4)
      try await caller.close(sent: 4, received: 0)
      try await scene.stop(listener)
      let told = try listener.events.filter { ["message", "warning"].contains($0.event) }.dropFirst()
      try scene.expect(
        told.map(\.event) == ["message", "warning", "message", "message", "warning", "message"],
        "\(told.map(\.line))", listener)
      let messages = told.filter { $0.event == "message" }
      #expect(
        messages.map { $0.text("text") } == times.map { "at \($0)" }
          && messages.map { $0.number("seq") } == [1, 2, 3, 4])
      #expect(messages.map { $0.text("sent") } == times.map { UnixTime(milliseconds: UInt64($0)).rfc3339 })
      let warnings = told.filter { $0.event == "warning" }
      #expect(warnings.allSatisfy { $0.text("code") == "W_CLOCK_SKEW" })
      #expect(
        warnings.first?.text("message")?.contains("user1 their last message was written 2 hours ago") == true)
      #expect(warnings.last?.text("message")?.contains("was written 3 days from now") == true)

      let person = try scene.person(
        "listen", "--users", "users.json", "--as", "user2", home: "two", name: "user2")
      try await person.shows("only this computer can reach you")
      let again = try await HandmadeCaller(stolen, port: try scene.port(of: "user2"))
      try again.sendText("late", writtenAt: UnixTime(milliseconds: UInt64(times[0])))
      let seen = try await person.shows("user1  late")
      try await person.shows("was written 2 hours ago", after: seen)
      try await again.close(sent: 1, received: 0)
      person.write("/quit\r")
      #expect(try await person.ending() == .exited(0))
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
