import Messenger
import Testing
import Wire

@Suite struct UsersFileSurveyTests {
  private func survey(_ text: String) throws(UsersFileError) -> UsersFileSurvey {
    let bytes = Array(text.utf8)
    return try UsersFileSurvey(parsing: bytes.span, path: "users.json")
  }

  private func problems(_ survey: UsersFileSurvey) -> [String] {
    survey.faults.map { fault in
      guard case .content(_, let place, let problem) = fault else { return "\(fault)" }
      return "\(place.line):\(place.column) \(problem)"
    }
  }

  @Test func everyFaultOfEveryEntryIsFoundAndTheFirstIsTheOneThatAProgramNames() throws {
    let text = """
      [ {"username": "alice", "ip": "10.0.0.1", "port": 70000, "password": ""},
        7,
        {"username": "bob", "port": 5000, "color": "red"},
        {"username": "carol", "ip": "10.0.0.3", "port": 5003},
        {"username": "carol", "ip": "10.0.0.4", "port": true} ]
      """
    let found = try survey(text)
    #expect(!found.isUsable)
    let name = try PeerName("carol")
    #expect(
      problems(found) == [
        "1:51 \(UsersFileProblem.badPort(key: "port", text: "70000"))",
        "1:70 \(UsersFileProblem.badPassword(key: "password", .empty))",
        "2:3 \(UsersFileProblem.entryNotAnObject)",
        "3:3 \(UsersFileProblem.missingKey("ip", user: "bob"))",
        "5:51 \(UsersFileProblem.wrongType(key: "port", expected: "a number or a string"))",
        "5:16 \(UsersFileProblem.duplicateUserName(name, firstLine: 4))",
      ])
    #expect(found.file.entries.map(\.name) == [name])
    #expect(found.file.warnings == [.unknownKeys(["color"], path: "users.json", line: 3)])
    #expect(throws: found.faults[0]) { try UsersFile.test(text) }
  }

  @Test func whatIsNotJSONIsOneFaultAndNothingElse() {
    #expect(throws: UsersFileError.self) { try survey("[{]") }
    #expect(throws: UsersFileError.empty(path: "users.json")) { try survey("  ") }
  }

  @Test func weakPasswordsAreNamedByTheirPlaceAndGoodOnesAreNot() throws {
    let found = try survey(
      """
      [ {"username": "alice", "password": "password2", "ip": "::1", "port": 1},
        {"username": "robert-the-second", "password": "robert-the-second", "ip": "::1", "port": 2},
        {"username": "carol", "password": "1234567", "ip": "::1", "port": 3},
        {"username": "dora", "password": "long enough", "ip": "::1", "port": 4},
        {"username": "emil", "ip": "::1", "port": 5, "Pair_Password": "long enough"},
        {"username": "fred", "password": "12345678", "ip": "::1", "port": 6} ]
      """)
    #expect(found.isUsable)
    #expect(found.remarks.map(\.user.text) == ["alice", "robert-the-second", "carol", "dora", "emil"])
    #expect(
      found.remarks.map(\.kind) == [
        .isPublic, .isName, .isShort, .isShared(with: try PeerName("emil")),
        .isShared(with: try PeerName("dora")),
      ])
    let last = try #require(found.remarks.last)
    #expect(last.key == "Pair_Password")
    #expect(last.position == JSONPosition(line: 5, column: 65))
  }

  @Test func aUsersPlaceIsJudgedByTheAddressAndNeverLookedUp() {
    let here = ["192.0.2.7", "fe80::1", "127.0.0.1"]
    func place(_ host: String) -> UserPlace { UserPlace(host: host, addressesOfThisHost: here) }
    #expect(place("127.9.9.9") == .loopback && place("::1") == .loopback && place("localhost") == .loopback)
    #expect(place("192.0.2.7") == .thisHost && place("0.0.0.0") == .thisHost)
    #expect(place("192.0.2.8") == .elsewhere && place("2001:db8::1") == .elsewhere)
    #expect(place("bob.example") == .name)
  }
}
