import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Groups over a relay, as scripts use them: `group`, `join`, `send`.
  @Suite struct Groups {
    @Test func everyMemberReadsWhatEveryOtherWritesOnceAndInOrder() async throws {
      let group = try await GroupScene()
      let scene = group.scene
      // user5 is not there.
      var listeners: [RunningProgram] = []
      for user in 2...4 { listeners.append(try await group.listener(user)) }
      let made = try await group.run(
        1, "group", "create", "team", "user2", "user3", "user4", "user5", "--json")
      try scene.expect(try await made.ending() == .exited(0), "group create", made)
      let invited = try made.events("member")
      #expect(invited.compactMap { $0.text("name") }.sorted() == ["user2", "user3", "user4", "user5"])
      #expect(invited.contains { $0.text("name") == "user5" && $0.truth("waits") == true })
      // Whom a busy machine did not reach in time is invited while user1 is there.
      var members = [try group.member(1, of: "team")]
      for listener in listeners {
        try await listener.event("invited", with: ["group": "team", "by": "user1"])
        try await group.stop(listener)
      }
      for user in 2...4 { members.append(try group.member(user, of: "team")) }
      for user in 2...4 {
        let joined = try await members[0].event("member", with: ["name": "user\(user)", "change": "joined"])
        #expect(joined.text("words")?.split(separator: " ").count == 6)
      }
      for member in members { try await member.event("group_connected", with: ["group": "team"]) }
      for (index, member) in members.enumerated() {
        member.write((0..<10).map { "user\(index + 1) says \($0)\n" }.joined())
      }
      for (index, member) in members.enumerated() {
        let messages = try await member.events("message", count: 30)
        for author in 1...4 where author != index + 1 {
          #expect(
            messages.filter { $0.text("from") == "user\(author)" }.compactMap { $0.text("text") }
              == (0..<10).map { "user\(author) says \($0)" })
        }
        #expect(Set(messages.compactMap { $0.text("id") }).count == 30)
        let accepted = try await member.events("accepted", count: 10)
        #expect(Set(accepted.compactMap { $0.text("id") }).count == 10)
      }

      // One is killed: the others see it go, and it catches up when it comes back.
      members[2].send(SIGKILL)
      _ = try await members[2].ending()
      try await members[0].event("member", with: ["name": "user3", "change": "offline"])
      members[0].write("while you were away\n")
      try await members[3].event("message", with: ["text": "while you were away"])
      let back = try group.member(3, of: "team")
      try await back.event("message", with: ["text": "while you were away", "from": "user1"])
      try await members[0].event("member", with: ["name": "user3", "change": "online"])

      // user5 comes: its invitation does too, and what was written before stays closed to it.
      let late = try await group.listener(5)
      try await late.event("invited", with: ["group": "team", "by": "user1"])
      try await group.stop(late)
      let fifth = try group.member(5, of: "team")
      try await members[0].event("member", with: ["name": "user5", "change": "joined"])
      // One leaves; what is written from now on stays closed to it.
      members[1].closeInput()
      try scene.expect(try await members[1].ending() == .exited(0), "the end of the input", members[1])
      let left = try await group.run(2, "group", "leave", "team", "--json")
      try scene.expect(try await left.ending() == .exited(0), "group leave", left)
      try await left.event("group_ended", with: ["group": "team", "reason": "left"])
      for member in [members[0], members[3], back, fifth] {
        try await member.event("member", with: ["name": "user2", "change": "left"])
      }
      members[0].write("to those who are there\n")
      try await fifth.event("message", with: ["text": "to those who are there", "from": "user1"])
      let outside = try await group.run(2, "send", "group:team", "--json", input: "let me in")
      try scene.expect(try await outside.ending() == .exited(9), "send of one who left", outside)

      // Its creator goes, and it lives on.
      try await group.stop(members[0])
      members[3].write("without user1\n")
      try await back.event("message", with: ["text": "without user1", "from": "user4"])
      try await fifth.event("message", with: ["text": "without user1", "from": "user4"])
      try await group.stop(members[3], back, fifth)
      #expect(
        try fifth.events("message").compactMap { $0.text("text") }
          == ["to those who are there", "without user1"])
      #expect(
        try back.events("message").filter { $0.truth("again") != true }.compactMap { $0.text("text") }
          == ["while you were away", "to those who are there", "without user1"])
      for member in [members[0], members[1], members[3], back, fifth] {
        #expect(try member.events("misdeed").isEmpty)
      }
      try await group.stop(group.relay)

      // Everybody's own record of it; the one who was killed has a log that has no end.
      for user in 1...5 {
        let verdicts = try await scene.verdicts(home: "home\(user)").compactMap { $0.text("verdict") }
        #expect(!verdicts.isEmpty)
        #expect(verdicts.count { $0 == "incomplete" } == (user == 3 ? 1 : 0), "user\(user): \(verdicts)")
        #expect(verdicts.allSatisfy { ["verified", "incomplete"].contains($0) }, "user\(user): \(verdicts)")
      }
    }

    @Test func whoIsNoMemberIsRefused() async throws {
      let group = try await GroupScene(users: 3)
      let scene = group.scene
      let (two, three) = (try await group.listener(2), try await group.listener(3))
      // Another one who says to be user2: user3 meets it under that name.
      let false2 = FreePort.next()
      try scene.folder.write(
        """
        [ {"username": "user2", "password": "password2", "ip": "127.0.0.1", "port": \(false2)},
          {"username": "user3", "password": "password3", "ip": "127.0.0.1", "port": \(FreePort.next())} ]
        """, to: "false.json")
      let made = try await group.run(1, "group", "create", "team", "user2", "user3", "--json")
      try scene.expect(try await made.ending() == .exited(0), "group create", made)
      let first = try group.member(1, of: "team")
      for listener in [two, three] {
        try await listener.event("invited", with: ["group": "team", "by": "user1"])
        try await group.stop(listener)
      }
      let members = (first, try group.member(2, of: "team"), try group.member(3, of: "team"))
      for name in ["user2", "user3"] {
        try await members.0.event("member", with: ["name": name, "change": "joined"])
      }
      try await group.stop(members.2)
      let imposter = try scene.start(
        "listen", "--users", "false.json", "--as", "user2", "--json", "--relay", group.address,
        home: "imposter")
      _ = try await imposter.event("listening")
      let twice = try await group.run(3, "group", "invite", "team", "user2", "--json", users: "false.json")
      try scene.expect(try await twice.ending() == .exited(2), "a second user2", twice)
      #expect(try await twice.event("error").text("message")?.contains("user2 is in team already") == true)
      try await group.stop(imposter)
      #expect(try imposter.events("invited").isEmpty)

      // Removed: told so, and no more a member.
      let third = try group.member(3, of: "team")
      try await third.event("group_connected", with: ["group": "team"])
      try await group.stop(members.0)
      let kicked = try await group.run(1, "group", "kick", "team", "user3", "--json")
      try scene.expect(try await kicked.ending() == .exited(0), "group kick", kicked)
      try await third.event("group_ended", with: ["group": "team", "reason": "removed", "by": "user1"])
      try scene.expect(try await third.ending() == .exited(9), "join of one who was removed", third)
      try await members.1.event("member", with: ["name": "user3", "change": "removed", "by": "user1"])
      let written = try await group.run(1, "send", "team", "--json", input: "without user3")
      try scene.expect(try await written.ending() == .exited(0), "send", written)
      #expect(try await written.event("accepted").text("group") == "team")
      try await members.1.event("message", with: ["text": "without user3", "from": "user1"])
      let mute = try await group.run(3, "send", "group:team", "--json", input: "and me?")
      try scene.expect(try await mute.ending() == .exited(9), "send of one who was removed", mute)
      #expect(!third.output.text.contains("without user3") && !mute.output.text.contains("without user3"))

      // Never invited.
      let stranger = try scene.start(
        "join", "team", "--as", "user4", "--json", "--relay", group.address, "--timeout", "2",
        home: "stranger")
      try scene.expect(try await stranger.ending() == .exited(9), "join uninvited", stranger)
      #expect(
        try await stranger.event("error").text("message")?.contains("nobody has invited you to team") == true)

      // The relay is gone: what is sent waits, and that is said.
      try await group.stop(members.1, group.relay)
      let waiting = try await group.run(1, "send", "team", "--json", "--timeout", "2", input: "later")
      try scene.expect(try await waiting.ending() == .exited(3), "send without a relay", waiting)
    }
  }
}
