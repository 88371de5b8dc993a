import Foundation
import TestSupport
import Testing
import Wire

extension EndToEnd {
  /// Where a password or a key must not stand: looked for in everything that others could come to read.
  @Suite struct SecretsAtRest {
    /// The private keys of a user, as the identity file holds them.
    private func keys(_ scene: Scene, home: String, user: String) throws -> [Sought] {
      let text = try String(
        contentsOfFile: scene.folder.file("\(home)/profiles/\(user)/identity"), encoding: .utf8)
      let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("plain ") })
      let bytes = try #require(HexBytes.parse(String(line.dropFirst("plain ".count))))
      #expect(bytes.count == 96)
      return [
        Sought("\(user)'s agreement key", Array(bytes[0..<32])),
        Sought("\(user)'s signing seed", Array(bytes[32..<64])),
        Sought("\(user)'s guess key", Array(bytes[64..<96])),
      ]
    }

    @Test(
      "attack 45: neither password nor key stands in logs, arguments, environment, capture or common memory")
    func noSecretStandsWhereOthersRead() async throws {
      let password = "kiln-orbit-velvet-9431"
      let users = """
        [ {"username": "user1", "password": "another one", "ip": "127.0.0.1", "port": \(FreePort.next())},
          {"username": "user2", "password": "\(password)", "ip": "127.0.0.1", "port": \(FreePort.next())} ]
        """
      let scene = try Scene(users: users)
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let proxy = try FrameProxy(to: port)
      let sender = try scene.start(
        "send", "user2", "--users", "users.json", "--as", "user1", "--json", "--lines", "--to",
        "127.0.0.1:\(proxy.port)", home: "one")
      sender.write("a text of the conversation\n")
      _ = try await sender.event("delivered")
      let secrets = [Sought("the password", Array(password.utf8))]
      let keys =
        try self.keys(scene, home: "one", user: "user1") + self.keys(scene, home: "two", user: "user2")

      for program in [sender, listener] {
        for place in ["cmdline", "environ"] {
          let path = "/proc/\(program.processID)/\(place)"
          guard let bytes = try? readToEnd(path) else {
            // Who may not look at the program's memory may not read its environment either.
            #expect(place == "environ")
            continue
          }
          #expect(!bytes.isEmpty)
          for sought in secrets + keys { #expect(!sought.isIn(bytes), "\(sought.name) in \(place)") }
        }
        guard let found = try ProgramMemory(of: program.processID).found(secrets + keys) else { continue }
        for hit in found where !hit.isGuarded { Issue.record("\(hit.name) in memory, \(hit.mapping)") }
        // What is looked for can be found: the keys are there, where they belong.
        #expect(found.count >= 2)
      }
      sender.closeInput()
      let ending = try await sender.ending()
      try scene.expect(ending == .exited(0), "send: \(ending)", sender)
      try await scene.stop(listener)

      let capture = try await proxy.end()
      let wire = capture[.toListener].reduce([], +) + capture[.toDialler].reduce([], +)
      #expect(wire.count > 3381)
      let text = Sought("the text", Array("a text of the conversation".utf8))
      for sought in secrets + keys + [text] { #expect(!sought.isIn(wire), "\(sought.name) on the wire") }
      var logs = 0
      for file in scene.folder.allFiles where file != "users.json" {
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: scene.folder.file(file))))
        if file.hasSuffix(".sclog") { logs += 1 }
        for sought in secrets + [text] { #expect(!sought.isIn(bytes), "\(sought.name) in \(file)") }
        guard !file.hasSuffix("/identity") else { continue }
        for sought in keys { #expect(!sought.isIn(bytes), "\(sought.name) in \(file)") }
      }
      #expect(logs == 2)
      for program in [sender, listener] {
        for sought in secrets + keys {
          #expect(!sought.isIn(program.output.bytes + program.errors.bytes), "\(sought.name) was printed")
        }
      }
    }

    /// The keys of a session are known to a peer that is made by hand; they are looked for in the listening
    /// program while the session lives, after its end, and in everything that stays.
    @Test(
      "attack 45: no key of a session or a record stands in files, output or common memory, and no old one in any"
    )
    func noKeyOfASessionStaysAnywhere() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let first = try await scene.send("met", port: port, home: "one")
      let ending = try await first.ending()
      try scene.expect(ending == .exited(0), "the first contact: \(ending)", first)

      let stolen = try StolenKeys(of: "user1", contact: "user2", home: "one", scene)
      let caller = try await HandmadeCaller(stolen, port: port)
      for number in 1...3 {
        try caller.sendText("text \(number)", writtenAt: UnixTime(milliseconds: 1_795_176_000_000))
        try await caller.acknowledgement(of: UInt64(number))
      }
      // SYNC and three texts; SYNC and what was read until the last acknowledgement.
      var sending = DirectionKeys(of: "the caller", chain: caller.sendingKey)
      var receiving = DirectionKeys(of: "the listener", chain: caller.receivingKey)
      sending.advance(records: 4)
      receiving.advance(records: caller.recordsRead)
      let old = (sending.used + receiving.used).map { Sought($0.name, $0.key) }
      let live = [
        Sought("RK", caller.exported("root")), Sought("the exporter", caller.exported("exporter")),
        Sought("the caller's chain key", sending.chain), Sought("the listener's chain key", receiving.chain),
      ]
      // It stands wrapped in the log's header; the library that wraps it may keep a copy.
      let witness = Sought("K_wit", caller.exported("log"))
      let memory = ProgramMemory(of: listener.processID)
      if let found = try memory.found((old + live).map(\.raw)) {
        for hit in found where !hit.isGuarded || !live.contains(where: { $0.name == hit.name }) {
          Issue.record("\(hit.name) in \(hit.mapping)")
        }
        for sought in [live[0], live[2]] {
          #expect(found.contains { $0.name == sought.name }, "\(sought.name) can be found where it belongs")
        }
      }

      try await caller.close(sent: 3, received: 0)
      _ = try await listener.event("closed", 1)
      // The event may be read before the session is let go.
      var left = try memory.found((old + live).map(\.raw)) ?? []
      for _ in 0..<300 where !left.isEmpty {
        try await Task.sleep(for: .milliseconds(100))
        left = try memory.found((old + live).map(\.raw)) ?? []
      }
      for hit in left { Issue.record("\(hit.name) after the session, in \(hit.mapping)") }
      try await scene.stop(listener)
      for file in scene.folder.allFiles {
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: scene.folder.file(file))))
        for sought in old + live + [witness] { #expect(!sought.isIn(bytes), "\(sought.name) in \(file)") }
      }
      for sought in old + live {
        #expect(!sought.isIn(listener.output.bytes + listener.errors.bytes), "\(sought.name) was printed")
      }
    }
  }
}
