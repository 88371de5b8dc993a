import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// The attacks of the protocol on a handshake, against the built programs, with someone on the path.
  @Suite struct HandshakeAttacks {
    @Test func aProxyThatOnlyPassesOnChangesNothing() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let proxy = try FrameProxy(to: port)
      for (number, text) in ["one", "two"].enumerated() {
        let sender = try await scene.send(text, port: proxy.port, home: "one")
        let ending = try await sender.ending()
        try scene.expect(ending == .exited(0), "send through the proxy: \(ending)")
        #expect(try await listener.event("message", number).text("text") == text)
      }
      // A first contact, then a known one: INIT, PAIR1, AUTH and records; RESP, PAIR2, FIN and records.
      let first = try await proxy.end()
      #expect(first[.toListener].prefix(4).map { $0[2] } == [1, 3, 5, 0x10])
      #expect(first[.toDialler].prefix(4).map { $0[2] } == [2, 4, 6, 0x10])
      let known = try await proxy.end(connection: 1)
      #expect(known[.toListener].prefix(3).map { $0[2] } == [1, 5, 0x10])
      #expect(known[.toDialler].prefix(3).map { $0[2] } == [2, 6, 0x10])
      try await scene.stop(listener)
    }

    /// Three users, so that a listener who knows one of them still takes first contacts.
    private func threeUsers() throws -> Scene {
      let users = ["user1", "user2", "user3"].map {
        "{\"username\": \"\($0)\", \"password\": \"of \($0)\", \"ip\": \"127.0.0.1\", \"port\": \(FreePort.next())}"
      }
      return try Scene(users: "[\(users.joined(separator: ",\n"))]")
    }

    /// Makes user1 and user2 known to each other.
    private func pair(_ scene: Scene, port: Int) async throws {
      let sender = try await scene.send("paired", port: port, home: "one")
      let ending = try await sender.ending()
      try scene.expect(ending == .exited(0), "first contact: \(ending)")
    }

    /// The common rule of all attacks: this exit and code at the dialler, and nothing connected or shown
    /// on either side beyond what was there before.
    private func expectFailed(
      _ sender: RunningProgram, exit: Int32, code: String, _ scene: Scene, _ listener: RunningProgram
    ) async throws {
      let ending = try await sender.ending()
      try scene.expect(ending == .exited(exit), "the dialler: \(ending) instead of \(exit)", sender)
      let error = try await sender.event("error")
      #expect(error.text("code") == code)
      #expect(try !sender.events.contains { ["connected", "message", "delivered"].contains($0.event) })
      let shown = try listener.events.filter { $0.event == "message" }.map { $0.text("text") }
      #expect(shown.allSatisfy { $0 == "paired" })
    }

    @Test("attack 1: a middle that puts its own shares into both directions is refused in both modes")
    func ownSharesInBothDirectionsAreRefused() async throws {
      let scene = try threeUsers()
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      // Any 32 bytes are a share: those of somebody who knows the private half are no different to us.
      let own: FrameProxy.Script = { frame in
        var bytes = frame.bytes
        if frame.type == 1 { bytes.replaceSubrange(52..<84, with: [UInt8](repeating: 9, count: 32)) }
        if frame.type == 2 { bytes.replaceSubrange(37..<69, with: [UInt8](repeating: 9, count: 32)) }
        return [.forward(bytes)]
      }
      let proxy = try FrameProxy(to: port, own)
      let first = try await scene.send("x", port: proxy.port, home: "one")
      try await expectFailed(first, exit: 5, code: "E_CLOSED", scene, listener)
      #expect(try await listener.event("refused", 0).text("code") == "E_AUTH")
      #expect(try await proxy.end()[.toDialler].map { $0[2] } == [2])

      try await pair(scene, port: port)
      let known = try await scene.send("x", port: proxy.port, home: "one")
      try await expectFailed(known, exit: 4, code: "E_CLOSED", scene, listener)
      #expect(try await listener.event("refused", 1).text("code") == "E_AUTH")
      #expect(try await proxy.end(connection: 1)[.toDialler] == [])
      try await scene.stop(listener)
    }

    @Test("attack 7: a dial that is looped back to its own user fails in both modes")
    func aDialThatIsLoopedBackFails() async throws {
      let scene = try threeUsers()
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      // user1 listens, too, in another process of the same home.
      let (mirror, mirrorPort) = try await scene.listener(as: "user1", home: "one")
      let first = try await scene.send("x", port: mirrorPort, home: "one")
      try await expectFailed(first, exit: 5, code: "E_AUTH", scene, mirror)
      try await pair(scene, port: port)
      let known = try await scene.send("x", port: mirrorPort, home: "one")
      try await expectFailed(known, exit: 4, code: "E_CLOSED", scene, mirror)
      #expect(try await mirror.event("refused", 1).text("code") == "E_AUTH")
      try await scene.stop(mirror)
      try await scene.stop(listener)
    }

    @Test("attack 7: an echo of every frame is refused in both modes")
    func anEchoIsRefused() async throws {
      let scene = try threeUsers()
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let proxy = try FrameProxy(to: port) { [.back($0.bytes)] }
      let first = try await scene.send("x", port: proxy.port, home: "one")
      try await expectFailed(first, exit: 5, code: "E_PROTO", scene, listener)
      try await pair(scene, port: port)
      let known = try await scene.send("x", port: proxy.port, home: "one")
      try await expectFailed(known, exit: 4, code: "E_PROTO", scene, listener)
      #expect(try await proxy.end(connection: 1)[.toListener].map { $0[2] } == [1])
      try await scene.stop(listener)
    }

    @Test("attack 9: a replayed handshake gets one RESP and no more in both modes")
    func aReplayedHandshakeGetsOneResponse() async throws {
      let scene = try threeUsers()
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let proxy = try FrameProxy(to: port)
      try await pair(scene, port: proxy.port)
      try await pair(scene, port: proxy.port)
      let replaying = try FrameProxy(to: port)
      for (number, size) in [(0, 1157), (1, 1237)] {
        let recorded = try await proxy.end(connection: number)[.toListener]
        let replay = try RawSocket(connectedTo: replaying.port)
        replay.write(recorded[0])
        let response = try await replaying.frames(1, .toDialler, connection: number)
        #expect(response.map(\.count) == [size])
        replay.write(recorded.dropFirst().reduce([], +))
        // RESP and nothing else until the end.
        #expect(await replay.everything(within: 60) == response[0])
        #expect(try await listener.event("refused", number).text("code") == "E_AUTH")
      }
      try await pair(scene, port: port)
      try await scene.stop(listener)
      #expect(try listener.events.filter { $0.event == "message" }.count == 3)
      #expect(try listener.events.filter { $0.event == "connected" }.count == 3)
    }

    @Test(
      "attack 20: ten dials that somebody kills offer the same as ever, and none falls back to a first contact"
    )
    func killedDialsOfferTheSameAsEver() async throws {
      let scene = try threeUsers()
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      try await pair(scene, port: port)
      // At INIT, at RESP, inside RESP, and at FIN, by an end and by a reset.
      let proxy = try FrameProxy(to: port) { frame in
        let isReset = frame.connection % 2 == 1
        switch (frame.connection % 5, frame.type) {
        case (0, 1), (1, 1), (2, 2), (4, 6): return [isReset ? .reset : .end]
        case (3, 2): return [.forward(Array(frame.bytes.prefix(600))), isReset ? .reset : .end]
        default: return [.forward(frame.bytes)]
        }
      }
      // Side by side, which saves time and changes nothing.
      let senders = try (0..<10).map { number in
        try scene.start(
          [
            "send", "user2", "--users", "users.json", "--as", "user1", "--json", "--to",
            "127.0.0.1:\(proxy.port)",
          ], home: "one", streams: .input(Array("never sent \(number)".utf8)))
      }
      var exits: [RunningProgram.Ending] = []
      for sender in senders {
        exits.append(try await sender.ending())
        #expect(try await sender.event("error").text("code") == "E_CLOSED")
        #expect(try !sender.events.contains { ["connected", "delivered"].contains($0.event) })
      }
      // Up to RESP the key is not proven, behind it the authentication failed.
      #expect(exits.count { $0 == .exited(4) } == 8 && exits.count { $0 == .exited(5) } == 2)
      // Each dialled once, and in mode K with all that it offers.
      #expect(proxy.recorded.count == 10)
      let heads = Set(proxy.recorded.compactMap { $0[.toListener].first.map { Array($0.prefix(20)) } })
      #expect(heads == [[5, 0x22, 1] + Array("SECCHAT".utf8) + [1, 0x4b, 1, 0, 0, 0, 1, 3, 2, 0]])
      #expect(
        proxy.recorded.allSatisfy { $0[.toListener].count == 1 || $0[.toListener].map { $0[2] } == [1, 5] })
      try await pair(scene, port: port)
      try await scene.stop(listener)
      #expect(
        try listener.events.filter { $0.event == "message" }.map { $0.text("text") } == ["paired", "paired"])
    }

    @Test("attack 32: no length that cannot be is answered, and memory does not grow")
    func noLengthThatCannotBeIsAnswered() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let lengths =
        [0xffff, 0, 1, 2] + [82, 130, 466, 514, 1266, 1314, 1650, 1698].flatMap { [$0 - 1, $0 + 1] }
      var times: [Duration] = []
      func knock(_ length: Int, type: UInt8) async throws {
        let socket = try RawSocket(connectedTo: port)
        let begun = ContinuousClock.now
        socket.write([UInt8(length >> 8), UInt8(length & 0xff), type])
        #expect(await socket.everything(within: 60) == [], "\(length) was answered")
        times.append(ContinuousClock.now - begun)
      }
      // What the first connections make the program allocate is not growth.
      for length in lengths { try await knock(length, type: 1) }
      let before = try Self.residentKilobytes(listener)
      for type in [UInt8(1), 2, 3, 5, 0x10, 0xff] {
        for length in lengths { try await knock(length, type: type) }
      }
      times.sort()
      print(
        "odd lengths: closed after \(times[times.count / 2]), the slowest of \(times.count) after \(times.last!)"
      )
      // By the machine in the turn in which the length came (`RecordAttackTests`); here half of them, far above the
      // 100 ms and far below any of the time limits.
      #expect(times[times.count / 2] < .seconds(2))
      // Ten times the megabyte that it may be at most.
      #expect(try Self.residentKilobytes(listener) - before < 10 * 1024)
      try await pair(scene, port: port)
      try await scene.stop(listener)
    }

    /// VmRSS of proc(5).
    private static func residentKilobytes(_ program: RunningProgram) throws -> Int {
      let status = try String(contentsOfFile: "/proc/\(program.processID)/status", encoding: .utf8)
      let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
      return try #require(Int(line.split(separator: " ").dropFirst().first ?? ""))
    }

    @Test("attack 36: a replayed and a made-up handshake of the peer leave its live session alone")
    func aFakeHandshakeLeavesTheLiveSessionAlone() async throws {
      let scene = try threeUsers()
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      try await pair(scene, port: port)
      let proxy = try FrameProxy(to: port)
      let sender = try scene.start(
        "send", "user2", "--users", "users.json", "--as", "user1", "--json", "--lines", "--to",
        "127.0.0.1:\(proxy.port)", home: "one")
      sender.write("before\n")
      _ = try await sender.event("delivered")
      let recorded = try await proxy.frames(2, .toListener)
      for hostile in [recorded[0] + recorded[1], recorded[0].dropLast() + [recorded[0][1315] ^ 1]] {
        let fake = try RawSocket(connectedTo: port)
        fake.write(hostile)
        #expect(await fake.everything(within: 60) != nil)
      }
      #expect(try await listener.event("refused", 1).text("code") == "E_AUTH")
      sender.write("after\n")
      _ = try await sender.event("delivered", 1)
      sender.closeInput()
      let ending = try await sender.ending()
      try scene.expect(ending == .exited(0), "the live session: \(ending)", sender)
      #expect(proxy.recorded.count == 1)
      try await scene.stop(listener)
      #expect(
        try listener.events.filter { $0.event == "message" }.map { $0.text("text") } == [
          "paired", "before", "after",
        ])
    }

    /// Every offset takes a minute: `make deep` sets the variable.
    private static let offsets =
      ProcessInfo.processInfo.environment["SECURE_CHAT_EVERY_OFFSET"] == nil ? [0, 1, 42, 82] : Array(0..<83)

    /// FIN is 83 bytes behind RESP and PAIR2 of 1,157 and 403.
    @Test("attack 31: a first contact whose FIN is cut converges at the next try", arguments: offsets)
    func aCutConfirmationConverges(offset: Int) async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let proxy = try FrameProxy(to: port, FrameProxy.cutting(.toDialler, atByte: 1157 + 403 + offset))
      let cut = try await scene.send("x", port: proxy.port, home: "one")
      try await expectFailed(cut, exit: 5, code: "E_CLOSED", scene, listener)
      // First contact again, and then by key: both hold one pin.
      for number in 0..<2 {
        try await pair(scene, port: port)
        #expect(try await listener.event("connected", number).truth("known") == (number == 1))
      }
      try await scene.stop(listener)
    }

    /// The first four messages of either side, up to its first record.
    @Test(
      "attack 31: whoever is killed with a message of a first contact just sent, the pair converges",
      arguments: [FrameProxy.Direction.toListener, .toDialler], 0..<4)
    func aFirstContactSurvivesEveryKill(direction: FrameProxy.Direction, index: Int) async throws {
      let scene = try Scene()
      var (listener, port) = try await scene.listener(as: "user2", home: "two")
      let victim = Watched<RunningProgram?>(nil)
      let isChosen = DispatchSemaphore(value: 0)
      let proxy = try FrameProxy(to: port) { frame in
        if frame.direction == direction, frame.index == index {
          _ = isChosen.wait(timeout: .now() + 60)
          victim.value?.send(SIGKILL)
        }
        return [.forward(frame.bytes)]
      }
      let sender = try scene.start(
        [
          "send", "user2", "--users", "users.json", "--as", "user1", "--json", "--to",
          "127.0.0.1:\(proxy.port)",
        ],
        home: "one", streams: .pipes)
      victim.change { [listener] in $0 = direction == .toListener ? sender : listener }
      isChosen.signal()
      sender.write("first")
      sender.closeInput()
      _ = try await sender.ending()
      if direction == .toDialler {
        #expect(try await listener.ending() == .signalled(SIGKILL))
        (listener, port) = try await scene.listener(as: "user2", home: "two")
      }
      for _ in 0..<2 { try await pair(scene, port: port) }
      try await scene.stop(listener)
      // What happened is told a moment after it did: all of it when the listener has ended.
      let known = try #require(try listener.events.last { $0.event == "connected" })
      #expect(known.truth("known") == true)
    }
  }
}
