import Commands
import Messenger
import Testing
import Wire

@Suite struct UsersCommandTests {
  @Test func theCommandWantsAnActionAndItsOptionsStandAnywhere() throws {
    #expect(CommandLineReader.failure(of: ["users", "check", "u.json", "--json"]) == nil)
    #expect(CommandLineReader.failure(of: ["--json", "users", "harden", "u.json", "--yes"]) == nil)
    #expect(CommandLineReader.failure(of: ["users", "--users", "u.json", "check"]) == nil)
    #expect(CommandLineReader.failure(of: ["users"])?.exit == .usage)
    let wrong = try #require(CommandLineReader.failure(of: ["users", "remove", "u.json"]))
    #expect(wrong.exit == .usage && wrong.message.contains("remove"))
  }

  @Test func aUserIsOneLineAndOneEvent() throws {
    let text = #"[{"username": "bob", "password": "x", "ip": "::1", "port": 5000}]"#
    let users = try UsersFile(parsing: Array(text.utf8).span, path: "u")
    let line = UserLine(users.entries[0], nil, addressesOfThisHost: [])
    #expect(Sentences.user(line) == "bob  [::1]:5000; this computer alone; first contact by a password")
    let event = String(decoding: JSONEvents.user(line), as: UTF8.self)
    #expect(
      event
        == #"{"v":1,"event":"user","name":"bob","address":"[::1]:5000","place":"loopback","#
        + #""first_contact":"password","own":false,"pinned_by":[],"line":1}"# + "\n")
  }

  @Test func aWeakPasswordIsNamedByItsPlaceAndNeverShown() throws {
    let text = #"[{"username": "bob", "password": "hunter2", "ip": "::1", "port": 5000}]"#
    let survey = try UsersFileSurvey(parsing: Array(text.utf8).span, path: "u.json")
    let sentences = survey.remarks.map { Sentences.remark($0, path: "u.json") }
    #expect(
      sentences == ["u.json, line 1, column 34: `password` of bob: this password has fewer than 8 bytes."])
  }
}
