import Cryptography
import Foundation
import LogFiles
import Messenger
import Places
import TestSupport
import Testing
import Wire

/// The passphrase of a profile: it locks two files, which change as one.
@Suite struct ProfilePassphraseTests {
  /// As little work as a file may state, so that a test costs milliseconds.
  private let effort = PassphraseEffort(passes: 1, memoryByteCount: 8 << 20)

  private func passphrase(_ text: String) throws -> Passphrase {
    try Passphrase(typed: Array(text.utf8).span)
  }

  private func identity(_ home: TestHome, _ text: String? = nil) throws -> OwnIdentity {
    try IdentityFile.loadOrMake(
      home.me, in: home.folders, passphrase: text.map { try passphrase($0) }, effort: effort)
  }

  @discardableResult
  private func change(_ home: TestHome, from old: String?, to new: String) throws -> Bool {
    try ProfilePassphrase.change(
      of: home.me, in: home.folders, from: old.map { try passphrase($0) }, to: passphrase(new),
      effort: effort)
  }

  private func logKeyOpens(_ home: TestHome, with text: String?) -> Bool {
    let given = text.flatMap { try? passphrase($0) }
    return (try? LogKeyFile.readSecret(home.profile.logPrivateKey) { given }) != nil
  }

  // MARK: Refusals

  @Test func aLockedProfileOpensWithItsPassphraseAlone() throws {
    let home = try TestHome()
    let made = try identity(home, "open sesame")
    #expect(made.isNew)
    let path = home.profile.identity
    #expect(throws: HomeFailure.passphraseNeeded(path: path)) { try identity(home) }
    #expect(throws: HomeFailure.wrongPassphrase(path: path)) { try identity(home, "open sesamE") }
    let loaded = try identity(home, "open sesame")
    #expect(!loaded.isNew && loaded.profile == made.profile)
    let same = made.guessCountKey.withBytes { mine in
      loaded.guessCountKey.withBytes { theirs in mine.indices.allSatisfy { mine[$0] == theirs[$0] } }
    }
    #expect(same)
  }

  @Test func everyChangedByteOfALockIsRefused() throws {
    let home = try TestHome()
    _ = try identity(home, "open sesame")
    let path = home.profile.identity
    let text = try home.text(path)
    let lock = try #require(text.range(of: "argon2id "))
    let body = String(text[..<(try #require(text.range(of: "check "))).lowerBound])
    // The salt, the box, and a profile that is not the one that the box is bound to.
    for offset in [16, 30, 60, 100, 180] {
      let place = body.index(lock.lowerBound, offsetBy: offset)
      var changed = body
      changed.replaceSubrange(place...place, with: body[place] == "A" ? "B" : "A")
      try home.overwrite(
        path, changed + "check " + Hex.encode(SHA256Hash.hash(Array(changed.utf8).span)) + "\n")
      #expect(throws: HomeFailure.self, "character \(offset)") { try identity(home, "open sesame") }
    }
  }

  @Test(arguments: ["0 8192", "11 8192", "1 8191", "1 1048577", "01 8192", "1 99999999"])
  func aLockThatAsksForTooLittleOrTooMuchWorkIsDamage(cost: String) throws {
    let home = try TestHome()
    let made = try identity(home)
    let salt = String(repeating: "A", count: 22)
    let text =
      "identity 1\nprofile \(made.text)\nargon2id \(cost) \(salt) \(String(repeating: "A", count: 150))\n"
    try home.overwrite(
      home.profile.identity, text + "check " + Hex.encode(SHA256Hash.hash(Array(text.utf8).span)) + "\n")
    #expect(throws: HomeFailure.damaged(path: home.profile.identity)) { try identity(home, "x") }
  }

  @Test func theOldPassphraseIsNeededToSetAnother() throws {
    let home = try TestHome()
    _ = try identity(home, "first")
    let before = try home.text(home.profile.identity)
    let key = try home.text(home.profile.logPrivateKey)
    #expect(throws: HomeFailure.passphraseNeeded(path: home.profile.identity)) {
      try change(home, from: nil, to: "second")
    }
    #expect(throws: HomeFailure.wrongPassphrase(path: home.profile.identity)) {
      try change(home, from: "wrong", to: "second")
    }
    #expect(try home.text(home.profile.identity) == before)
    #expect(try home.text(home.profile.logPrivateKey) == key)
  }

  @Test func bytesThatAreNoPassphraseAreRefused() throws {
    #expect(throws: PassphraseProblem.empty) { try passphrase("") }
    #expect(throws: PassphraseProblem.tooLong) { try passphrase(String(repeating: "x", count: 1025)) }
    #expect(throws: PassphraseProblem.notUTF8) { try Passphrase(typed: [0xC3, 0x28].span) }
    #expect(throws: Never.self) { try passphrase(String(repeating: "x", count: 1024)) }
  }

  @Test func aPassphraseFileThatOthersCanReadIsRefused() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("open sesame\n", to: "passphrase", mode: 0o644)
    #expect(throws: PassphraseSourceError.file(PlaceError(.openToOthers(mode: 0o644), path: path))) {
      try Passphrase.read(file: path)
    }
    let long = try folder.write(String(repeating: "x", count: 1025), to: "long")
    #expect(throws: PassphraseSourceError.passphrase(.tooLong)) { try Passphrase.read(file: long) }
  }

  // MARK: What is written

  @Test func aProfileMadeWithAPassphraseNeverHoldsAKeyInClear() throws {
    let home = try TestHome()
    _ = try identity(home, "open sesame")
    #expect(!logKeyOpens(home, with: nil) && logKeyOpens(home, with: "open sesame"))
    for file in home.folder.allFiles {
      #expect(!(try home.text(home.folder.file(file))).contains("plain "), "\(file)")
      #expect(try home.folder.mode(of: file) == 0o600, "\(file)")
    }
  }

  @Test func settingAndChangingKeepsTheKeysAndReplacesBothLocks() throws {
    let home = try TestHome()
    let made = try identity(home)
    let publicKey = try LogKeyFile.readPublic(home.profile.logPublicKey)
    #expect(try change(home, from: nil, to: "first"))
    #expect(try identity(home, "first").profile == made.profile)
    #expect(logKeyOpens(home, with: "first") && !logKeyOpens(home, with: nil))
    let salts = try [home.profile.identity, home.profile.logPrivateKey].map { path in
      try #require(home.text(path).split(separator: "\n").first { $0.hasPrefix("argon2id ") }).split(
        separator: " ")[3]
    }
    // One key must never seal two secrets with one nonce.
    #expect(salts[0] != salts[1])
    #expect(try change(home, from: "first", to: "second"))
    #expect(try identity(home, "second").profile == made.profile)
    #expect(logKeyOpens(home, with: "second") && !logKeyOpens(home, with: "first"))
    #expect(throws: HomeFailure.wrongPassphrase(path: home.profile.identity)) { try identity(home, "first") }
    #expect(try LogKeyFile.readPublic(home.profile.logPublicKey) == publicKey)
    #expect(!home.folder.allFiles.contains { $0.hasSuffix(".next") || $0.hasSuffix(".tmp") })
  }

  @Test func twoSpellingsOfOnePassphraseAreOne() throws {
    let home = try TestHome()
    _ = try identity(home, "caf\u{E9}")
    #expect(throws: Never.self) { try identity(home, "cafe\u{301}") }
    let folder = try TemporaryFolder()
    let file = try folder.write("cafe\u{301}\r\n", to: "passphrase")
    #expect(try Passphrase.read(file: file).isSame(as: passphrase("caf\u{E9}")))
  }

  @Test func aLogKeyThatWasMovedAwayStaysAway() throws {
    let home = try TestHome()
    _ = try identity(home)
    let moved = home.folder.file("elsewhere.key")
    try FileManager.default.moveItem(atPath: home.profile.logPrivateKey, toPath: moved)
    #expect(try !change(home, from: nil, to: "first"))
    #expect(!FileStatus.exists(home.profile.logPrivateKey))
    _ = try identity(home, "first")
    #expect(!FileStatus.exists(home.profile.logPrivateKey))
    #expect((try? LogKeyFile.readSecret(moved) { nil }) != nil)
  }

  @Test func aNewLogKeyOfALockedProfileIsLockedToo() throws {
    let home = try TestHome()
    _ = try identity(home, "first")
    for file in [home.profile.logPrivateKey, home.profile.logPublicKey] {
      try FileManager.default.removeItem(atPath: file)
    }
    _ = try identity(home, "first")
    #expect(logKeyOpens(home, with: "first") && !logKeyOpens(home, with: nil))
  }

  // MARK: Crashes

  /// The two files of a profile, and of the same profile after its passphrase was changed.
  private func states(_ home: TestHome) throws -> (old: [String], new: [String], staged: String) {
    let files = [home.profile.identity, home.profile.logPrivateKey]
    _ = try identity(home, "first")
    let old = try files.map { try home.text($0) }
    try change(home, from: "first", to: "second")
    let new = try files.map { try home.text($0) }
    let check = try #require(new[0].split(separator: "\n").last).dropFirst("check ".count).prefix(16)
    return (old, new, home.profile.folder + "/.log-verify.key.\(check).next")
  }

  @Test func aCrashBeforeTheIdentityIsReplacedLeavesTheOldStateWhole() throws {
    let home = try TestHome()
    let (old, new, staged) = try states(home)
    try home.overwrite(home.profile.identity, old[0])
    try home.overwrite(home.profile.logPrivateKey, old[1])
    try home.overwrite(staged, new[1])
    _ = try identity(home, "first")
    #expect(logKeyOpens(home, with: "first"))
    #expect(!FileStatus.exists(staged))
  }

  @Test func aCrashAfterTheIdentityIsReplacedIsFinishedByTheNextStart() throws {
    let home = try TestHome()
    let (old, new, staged) = try states(home)
    try home.overwrite(home.profile.logPrivateKey, old[1])
    try home.overwrite(staged, new[1])
    // Even a start that does not know the passphrase finishes it.
    #expect(throws: HomeFailure.passphraseNeeded(path: home.profile.identity)) { try identity(home) }
    #expect(logKeyOpens(home, with: "second") && !logKeyOpens(home, with: "first"))
    #expect(!FileStatus.exists(staged))
    #expect(try home.text(home.profile.logPrivateKey) == new[1])
  }
}
