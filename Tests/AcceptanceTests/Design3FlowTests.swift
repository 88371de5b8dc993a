import Foundation
import TestSupport
import Testing

extension EndToEnd.Acceptance {
  /// Two parties: what a person is asked and sees, in the order of the original.
  @Suite struct Design3Flow {
    /// Someone who has answered the users file and who they are.
    private func asked(
      _ scene: Scene, as who: String, home: String, name: String
    ) async throws -> (RunningProgram, Int) {
      let person = try scene.person("users.json", home: home, name: name)
      var seen = try await person.shows("Who are you? ")
      person.write("\(who)\r")
      seen = try await person.shows("Send or receive? [s/r]: ", after: seen)
      return (person, seen)
    }

    @Test("3-01: two parties talk over a network, from the command line, without a third process")
    func twoParties() async throws {
      let scene = try Scene()
      let (listener, dialler) = try await scene.conversation()
      dialler.write("there\r")
      try await listener.shows("user1  there")
      listener.write("and back\r")
      try await dialler.shows("user2  and back")
      #expect(scene.programs.count == 2)
      try await scene.leave(listener, dialler)
    }

    @Test("3-02, 3-04: one command starts everything and asks for the users file, again after a bad answer")
    func oneCommand() async throws {
      let scene = try Scene()
      let person = try scene.person(name: "a person")
      var seen = try await person.shows("Path of the users file")
      person.write("no/such/file.json\r")
      seen = try await person.shows("no/such/file.json", after: seen)
      seen = try await person.shows("Path of the users file", after: seen)
      person.write("users.json\r")
      try await person.shows("Who are you? [user1/user2]: ", after: seen)
      person.write("\u{3}")
      #expect(try await person.ending() == .exited(130))
    }

    @Test("3-03: a short banner, then the first question")
    func banner() async throws {
      let scene = try Scene()
      let person = try scene.person("users.json", name: "a person")
      try await person.shows("Who are you? ")
      let lines = person.output.text.split(whereSeparator: \.isNewline)
      #expect(
        lines.first?.contains("secure_chat 1.0: no server, no account.   2 users in users.json") == true)
      #expect(lines.count <= 5)
      person.write("\u{3}")
      #expect(try await person.ending() == .exited(130))
    }

    @Test("3-05: the original's users file is taken as it stands, its IP included")
    func usersFile() async throws {
      let (one, two) = (FreePort.next(), FreePort.next())
      let scene = try Scene(
        users: """
          [{"username": "user1", "password": "password1", "IP": "127.0.0.1", "port": \(one)},
           {"username": "user2", "password": "password2", "IP": "127.0.0.1", "port": "\(two)"}]
          """)
      let listener = try scene.start(
        ["listen", "--users", "users.json", "--as", "user2", "--json"], home: "two")
      #expect(try await listener.event("listening").number("port") == two)
      let sender = try await scene.run(
        "send", "user2", "--users", "users.json", "--as", "user1", home: "one", input: "as it stands")
      try scene.expect(sender.exit == .exited(0), "send: \(sender)")
      try await scene.stop(listener)

      // `identity` in place of a password, and a password of a pair.
      let identity = try await scene.run(
        "id", "--users", "users.json", "--as", "user2", "--json", home: "two")
      let own = try #require(
        try JSONLine(identity.output).text("profile") ?? JSONLine(identity.output).text("identity"))
      try scene.folder.write(
        """
        [{"username": "user1", "ip": "127.0.0.1", "port": \(one), "pair_password": "between us"},
         {"username": "user2", "ip": "127.0.0.1", "port": \(two), "identity": "\(own)"}]
        """, to: "users.json")
      let checked = try await scene.run("users", "check", "users.json", home: "one")
      try scene.expect(checked.exit == .exited(0), "users check: \(checked)")
    }

    @Test("3-05: once everybody of the file is known, a person is offered once to take the passwords out")
    func hardeningIsOffered() async throws {
      let scene = try Scene()
      func answers(_ offered: Bool) async throws {
        let (person, seen) = try await asked(scene, as: "user1", home: "one", name: "user1")
        // It stands between the two questions.
        let offer = "its passwords can go:"
        #expect(person.output.text.contains(offer) == offered, "\(person.transcript)")
        #expect(seen > 0)
        person.write("\u{3}")
        #expect(try await person.ending() == .exited(130))
      }
      try await answers(false)
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      #expect(try await scene.send("met", port: port, home: "one").ending() == .exited(0))
      try await scene.stop(listener)
      try await answers(true)
      try await answers(false)
      let hardened = try await scene.run("users", "harden", "users.json", "--yes", home: "one")
      try scene.expect(hardened.exit == .exited(0), "users harden: \(hardened)")
      #expect(try scene.users.allSatisfy { $0["password"] == nil })
    }

    @Test("3-06: who am I, by port as in the original, and again after a wrong one")
    func byPort() async throws {
      let scene = try Scene()
      let person = try scene.person("users.json", name: "a person")
      var seen = try await person.shows("Who are you? ")
      person.write("1\r")
      seen = try await person.shows("has port 1", after: seen)
      seen = try await person.shows("Who are you? ", after: seen)
      person.write("\(try scene.port(of: "user2"))\r")
      seen = try await person.shows("Send or receive? ", after: seen)
      person.write("r\r")
      try await person.shows("user2 is listening", after: seen)
      person.write("/quit\r")
      #expect(try await person.ending() == .exited(0))
    }

    @Test("3-07: r or s in either case, anything else is asked again")
    func sendOrReceive() async throws {
      let scene = try Scene()
      var (person, seen) = try await asked(scene, as: "user2", home: "two", name: "user2")
      person.write("both\r")
      seen = try await person.shows("is neither", after: seen)
      seen = try await person.shows("Send or receive? ", after: seen)
      person.write("R\r")
      try await person.shows("user2 is listening", after: seen)
      person.write("exit\r")
      #expect(try await person.ending() == .exited(0))
    }

    @Test("3-08, 3-12, 3-13: called by name, the conversation stays open, and the listener says who came")
    func byName() async throws {
      let scene = try Scene()
      let (listener, heard) = try await asked(scene, as: "user2", home: "two", name: "user2")
      listener.write("r\r")
      var there = try await listener.shows("user2 is listening on 127.0.0.1:", after: heard)
      let (dialler, seen) = try await asked(scene, as: "user1", home: "one", name: "user1")
      dialler.write("S\r")
      let asking = try await dialler.shows("To whom? (name, or host:port) [user2]: ", after: seen)
      dialler.write("user2\r")
      try await dialler.shows("user1>user2  ", after: asking)
      there = try await listener.shows("Connected from 127.0.0.1:", after: there)
      for text in ["one", "two", "three"] {
        dialler.write("\(text)\r")
        there = try await listener.shows("user1  \(text)", after: there)
      }
      try await scene.leave(listener, dialler)
      // And in one shot.
      let (service, port) = try await scene.listener(as: "user2", home: "two")
      #expect(try await scene.send("only this", port: port, home: "one").ending() == .exited(0))
      #expect(try await service.event("message").text("text") == "only this")
      try await scene.stop(service)
    }

    @Test("3-09, 3-10: called by address, a peer of no file, with its password asked and not shown")
    func byAddress() async throws {
      let scene = try Scene()
      try scene.folder.write(
        """
        [ {"username": "user1", "password": "x", "ip": "127.0.0.1", "port": \(FreePort.next())},
          {"username": "user3", "password": "y", "ip": "127.0.0.1", "port": \(FreePort.next())} ]
        """, to: "mine.json")
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let person = try scene.person("mine.json", home: "one", name: "user1")
      var seen = try await person.shows("Who are you? ")
      person.write("user1\r")
      seen = try await person.shows("Send or receive? ", after: seen)
      person.write("s\r")
      seen = try await person.shows("To whom? ", after: seen)
      person.write("127.0.0.1:\(port)\r")
      seen = try await person.shows("What is their user name? ", after: seen)
      person.write("user2\r")
      seen = try await person.shows("Password of user2 (first contact only): ", after: seen)
      person.write("password2\r")
      seen = try await person.shows("Connected to user2 (first contact, password accepted)", after: seen)
      #expect(!person.output.text.contains("password2"))
      person.write("met by address\r")
      #expect(try await listener.event("message").text("text") == "met by address")
      person.write("exit\r")
      #expect(try await person.ending() == .exited(0))
      try await scene.stop(listener)
    }

    @Test("3-11: a wrong password is asked again, up to three times; the listener is told and serves on")
    func wrongPassword() async throws {
      let scene = try Scene()
      try scene.folder.write(
        """
        [ {"username": "user1", "password": "x", "ip": "127.0.0.1", "port": \(FreePort.next())},
          {"username": "user2", "ip": "127.0.0.1", "port": \(FreePort.next())} ]
        """, to: "mine.json")
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      let person = try scene.person(
        "chat", "user2", "--users", "mine.json", "--as", "user1", "--to", "127.0.0.1:\(port)", home: "one",
        name: "user1")
      var seen = try await person.shows("Password of user2 (first contact only): ")
      person.write("wrong\r")
      seen = try await person.shows("Password of user2 (first contact only): ", after: seen)
      #expect(try await listener.event("refused").text("name") == "user1")
      person.write("password2\r")
      try await person.shows("Connected to user2", after: seen)
      person.write("right now\r")
      #expect(try await listener.event("message").text("text") == "right now")
      person.write("exit\r")
      #expect(try await person.ending() == .exited(0))
      try await scene.stop(listener)
    }

    @Test(
      "3-26, 3-32: either side can end it, the other sees that, and both exit with 0",
      arguments: [true, false])
    func eitherSideCloses(byListener: Bool) async throws {
      let scene = try Scene()
      let (listener, dialler) = try await scene.conversation()
      if byListener {
        listener.write("exit\r")
        try await dialler.shows("user2 ended the conversation")
        #expect(try await dialler.ending() == .exited(0))
      } else {
        dialler.write("exit\r")
        #expect(try await dialler.ending() == .exited(0))
        try await listener.shows("user1 ended the conversation")
      }
      listener.write("/quit\r")
      let ending = try await listener.ending()
      try scene.expect(ending == .exited(0), "/quit: \(ending)", listener)
    }

    @Test(
      "3-33: a lobby at the terminal, with a numbered menu: whom to call, who is here, while others can come")
    func lobby() async throws {
      let scene = try Scene()
      let (one, heard) = try await asked(scene, as: "user1", home: "one", name: "user1")
      one.write("r\r")
      let seen = try await one.shows("user1 is listening", after: heard)
      let (two, other) = try await asked(scene, as: "user2", home: "two", name: "user2")
      two.write("r\r")
      try await two.shows("user2 is listening", after: other)
      // 1 is chat, 2 is status, 3 is all; 4 and 5 are for groups.
      one.write("3\r")
      var shown = try await one.shows("user2  not connected, no contact yet", after: seen)
      one.write("2 user2\r")
      shown = try await one.shows("user2  not connected, no contact yet", after: shown)
      one.write("1 user2\r")
      try await one.shows("user1>user2  ", after: shown)
      one.write("from the lobby\r")
      try await two.shows("user1  from the lobby")
      one.write("exit\r")
      try await one.shows("Still listening")
      for person in [one, two] {
        person.write("/quit\r")
        #expect(try await person.ending() == .exited(0))
      }
    }

    @Test("3-37: every message shows who sent it, as the handshake proved it")
    func whoSent() async throws {
      let scene = try Scene(
        users: """
          [ {"username": "user1", "password": "p", "ip": "127.0.0.1", "port": \(FreePort.next())},
            {"username": "user2", "password": "p", "ip": "127.0.0.1", "port": \(FreePort.next())},
            {"username": "user3", "password": "p", "ip": "127.0.0.1", "port": \(FreePort.next())} ]
          """)
      let (listener, port) = try await scene.listener(as: "user2", home: "two")
      for name in ["user1", "user3"] {
        #expect(
          try await scene.send("I am \(name)", from: name, port: port, home: name).ending() == .exited(0))
      }
      try await scene.stop(listener)
      let messages = try listener.events.filter { $0.event == "message" }
      #expect(messages.map { $0.text("text") } == ["I am user1", "I am user3"])
      #expect(messages.map { $0.text("from") } == ["user1", "user3"])
    }
  }
}
