import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// What a relay's operator, or a thief of its machine, finds.
  @Suite struct RelayBlind {
    /// The public keys of a user, as everybody who knows the user has them: they say who is in a group.
    private func publicKeys(_ scene: Scene, home: String, user: String) async throws -> [Sought] {
      let id = try await scene.run("id", "--as", user, "--json", home: home)
      let line = try #require(id.output.split(separator: "\n").first)
      let text = try #require(try JSONLine(String(line)).text("profile"))
      let padded = text.replacing("-", with: "+").replacing("_", with: "/")
      let data = try #require(
        Data(base64Encoded: padded + String(repeating: "=", count: (4 - padded.count % 4) % 4)))
      let bytes = [UInt8](data)
      #expect(bytes.count == 193)
      return [
        Sought("\(user)'s agreement key", Array(bytes[1..<33])),
        Sought("\(user)'s identity key", Array(bytes[33..<65])),
      ]
    }

    @Test func neitherTextNorNameNorMemberNorKeyIsInTheMemoryOrOnTheDiskOfARelay() async throws {
      let (first, second) = ("ursula-kiln", "viktor-orbit")
      let scene = try Scene(
        users: """
          [ {"username": "\(first)", "password": "p-velvet-1", "ip": "127.0.0.1", "port": \(FreePort.next())},
            {"username": "\(second)", "password": "p-velvet-2", "ip": "127.0.0.1", "port": \(FreePort.next())} ]
          """)
      let relay = try scene.start("relay", "--listen", "127.0.0.1:0", "--json", home: "relay")
      let address = "127.0.0.1:\(try #require(try await relay.event("listening").number("port")))"
      func start(_ user: String, home: String, _ arguments: String...) throws -> RunningProgram {
        try scene.start(
          arguments + ["--users", "users.json", "--as", user, "--relay", address, "--json"], home: home)
      }
      let invitee = try start(second, home: "two", "listen")
      _ = try await invitee.event("listening")
      let made = try start(first, home: "one", "group", "create", "cactus-target", second)
      let ending = try await made.ending()
      try scene.expect(ending == .exited(0), "group create: \(ending)", made)
      // Whom a busy machine did not reach in time is invited while the inviter is there.
      let writer = try start(first, home: "one", "join", "cactus-target", "--lines")
      _ = try await invitee.event("invited")
      try await scene.stop(invitee)
      let reader = try start(second, home: "two", "join", "cactus-target", "--lines")
      _ = try await writer.event("group_connected")
      _ = try await reader.event("group_connected")
      let text = "the hammer falls on maple street"
      writer.write(text + "\n")
      let message = try await reader.event("message")
      #expect(message.text("text") == text)

      var sought = [
        Sought("the text", Array(text.utf8)), Sought("the group's name", Array("cactus-target".utf8)),
        Sought("the first name", Array(first.utf8)), Sought("the second name", Array(second.utf8)),
      ]
      sought += try await publicKeys(scene, home: "one", user: first)
      sought += try await publicKeys(scene, home: "two", user: second)
      if let found = try ProgramMemory(of: relay.processID).found(sought) {
        for hit in found { Issue.record("\(hit.name) in the relay's memory, \(hit.mapping)") }
      }
      // What is looked for can be found: in whoever reads it.
      if let found = try ProgramMemory(of: reader.processID).found(sought) {
        for name in sought.map(\.name) {
          #expect(found.contains { $0.name == name }, "\(name) stands in a member's memory")
        }
      }
      try await scene.stop(writer)
      try await scene.stop(reader)
      try await scene.stop(relay)
      var byteCount = 0
      for file in scene.folder.allFiles where file.hasPrefix("relay/") {
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: scene.folder.file(file))))
        byteCount += bytes.count
        for one in sought { #expect(!one.isIn(bytes), "\(one.name) in \(file)") }
      }
      #expect(byteCount > 4096, "the relay keeps what it is given")
      for one in sought {
        #expect(!one.isIn(relay.output.bytes + relay.errors.bytes), "\(one.name) was printed by the relay")
      }
      let folder = "two/profiles/\(second)/groups"
      let rows = scene.folder.allFiles.filter { $0.hasPrefix(folder) }
      #expect(!rows.isEmpty)
      for file in rows {
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: scene.folder.file(file))))
        for one in sought { #expect(!one.isIn(bytes), "\(one.name) in \(file)") }
      }
    }
  }
}
