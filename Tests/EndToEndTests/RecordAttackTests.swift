import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// The attacks of the protocol on the records of a session, against the built programs.
  ///
  /// In a first contact with three texts the dialler sends INIT, PAIR1, AUTH, SYNC, three texts and CLOSE,
  /// the listener RESP, PAIR2, FIN, SYNC, acknowledgements and CLOSE.
  @Suite struct RecordAttacks {
    struct Attack: Sendable, CustomTestStringConvertible {
      let testDescription: String
      /// What the dialler is told.
      let code: String
      let shown: [String]
      let script: FrameProxy.Script

      init(_ name: String, _ code: String, shows shown: [String] = [], _ script: @escaping FrameProxy.Script)
      {
        (testDescription, self.code, self.shown, self.script) = (name, code, shown, script)
      }
    }

    /// Sends three texts through the middle; returns both programs after the dialler's end.
    private func threeTexts(
      _ scene: Scene, _ script: @escaping FrameProxy.Script
    ) async throws -> (listener: RunningProgram, port: Int, sender: RunningProgram, proxy: FrameProxy) {
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let proxy = try FrameProxy(to: port, script)
      let sender = try await scene.send("one\ntwo\nthree\n", port: proxy.port, home: "one", "--lines")
      return (listener, port, sender, proxy)
    }

    private func texts(_ listener: RunningProgram) throws -> [String?] {
      try listener.events.filter { $0.event == "message" }.map { $0.text("text") }
    }

    private func expectStopped(_ attack: Attack) async throws {
      let scene = try Scene()
      let (listener, port, sender, _) = try await threeTexts(scene, attack.script)
      let ending = try await sender.ending()
      try scene.expect(ending == .exited(1), "\(attack.testDescription): \(ending)", sender)
      #expect(try await sender.event("error").text("code") == attack.code)
      let closed = try await listener.event("closed")
      #expect(closed.text("reason") == "error")
      #expect(try texts(listener) == attack.shown)
      // It serves on.
      let good = try await scene.send("good", port: port, home: "one")
      let served = try await good.ending()
      try scene.expect(served == .exited(0), "the good peer: \(served)")
      #expect(try texts(listener) == attack.shown + ["good"])
      try await scene.stop(listener)
    }

    /// The listener gets one of its own frames in place of one of the dialler's.
    private static func reflecting(_ own: Int, inPlaceOf index: Int) -> FrameProxy.Script {
      let reflected = Watched<[UInt8]>([])
      return { frame in
        if frame.direction == .toDialler, frame.index == own { reflected.change { $0 = frame.bytes } }
        return [
          .forward(frame.direction == .toListener && frame.index == index ? reflected.value : frame.bytes)
        ]
      }
    }

    static let oddRecords = [
      Attack("a text twice", "E_ALERT", shows: ["one"], FrameProxy.doubling(.toListener, 4)),
      Attack("two texts swapped", "E_ALERT", FrameProxy.swapping(.toListener, 4)),
      Attack("a text dropped", "E_ALERT", FrameProxy.dropping(.toListener, 4)),
      Attack("SYNC of the listener twice", "E_MAC", FrameProxy.doubling(.toDialler, 3)),
      Attack("the listener's own SYNC in place of a text", "E_ALERT", reflecting(3, inPlaceOf: 4)),
    ]

    @Test(
      "attack 10: records repeated, swapped, dropped and of the other direction are refused",
      arguments: oddRecords)
    func oddRecordsAreRefused(attack: Attack) async throws { try await expectStopped(attack) }

    @Test("attack 10: a record of another session is refused")
    func aRecordOfAnotherSessionIsRefused() async throws {
      let scene = try Scene()
      let (listener, port, first, proxy) = try await threeTexts(scene, FrameProxy.passing)
      let paired = try await first.ending()
      try scene.expect(paired == .exited(0), "the first session: \(paired)", first)
      let text = try await proxy.end()[.toListener][4]
      // A dial by key: INIT, AUTH, SYNC, and then the text.
      let replaying = try FrameProxy(to: port, FrameProxy.editing(.toListener, 3) { _ in text })
      let sender = try await scene.send("four", port: replaying.port, home: "one")
      let ending = try await sender.ending()
      try scene.expect(ending == .exited(1), "a record of the other session: \(ending)", sender)
      #expect(try await sender.event("error").text("code") == "E_ALERT")
      #expect(try await listener.event("closed", 1).text("reason") == "error")
      #expect(try texts(listener) == ["one", "two", "three"])
      try await scene.stop(listener)
    }

    /// The keys that a killed program had are gone with it: a dial begins anew, whatever was under way.
    @Test("attack 14: whoever is killed in mid-conversation, with every cipher, no ciphertext comes twice")
    func nothingOnTheWireComesTwiceAfterAKill() async throws {
      let scene = try Scene()
      var (listener, port) = try await scene.listener(as: "user2", home: "two")
      var proxies = [try FrameProxy(to: port)]
      let line = String(repeating: "the same text ", count: 20)
      func talk(_ cipher: String) async throws -> RunningProgram {
        let sender = try scene.start(
          [
            "send", "user2", "--users", "users.json", "--as", "user1", "--json", "--lines", "--ciphers",
            cipher,
            "--to", "127.0.0.1:\(proxies[proxies.count - 1].port)",
          ], home: "one")
        sender.write(String(repeating: line + "\n", count: 40))
        _ = try await sender.event("delivered", 9)
        return sender
      }
      for cipher in ["aes256-cbc-hmac-crc32", "aes256-gcm", "xchacha20-poly1305"] {
        let sender = try await talk(cipher)
        sender.send(SIGKILL)
        #expect(try await sender.ending() == .signalled(SIGKILL))
      }
      // Now the listener: with the dialler, so that nobody dials again before it is back.
      for cipher in ["aes256-cbc-hmac-crc32", "aes256-gcm"] {
        let sender = try await talk(cipher)
        for program in [listener, sender] { program.send(SIGKILL) }
        for program in [listener, sender] {
          #expect(try await program.ending() == .signalled(SIGKILL))
        }
        (listener, port) = try await scene.listener(as: "user2", home: "two")
        proxies.append(try FrameProxy(to: port))
      }
      let last = try await talk("aes256-cbc-hmac-crc32")
      last.closeInput()
      let ending = try await last.ending()
      try scene.expect(ending == .exited(0), "the last conversation: \(ending)", last)
      try await scene.stop(listener)

      let connections = proxies.flatMap(\.recorded)
      #expect(connections.count == 6)
      // The first is a first contact; of each the dialler's and the listener's challenge and share.
      var fresh: [[UInt8]] = []
      var blocks: [[UInt8]] = []
      for connection in connections {
        let (offer, answer) = (
          try #require(connection[.toListener].first), try #require(connection[.toDialler].first)
        )
        fresh += [offer[20..<52], offer[52..<84], answer[5..<37], answer[37..<69]].map(Array.init)
        for record in connection[.toListener] + connection[.toDialler] where record[2] == 0x10 {
          for start in stride(from: 3, through: record.count - 16, by: 16) {
            blocks.append(Array(record[start..<start + 16]))
          }
        }
      }
      #expect(fresh.count == 24 && Set(fresh).count == fresh.count)
      // Ten texts at least in each, of 22 blocks and more.
      #expect(blocks.count > 6 * 10 * 22)
      #expect(Set(blocks).count == blocks.count, "a block of ciphertext came twice")
    }

    private static let bits: [(name: String, bit: Int, code: String)] = [
      ("the length", 0, "E_PROTO"), ("the type", 19, "E_PROTO"), ("the ciphertext", 800, "E_MAC"),
      ("the tag", 2327, "E_MAC"),
    ]

    static let flips: [Attack] = bits.flatMap { name, bit, code -> [Attack] in
      let flip: @Sendable ([UInt8]) -> [UInt8] = { bytes in
        var bytes = bytes
        bytes[bit / 8] ^= UInt8(1 << (bit % 8))
        return bytes
      }
      return [
        Attack("a bit of \(name), to the dialler", code, FrameProxy.editing(.toDialler, 3, flip)),
        Attack("a bit of \(name), to the listener", "E_ALERT", FrameProxy.editing(.toListener, 4, flip)),
      ]
    }

    @Test("attack 11: a flipped bit of length, type, ciphertext or tag is refused", arguments: flips)
    func aFlippedBitIsRefused(attack: Attack) async throws { try await expectStopped(attack) }

    enum Cut: CaseIterable { case betweenRecords, inARecord, byReset }

    @Test(
      "attack 16: a cut is TRUNCATED with the right count, and the next connection brings the rest once",
      arguments: Cut.allCases)
    func aCutIsTruncatedAndTheRestComesOnce(cut: Cut) async throws {
      let scene = try Scene()
      let (listener, _, sender, _) = try await threeTexts(scene) { frame in
        guard frame.connection == 0, frame.direction == .toListener, frame.index == 5 else {
          return [.forward(frame.bytes)]
        }
        switch cut {
        case .betweenRecords: return [.end]
        case .inARecord: return [.forward(Array(frame.bytes.prefix(100))), .end]
        case .byReset: return [.reset]
        }
      }
      let closed = try await listener.event("closed")
      #expect(closed.truth("truncated") == true)
      #expect(closed.text("reason") == "truncated")
      // With a reset what came before may be lost, too.
      if cut != .byReset { #expect(closed.number("received") == 1) }
      let ending = try await sender.ending()
      try scene.expect(ending == .exited(0), "after the cut: \(ending)", sender)
      #expect(try await sender.event("closed").truth("truncated") == true)
      #expect(try await listener.event("closed", 1).truth("truncated") == false)
      #expect(try texts(listener) == ["one", "two", "three"])
      try await scene.stop(listener)
    }

    @Test("attack 16: a CLOSE that is swallowed is TRUNCATED on both sides")
    func aSwallowedCloseIsTruncated() async throws {
      let scene = try Scene()
      let (listener, _, sender, _) = try await threeTexts(scene, FrameProxy.dropping(.toListener, 7))
      let ending = try await sender.ending()
      // Every text was acknowledged, and that is what the exit code of `send` says.
      try scene.expect(ending == .exited(0), "without an answer to its CLOSE: \(ending)", sender)
      #expect(try await sender.event("closed").truth("truncated") == true)
      let closed = try await listener.event("closed")
      #expect(closed.truth("truncated") == true)
      #expect(closed.number("received") == 3)
      #expect(try texts(listener) == ["one", "two", "three"])
      try await scene.stop(listener)
    }
  }
}
