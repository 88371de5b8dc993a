import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite struct Hardening {
    @Test func aRunningProgramDumpsNothingAndHasManyDescriptors() async throws {
      let scene = try Scene()
      let (listener, _) = try await scene.listener(as: "user2")
      let limits = try String(contentsOfFile: "/proc/\(listener.processID)/limits", encoding: .utf8)
      let core = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") })
      #expect(core.split(separator: " ").dropFirst(4).prefix(2) == ["0", "0"])
      let files = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max open files") })
      let numbers = files.split(separator: " ").dropFirst(3).prefix(2)
      #expect(numbers.first == numbers.last)
      try await scene.stop(listener)
    }

    @Test(arguments: [SIGSEGV, SIGABRT, SIGILL, SIGTRAP])
    func aCrashSaysNothingAboutTheMemory(signal: Int32) async throws {
      let scene = try Scene()
      let (listener, _) = try await scene.listener(as: "user2")
      // The scene asks Swift's runtime for a backtrace; the program takes that back for itself.
      listener.send(signal)
      let ending = try await listener.ending()
      try scene.expect(ending == .signalled(signal), "\(signal): \(ending)", listener)
      let said = listener.errors.text + listener.output.text
      for word in ["Backtrace", "Registers", "Thread 0", "Crash", "rip "] { #expect(!said.contains(word)) }
    }

    @Test func everyFileOfAHomeIsItsOwnersAlone() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2")
      let sender = try await scene.send("hello", port: port)
      #expect(try await sender.ending() == .exited(0))
      try await scene.stop(listener)
      let files = scene.folder.allFiles.filter { $0.hasPrefix("home/") }
      #expect(files.contains("home/profiles/user1/identity"))
      #expect(files.contains("home/profiles/user2/contacts/user1"))
      for file in files {
        #expect(try scene.folder.mode(of: file) == 0o600, "\(file)")
        var folder = (file as NSString).deletingLastPathComponent
        while !folder.isEmpty {
          #expect(try scene.folder.mode(of: folder) == 0o700, "\(folder)")
          folder = (folder as NSString).deletingLastPathComponent
        }
      }
      // No file holds the password or the text.
      for file in files {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: scene.folder.file(file)))
        #expect(bytes.range(of: Data("password2".utf8)) == nil, "\(file)")
        #expect(bytes.range(of: Data("hello".utf8)) == nil, "\(file)")
      }
    }

    @Test func anIdentityThatOthersCanReadIsRefused() async throws {
      let scene = try Scene()
      let made = try await scene.run("id", "--users", "users.json", "--as", "user1")
      try scene.expect(made.exit == .exited(0), "id: \(made.exit)")
      let identity = scene.folder.file("home/profiles/user1/identity")
      try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: identity)
      let refused = try await scene.run("id", "--users", "users.json", "--as", "user1")
      try scene.expect(refused.exit == .exited(1), "a readable identity: \(refused.exit)")
      #expect(refused.errors.contains("chmod 600"))
    }

    @Test func aDamagedIdentityIsNeverReplaced() async throws {
      let scene = try Scene()
      _ = try await scene.run("id", "--users", "users.json", "--as", "user1")
      let identity = scene.folder.file("home/profiles/user1/identity")
      var bytes = try Data(contentsOf: URL(fileURLWithPath: identity))
      bytes[bytes.count / 2] ^= 1
      try scene.folder.write(String(decoding: bytes, as: UTF8.self), to: "home/profiles/user1/identity")
      let refused = try await scene.run("id", "--users", "users.json", "--as", "user1")
      try scene.expect(refused.exit == .exited(1), "a damaged identity: \(refused.exit)")
      #expect(try Data(contentsOf: URL(fileURLWithPath: identity)) == bytes)
    }

    @Test func theDemonstrationRunsToItsEnd() async throws {
      let scene = try Scene()
      let demonstration = try scene.start("demo", streams: .input([]))
      let ending = try await demonstration.ending(within: 120)
      try scene.expect(ending == .exited(0), "demo: \(ending)", demonstration)
    }

    @Test func theLogsAreCheckedAndShownByTheirTool() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2")
      let sender = try await scene.send("evil \u{1b}[2J text\n", port: port)
      #expect(try await sender.ending() == .exited(0))
      try await scene.stop(listener)
      let log = try #require(scene.logs(of: "user2").first)
      let whole = try await scene.check("verify", log)
      try scene.expect(whole.exit == .exited(0), "verify: \(whole)")
      #expect(whole.output.hasPrefix("VERIFIED"))
      let shown = try await scene.check("show", log)
      #expect(shown.exit == .exited(0))
      #expect(shown.output.contains("evil \\x1b[2J text"))
      #expect(!shown.output.contains("\u{1b}[2J"))

      var bytes = try Data(contentsOf: URL(fileURLWithPath: log))
      let second = try #require(bytes.firstIndex(of: 0x0A)) + 20
      bytes[second] ^= 1
      try bytes.write(to: URL(fileURLWithPath: log))
      let tampered = try await scene.check("verify", log, "--json")
      try scene.expect(tampered.exit == .exited(1), "verify: \(tampered)")
      let verdict = try JSONLine(String(tampered.output.split(separator: "\n").first ?? ""))
      #expect(verdict.text("verdict") == "tampered")
      #expect(verdict.number("record") == 1)
    }
  }
}
