import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// What stands around the conversations: `doctor`, `completion`.
  @Suite struct Tools {
    private func checks(_ scene: Scene, _ arguments: String...) async throws -> (
      exit: RunningProgram.Ending, results: [String: JSONLine], last: JSONLine?
    ) {
      let running = try scene.start(["doctor", "--json"] + arguments)
      let ending = try await running.ending()
      var results: [String: JSONLine] = [:]
      for event in try running.events where event.text("event") == "check" {
        results[event.text("name") ?? ""] = event
      }
      return (ending, results, try running.events.last)
    }

    @Test func theDoctorTalksWithItselfAndLeavesNothingBehind() async throws {
      let scene = try Scene()
      let before = scene.folder.allFiles
      let (ending, results, last) = try await checks(scene, "--users", "users.json", "--as", "user1")
      try scene.expect(ending == .exited(0), "doctor: \(ending)")
      #expect(last?.text("event") == "doctor" && last?.number("failed") == 0)
      for name in [
        "libraries", "process", "descriptors", "clock", "home", "profiles", "logs", "conversation",
      ] {
        #expect(results[name]?.text("result") == "ok", "\(name)")
      }
      #expect(results["conversation"]?.text("message")?.contains("acknowledged") == true)
      #expect(scene.folder.allFiles == before)
    }

    @Test func theDoctorNamesTheCommandForWhatOthersCanReach() async throws {
      let scene = try Scene()
      _ = try await scene.run("id", "--users", "users.json", "--as", "user1")
      let identity = scene.folder.file("home/profiles/user1/identity")
      try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: identity)
      let (ending, results, last) = try await checks(scene)
      try scene.expect(ending == .exited(1), "a readable identity: \(ending)")
      #expect(results["profiles"]?.text("result") == "failed")
      #expect(results["profiles"]?.text("hint") == "chmod 600 \(identity)")
      #expect(last?.number("failed") == 1)
      #expect(try scene.folder.mode(of: "home/profiles/user1/identity") == 0o644)
    }

    @Test func theDoctorSaysWhatIsWrongWithAUsersFileAndAPortInUse() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2")
      try scene.folder.write(
        #"[{"username":"user2","password":"p","ip":"127.0.0.1","port":\#(port)}]"#, to: "taken.json")
      let taken = try await checks(scene, "--users", "taken.json", "--as", "user2")
      try scene.expect(taken.exit == .exited(0), "a port in use: \(taken.exit)")
      #expect(taken.results["listen"]?.text("result") == "warning")
      try await scene.stop(listener)
      try scene.folder.write("[{]", to: "broken.json")
      let broken = try await checks(scene, "--users", "broken.json")
      try scene.expect(broken.exit == .exited(1), "a broken users file: \(broken.exit)")
      #expect(broken.results["users file"]?.text("result") == "failed")
      #expect(broken.results["users file"]?.text("message")?.contains("line 1") == true)
    }

    /// Runs a shell script in the scene's folder, with our programs first in its path.
    private func shell(
      _ script: String, in scene: Scene
    ) async throws -> (exit: RunningProgram.Ending, output: String) {
      let programs = (try Program.path("secure_chat") as NSString).deletingLastPathComponent
      let running = try RunningProgram(
        "/bin/bash", ["-c", script], environment: ["PATH": programs + ":/usr/bin:/bin", "LANG": "C.UTF-8"],
        folder: scene.folder.path)
      let ending = try await running.ending()
      return (ending, running.output.text)
    }

    @Test(arguments: ["secure_chat", "secure_chat_log"])
    func aFullDiskIsToldOfAScriptAndOfHelp(program: String) async throws {
      let scene = try Scene()
      for words in ["completion bash", "help", "--version"] {
        let made = try await shell("\(program) \(words) 2>&1 > /dev/full", in: scene)
        try scene.expect(made.exit == .exited(program == "secure_chat" ? 1 : 5), "\(words): \(made)")
        #expect(made.output.contains("standard output cannot be written"), "\(words)")
      }
    }

    @Test(arguments: ["secure_chat", "secure_chat_log"])
    func everyShellReadsItsCompletionScript(program: String) async throws {
      let scene = try Scene()
      for name in ["bash", "zsh", "fish"] {
        let made = try await shell("\(program) completion \(name) > \(name).script", in: scene)
        try scene.expect(made.exit == .exited(0), "completion \(name): \(made.exit)")
        let script = try String(contentsOfFile: scene.folder.file("\(name).script"), encoding: .utf8)
        #expect(script.contains("_\(program)"))
        guard ["/bin/", "/usr/bin/"].contains(where: { FileManager.default.fileExists(atPath: $0 + name) })
        else { continue }
        let read = try await shell("\(name) -n \(name).script", in: scene)
        try scene.expect(read.exit == .exited(0), "\(name) -n: \(read.exit)")
      }
    }

    @Test func theTabKeyOffersCommandsAndTheUsersOfTheFile() async throws {
      let scene = try Scene(
        users: """
          [ {"username": "user1", "password": "p1", "ip": "127.0.0.1", "port": 1},
            {"username": "user2", "password": "p2", "ip": "127.0.0.1", "port": 2},
            {"username": "$(touch expanded)", "password": "p3", "ip": "127.0.0.1", "port": 3} ]
          """)
      let script = """
        source <(secure_chat completion bash)
        offer() {
          COMPREPLY=() COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_TYPE=9
          COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
          _secure_chat "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
          echo "${COMPREPLY[*]}"
        }
        offer secure_chat ver
        offer secure_chat chat --users users.json us
        offer secure_chat chat --users users.json --as ''
        """
      let offered = try await shell(script, in: scene)
      try scene.expect(offered.exit == .exited(0), "completion: \(offered.exit)")
      #expect(offered.output == "verify version\nuser1 user2\nuser1 user2\n")
      #expect(!scene.folder.allFiles.contains("expanded"))
    }

    @Test func verboseNamesEveryStepOnBothSides() async throws {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2", home: "home", "-v")
      let sender = try await scene.send("one", port: port, "-v")
      try scene.expect(try await sender.ending() == .exited(0), "send -v", sender, listener)
      _ = try await listener.event("closed")
      func steps(_ program: RunningProgram) throws -> Set<String> {
        Set(
          try program.events.filter { $0.text("event") == "step" }.map {
            ($0.text("dir") ?? "") + " " + ($0.text("name") ?? "")
          })
      }
      let common: Set = [
        "out hello", "in hello", "out challenge", "in challenge", "out response", "in response",
        "out AES-256-CBC", "out Diffie-Hellman (x25519-mlkem768)", "in HMAC ok", "in CRC32 ok",
      ]
      for program in [sender, listener] {
        let missing = common.subtracting(try steps(program))
        try scene.expect(missing.isEmpty, "no step \(missing)", program)
      }
      try await scene.stop(listener)
    }

    @Test func detailsAndStatusAreToldAtATerminal() async throws {
      let scene = try Scene()
      let listener = try scene.person(
        "listen", "--users", "users.json", "--as", "user2", "--port", "0", "-v", name: "user2")
      var seen = try await listener.shows("user2> ")
      listener.write("status user1\r")
      seen = try await listener.shows("user1  not connected, no contact yet", after: seen)
      listener.write("2 nobody\r")
      seen = try await listener.shows("Nobody is known as nobody.", after: seen)
      let place = try #require(listener.output.text.firstMatch(of: /listening on 127\.0\.0\.1:(\d+)/))
      let caller = try scene.person(
        "chat", "user2", "--users", "users.json", "--as", "user1", "--to", "127.0.0.1:\(place.1)",
        name: "user1")
      try await caller.shows("user1>user2  ")
      caller.write("hello\r")
      seen = try await listener.shows("<- HMAC ok", after: seen)
      seen = try await listener.shows("<- CRC32 ok", after: seen)
      seen = try await listener.shows("user1  hello", after: seen)
      listener.write("/details 1\r")
      seen = try await listener.shows("message    #1 from user1, 5 bytes", after: seen)
      seen = try await listener.shows("CRC32      ok", after: seen)
      seen = try await listener.shows("MAC        HMAC-SHA256, ok", after: seen)
      seen = try await listener.shows("cipher     AES-256-CBC (aes256-cbc-hmac-crc32)", after: seen)
      listener.write("/details 2\r")
      seen = try await listener.shows("No message #2 is remembered", after: seen)
      listener.write("/all\r")
      seen = try await listener.shows("user1  here since", after: seen)
      caller.write("exit\r")
      let left = try await caller.ending()
      try scene.expect(left == .exited(0), "exit: \(left)", caller)
      seen = try await listener.shows("Still listening", after: seen)
      listener.write("3\r")
      seen = try await listener.shows("user1  not connected, known", after: seen)
      listener.write("quit\r")
      let ended = try await listener.ending()
      try scene.expect(ended == .exited(0), "quit: \(ended)", listener)
    }

    @Test func theDemoWritesAUsersFileThatWorksAndNeverReplacesOne() async throws {
      let scene = try Scene()
      for number in ["1", "100", "five"] {
        let (ending, _, _) = try await scene.run("demo", "--users", number, "--write", "made")
        try scene.expect(ending == .exited(2), "\(number) users: \(ending)")
      }
      #expect(scene.folder.allFiles == ["users.json"])
      let (ending, output, errors) = try await scene.run("demo", "--users", "5", "--write", "made")
      try scene.expect(ending == .exited(0), "demo --write: \(ending)")
      #expect(output == "made/users.json\n")
      #expect(errors.contains("secure_chat listen --users made/users.json --as user2"))
      #expect(try scene.folder.mode(of: "made/users.json") == 0o600)
      let written = try Data(contentsOf: URL(fileURLWithPath: scene.folder.file("made/users.json")))
      let users = try #require(try JSONSerialization.jsonObject(with: written) as? [[String: Any]])
      #expect(users.compactMap { $0["username"] as? String } == (1...5).map { "user\($0)" })
      let passwords = Set(users.compactMap { $0["password"] as? String })
      #expect(passwords.count == 5 && passwords.allSatisfy { $0.count == 22 })
      #expect(Set(users.compactMap { $0["port"] as? Int }).count == 5)
      // It is a users file to the program itself, and a second run leaves it as it is.
      let (known, _, _) = try await scene.run("id", "--users", "made/users.json", "--as", "user5")
      try scene.expect(known == .exited(0), "user5 of the new file: \(known)")
      let (again, _, refusal) = try await scene.run("demo", "--users", "5", "--write", "made")
      try scene.expect(again == .exited(1), "a second run: \(again)")
      #expect(refusal.contains("is there already"))
      #expect(try Data(contentsOf: URL(fileURLWithPath: scene.folder.file("made/users.json"))) == written)
    }

    @Test(arguments: ["pair", "known"])
    func whatExplainPrintsIsTheKnownAnswerByteForByte(mode: String) async throws {
      let file: VectorValue = try VectorFiles.decode(
        from: "secure_chat-protocol/handshake.json", in: VectorFiles.knownAnswers)
      let name = mode == "pair" ? "P-group1" : "K-group1"
      let answer = try #require(try file["cases"].list.first { try $0["name"].string == name })
      let scene = try Scene()
      let (ending, output, _) = try await scene.run("explain", mode, "--json")
      try scene.expect(ending == .exited(0), "explain: \(ending)")
      let lines = try output.split(separator: "\n").map { try JSONLine(String($0)) }
      // Every message of the handshake is on the wire as the known answer has it.
      let frames = lines.filter { $0.event == "frame" && $0.text("name") != "TEXT" }
      #expect(frames.count == (mode == "pair" ? 6 : 4))
      for frame in frames {
        let expected = try answer["wire"][try #require(frame.text("name"))].string
        #expect(frame.text("frame") == expected, "\(frame.text("name") ?? "")")
      }
      // Each side goes through h, ck and k of every step in turn.
      for who in ["alice", "bob"] {
        let states = lines.filter {
          $0.event == "operation" && $0.text("who") == who && $0.text("name") != "response"
        }
        let steps = try answer["steps"].list
        try #require(states.count == steps.count)
        for (state, step) in zip(states, steps) {
          let place = "\(who), \(try step["after"].string)"
          for field in ["h", "ck", "k"] {
            // Before the first MixKey there is no k.
            if field == "k", case .null = step[field] { continue }
            let expected = try step[field].string
            #expect(state.text(field) == expected, "\(place), \(field)")
          }
        }
        let responses = lines.filter {
          $0.event == "operation" && $0.text("who") == who && $0.text("name") == "response"
        }
        let expected = try ["resp_R1", "resp_I", "resp_R2"].map { try answer["values"][$0].string }
        #expect(responses.compactMap { $0.text("value") } == expected)
      }
      let shown = lines.last { $0.event == "shown" }
      #expect(shown?.text("who") == "bob" && shown?.text("text") == "Hello, bob.")
      #expect(lines.contains { $0.event == "record" && $0.text("crc32")?.count == 8 })
      #expect(scene.folder.allFiles == ["users.json"])
    }
  }
}
