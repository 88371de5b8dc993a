import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Two network namespaces joined by a virtual cable: two machines as far as the network knows.
  @Suite struct TwoMachines {
    @Test func theSameFileOnBothWithTheirAddressesIsAllThatIsNeeded() async throws {
      guard geteuid() == 0, let cable = try await Cable() else {
        return print("skipped: two machines need root and ip(8) with network namespaces")
      }
      let users = """
        [ {"username": "alice", "password": "a long one", "ip": "\(cable.addresses.0)", "port": 5000},
          {"username": "bob", "password": "another long one", "ip": "\(cable.addresses.1)", "port": 5000} ]
        """
      let scene = try Scene(users: users)
      let program = try Program.path("secure_chat")
      func onMachine(_ name: String, _ home: String, _ arguments: [String], _ streams: RunningProgram.Streams)
        throws
        -> RunningProgram
      {
        try RunningProgram(
          cable.ip, ["netns", "exec", name, program] + arguments,
          environment: [
            "PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": scene.folder.path, "TERM": "xterm",
            "NO_COLOR": "1",
            "SECURE_CHAT_HOME": scene.folder.file(home),
          ],
          folder: scene.folder.path, streams: streams, name: home)
      }
      let bob = try onMachine(
        cable.names.1, "bob", ["listen", "--users", "users.json", "--as", "bob"], .terminal(columns: 100))
      // Not on loopback: it says where others can reach it.
      try await bob.shows("\(cable.addresses.1):5000")
      #expect(!bob.output.text.contains("only this computer can reach you"))
      let alice = try onMachine(
        cable.names.0, "alice", ["chat", "bob", "--users", "users.json", "--as", "alice"],
        .terminal(columns: 100))
      try await alice.shows("Connected to bob")
      alice.write("over the cable\r")
      try await bob.shows("alice  over the cable")
      try await alice.shows("logged by bob")
      bob.write("and back\r")
      try await alice.shows("bob  and back")
      alice.write("exit\r")
      let ending = try await alice.ending()
      #expect(ending == .exited(0), "\(alice.transcript)")
      bob.write("/quit\r")
      #expect(try await bob.ending() == .exited(0), "\(bob.transcript)")
    }

    @Test func aPeerPinnedAsAProfileOfThisHomeHasItsOwnSentence() async throws {
      let scene = try Scene()
      // Both users were tried on this computer; then the real user2 answers elsewhere.
      let (local, localPort) = try await scene.listener(as: "user2")
      let first = try await scene.send("hello", port: localPort)
      #expect(try await first.ending() == .exited(0))
      try await scene.stop(local)
      let (real, port) = try await scene.listener(as: "user2", home: "another machine")
      let second = try await scene.send("hello", port: port)
      let ending = try await second.ending()
      try scene.expect(ending == .exited(4), "the other user2: \(ending)")
      #expect(second.output.text.contains("the user2 you know is the one on this computer"))
      try await scene.stop(real)
    }
  }
}

/// Two network namespaces and the pair of virtual interfaces between them, gone with the value.
private final class Cable: Sendable {
  let ip: String
  let names: (String, String)
  let addresses = ("10.77.0.1", "10.77.0.2")

  init?() async throws {
    guard
      let ip = ["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip"].first(where: FileManager.default.isExecutableFile)
    else { return nil }
    self.ip = ip
    let unique = String(UInt32.random(in: .min ... .max), radix: 16)
    names = ("sc-a-" + unique, "sc-b-" + unique)
    let (left, right) = ("va" + unique, "vb" + unique)
    guard try await run("netns", "add", names.0) else { return nil }
    for arguments in [
      ["netns", "add", names.1],
      ["link", "add", left, "netns", names.0, "type", "veth", "peer", "name", right, "netns", names.1],
      ["-n", names.0, "addr", "add", addresses.0 + "/24", "dev", left],
      ["-n", names.1, "addr", "add", addresses.1 + "/24", "dev", right],
      ["-n", names.0, "link", "set", left, "up"], ["-n", names.1, "link", "set", right, "up"],
      ["-n", names.0, "link", "set", "lo", "up"], ["-n", names.1, "link", "set", "lo", "up"],
    ] {
      guard try await run(arguments) else { return nil }
    }
  }

  deinit {
    for name in [names.0, names.1] {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: ip)
      process.arguments = ["netns", "del", name]
      process.standardError = nil
      try? process.run()
      process.waitUntilExit()
    }
  }

  private func run(_ arguments: String...) async throws -> Bool { try await run(arguments) }

  private func run(_ arguments: [String]) async throws -> Bool {
    let running = try RunningProgram(ip, arguments, environment: [:], folder: "/")
    return try await running.ending() == .exited(0)
  }
}
