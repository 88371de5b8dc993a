import Foundation
import TestSupport
import Testing

extension EndToEnd.Acceptance {
  /// Rows of the designs about groups: people at terminals, and a relay.
  @Suite struct Groups {
    @Test(
      "0-01, 0-18, 1-01, 1-06, 2-09, 3-35, 4-04, 4-05, 4-06, 4-07, 4-12, 4-16: a room, line by line")
    func people() async throws {
      let group = try await GroupScene()
      let (one, two, three) = (
        try await group.person(1), try await group.person(2), try await group.person(3)
      )
      // By the first entry of the menu; user5 is not there. user3 is typing when the invitation comes.
      three.write("half a li")
      try await three.shows("half a li")
      one.write("1 user2 user3 user5\r")
      try await one.shows("user5. You keep the invitation")
      try await one.shows("user1>[room]  ")
      try await two.shows("user1 has invited you to room")
      let invited = try await three.shows("user1 has invited you to room")
      try await three.shows("half a li", after: invited)
      // Control-U: the line is taken back.
      three.write("\u{15}")
      two.write("/join\r")
      three.write("/join room\r")
      for (number, person) in [(2, two), (3, three)] {
        try await person.shows("user\(number)>[room]  ")
        try await one.shows("user\(number) has joined room.")
      }
      try await two.shows("user3 has joined room.")

      // Everybody reads what every other writes, once, with its author; nobody an echo.
      let people = [(1, one), (2, two), (3, three)]
      for (number, person) in people { person.write("line of user\(number)\r") }
      for (number, person) in people {
        try await person.shows("[room] you  line of user\(number)")
        try await person.shows("✓ on the relay")
        for (author, _) in people where author != number {
          try await person.shows("user\(author)  line of user\(author)")
        }
      }
      for (number, person) in people {
        #expect(!person.output.text.contains("user\(number)  line of user\(number)"))
        for (author, _) in people where author != number {
          #expect(count("user\(author)  line of user\(author)", on: person) == 1)
        }
      }
      // In it already, and not invited.
      two.write("/join room\r")
      try await two.shows("You are in room already.")
      let four = try await group.person(4)
      four.write("join room\r")
      try await four.shows("nobody has invited you to room")
      for person in [one, two, three, four] { try await quit(person, group) }
      try await group.stop(group.relay)
    }

    @Test("1-13, 4-08, 4-09, 4-10, 4-11, 4-13, 4-17, 4-18: who is there, more come, one leaves")
    func comingAndGoing() async throws {
      let group = try await GroupScene(users: 4)
      let (one, two, three, four) = (
        try await group.person(1), try await group.person(2), try await group.person(3),
        try await group.person(4)
      )
      one.write("chat team: user2 user3\r")
      for (number, person) in [(2, two), (3, three)] {
        try await person.shows("user1 has invited you to team")
        person.write("/join\r")
        try await one.shows("user\(number) has joined team.")
      }
      one.write("before user4\r")
      try await two.shows("user1  before user4")
      // More are invited as it goes; what was written before stays closed to them.
      two.write("/invite user4\r")
      try await four.shows("user2 has invited you to team")
      four.write("/join\r")
      try await one.shows("user4 has joined team.")
      try await four.shows("user4>[team]  ")
      one.write("welcome\r")
      try await four.shows("user1  welcome")
      #expect(!four.output.text.contains("before user4"))

      // Who is there: one, and all; gone is offline, also where a program was killed.
      try await one.shows("user3 is online in team")
      one.write("/status user3\r")
      try await one.shows("user3  is online in your groups")
      one.write("/all\r")
      try await one.shows("Online: user2, user3, user4")
      three.send(SIGKILL)
      _ = try await three.ending()
      let gone = try await one.shows("user3 is not online any more in team")
      one.write("/status user3\r")
      try await one.shows("user3  is not online in your groups", after: gone)

      // One leaves, and the others go on; what is written then stays closed to it.
      two.write("/leave\r")
      try await two.shows("You have left team.")
      try await one.shows("user2 has left team")
      try await four.shows("user2 has left team")
      four.write("after user2\r")
      try await one.shows("user4  after user2")
      try await quit(two, group)
      #expect(!two.output.text.contains("after user2"))
      // Out of the room, still a member: the fourth entry of the menu goes back in.
      one.write("exit\r")
      try await one.shows("You are out of team, and still a member")
      four.write("are you there?\r")
      let asked = try await one.shows("user4  are you there?")
      one.write("4 team\r")
      try await one.shows("user1>[team]  ", after: asked)
      for person in [one, four] { try await quit(person, group) }
      try await group.stop(group.relay)
    }

    private func quit(_ person: RunningProgram, _ group: GroupScene) async throws {
      person.write("/quit\r")
      let ending = try await person.ending()
      try group.scene.expect(ending == .exited(0), "/quit: \(ending)", person)
    }

    private func count(_ text: String, on person: RunningProgram) -> Int {
      person.output.text.components(separatedBy: text).count - 1
    }

    @Test("0-02, 1-02: a room opens on the ports of the originals, and goes on when who opened it quits")
    func portsOfTheOriginals() async throws {
      let scene = try Scene()
      for port in [55555, 8756] {
        let relay = try scene.start("relay", "--listen", "127.0.0.1:\(port)", "--json", home: "relay\(port)")
        // Another program may have it at the moment; then that is said.
        if let listening = try? await relay.event("listening", within: 20) {
          #expect(listening.number("port") == port)
          relay.send(SIGTERM)
          #expect(try await relay.ending() == .exited(0))
        } else {
          #expect(try await relay.ending() == .exited(1))
          #expect(try await relay.event("error").text("code") == "E_PORT")
        }
      }
    }

    @Test("0-03, 1-07, 2-11, 4-13: join by address and port, and nothing readable on the way")
    func nothingReadableOnTheWay() async throws {
      var proxy: FrameProxy?
      let group = try await GroupScene(users: 2) { port in
        let made = try FrameProxy(to: port)
        proxy = made
        return made
      }
      let two = try await group.listener(2)
      let made = try await group.run(1, "group", "create", "conspicuous", "user2", "--json")
      try group.scene.expect(try await made.ending() == .exited(0), "group create", made)
      let first = try group.member(1, of: "conspicuous")
      try await two.event("invited", with: ["group": "conspicuous", "by": "user1"])
      try await group.stop(two)
      let members = (first, try group.member(2, of: "conspicuous"))
      try await members.0.event("member", with: ["name": "user2", "change": "joined"])
      members.0.write("a secret of two\n")
      try await members.1.event("message", with: ["text": "a secret of two", "from": "user1"])
      // The same text twice looks different.
      members.0.write("a secret of two\n")
      _ = try await members.1.events("message", count: 2)
      try await group.stop(members.0, members.1, group.relay)
      let capture = try #require(proxy).recorded.flatMap { connection in
        (connection[.toListener] + connection[.toDialler]).flatMap { $0 }
      }
      #expect(capture.count > 1000)
      for words in ["a secret", "conspicuous", "user1", "user2"] { #expect(!capture.holds(words)) }
    }
  }
}
