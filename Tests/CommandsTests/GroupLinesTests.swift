import Commands
import Messenger
import Testing
import Wire

@Suite struct GroupLinesTests {
  private let known = ["user2", "user3", "Randall Flagg", "Flagg"]

  @Test func severalNamesStandBesideEachOther() {
    #expect(NamedPeople("user2 user3", known: known).names == ["user2", "user3"])
    #expect(NamedPeople("user2,  user3", known: known).names == ["user2", "user3"])
    #expect(NamedPeople("user2 user2", known: known).names == ["user2"])
    #expect(NamedPeople("user2 stranger", known: known).names == ["user2", "stranger"])
    #expect(NamedPeople("", known: known).names == [])
  }

  @Test func aNameWithSpacesIsFoundWhereItIsKnown() {
    #expect(
      NamedPeople("user2 Randall Flagg user3", known: known).names == ["user2", "Randall Flagg", "user3"])
    #expect(NamedPeople("Randall Flagg, user2", known: known).names == ["Randall Flagg", "user2"])
    #expect(NamedPeople("Flagg", known: known).names == ["Flagg"])
    #expect(NamedPeople("Randall Flagg", known: []).names == ["Randall", "Flagg"])
  }

  @Test func aColonGivesTheGroupItsName() {
    let named = NamedPeople("night shift: user2 user3", known: known)
    #expect(named.group == "night shift" && named.names == ["user2", "user3"])
    #expect(NamedPeople("team:", known: known) == NamedPeople("team: ", known: known))
    #expect(NamedPeople("team:", known: known).group == "team")
    // That of an address is none.
    #expect(NamedPeople("127.0.0.1:5000", known: known).group == nil)
    #expect(NamedPeople("user2 user3", known: known).group == nil)
  }

  @Test(arguments: [
    ["group"], ["group", "found"], ["group", "create"], ["group", "invite", "team"],
    ["group", "kick", "team"],
    ["group", "kick", "team", "a", "b"], ["group", "leave"], ["group", "leave", "team", "more"],
    ["group", "list", "team"], ["group", "show"], ["join", "team", "more"], ["send", "--relay"],
    ["verify", "bob", "--relay", "h:1"],
  ])
  func aGroupsCommandThatLacksAWordIsExitTwo(arguments: [String]) {
    #expect(CommandLineReader.failure(of: arguments)?.exit == .usage)
  }

  @Test(arguments: [
    ["group", "create", "team"], ["group", "create", "team", "bob", "carol", "--relay", "h:1"],
    ["--relay", "h:1", "group", "create", "team", "bob"], ["group", "invite", "team", "bob", "carol"],
    ["group", "kick", "team", "bob"], ["group", "leave", "team"], ["group", "list", "--json"],
    ["group", "show", "team"], ["join"], ["join", "team", "--lines", "--json"],
    ["send", "team", "--relay", "h:1"],
    ["listen", "--relay", "h:1"], ["chat", "bob", "--relay", "h:1"], ["send", "group:team"],
  ])
  func theGroupsCommandsAreUnderstood(arguments: [String]) {
    #expect(CommandLineReader.failure(of: arguments) == nil)
  }

  @Test func whatAMemberWroteInAPipeStartsEachLineWithItsAuthor() throws {
    func payload(_ text: String) throws -> String {
      String(decoding: EventTeller.payload(of: try GroupSamples.message(text)), as: UTF8.self)
    }
    #expect(try payload("hello") == "[team] bob: hello\n")
    #expect(try payload("hello\n") == "[team] bob: hello\n")
    #expect(try payload("one\n[team] alice: two") == "[team] bob: one\n[team] bob: [team] alice: two\n")
    #expect(try payload("one\n\n") == "[team] bob: one\n[team] bob: \n")
  }

  @Test func groupsAreOfferedByTheirLogsAndContactsAreNot() throws {
    let folder = try LogFolders()
    #expect(folder.complete("--as", "alice") == ["night", "team"])
    #expect(folder.complete() == ["night", "team"])
    #expect(folder.complete("--as", "bob") == [])
  }
}
