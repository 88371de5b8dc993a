import Commands
import Testing

@Suite struct TypedLineTests {
  @Test(arguments: ["hello", " hello", "exit now", "quit", "chat bob", "a/b", "1"])
  func inAConversationPlainWordsAreText(line: String) {
    #expect(TypedLine(line, inLobby: false) == .text(line))
  }

  @Test func aSlashIsSentByTwo() {
    #expect(TypedLine("//etc/hosts", inLobby: false) == .text("/etc/hosts"))
    #expect(TypedLine("//quit", inLobby: false) == .text("/quit"))
  }

  @Test func aLeadingSpaceSendsWhatWouldActWithoutIt() {
    #expect(TypedLine(" exit", inLobby: false) == .text("exit"))
    #expect(TypedLine(" /quit", inLobby: false) == .text("/quit"))
    #expect(TypedLine("exit", inLobby: false) == .exit)
  }

  @Test func commandsTakeTheirArgument() {
    #expect(TypedLine("/chat bob", inLobby: false) == .command(.chat, argument: "bob"))
    #expect(TypedLine("/chat   Randall Flagg ", inLobby: false) == .command(.chat, argument: "Randall Flagg"))
    #expect(TypedLine("/quit", inLobby: false) == .command(.quit, argument: ""))
    #expect(TypedLine("/verify bob", inLobby: true) == .command(.verify, argument: "bob"))
    #expect(TypedLine("/block bob", inLobby: false) == .command(.block, argument: "bob"))
    #expect(TypedLine("/invite bob carol", inLobby: false) == .command(.invite, argument: "bob carol"))
    #expect(TypedLine("/join", inLobby: false) == .command(.join, argument: ""))
    #expect(TypedLine("/leave team", inLobby: false) == .command(.leave, argument: "team"))
    #expect(TypedLine("/kick bob", inLobby: false) == .command(.kick, argument: "bob"))
    #expect(TypedLine("join", inLobby: false) == .text("join"))
  }

  @Test func anUnknownCommandIsNeverText() {
    #expect(TypedLine("/hlep", inLobby: false) == .unknown("hlep", meant: "help"))
    #expect(TypedLine("/etc/hosts", inLobby: false) == .unknown("etc/hosts", meant: nil))
    #expect(TypedLine("/", inLobby: false) == .unknown("", meant: nil))
  }

  @Test(arguments: [
    "edit", "search", "outbox", "cancel", "file", "files", "accept", "decline", "record", "offrecord",
  ])
  func laterCommandsAreKnownAndNeverSent(word: String) {
    #expect(TypedLine("/\(word) x", inLobby: false) == .later(word))
  }

  @Test func inTheLobbyTheBareVerbsAndTheMenuWork() {
    #expect(TypedLine("chat bob", inLobby: true) == .command(.chat, argument: "bob"))
    #expect(TypedLine("1 bob", inLobby: true) == .command(.chat, argument: "bob"))
    #expect(TypedLine("quit", inLobby: true) == .command(.quit, argument: ""))
    #expect(TypedLine("exit", inLobby: true) == .exit)
    #expect(TypedLine("status bob", inLobby: true) == .command(.status, argument: "bob"))
    #expect(TypedLine("2 bob", inLobby: true) == .command(.status, argument: "bob"))
    #expect(TypedLine("3", inLobby: true) == .command(.all, argument: ""))
    #expect(TypedLine("4", inLobby: true) == .command(.join, argument: ""))
    #expect(TypedLine("5 team", inLobby: true) == .command(.leave, argument: "team"))
    #expect(TypedLine("join team", inLobby: true) == .command(.join, argument: "team"))
    #expect(TypedLine("leave", inLobby: true) == .command(.leave, argument: ""))
    #expect(TypedLine("chat user2 user3", inLobby: true) == .command(.chat, argument: "user2 user3"))
    #expect(TypedLine("status bob", inLobby: false) == .text("status bob"))
    #expect(TypedLine("hello", inLobby: true) == .text("hello"))
    #expect(TypedLine("", inLobby: true) == .nothing)
  }
}
