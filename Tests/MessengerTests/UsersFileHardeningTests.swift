import ChatProtocol
import Foundation
import Messenger
import Places
import TestSupport
import Testing
import Wire

@Suite struct UsersFileHardeningTests {
  /// Some way of writing that no writer of JSON would have chosen.
  private static func text(
    alice: String = #""password":"alice's own", "#, bob: String = "", carol: String? = nil
  ) -> String {
    var text = "[\r\n\t{ \"Username\" : \"alice\", \(alice)\"IP\":\"127.0.0.1\",\"port\":\"5001\"},\n"
    text +=
      "  {\"note\": \"\\u00e9 \u{e9}\", \"username\": \"bob\"\(bob),\n   \"ip\": \"::1\", \"port\": 5002 }"
    if let carol { text += ",{\"username\":\"carol\",\"ip\":\"carol.example\",\"port\":5003\(carol)}" }
    return text + "\n]\n\n"
  }

  private let bobsPassword = #", "password" : "bob's own""#

  private func identity(_ keys: IdentityKeys) -> String { IdentityText.encode(keys.profile) }

  private func own(_ home: TestHome) throws -> String { try home.identity().text }

  private func pin(_ keys: IdentityKeys, _ standing: Pin.Standing = .confirmed, in home: TestHome) throws {
    let change = try home.contacts().store(
      People.newPin(keys, standing), expecting: .absent, at: People.noon)
    guard case .stored = change else { throw HomeFailure.memory }
  }

  private func reasons(_ hardening: UsersFileHardening) -> [String: UsersFileHardening.Reason] {
    Dictionary(uniqueKeysWithValues: hardening.left.map { ($0.user.text, $0.reason) })
  }

  // MARK: What stays

  @Test func whereNobodyOfTheFileIsAtHomeEverythingStays() throws {
    let home = try TestHome("dora")
    _ = try home.identity()
    let path = try home.folder.write(Self.text(bob: bobsPassword), to: "users.json")
    let hardening = try UsersFileHardening(path, in: home.folders)
    #expect(hardening.taken.isEmpty)
    #expect(reasons(hardening) == ["alice": .nobodyHere, "bob": .nobodyHere])
  }

  @Test func thePasswordOfSomebodyNotMetStaysAndOnesOwnWhileSomebodyMayNeedIt() throws {
    let home = try TestHome("alice")
    let carol = try People.keys("carol")
    try pin(carol, in: home)
    let path = try home.folder.write(
      Self.text(bob: bobsPassword, carol: #","password":"carol's own""#), to: "users.json")
    let hardening = try UsersFileHardening(path, in: home.folders)
    #expect(hardening.taken.map(\.user.text) == ["carol"])
    let (alice, bob) = try (PeerName("alice"), PeerName("bob"))
    #expect(reasons(hardening) == ["alice": .neededBy([bob]), "bob": .notPinned(by: alice)])
    try hardening.apply()
    #expect(
      try home.text(path)
        == Self.text(bob: bobsPassword, carol: #","identity": "\#(identity(carol))""#))
  }

  @Test func aPinThatTheOtherSideHasNotConfirmedIsNotEnough() throws {
    let home = try TestHome("alice")
    try pin(try People.keys("bob"), .provisional, in: home)
    let path = try home.folder.write(Self.text(bob: bobsPassword), to: "users.json")
    let hardening = try UsersFileHardening(path, in: home.folders)
    let (alice, bob) = try (PeerName("alice"), PeerName("bob"))
    #expect(hardening.taken.isEmpty)
    #expect(reasons(hardening) == ["alice": .neededBy([bob]), "bob": .notConfirmed(by: alice)])
  }

  @Test func aKeyOtherThanTheFilesOwnIsLeftForAPerson() throws {
    let home = try TestHome("alice")
    try pin(try People.keys("bob"), in: home)
    let other = try People.keys("bob")
    let path = try home.folder.write(
      Self.text(bob: bobsPassword + ",\"identity\":\"\(identity(other))\""), to: "users.json")
    let hardening = try UsersFileHardening(path, in: home.folders)
    #expect(hardening.taken.isEmpty)
    #expect(reasons(hardening)["bob"] == .keysDiffer)
  }

  @Test func oneUserOfASharedHomeDoesNotSpeakForAnother() throws {
    let home = try TestHome("alice")
    let bob = try People.keys("bob")
    try pin(bob, in: home)
    _ = try IdentityFile.loadOrMake(PeerName("carol"), in: home.folders)
    let path = try home.folder.write(Self.text(bob: bobsPassword, carol: ""), to: "users.json")
    #expect(
      reasons(try UsersFileHardening(path, in: home.folders))["bob"] == .notPinned(by: try PeerName("carol")))
  }

  @Test func aDamagedPinIsAFailureAndNoStranger() throws {
    let home = try TestHome("alice")
    try pin(try People.keys("bob"), in: home)
    let file = home.profile.contact("bob")
    try home.overwrite(file, "contact 1\nnonsense\n")
    let path = try home.folder.write(Self.text(bob: bobsPassword), to: "users.json")
    #expect(throws: UsersFileHardeningError.home(.damaged(path: file))) {
      try UsersFileHardening(path, in: home.folders)
    }
  }

  @Test func aFileThatCannotBeUsedOrIsALinkIsRefused() throws {
    let home = try TestHome("alice")
    let broken = try home.folder.write("[{}]", to: "broken.json")
    #expect(throws: UsersFileHardeningError.self) { try UsersFileHardening(broken, in: home.folders) }
    let path = try home.folder.write(Self.text(), to: "users.json")
    let link = home.folder.file("link.json")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    #expect(throws: UsersFileHardeningError.symbolicLink(path: link)) {
      try UsersFileHardening(link, in: home.folders)
    }
  }

  @Test func aFileThatChangedSinceItWasReadIsNotTouched() throws {
    let home = try TestHome("alice")
    try pin(try People.keys("bob"), in: home)
    let path = try home.folder.write(Self.text(bob: bobsPassword), to: "users.json")
    let hardening = try UsersFileHardening(path, in: home.folders)
    let changed = Self.text(bob: #", "password" : "bob's new""#)
    try home.overwrite(path, changed)
    #expect(throws: UsersFileHardeningError.file(.changedMeanwhile(path: path))) { try hardening.apply() }
    #expect(try home.text(path) == changed)
  }

  @Test func aFolderThatCannotBeWrittenLeavesTheFileAsItWas() throws {
    let home = try TestHome("alice")
    try pin(try People.keys("bob"), in: home)
    let path = try home.folder.write(Self.text(bob: bobsPassword), to: "users.json")
    let hardening = try UsersFileHardening(path, in: home.folders)
    try FileManager.default.removeItem(atPath: path)
    #expect(throws: UsersFileHardeningError.file(.missing(path: path))) { try hardening.apply() }
    #expect(home.folder.allFiles.allSatisfy { !$0.hasSuffix(".tmp") && !$0.hasSuffix("users.json") })
  }

  // MARK: What goes

  @Test func everythingButThePasswordsIsKeptByteForByteAndTheModeIs0600() throws {
    let home = try TestHome("alice")
    let bob = try People.keys("bob")
    try pin(bob, in: home)
    let path = try home.folder.write(Self.text(bob: bobsPassword), to: "users.json", mode: 0o644)
    let hardening = try UsersFileHardening(path, in: home.folders)
    #expect(hardening.left.isEmpty)
    #expect(hardening.taken.map(\.writesIdentity) == [true, true])
    #expect(try home.text(path) == Self.text(bob: bobsPassword), "nothing is written before it is asked for")
    try hardening.apply()
    #expect(
      try home.text(path)
        == Self.text(
          alice: "\"identity\": \"\(try own(home))\", ", bob: ", \"identity\": \"\(identity(bob))\""))
    #expect(try home.folder.mode(of: "users.json") == 0o600)
    let file = try UsersFile.read(path)
    #expect(file.entries.allSatisfy { $0.password == nil && $0.identity != nil })
    #expect(home.folder.allFiles.allSatisfy { !$0.hasSuffix(".tmp") && !$0.contains("bak") })
    #expect(try UsersFileHardening(path, in: home.folders).taken.isEmpty, "a second time finds nothing")
  }

  @Test(arguments: [
    (#", "pair_password": "of two", "PASSWORD":"x""#, ", \"identity\": \"ID\""),
    (#","identity":null,"password":"x""#, ",\"identity\": \"ID\""),
    (#", "password": "x\u0022,", "identity" : "ID""#, ", \"identity\" : \"ID\""),
    (
      #", "pair_password": "y" , "identity" : "ID", "password":null"#,
      " , \"identity\" : \"ID\", \"password\":null"
    ),
  ])
  func bothPasswordsGoAndTheIdentityStandsOnce(before: String, after: String) throws {
    let home = try TestHome("alice")
    let bob = try People.keys("bob")
    try pin(bob, in: home)
    let text = identity(bob)
    let path = try home.folder.write(
      Self.text(alice: "", bob: before.replacing("ID", with: text)), to: "users.json")
    try UsersFileHardening(path, in: home.folders).apply()
    #expect(try home.text(path) == Self.text(alice: "", bob: after.replacing("ID", with: text)))
  }

  @Test func aPasswordThatStandsFirstGoesWithItsComma() throws {
    let home = try TestHome("alice")
    let bob = try People.keys("bob")
    try pin(bob, in: home)
    let tail = #""username": "bob", "identity": "\#(identity(bob))", "ip": "::1", "port": 1}]"#
    let alice = #"[{"username": "alice", "ip": "::1", "port": 2}, "#
    let path = try home.folder.write(
      alice + "{\"password\": \"a\",\n \"pair_password\": \"b\" , " + tail, to: "users.json")
    try UsersFileHardening(path, in: home.folders).apply()
    #expect(try home.text(path) == alice + "{" + tail)
  }

  // MARK: The offer

  @Test func theOfferComesOnceAndOnlyWhenEverybodyIsKnown() throws {
    let home = try TestHome("alice")
    let path = try home.folder.write(Self.text(bob: bobsPassword), to: "users.json")
    _ = try home.identity()
    let users = try UsersFile.read(path)
    #expect(!HardeningOffer.take(users, me: home.me, in: home.folders))
    try pin(try People.keys("bob"), in: home)
    #expect(HardeningOffer.take(users, me: home.me, in: home.folders))
    #expect(!HardeningOffer.take(users, me: home.me, in: home.folders))
  }

  @Test func theOfferIsNotMadeWhereThereIsNothingToTakeOrForTheExample() throws {
    let home = try TestHome("alice")
    try pin(try People.keys("bob"), in: home)
    let bare = try UsersFile.read(home.folder.write(Self.text(alice: ""), to: "users.json"))
    #expect(!HardeningOffer.take(bare, me: home.me, in: home.folders))
    let example = try UsersFile.read(
      home.folder.write(Self.text(bob: bobsPassword), to: "users.example.json"))
    #expect(!HardeningOffer.take(example, me: home.me, in: home.folders))
  }
}
