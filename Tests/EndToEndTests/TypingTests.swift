import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// What a person types and sees in a conversation.
  @Suite struct Typing {
    /// user2 listens in JSON, user1 sits at a terminal and is connected.
    private func conversation() async throws -> (
      scene: Scene, listener: RunningProgram, port: Int, person: RunningProgram
    ) {
      let scene = try Scene()
      let (listener, port) = try await scene.listener(as: "user2")
      let person = try scene.person(
        "chat", "user2", "--users", "users.json", "--as", "user1", "--to", "127.0.0.1:\(port)", name: "user1")
      try await person.shows("user1>user2  ")
      return (scene, listener, port, person)
    }

    private func leave(_ scene: Scene, _ person: RunningProgram, _ listener: RunningProgram) async throws {
      person.write("exit\r")
      let ending = try await person.ending()
      try scene.expect(ending == .exited(0), "exit: \(ending)", person)
      try await scene.stop(listener)
    }

    @Test func editedLinesAndPastesArriveAsTheyWereLeft() async throws {
      let (scene, listener, _, person) = try await conversation()
      person.write("wrong\u{15}żółw\u{1b}[D\u{1b}[D\u{7f}o two\u{17}\u{5} 漢x\u{7f}字\r")
      #expect(try await listener.event("message").text("text") == "żo łw 漢字")
      // A paste of several lines is one message, sent by ENTER twice.
      person.write("\u{1b}[200~one\ntwo\n/quit\u{1b}[201~")
      try await person.shows("(ENTER again sends)")
      person.write("\r")
      person.write("\r")
      #expect(try await listener.event("message", 1).text("text") == "one\ntwo\n/quit")
      // Drafts by hand.
      person.write("/draft on\r")
      person.write("first\rsecond\r")
      person.write("\r")
      #expect(try await listener.event("message", 2).text("text") == "first\nsecond")
      person.write("/draft replace\r")
      person.write("first\rsecond\r\r")
      #expect(try await listener.event("message", 3).text("text") == "second")
      person.write("/draft off\r")
      // A slash, and a space before a word that would end the conversation.
      person.write("//etc/hosts\r")
      #expect(try await listener.event("message", 4).text("text") == "/etc/hosts")
      person.write(" exit\r")
      #expect(try await listener.event("message", 5).text("text") == "exit")
      try await leave(scene, person, listener)
    }

    @Test func aCommandIsNeverSentAndAMistypedOneSaysWhatWasMeant() async throws {
      let (scene, listener, _, person) = try await conversation()
      person.write("/hlep\r")
      var seen = try await person.shows("/help")
      person.write("/help\r")
      seen = try await person.shows("/quit", after: seen)
      person.write("/who\r")
      seen = try await person.shows("user2", after: seen)
      person.write("/details\r")
      seen = try await person.shows("x25519-mlkem768", after: seen)
      seen = try await person.shows("aes256-cbc-hmac-crc32", after: seen)
      person.write("/sessions\r")
      seen = try await person.shows("user2", after: seen)
      person.write("/id\r")
      seen = try await person.shows("user1", after: seen)
      person.write("/file /etc/passwd\r")
      seen = try await person.shows("comes later", after: seen)
      try await leave(scene, person, listener)
      #expect(try !listener.events.contains { $0.event == "message" })
    }

    @Test func aMessageThatArrivesKeepsTheLineBeingTyped() async throws {
      let scene = try Scene()
      let two = try scene.person("listen", "--users", "users.json", "--as", "user2", name: "user2")
      try await two.shows("only this computer can reach you")
      let one = try scene.person("chat", "user2", "--users", "users.json", "--as", "user1", name: "user1")
      try await one.shows("user1>user2  ")
      try await two.shows("user2>user1  ")
      one.write("half a thought")
      var seen = try await one.shows("half a thought")
      two.write("interruption\r")
      seen = try await one.shows("user2  interruption", after: seen)
      seen = try await one.shows("user1>user2  half a thought", after: seen)
      one.write(" and the rest\r")
      try await two.shows("user1  half a thought and the rest")
      one.write("\u{4}")
      #expect(try await one.ending() == .exited(0))
      two.write("/quit\r")
      #expect(try await two.ending() == .exited(0))
    }

    //
    @Test func aPeersTextNeitherMovesTheCursorNorForgesALine() async throws {
      let scene = try Scene()
      let two = try scene.person("listen", "--users", "users.json", "--as", "user2", name: "user2")
      try await two.shows("only this computer can reach you")
      let text = "a\u{1b}]52;c;ZXZpbA==\u{7}\u{1b}[2J\u{9b}31m\r\u{202e}evil\n23:16 user3  forged\n"
      let sender = try scene.start(
        ["send", "user2", "--users", "users.json", "--as", "user1"], streams: .input(Array(text.utf8)))
      #expect(try await sender.ending() == .exited(0))
      try await two.shows("\\x1b]52;c;ZXZpbA==\\x07\\x1b[2J\\u009b31m\\x0d\\u202eevil")
      try await two.shows("forged")
      let screen = two.output.text
      #expect(!screen.contains("\u{1b}]52"))
      #expect(!screen.contains("\u{1b}[2J"))
      #expect(!screen.unicodeScalars.contains("\u{202e}"))
      #expect(!screen.unicodeScalars.contains("\u{9b}"))
      // The forged line does not stand at the start of a row as a message does.
      #expect(!screen.contains("\n23:16 user3"))
      two.write("/quit\r")
      #expect(try await two.ending() == .exited(0))
    }

    @Test func theQuestionForAPasswordNeverShowsIt() async throws {
      let users = """
        [ {"username": "user1", "ip": "127.0.0.1", "port": \(FreePort.next())},
          {"username": "user2", "ip": "127.0.0.1", "port": \(FreePort.next())} ]
        """
      let scene = try Scene(users: users)
      let two = try scene.person(
        "listen", "--users", "users.json", "--as", "user2", home: "two", name: "user2")
      try await two.shows("Password others use to reach you the first time")
      // At the very sight of the prompt: echo must be off by then.
      two.write("correct horse\r")
      try await two.shows("only this computer can reach you")
      let one = try scene.person(
        "chat", "user2", "--users", "users.json", "--as", "user1", home: "one", name: "user1")
      try await one.shows("Password of user2 (first contact only): ")
      one.write("correct horse\r")
      try await one.shows("Connected to user2")
      one.write("hello\r")
      try await two.shows("user1  hello")
      one.write("exit\r")
      #expect(try await one.ending() == .exited(0))
      two.write("/quit\r")
      #expect(try await two.ending() == .exited(0))
      #expect(!one.output.text.contains("correct"))
      #expect(!two.output.text.contains("correct"))
    }

    @Test func aDumbTerminalGetsWholeLinesAndNoEscapeSequence() async throws {
      let scene = try Scene()
      let two = try scene.start(
        ["listen", "--users", "users.json", "--as", "user2"], streams: .terminal(columns: 60),
        environment: ["TERM": "dumb"], name: "user2")
      try await two.shows("only this computer can reach you")
      let one = try scene.person("chat", "user2", "--users", "users.json", "--as", "user1", name: "user1")
      try await one.shows("Connected to user2")
      try await two.shows("user2>user1  ")
      one.write("hello\r")
      try await two.shows("user1  hello")
      two.write("and back\n")
      try await one.shows("user2  and back")
      one.write("exit\r")
      #expect(try await one.ending() == .exited(0))
      two.write("/quit\n")
      #expect(try await two.ending() == .exited(0))
      #expect(!two.output.bytes.contains(0x1B))
    }

    @Test func controlCAtThePasswordEndsWith130AndSendsNothing() async throws {
      let users = """
        [ {"username": "user1", "ip": "127.0.0.1", "port": \(FreePort.next())},
          {"username": "user2", "ip": "127.0.0.1", "port": \(FreePort.next())} ]
        """
      let scene = try Scene(users: users)
      let (listener, port) = try await scene.listener(as: "user2")
      let person = try scene.person(
        "chat", "user2", "--users", "users.json", "--as", "user1", "--to", "127.0.0.1:\(port)", name: "user1")
      try await person.shows("Password of user2 (first contact only): ")
      person.write("half a secr\u{3}")
      let ending = try await person.ending()
      try scene.expect(ending == .exited(130), "^C at the password: \(ending)", person)
      #expect(!person.output.text.contains("secr"))
      try await scene.stop(listener)
      #expect(try !listener.events.contains { ["connected", "message", "refused"].contains($0.event) })
    }
  }
}
