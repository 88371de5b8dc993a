import ChatProtocol
import Cryptography
import Foundation
import LogFiles
import Messenger
import Places
import TestSupport
import Testing
import Wire

@Suite struct IdentityFileTests {
  // MARK: Refusals

  @Test func anIdentityThatOthersCanReadIsRefused() throws {
    let home = try TestHome()
    _ = try home.identity()
    for mode in [0o644, 0o640, 0o604, 0o620] {
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: home.profile.identity)
      #expect(throws: HomeFailure.openToOthers(path: home.profile.identity, mode: UInt32(mode))) {
        try home.identity()
      }
    }
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: home.profile.identity)
    #expect(throws: Never.self) { try home.identity() }
  }

  @Test func everyChangedByteOfAnIdentityIsRefusedAndNothingIsRemade() throws {
    let home = try TestHome()
    _ = try home.identity()
    let path = home.profile.identity
    let good = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    for index in good.indices {
      var bad = good
      bad[index] ^= 1
      try Data(bad).write(to: URL(fileURLWithPath: path))
      #expect(throws: HomeFailure.damaged(path: path), "byte \(index)") { try home.identity() }
      #expect([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) == bad)
    }
  }

  @Test func everyTruncatedOrLengthenedIdentityIsRefused() throws {
    let home = try TestHome()
    _ = try home.identity()
    let path = home.profile.identity
    let good = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let texts =
      good.indices.map { Array(good[..<$0]) } + [
        good + [10], good + good, good + [UInt8](repeating: 65, count: 5000),
      ]
    for text in texts {
      try Data(text).write(to: URL(fileURLWithPath: path))
      #expect(throws: HomeFailure.damaged(path: path), "\(text.count) bytes") { try home.identity() }
    }
  }

  /// A file whose check is right, so that what is judged is its content.
  private func checked(_ text: String) -> String {
    text + "check " + Hex.encode(SHA256Hash.hash(Array(text.utf8).span)) + "\n"
  }

  @Test func aFileOfALaterVersionAndOneUnderAPassphraseAreToldApartFromDamage() throws {
    let home = try TestHome()
    let identity = try home.identity()
    let path = home.profile.identity
    try home.overwrite(path, checked("identity 2\nsomething new\n"))
    #expect(throws: HomeFailure.laterVersion(path: path)) { try home.identity() }
    try home.overwrite(path, checked("identity 1\nprofile \(identity.text)\nargon2id 3 65536 salt box\n"))
    #expect(throws: HomeFailure.passphraseNeeded(path: path)) { try home.identity() }
    try home.overwrite(path, checked("contact 1\nprofile x\n"))
    #expect(throws: HomeFailure.damaged(path: path)) { try home.identity() }
  }

  @Test func keysThatDoNotMakeTheProfileAreRefused() throws {
    let home = try TestHome()
    _ = try home.identity()
    let other = try TestHome()
    let otherIdentity = try other.identity()
    let lines = try home.text(home.profile.identity).split(separator: "\n")
    let mixed = "identity 1\nprofile \(otherIdentity.text)\n\(lines[2])\n"
    try home.overwrite(home.profile.identity, checked(mixed))
    #expect(throws: HomeFailure.damaged(path: home.profile.identity)) { try home.identity() }
  }

  @Test func anotherUsersIdentityInOnesOwnPlaceIsRefused() throws {
    let home = try TestHome()
    let bob = try PeerName("bob")
    _ = try IdentityFile.loadOrMake(bob, in: home.folders)
    try home.overwrite(
      try {
        try Folder.create(home.profile.folder)
        return home.profile.identity
      }(),
      home.text(home.folders.profile(bob).identity))
    #expect(throws: HomeFailure.damaged(path: home.profile.identity)) { try home.identity() }
  }

  @Test func contactsWithoutTheirIdentityAreRefusedAndKept() throws {
    let home = try TestHome()
    let contacts = try home.contacts()
    let pin = try People.newPin(try People.keys("bob"))
    _ = try contacts.store(pin, expecting: contacts.state(of: pin.profile.name), at: People.noon)
    try FileManager.default.removeItem(atPath: home.profile.identity)
    #expect(throws: HomeFailure.identityMissing(path: home.profile.identity)) { try home.identity() }
    #expect(FileManager.default.fileExists(atPath: home.profile.contact("bob")))
  }

  @Test func aLinkInThePlaceOfAnIdentityIsNotFollowed() throws {
    let home = try TestHome()
    _ = try home.identity()
    let moved = home.folder.file("moved")
    try FileManager.default.moveItem(atPath: home.profile.identity, toPath: moved)
    try FileManager.default.createSymbolicLink(atPath: home.profile.identity, withDestinationPath: moved)
    #expect(throws: HomeFailure.failed(path: home.profile.identity, message: "it is a symbolic link")) {
      try home.identity()
    }
  }

  @Test func aFileInThePlaceOfTheHomeIsRefused() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("x", to: "home")
    #expect(throws: HomeFailure.self) {
      try IdentityFile.loadOrMake(PeerName("alice"), in: TestHome.folders(at: path))
    }
  }

  // MARK: What is made

  @Test func theFirstUseMakesAPrivateProfileAndTheNextUseLoadsIt() throws {
    let home = try TestHome()
    let made = try home.identity()
    #expect(made.isNew)
    let loaded = try home.identity()
    #expect(!loaded.isNew)
    #expect(loaded.profile == made.profile)
    #expect(throws: Never.self) { try ProvenProfile(verifying: loaded.profile) }
    #expect(loaded.guessCountKey.withBytes { key in key.indices.contains { key[$0] != 0 } })
    for file in home.folder.allFiles { #expect(try home.folder.mode(of: file) == 0o600, "\(file)") }
    for folder in ["profiles", "profiles/alice", "profiles/alice/contacts"] {
      #expect(try home.folder.mode(of: folder) == 0o700, "\(folder)")
    }
  }

  @Test func twoUsersOfOneHomeHaveProfilesOfTheirOwn() throws {
    let home = try TestHome()
    let alice = try home.identity()
    let bob = try IdentityFile.loadOrMake(PeerName("bob"), in: home.folders)
    #expect(alice.profile.ikDH != bob.profile.ikDH && alice.profile.ikSig != bob.profile.ikSig)
    #expect(try home.folders.profileNames().map(\.text) == ["alice", "bob"])
  }

  @Test(arguments: [
    "..", ".hidden", "a/b", "Zoë", "eve smith", "%41", "x" + String(repeating: "é", count: 31),
  ])
  func noNameLeavesItsFolder(name: String) throws {
    let home = try TestHome(name)
    let made = try home.identity()
    #expect(try home.identity().profile == made.profile)
    #expect(try home.folders.profileNames().map(\.text) == [name])
    #expect(try FileManager.default.contentsOfDirectory(atPath: home.folder.path) == ["profiles"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: home.folders.home.profiles).count == 1)
  }

  @Test func theLogKeyPairIsMadeBesideAndBelongsToTheIdentity() throws {
    let home = try TestHome()
    let identity = try home.identity()
    let key = try LogKeyFile.readPublic(home.profile.logPublicKey)
    #expect(key.profile == identity.profile.bytes)
    _ = try home.identity()
    #expect(try LogKeyFile.readPublic(home.profile.logPublicKey) == key)
  }

  @Test func aLogKeyThatACrashLeftOutIsMadeAtTheNextStart() throws {
    let home = try TestHome()
    let identity = try home.identity()
    try FileManager.default.removeItem(atPath: home.profile.logPublicKey)
    _ = try home.identity()
    #expect(try LogKeyFile.readPublic(home.profile.logPublicKey).profile == identity.profile.bytes)
  }

  @Test func aNewIdentityGetsANewLogKeyAndKeepsTheOldOne() throws {
    let home = try TestHome()
    _ = try home.identity()
    let old = try LogKeyFile.readPublic(home.profile.logPublicKey)
    try FileManager.default.removeItem(atPath: home.profile.identity)
    let new = try home.identity()
    #expect(new.isNew)
    #expect(try LogKeyFile.readPublic(home.profile.logPublicKey).profile == new.profile.bytes)
    let kept = home.folder.allFiles.filter { $0.contains("log-verify-") && $0.hasSuffix(".pub") }
    #expect(kept.count == 1)
    #expect(try LogKeyFile.readPublic(home.folder.file(try #require(kept.first))) == old)
  }

  @Test func theIdentityTextIsTheProfileInBase64URL() throws {
    let home = try TestHome()
    let identity = try home.identity()
    #expect(try Base64URL.decode(canonical: identity.text) == identity.profile.bytes)
    #expect(identity.profile.bytes.count == 193)
    #expect(try IdentityFile.publicProfile(of: home.me, in: home.folders) == identity.profile)
    #expect(try IdentityFile.publicProfile(of: PeerName("bob"), in: home.folders) == nil)
  }

  @Test func aProfileOfThisSameHomeIsRecognised() throws {
    let home = try TestHome()
    let alice = try home.identity()
    let bob = try IdentityFile.loadOrMake(PeerName("bob"), in: home.folders)
    let stranger = try People.keys("bob").profile
    #expect(home.folders.user(whoseProfileIs: bob.profile, otherThan: home.me)?.text == "bob")
    #expect(home.folders.user(whoseProfileIs: stranger, otherThan: home.me) == nil)
    #expect(home.folders.user(whoseProfileIs: alice.profile, otherThan: home.me) == nil)
    // Another user's damaged identity is that user's own matter.
    try home.overwrite(home.folders.profile(try PeerName("bob")).identity, "?")
    #expect(home.folders.user(whoseProfileIs: bob.profile, otherThan: home.me) == nil)
  }

  // MARK: Processes and crashes

  @Test func manyThreadsThatStartAtOnceMakeOneIdentity() async throws {
    let home = try TestHome()
    let profiles = await withTaskGroup(of: Profile?.self) { group in
      for _ in 0..<8 { group.addTask { try? home.identity().profile } }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(Set(profiles).count == 1 && profiles.count == 8)
    #expect(profiles.first == .some(try home.identity().profile))
  }

  @Test func twoProcessesThatStartAtOnceMakeOneIdentity() async throws {
    let home = try TestHome()
    let path = home.folder.path
    // Each process notes the identity that it got.
    async let first = #expect(processExitsWith: .success) { [path = path as String] in
      let identity = try IdentityFile.loadOrMake(PeerName("alice"), in: TestHome.folders(at: path))
      try identity.text.write(toFile: path + "/first", atomically: false, encoding: .utf8)
    }
    async let second = #expect(processExitsWith: .success) { [path = path as String] in
      let identity = try IdentityFile.loadOrMake(PeerName("alice"), in: TestHome.folders(at: path))
      try identity.text.write(toFile: path + "/second", atomically: false, encoding: .utf8)
    }
    _ = await (first, second)
    let text = try home.identity().text
    #expect(try String(contentsOfFile: path + "/first", encoding: .utf8) == text)
    #expect(try String(contentsOfFile: path + "/second", encoding: .utf8) == text)
  }

  @Test func whatACrashLeftBeforeTheRenameIsSweptAndNotTaken() throws {
    let home = try TestHome()
    try Folder.create(home.profile.contacts)
    try home.overwrite(home.profile.folder + "/.identity.1f.tmp", "identity 1\nhalf")
    try home.overwrite(home.profile.contacts + "/.bob.2e.tmp", "contact 1\nhalf")
    try home.overwrite(home.profile.folder + "/.log-verify.pub.3d.tmp", "another room's")
    #expect(try home.identity().isNew)
    #expect(!FileStatus.exists(home.profile.folder + "/.identity.1f.tmp"))
    #expect(!FileStatus.exists(home.profile.contacts + "/.bob.2e.tmp"))
    #expect(FileStatus.exists(home.profile.folder + "/.log-verify.pub.3d.tmp"))
  }
}
