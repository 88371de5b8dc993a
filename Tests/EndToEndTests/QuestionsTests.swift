import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite struct Questions {
    @Test func twoPeopleAnswerTheQuestionsAndTalkUntilOneLeaves() async throws {
      let scene = try Scene()
      let listener = try scene.person(name: "user2's terminal")
      var seen = try await listener.shows("users file")
      listener.write("users.json\r")
      seen = try await listener.shows("Who are you? [user1/user2]: ", after: seen)
      listener.write("user2\r")
      seen = try await listener.shows("Send or receive? [s/r]: ", after: seen)
      listener.write("r\r")
      seen = try await listener.shows("only this computer can reach you", after: seen)

      let dialler = try scene.person("users.json", name: "user1's terminal")
      try await dialler.shows("Who are you? [user1/user2]: ")
      dialler.write("user1\r")
      try await dialler.shows("Send or receive? [s/r]: ")
      dialler.write("s\r")
      try await dialler.shows("To whom? (name, or host:port) [user2]: ")
      dialler.write("user2\r")
      var there = try await dialler.shows("Connected to user2 (first contact, password accepted)")
      there = try await dialler.shows("Log: ", after: there)
      seen = try await listener.shows("user1", after: seen)

      // The listener speaks first; each line carries the name that the handshake proved.
      listener.write("hello from the listener\r")
      seen = try await listener.shows("logged by user1", after: seen)
      there = try await dialler.shows("user2  hello from the listener", after: there)
      dialler.write("hello from the dialler\r")
      there = try await dialler.shows("logged by user2", after: there)
      seen = try await listener.shows("user1  hello from the dialler", after: seen)

      dialler.write("exit\r")
      let ending = try await dialler.ending()
      try scene.expect(ending == .exited(0), "exit at the dialler: \(ending)")
      listener.write("/quit\r")
      let other = try await listener.ending()
      try scene.expect(other == .exited(0), "/quit in the lobby: \(other)")
      #expect(try await scene.verdicts().map { $0.text("verdict") } == ["verified", "verified"])
    }

    @Test func wrongAnswersAreExplainedAndTheSameQuestionAskedAgain() async throws {
      let scene = try Scene()
      let person = try scene.person(name: "a clumsy person")
      var seen = try await person.shows("users file")
      person.write("none.json\r")
      seen = try await person.shows("none.json", after: seen)
      seen = try await person.shows("users file", after: seen)
      person.write("users.json\r")
      seen = try await person.shows("Who are you? [user1/user2]: ", after: seen)
      person.write("mallory\r")
      seen = try await person.shows("mallory", after: seen)
      seen = try await person.shows("Who are you? [user1/user2]: ", after: seen)
      person.write("99999\r")
      seen = try await person.shows("Who are you? [user1/user2]: ", after: seen)
      // The old habit: the port says who.
      let port =
        try #require(
          try JSONSerialization.jsonObject(
            with: Data(contentsOf: URL(fileURLWithPath: scene.folder.file("users.json"))))
            as? [[String: Any]])[0]["port"] as? Int
      person.write("\(try #require(port))\r")
      seen = try await person.shows("Send or receive? [s/r]: ", after: seen)
      person.write("maybe\r")
      seen = try await person.shows("Send or receive? [s/r]: ", after: seen)
      person.write("s\r")
      seen = try await person.shows("To whom? (name, or host:port) [user2]: ", after: seen)
      person.write("user1\r")
      seen = try await person.shows("To whom? (name, or host:port) [user2]: ", after: seen)
      person.write("mallory\r")
      seen = try await person.shows("To whom? (name, or host:port) [user2]: ", after: seen)
      // Nobody listens: not the end, it says what to type in the other terminal, and ENTER stops.
      person.write("user2\r")
      seen = try await person.shows("user2 is not listening at 127.0.0.1:", after: seen)
      seen = try await person.shows("ENTER stops", after: seen)
      person.write("\r")
      _ = try await person.ending()
    }

    @Test func aListenerDialsFromItsLobby() async throws {
      let scene = try Scene()
      let one = try scene.person("listen", "--users", "users.json", "--as", "user1", name: "user1")
      try await one.shows("only this computer can reach you")
      let two = try scene.person("listen", "--users", "users.json", "--as", "user2", name: "user2")
      try await two.shows("only this computer can reach you")
      two.write("/chat user1\r")
      try await two.shows("Connected to user1")
      let seen = try await one.shows("user2")
      two.write("from the lobby\r")
      try await one.shows("user2  from the lobby", after: seen)
      one.write("and back\r")
      try await two.shows("user1  and back")
      two.write("exit\r")
      // Both are in their lobbies again.
      try await one.shows("ended")
      for person in [one, two] {
        person.write("/quit\r")
        let ending = try await person.ending()
        try scene.expect(ending == .exited(0), "/quit: \(ending)", person)
      }
    }

    @Test func aListenersExitEndsTheDiallerToo() async throws {
      let scene = try Scene()
      let two = try scene.person("listen", "--users", "users.json", "--as", "user2", name: "user2")
      try await two.shows("only this computer can reach you")
      let one = try scene.person("chat", "user2", "--users", "users.json", "--as", "user1", name: "user1")
      try await one.shows("Connected to user2")
      try await two.shows("user1")
      two.write("exit\r")
      let ending = try await one.ending()
      try scene.expect(ending == .exited(0), "the dialler: \(ending)")
      two.write("\u{4}")
      #expect(try await two.ending() == .exited(0))
    }

    @Test func withTwoPeersATypedLineGoesToTheOneInThePrompt() async throws {
      let users = """
        [ {"username": "alice", "password": "p1", "ip": "127.0.0.1", "port": \(FreePort.next())},
          {"username": "bob", "password": "p2", "ip": "127.0.0.1", "port": \(FreePort.next())},
          {"username": "carol", "password": "p3", "ip": "127.0.0.1", "port": \(FreePort.next())} ]
        """
      let scene = try Scene(users: users)
      let bob = try scene.person("listen", "--users", "users.json", "--as", "bob", name: "bob")
      try await bob.shows("only this computer can reach you")
      let alice = try scene.person("chat", "bob", "--users", "users.json", "--as", "alice", name: "alice")
      try await alice.shows("Connected to bob")
      var seen = try await bob.shows("bob>alice  ")
      let carol = try scene.person("chat", "bob", "--users", "users.json", "--as", "carol", name: "carol")
      try await carol.shows("Connected to bob")
      seen = try await bob.shows("carol", after: seen)
      bob.write("for alice\r")
      try await alice.shows("bob  for alice")
      seen = try await bob.shows("logged by alice", after: seen)
      bob.write("/chat carol\r")
      seen = try await bob.shows("bob>carol  ", after: seen)
      bob.write("for carol\r")
      try await carol.shows("bob  for carol")
      #expect(!alice.output.text.contains("for carol"))
      #expect(!carol.output.text.contains("for alice"))
      bob.write("/quit\r")
      _ = try await bob.ending()
    }
  }
}
