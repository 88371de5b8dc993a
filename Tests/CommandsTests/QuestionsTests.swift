import Commands
import Messenger
import Testing
import Wire

/// Answers in order, and what was shown.
private actor Script: Console {
  private var answers: [String]
  private(set) var asked: [String] = []
  private(set) var said: [String] = []

  init(_ answers: [String]) { self.answers = answers }

  func ask(_ question: String) async throws(QuestionEnd) -> String {
    asked.append(question)
    guard !answers.isEmpty else { throw .endOfInput }
    return answers.removeFirst()
  }

  func say(_ text: String) async { said.append(text) }
}

@Suite struct QuestionsTests {
  private static let json = """
    [ {"username": "alice", "password": "p1", "ip": "127.0.0.1", "port": 12345},
      {"username": "bob", "password": "p2", "ip": "127.0.0.1", "port": 12346},
      {"username": "carol", "password": "p3", "ip": "10.0.0.7", "port": "12347"} ]
    """

  private func users() throws -> UsersFile {
    try UsersFile(parsing: Array(Self.json.utf8).span, path: "users.json")
  }

  @Test func whoIsAskedUntilANameOrAPortIsGiven() async throws {
    let script = Script(["", "mallory", "alcie", "99999", "1", "12346"])
    let entry = try await Questions(console: script).who(in: users())
    #expect(entry.name.text == "bob")
    #expect(await script.asked == Array(repeating: "Who are you? [alice/bob/carol]: ", count: 6))
    let said = await script.said
    #expect(said.count == 5)
    #expect(said[1].contains("`mallory`"))
    #expect(said[2].contains("did you mean `alice`?"))
    #expect(said[3].contains("99999"))
    #expect(said[4].contains("port 1"))
  }

  @Test(arguments: [("s", true), ("SEND", true), ("r", false), ("Receive", false), ("R", false)])
  func directionIsTakenInAnyCase(answer: String, sends: Bool) async throws {
    let direction = try await Questions(console: Script([answer])).direction()
    #expect(direction == (sends ? .send : .receive))
  }

  @Test func aWrongDirectionIsExplainedAndAskedAgain() async throws {
    let script = Script(["", "maybe", "s"])
    #expect(try await Questions(console: script).direction() == .send)
    #expect(await script.said.count == 2)
    #expect(await script.said[1].contains("`maybe`"))
    #expect(await script.asked.count == 3)
  }

  @Test func aTargetIsANameAnAddressOrAnAddressAndThenItsPort() async throws {
    let me = try PeerName("alice")
    let users = try users()
    var target = try await Questions(console: Script(["bob"])).target(from: me, in: users)
    #expect((target.name.text, target.address) == ("bob", "127.0.0.1:12346"))
    target = try await Questions(console: Script(["127.0.0.1:12346"])).target(from: me, in: users)
    #expect(target.name.text == "bob")
    // An address that is one user's alone needs no port.
    target = try await Questions(console: Script(["10.0.0.7"])).target(from: me, in: users)
    #expect((target.name.text, target.port) == ("carol", 12347))
    // Nobody of the file: the port, then the name.
    let script = Script(["192.0.2.1", "abc", "70000", "5001", "alice", "dave"])
    target = try await Questions(console: script).target(from: me, in: users)
    #expect((target.name.text, target.address) == ("dave", "192.0.2.1:5001"))
    #expect(await script.asked[1] == "Port of 192.0.2.1: ")
    #expect(await script.said.count == 3)
  }

  @Test func oneselfAndStrangersAreRefusedAndTheQuestionStays() async throws {
    let script = Script(["alice", "127.0.0.1:12345", "mallory", "10.0.0.9:99999", "", "bob"])
    let target = try await Questions(console: script).target(from: PeerName("alice"), in: users())
    #expect(target.name.text == "bob")
    #expect(await script.asked.count == 6)
    #expect(await script.asked.allSatisfy { $0 == "To whom? (name, or host:port) [bob/carol]: " })
    #expect(await script.said.count == 5)
  }

  @Test func withTwoUsersTheOnlyAnswerStandsInTheBrackets() async throws {
    let json = """
      [ {"username": "user1", "ip": "::1", "port": 1}, {"username": "user2", "ip": "::1", "port": 2} ]
      """
    let script = Script(["user2"])
    let users = try UsersFile(parsing: Array(json.utf8).span, path: "u")
    let target = try await Questions(console: script).target(from: PeerName("user1"), in: users)
    #expect(await script.asked == ["To whom? (name, or host:port) [user2]: "])
    #expect(target.address == "[::1]:2")
  }

  @Test func theUsersFileIsAskedForUntilOneCanBeRead() async throws {
    let script = Script(["none.json", "", "users.json"])
    let users = try await Questions(console: script).usersFile(suggestion: nil) {
      (path) throws(UsersFileError) in
      guard path == "users.json" else { throw .missing(path: path) }
      return try UsersFile(parsing: Array(Self.json.utf8).span, path: path)
    }
    #expect(users.entries.count == 3)
    #expect(await script.asked == Array(repeating: "Path of the users file: ", count: 3))
    #expect(await script.said[0].contains("none.json"))
  }

  @Test func enterTakesTheSuggestedUsersFile() async throws {
    let script = Script([""])
    let users = try await Questions(console: script).usersFile(suggestion: "users.json") {
      (path) throws(UsersFileError) in
      try UsersFile(parsing: Array(Self.json.utf8).span, path: path)
    }
    #expect(users.path == "users.json")
    #expect(await script.asked == ["Path of the users file [users.json]: "])
  }

  @Test func questionsEndWithTheInputAndWithTheWishToLeave() async throws {
    await #expect(throws: Questions.Ending.end(.endOfInput)) {
      try await Questions(console: Script([])).direction()
    }
    await #expect(throws: Questions.Ending.leave) {
      try await Questions(console: Script(["/quit"])).direction()
    }
    await #expect(throws: Questions.Ending.leave) {
      try await Questions(console: Script(["exit"])).target(from: PeerName("alice"), in: users())
    }
  }

  @Test func aUserMayBeCalledExit() async throws {
    let json = #"[ {"username": "exit", "ip": "::1", "port": 1} ]"#
    let users = try UsersFile(parsing: Array(json.utf8).span, path: "u")
    #expect(try await Questions(console: Script(["exit"])).who(in: users).name.text == "exit")
  }
}
