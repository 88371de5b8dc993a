import Places
import Testing

@Suite struct PathNameTests {
  @Test(arguments: [
    ("alice", "alice"), ("A-z_0.9", "A-z_0.9"), (".hidden", "%2Ehidden"), ("..", "%2E."), ("a/b", "a%2Fb"),
    ("50%", "50%25"), ("żółw", "%C5%BC%C3%B3%C5%82w"), ("a b\n", "a%20b%0A"), ("", ""),
  ])
  func aNameIsOnePartOfAPathAndComesBack(name: String, part: String) {
    #expect(PathName.encoded(name) == part)
    #expect(PathName.decoded(part) == name)
  }

  @Test(arguments: ["%", "%2", "%zz", "%2e", "%41", "a/b", ".a", "%FF", "a b"])
  func aPartThatNoNameIsWrittenAsIsRefused(part: String) {
    #expect(PathName.decoded(part) == nil)
  }
}

@Suite struct HomePathTests {
  @Test func theHomeIsTheFirstThatIsNamed() throws {
    let all = FixedEnvironment(
      ["SECURE_CHAT_HOME": "/env/", "XDG_DATA_HOME": "/xdg", "HOME": "/home/u"], homeOfTheUser: "/pw")
    #expect(try HomePath.choose(named: "/named//", environment: all).root == "/named")
    #expect(try HomePath.choose(named: nil, environment: all) == HomePath("/env"))
    let xdg = FixedEnvironment(["XDG_DATA_HOME": "/xdg", "HOME": "/home/u"])
    #expect(try HomePath.choose(named: nil, environment: xdg).root == "/xdg/secure_chat")
    let home = FixedEnvironment(["XDG_DATA_HOME": "relative", "HOME": "/home/u"])
    #expect(try HomePath.choose(named: nil, environment: home).root == "/home/u/.local/share/secure_chat")
    let user = FixedEnvironment([:], homeOfTheUser: "/pw")
    #expect(try HomePath.choose(named: "", environment: user).root == "/pw/.local/share/secure_chat")
  }

  @Test func withoutAnyFolderThereIsNowhere() {
    #expect(throws: PlaceError(.nowhere, path: "~/.local/share/secure_chat")) {
      try HomePath.choose(named: nil, environment: FixedEnvironment([:]))
    }
  }

  @Test func aProfileKeepsItsFilesInItsOwnFolder() {
    let profile = HomePath("/h").profile("a/b")
    #expect(profile.folder == "/h/profiles/a%2Fb")
    #expect(profile.identity == "/h/profiles/a%2Fb/identity")
    #expect(profile.contact("../x") == "/h/profiles/a%2Fb/contacts/%2E.%2Fx")
  }
}

@Suite struct LogsPathTests {
  @Test func theMarkedFolderHereIsTakenOnlyWhereNoHomeWasNamed() throws {
    let folder = try TestFolder()
    try Folder.create(folder.path + "/logs")
    let unnamed = HomePath("/h", wasNamed: false)
    #expect(LogsPath.choose(named: nil, home: unnamed, currentFolder: folder.path).root == "/h/logs")
    try AtomicFile.replace(folder.path + "/logs/" + LogsPath.marker, with: [])
    #expect(
      LogsPath.choose(named: nil, home: unnamed, currentFolder: folder.path).root == folder.path + "/logs")
    #expect(LogsPath.choose(named: nil, home: HomePath("/h"), currentFolder: folder.path).root == "/h/logs")
    #expect(LogsPath.choose(named: "/l/", home: unnamed, currentFolder: folder.path).root == "/l")
  }

  @Test func aConversationsFolderNamesBothAndTheProfile() {
    let path = LogsPath("logs").conversation(of: "alice", with: ".bob", profileIDHex: "1f3c9a0200ff")
    #expect(path == "logs/alice/%2Ebob-1f3c9a02")
  }
}
