import ChatProtocol
import Foundation
import Messenger
import TestSupport
import Testing
import Wire

@Suite struct UsersFileTests {
  private let plain = """
    [ {"username": "user1", "password": "password1", "ip": "127.0.0.1", "port": 12345},
      {"username": "user2", "password": "password2", "ip": "127.0.0.1", "port": 12346} ]
    """

  /// The problem of a file of this text, and its line.
  private func problem(_ text: String) -> (UsersFileProblem, line: Int, column: Int)? {
    do throws(UsersFileError) {
      _ = try UsersFile.test(text)
      return nil
    } catch {
      guard case .content(_, let place, let problem) = error else { return nil }
      return (problem, place.line, place.column)
    }
  }

  private func entry(_ members: String) -> String {
    #"[{"username": "bob", "ip": "10.0.0.1", "port": 5000\#(members)}]"#
  }

  // MARK: Refusals

  @Test func aMissingFileIsNamed() throws {
    let folder = try TemporaryFolder()
    #expect(throws: UsersFileError.missing(path: folder.file("users.json"))) {
      try UsersFile.read(folder.file("users.json"))
    }
  }

  @Test func aFolderIsNoUsersFile() throws {
    let folder = try TemporaryFolder()
    #expect(throws: UsersFileError.notAFile(path: folder.path)) { try UsersFile.read(folder.path) }
  }

  @Test func aFIFOIsRefusedWithoutWaitingForItsWriter() throws {
    let folder = try TemporaryFolder()
    #expect(unsafe mkfifo(folder.file("pipe"), 0o600) == 0)
    #expect(throws: UsersFileError.notAFile(path: folder.file("pipe"))) {
      try UsersFile.read(folder.file("pipe"))
    }
  }

  @Test(arguments: ["", " \n\t\r\n"]) func anEmptyFileIsEmptyAndNotBadJSON(text: String) throws {
    #expect(throws: UsersFileError.empty(path: "users.json")) { try UsersFile.test(text) }
  }

  @Test func aFileOf100MegabytesIsRefusedByItsSize() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("[", to: "users.json")
    let handle = try #require(FileHandle(forWritingAtPath: path))
    // Sparse: it has the size and no bytes, so reading it would take as long as the real one.
    try handle.truncate(atOffset: 100 << 20)
    try handle.close()
    #expect(throws: UsersFileError.tooLarge(path: path, limit: UsersFile.sizeLimit)) {
      try UsersFile.read(path)
    }
  }

  @Test func aFileAtTheLimitIsReadAndOneByteMoreIsNot() throws {
    let folder = try TemporaryFolder()
    let padding = String(repeating: " ", count: UsersFile.sizeLimit - plain.utf8.count)
    #expect(try UsersFile.read(folder.write(plain + padding, to: "at.json")).entries.count == 2)
    let path = try folder.write(plain + padding + " ", to: "over.json")
    #expect(throws: UsersFileError.tooLarge(path: path, limit: UsersFile.sizeLimit)) {
      try UsersFile.read(path)
    }
  }

  @Test func whatIsNotJSONIsNamedByLineAndColumn() throws {
    let found = try #require(problem("[\n  {\"username\": user1}\n]"))
    #expect(found.line == 2 && found.column == 16)
    guard case .notJSON(_, let key) = found.0 else {
      Issue.record("\(found)")
      return
    }
    #expect(key == "username")
  }

  @Test(arguments: ["<html>", "[{]", "[}", "[{\"a\":1},]", "[1 2]", "nul", "[\"\\x\"]", "\u{FEFF}[]", "[]]"])
  func everyOtherTextThatIsNotJSONIsRefused(text: String) throws {
    guard case .notJSON? = problem(text)?.0 else {
      Issue.record("\(String(describing: problem(text)))")
      return
    }
  }

  @Test(arguments: [#"{"username": "bob"}"#, "1", "\"users\"", "null", "true"])
  func aFileMustBeAList(text: String) { #expect(problem(text)?.0 == .notAList) }

  @Test func aListNeedsAUser() { #expect(problem("[]")?.0 == .noUsers) }

  @Test(arguments: ["[1]", "[null]", "[\"bob\"]", "[[]]"]) func anEntryMustBeAnObject(text: String) {
    #expect(problem(text)?.0 == .entryNotAnObject)
  }

  @Test func whatIsMissingIsNamedWithItsUser() {
    #expect(problem(#"[{"ip": "10.0.0.1", "port": 1}]"#)?.0 == .missingKey("username", user: nil))
    #expect(problem(#"[{"username": "bob", "port": 1}]"#)?.0 == .missingKey("ip", user: "bob"))
    #expect(problem(#"[{"username": "bob", "ip": "10.0.0.1"}]"#)?.0 == .missingKey("port", user: "bob"))
  }

  @Test(arguments: [
    ("username", "5"), ("username", "null"), ("ip", "5"), ("ip", "{}"), ("password", "5"), ("password", "[]"),
    ("pair_password", "true"), ("identity", "7"), ("port", "true"), ("port", "null"), ("port", "[1]"),
  ])
  func aValueOfTheWrongTypeIsNamedByItsKey(key: String, value: String) {
    var members = ["username": "\"bob\"", "ip": "\"10.0.0.1\"", "port": "1"]
    members[key] = value
    let text = "[{" + members.map { "\"\($0)\": \($1)" }.joined(separator: ", ") + "}]"
    guard case .wrongType(key, _)? = problem(text)?.0 else {
      Issue.record("\(String(describing: problem(text)))")
      return
    }
  }

  @Test(arguments: [
    "70000", "65536", "0", "-1", "1.5", "1e3", "\"abc\"", "\"\"", "\"70000\"", "\" 80\"", "\"+80\"",
    "\"0x50\"",
    "\"١٢\"", "99999999999999999999",
  ])
  func aBadPortIsShownAsItIsWritten(port: String) {
    let text = #"[{"username": "bob", "ip": "10.0.0.1", "port": \#(port)}]"#
    let shown = port.filter { $0 != "\"" }
    #expect(problem(text)?.0 == .badPort(key: "port", text: shown))
  }

  @Test(arguments: [
    "", " ", "ten point one", "300.1.1.1", "1.2.3", "10.0.0.1:80", "-x", "a/b", "::1::", "a\\u0007b",
  ])
  func aBadHostIsRefused(host: String) {
    let text = #"[{"username": "bob", "ip": "\#(host)", "port": 1}]"#
    #expect(problem(text)?.0 == .badHost(key: "ip"))
  }

  @Test(arguments: [
    ("", NameError.empty), (String(repeating: "x", count: 64), .tooLong),
    ("a\\u0007b", .forbiddenCodePoint(7)),
    (" bob", .spaceAtEnd), ("joiner", .keptForRooms), ("e\\u0301", .notComposed),
    ("a\\u202eb", .forbiddenCodePoint(0x202E)),
  ])
  func aBadUserNameIsRefusedWithItsReason(name: String, reason: NameError) {
    let text = #"[{"username": "\#(name)", "ip": "10.0.0.1", "port": 1}]"#
    #expect(problem(text)?.0 == .badUserName(key: "username", reason))
  }

  @Test func aKeyTwiceIsRefusedInAnyCase() {
    #expect(problem(entry(#", "port": 2"#))?.0 == .duplicateKey("port"))
    #expect(problem(entry(#", "PORT": 2"#))?.0 == .duplicateKey("PORT"))
  }

  @Test func aUserNameTwiceIsRefusedWithBothLines() throws {
    let text = """
      [ {"username": "bob", "ip": "10.0.0.1", "port": 1},
        {"username": "Bob", "ip": "10.0.0.1", "port": 1},
        {"username": "bob", "ip": "10.0.0.2", "port": 2} ]
      """
    let found = try #require(problem(text))
    #expect(found.0 == .duplicateUserName(try PeerName("bob"), firstLine: 1))
    #expect(found.line == 3)
  }

  @Test(arguments: [
    ("", PasswordProblem.empty), (String(repeating: "x", count: 129), .tooLong), ("a\\u0007", .control),
    ("\\u0085", .control), (String(repeating: "x", count: 5000), .tooLong),
  ])
  func aBadPasswordIsRefusedWithItsReason(password: String, reason: PasswordProblem) {
    for key in ["password", "pair_password"] {
      #expect(problem(entry(#", "\#(key)": "\#(password)""#))?.0 == .badPassword(key: key, reason))
    }
  }

  // [S-16]
  @Test func anIdentityIsCheckedInFormNameAndSignature() throws {
    let bob = try People.keys("bob").profile
    let text = IdentityText.encode(bob)
    #expect(try UsersFile.test(entry(#", "identity": "\#(text)""#)).entries[0].identity?.profile == bob)

    func refused(_ identity: String) -> UsersFileProblem? {
      problem(entry(#", "identity": "\#(identity)""#))?.0
    }
    #expect(refused("") == .badIdentity(key: "identity", .notAProfile))
    #expect(refused(String(text.dropLast())) == .badIdentity(key: "identity", .notAProfile))
    #expect(refused(text + "=") == .badIdentity(key: "identity", .notAProfile))
    let carol = IdentityText.encode(try People.keys("carol").profile)
    #expect(refused(carol) == .badIdentity(key: "identity", .anotherName(try PeerName("carol"))))
    var bytes = bob.bytes
    bytes[192] ^= 1
    #expect(refused(Base64URL.encode(bytes)) == .badIdentity(key: "identity", .notAuthentic))
    // Another signature key beside the same agreement key: what a thief of an identity would write.
    bytes = bob.bytes
    bytes.replaceSubrange(33..<65, with: try People.keys("bob").profile.ikSig)
    #expect(refused(Base64URL.encode(bytes)) == .badIdentity(key: "identity", .notAuthentic))
  }

  @Test func thousandsOfNestedListsAreRefused() {
    let text = String(repeating: "[", count: 100_000)
    guard case .notJSON(.tooDeep, _)? = problem(text)?.0 else {
      Issue.record("\(String(describing: problem(text)))")
      return
    }
  }

  // MARK: What is accepted

  @Test func thePlainShapeIsAcceptedAsItStands() throws {
    let users = try UsersFile.test(plain)
    #expect(users.entries.map(\.name.text) == ["user1", "user2"])
    #expect(users.entries.map(\.host) == ["127.0.0.1", "127.0.0.1"])
    #expect(users.entries.map(\.port) == [12345, 12346])
    #expect(users.entries.map(\.line) == [1, 2])
    let passwords = users.entries.compactMap(\.password).map(People.bytes)
    #expect(passwords == [Array("password1".utf8), Array("password2".utf8)])
    #expect(users.warnings.isEmpty)
  }

  @Test func keysMayBeInAnyCaseAndAPortMayBeAString() throws {
    let users = try UsersFile.test(
      #"[{"Username": "bob", "PASSWORD": "secret word", "IP": "10.0.0.1", "Port": "5000"}]"#)
    let bob = users.entries[0]
    #expect(bob.name.text == "bob" && bob.host == "10.0.0.1" && bob.port == 5000)
    #expect(bob.password.map(People.bytes) == Array("secret word".utf8))
  }

  @Test(arguments: [
    "example.org", "bob-pc.local", "::1", "fe80::1%eth0", "[2001:db8::1]", "my_host", "bücher.example",
  ])
  func anIPMayBeAHostNameOrIPv6(host: String) throws {
    let users = try UsersFile.test(#"[{"username": "bob", "ip": "\#(host)", "port": 1}]"#)
    #expect(users.entries[0].host == host.trimmingCharacters(in: ["[", "]"]))
  }

  @Test func aPasswordMayBeMissingOrNull() throws {
    #expect(try UsersFile.test(entry("")).entries[0].password == nil)
    #expect(try UsersFile.test(entry(#", "password": null"#)).entries[0].password == nil)
  }

  @Test func escapesOfAPasswordAreDecodedAndItsNormalFormIsTaken() throws {
    let users = try UsersFile.test(entry(#", "password": "Cafe\u0301\u3000\"x\"""#))
    #expect(users.entries[0].password.map(People.bytes) == Array("Caf\u{E9} \"x\"".utf8))
  }

  @Test func unknownKeysAreNamedAndStopNothing() throws {
    let users = try UsersFile.test(entry(#", "prot": 1, "E-Mail": "x""#))
    #expect(users.warnings == [.unknownKeys(["prot", "E-Mail"], path: "users.json", line: 1)])
  }

  @Test func aFileThatOthersCanReadIsWarnedAboutOnce() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(entry(#", "password": "my own""#), to: "users.json", mode: 0o644)
    #expect(try UsersFile.read(path).warnings == [.openToOthers(path: path, mode: 0o644)])
    let closed = try folder.write(entry(#", "password": "my own""#), to: "closed.json", mode: 0o600)
    #expect(try UsersFile.read(closed).warnings.isEmpty)
  }

  @Test func theShippedExampleIsNotWarnedAbout() throws {
    let folder = try TemporaryFolder()
    #expect(try UsersFile.read(folder.write(plain, to: "users.example.json", mode: 0o644)).warnings.isEmpty)
    // A copy of it holds the same public passwords, and nothing else to hide.
    #expect(try UsersFile.read(folder.write(plain, to: "users.json", mode: 0o644)).warnings.isEmpty)
    let changed = plain.replacingOccurrences(of: "password2", with: "a real one")
    let path = try folder.write(changed, to: "mine.json", mode: 0o644)
    #expect(try UsersFile.read(path).warnings == [.openToOthers(path: path, mode: 0o644)])
  }

  @Test func publicPasswordsAreToldOnAddressesThatOthersReach() throws {
    let users = try UsersFile.test(plain)
    #expect(users.hasPublicPasswords)
    #expect(users.passwordsArePublic(forHost: "10.0.0.7"))
    #expect(users.passwordsArePublic(forHost: "example.org"))
    #expect(!users.passwordsArePublic(forHost: "127.0.0.1"))
    #expect(!users.passwordsArePublic(forHost: "::1"))
    #expect(!users.passwordsArePublic(forHost: "localhost"))
    let own = try UsersFile.test(entry(#", "password": "my own""#))
    #expect(!own.hasPublicPasswords && !own.passwordsArePublic(forHost: "10.0.0.7"))
  }

  @Test func moreThanTwoUsersAreToldThatEveryReaderCanPose() throws {
    func users(_ count: Int, _ password: String) throws -> [UsersFileWarning] {
      let entries = (1...count).map {
        #"{"username": "u\#($0)", "ip": "10.0.0.1", "port": \#($0)\#(password)}"#
      }
      return try UsersFile.test("[" + entries.joined(separator: ",") + "]").warnings
    }
    #expect(try users(2, #", "password": "x1""#).isEmpty)
    #expect(try users(3, #", "password": "x1""#) == [.everyReaderCanPose(path: "users.json", users: 3)])
    #expect(try users(3, "").isEmpty)
    // A password that is left over opens nothing where everybody is known by an identity.
    let known = try ["a", "b", "c"].map { name in
      let identity = IdentityText.encode(try People.keys(name).profile)
      let keys = #""identity": "\#(identity)", "password": "x1""#
      return #"{"username": "\#(name)", "ip": "10.0.0.1", "port": 1, \#(keys)}"#
    }
    #expect(try UsersFile.test("[" + known.joined(separator: ",") + "]").warnings.isEmpty)
  }

  @Test func aLinkToAUsersFileIsFollowed() throws {
    let folder = try TemporaryFolder()
    try folder.write(plain, to: "real.json")
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("link.json"), withDestinationPath: folder.file("real.json"))
    #expect(try UsersFile.read(folder.file("link.json")).entries.count == 2)
  }

  @Test func readingChangesNothingInTheFile() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(plain, to: "users.json", mode: 0o644)
    _ = try UsersFile.read(path)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == plain)
    #expect(folder.allFiles == ["users.json"])
  }

  // MARK: Look-up

  @Test func usersAreFoundByNamePortAndAddress() throws {
    let users = try UsersFile.test(
      """
      [ {"username": "bob", "ip": "10.0.0.1", "port": 1}, {"username": "carol", "ip": "::1", "port": 1},
        {"username": "dave", "ip": "Example.org", "port": 3} ]
      """)
    #expect(users.entry(named: try PeerName("carol"))?.host == "::1")
    #expect(users.entry(named: try PeerName("Carol")) == nil)
    #expect(users.entries(onPort: 1).map(\.name.text) == ["bob", "carol"])
    #expect(users.entries(atHost: "0:0:0:0:0:0:0:1", port: 1).map(\.name.text) == ["carol"])
    #expect(users.entries(atHost: "example.ORG", port: 3).map(\.name.text) == ["dave"])
    #expect(users.entries(atHost: "10.0.0.1", port: 2).isEmpty)
    #expect(users.others(than: try PeerName("bob")).map(\.name.text) == ["carol", "dave"])
  }

  @Test func aNameThatDiffersByASlipIsOffered() throws {
    let users = try UsersFile.test(plain)
    #expect(users.names(similarTo: "usr1").map(\.text) == ["user1"])
    #expect(users.names(similarTo: "USER2").map(\.text) == ["user1", "user2"])
    #expect(users.names(similarTo: "uesr2").map(\.text) == ["user2"])
    #expect(users.names(similarTo: "alice").isEmpty)
  }
}
