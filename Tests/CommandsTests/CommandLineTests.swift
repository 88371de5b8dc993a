import Commands
import Testing

@Suite struct CommandLineTests {
  @Test func optionsStandBeforeOrBehindTheCommand() throws {
    let before = try ArgumentScan(["--users", "u.json", "--as", "a", "--json", "send", "bob"])
    #expect(before.first == .command("send"))
    #expect(before.arguments == ["--users", "u.json", "--as", "a", "--json", "bob"])
    let behind = try ArgumentScan(["send", "bob", "--users", "u.json", "--as", "a", "--json"])
    #expect(behind.first == .command("send"))
    #expect(CommandLineReader.failure(of: ["--as", "a", "send", "bob"]) == nil)
    #expect(CommandLineReader.failure(of: ["send", "bob", "--as", "a"]) == nil)
  }

  @Test func anOptionsValueIsNotTakenForTheCommand() throws {
    #expect(try ArgumentScan(["--as", "send", "listen"]).first == .command("listen"))
    #expect(try ArgumentScan(["--as=send", "listen"]).first == .command("listen"))
    #expect(try ArgumentScan(["users.json"]).first == .file("users.json"))
    #expect(try ArgumentScan([]).first == .none)
  }

  @Test func jsonIsPromisedOnlyWhereItIsAnOption() {
    #expect(ArgumentScan.wantsJSON(["send", "--json"]))
    #expect(ArgumentScan.wantsJSON(["--json", "snd"]))
    #expect(!ArgumentScan.wantsJSON(["send", "--as", "--json"]))
    #expect(!ArgumentScan.wantsJSON(["--", "--json"]))
  }

  @Test(arguments: [
    "invite", "accept", "file", "daemon", "status", "rpc", "key",
  ])
  func aCommandOfALaterVersionIsRefusedByName(word: String) throws {
    let failure = try #require(CommandLineReader.failure(of: [word, "--whatever", "x"]))
    #expect(failure.exit == .usage)
    #expect(failure.message.contains(word))
    #expect(failure.message.contains("comes later"))
  }

  @Test(arguments: [
    "--wait", "--record", "--heads", "--sign", "--manual-key", "--room-password-file",
  ])
  func anOptionOfALaterVersionIsRefusedWhereverItStands(option: String) throws {
    for arguments in [
      ["send", "bob", option, "5"], [option, "5", "send", "bob"], ["send", "bob", option + "=5"],
    ] {
      let failure = try #require(CommandLineReader.failure(of: arguments))
      #expect(failure.exit == .usage)
      #expect(failure.message.contains(option))
      #expect(failure.message.contains("comes later"))
    }
  }

  @Test func contactsTakesAFileOnlyToImport() throws {
    for arguments in [
      ["contacts"], ["contacts", "lst"], ["contacts", "import"], ["contacts", "list", "file"], ["block"],
      ["verify", "bob", "--require-verified"],
    ] {
      #expect(CommandLineReader.failure(of: arguments)?.exit == .usage, "\(arguments)")
    }
    for arguments in [
      ["contacts", "list"], ["contacts", "export", "--json"], ["--yes", "contacts", "import", "file"],
      ["block", "bob"], ["unblock", "bob"], ["send", "--require-verified", "bob"],
    ] {
      #expect(CommandLineReader.failure(of: arguments) == nil, "\(arguments)")
    }
  }

  @Test func aCommandForMessagesIsGivenWhereMessagesArrive() throws {
    for arguments in [
      ["send", "bob", "--exec", "true"], ["chat", "bob", "--exec", "true"], ["listen", "--exec", ""],
      ["listen", "--exec"], ["listen", "--exec", "--json"], ["send", "bob", "--notify-cmd", "true"],
      ["chat", "bob", "--notify-cmd="],
    ] {
      #expect(CommandLineReader.failure(of: arguments)?.exit == .usage, "\(arguments)")
    }
    for arguments in [
      ["listen", "--exec", "cat > file"], ["--exec", "true", "listen"], ["receive", "--exec=true"],
      ["listen", "--notify-cmd", "true", "--exec", "true"], ["chat", "bob", "--notify-cmd", "true"],
    ] {
      #expect(CommandLineReader.failure(of: arguments) == nil, "\(arguments)")
    }
    // The value is no word of the command line's own.
    #expect(try ArgumentScan(["--exec", "send", "listen"]).first == .command("listen"))
    #expect(!ArgumentScan.wantsJSON(["listen", "--exec", "--json"]))
  }

  @Test func waitIsForVerifyAlone() throws {
    #expect(CommandLineReader.failure(of: ["verify", "bob", "--wait"]) == nil)
    #expect(CommandLineReader.failure(of: ["--wait", "verify", "bob"]) == nil)
    #expect(CommandLineReader.failure(of: ["chat", "bob", "--wait", "5"])?.exit == .usage)
  }

  @Test func aSlipInACommandIsToldWithTheWordThatWasMeant() throws {
    let failure = try #require(CommandLineReader.failure(of: ["snd", "user2"]))
    #expect(failure.exit == .usage)
    #expect(failure.message == "no command `snd`; did you mean `send`?")
    let strange = try #require(CommandLineReader.failure(of: ["quux"]))
    #expect(strange.message.hasPrefix("no command `quux`"))
  }

  @Test func whatTheParserRefusesIsExitTwo() throws {
    for arguments in [
      ["listen", "--port", "seven"], ["listen", "--port", "70000"], ["listen", "--frobnicate"], ["send"],
      ["id", "superfluous"], ["send", "bob", "--color", "loud"], ["send", "bob", "--timeout", "0"],
      ["send", "bob", "--password-file", "f", "--password-fd", "3"],
    ] {
      let failure = try #require(CommandLineReader.failure(of: arguments), "\(arguments)")
      #expect(failure.exit == .usage, "\(arguments)")
      #expect(failure.code == "E_USAGE")
    }
  }

  @Test func receiveIsListen() {
    #expect(CommandLineReader.failure(of: ["receive", "--port", "0"]) == nil)
  }

  @Test func exitCodesAreThoseOfTheManual() {
    #expect(ExitCode.allCases.map(\.rawValue) == [0, 1, 2, 3, 4, 5, 9, 130])
  }
}
