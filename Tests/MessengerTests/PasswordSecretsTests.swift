import ChatProtocol
import Cryptography
import Foundation
import Messenger
import TestSupport
import Testing
import Wire

@Suite struct PasswordSecretsTests {
  private func bytes(_ secret: PasswordSecret) -> [UInt8] {
    secret.key.withBytes { bytes in bytes.indices.map { bytes[$0] } }
  }

  // [S-13] [S-14]
  @Test func bothSidesDeriveOneSecretWhateverTheSpelling() async throws {
    let (alice, bob) = (try PeerName("alice"), try PeerName("bob"))
    let here = try await PasswordSecrets(me: alice).secret(for: bob, People.password("Café\u{3000}x"))
    let there = try await PasswordSecrets(me: bob).secret(for: alice, People.password("Cafe\u{301} x"))
    #expect(bytes(here) == bytes(there))
    let other = try await PasswordSecrets(me: bob).secret(for: alice, People.password("Cafe x"))
    #expect(bytes(other) != bytes(here))
  }

  @Test func aSecretIsDerivedOnceAndKept() async throws {
    let secrets = PasswordSecrets(me: try PeerName("alice"))
    let password = People.password("password1")
    let bob = try PeerName("bob")
    async let first = secrets.secret(for: bob, password)
    async let second = secrets.secret(for: bob, password)
    let (one, two) = try await (first, second)
    #expect(one === two)
    #expect(try await secrets.secret(for: bob, password) === one)
  }

  // [S-13]
  @Test func aPasswordThatBreaksTheRulesIsRefused() async throws {
    let secrets = PasswordSecrets(me: try PeerName("alice"))
    let bob = try PeerName("bob")
    await #expect(throws: PasswordProblem.empty) { try await secrets.secret(for: bob, People.password("")) }
    await #expect(throws: PasswordProblem.control) {
      try await secrets.secret(for: bob, People.password("a\u{7}"))
    }
    await #expect(throws: PasswordProblem.tooLong) {
      try await secrets.secret(for: bob, People.password(String(repeating: "x", count: 129)))
    }
  }

  // [S-15]
  @Test func aListenerHasTheSecretsThatItPreparedAndNoOthers() async throws {
    let secrets = PasswordSecrets(me: try PeerName("alice"))
    let (bob, carol) = (try PeerName("bob"), try PeerName("carol"))
    let password = People.password("password1")
    await secrets.prepare([(bob, password), (carol, password)])
    let prepared = try #require(await secrets.prepared(for: bob))
    let dialled = try await PasswordSecrets(me: bob).secret(
      for: PeerName("alice"), People.password("password1"))
    #expect(bytes(prepared) == bytes(dialled))
    #expect(await secrets.prepared(for: carol) != nil)
    #expect(await secrets.prepared(for: try PeerName("stranger")) == nil)
    // A dial to somebody makes nobody a caller who could pair.
    _ = try await secrets.secret(for: PeerName("dave"), password)
    #expect(await secrets.prepared(for: try PeerName("dave")) == nil)
    secrets.forget(bob)
    #expect(await secrets.prepared(for: bob) == nil)
  }

  // [S-15]
  @Test func aClaimThatComesWhileItsSecretIsScheduledWaitsForIt() async throws {
    let secrets = PasswordSecrets(me: try PeerName("alice"))
    let names = try (0..<12).map { try PeerName("peer\($0)") }
    let password = People.password("password1")
    async let ready: Void = secrets.prepare(names.map { ($0, password) })
    await ready
    // Eight are ready by now; the last one is waited for.
    #expect(await secrets.prepared(for: try #require(names.last)) != nil)
  }

  // [M-09]
  @Test func anUnusablePasswordAnswersAsAnUnknownName() async throws {
    let secrets = PasswordSecrets(me: try PeerName("alice"))
    let bob = try PeerName("bob")
    await secrets.prepare([(bob, People.password("\u{7}"))])
    #expect(await secrets.prepared(for: bob) == nil)
  }
}

@Suite struct FirstContactPasswordTests {
  private let users: UsersFile
  private let alice: PeerName
  private let bob: PeerName

  init() throws {
    alice = try PeerName("alice")
    bob = try PeerName("bob")
    let erin = IdentityText.encode(try People.keys("erin").profile)
    users = try UsersFile.test(
      """
      [ {"username": "alice", "ip": "10.0.0.1", "port": 1, "password": "alices"},
        {"username": "bob", "ip": "10.0.0.2", "port": 1, "password": "bobs"},
        {"username": "carol", "ip": "10.0.0.3", "port": 1, "password": "carols", "pair_password": "ours"},
        {"username": "dave", "ip": "10.0.0.4", "port": 1},
        {"username": "erin", "ip": "10.0.0.5", "port": 1, "identity": "\(erin)"} ]
      """)
  }

  private func text(_ password: EnteredPassword?) -> String? {
    password.map { String(decoding: People.bytes($0), as: UTF8.self) }
  }

  // [S-12]
  @Test func aDiallerUsesTheListenersPassword() throws {
    #expect(text(FirstContactPassword.dialling(bob, users: users)) == "bobs")
    #expect(text(FirstContactPassword.dialling(try PeerName("dave"), users: users)) == nil)
    #expect(text(FirstContactPassword.dialling(try PeerName("zoe"), users: users)) == nil)
  }

  @Test func aListenerUsesItsOwnPasswordForEverybodyItKnowsByName() throws {
    func listening(_ name: String) throws -> String? {
      text(FirstContactPassword.listening(for: try PeerName(name), me: alice, users: users))
    }
    #expect(try listening("bob") == "alices")
    #expect(try listening("dave") == "alices")
    #expect(try listening("zoe") == nil)
    #expect(try listening("alice") == nil)
  }

  // [S-12]
  @Test func aPairPasswordGoesBeforeBothOnBothSides() throws {
    let carol = try PeerName("carol")
    #expect(text(FirstContactPassword.dialling(carol, users: users)) == "ours")
    #expect(text(FirstContactPassword.listening(for: carol, me: alice, users: users)) == "ours")
    let given = People.password("typed")
    #expect(text(FirstContactPassword.listening(for: carol, me: alice, users: users, given: given)) == "ours")
    #expect(text(FirstContactPassword.listening(for: bob, me: alice, users: users, given: given)) == "typed")
    #expect(text(FirstContactPassword.dialling(carol, users: users, given: given)) == "typed")
  }

  @Test func theTwoSidesOfOneFileAgreeOnThePassword() throws {
    for (dialler, listener) in [("alice", "bob"), ("bob", "alice")] {
      let dialled = FirstContactPassword.dialling(try PeerName(listener), users: users)
      let awaited = FirstContactPassword.listening(
        for: try PeerName(dialler), me: try PeerName(listener), users: users)
      #expect(text(dialled) == text(awaited) && text(dialled) != nil)
    }
  }

  @Test func everybodyWhoCouldPairIsThoseWithAPasswordAndWithoutAnIdentity() throws {
    #expect(
      FirstContactPassword.everybody(me: alice, users: users).map(\.name.text) == ["bob", "carol", "dave"])
    // dave has no password of his own: as a listener he takes carol alone, under theirs.
    #expect(
      FirstContactPassword.everybody(me: try PeerName("dave"), users: users).map(\.name.text) == ["carol"])
    #expect(FirstContactPassword.everybody(me: alice, users: nil).isEmpty)
  }
}

@Suite struct PasswordSourceTests {
  @Test func aPasswordFileThatOthersCanReadIsRefused() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("secret\n", to: "password", mode: 0o644)
    #expect(throws: PasswordSourceError.file(.openToOthers(path: path, mode: 0o644))) {
      try EnteredPassword.read(file: path)
    }
    #expect(throws: PasswordSourceError.self) { try EnteredPassword.read(file: folder.file("none")) }
    #expect(throws: PasswordSourceError.self) { try EnteredPassword.read(file: folder.path) }
  }

  @Test(arguments: [
    ("", PasswordProblem.empty), ("\n", .empty), ("a\nb", .control), ("a\n\n", .control),
    (String(repeating: "x", count: 129), .tooLong), (String(repeating: "x", count: 100_000), .tooLong),
  ])
  func whatIsNoPasswordIsRefusedWithItsReason(text: String, problem: PasswordProblem) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(text, to: "password")
    #expect(throws: PasswordSourceError.password(problem)) { try EnteredPassword.read(file: path) }
  }

  @Test(arguments: ["secret", "secret\n", "secret\r\n"]) func oneNewlineAtTheEndIsNotThePasswords(
    text: String
  ) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(text, to: "password")
    #expect(try People.bytes(EnteredPassword.read(file: path)) == Array("secret".utf8))
  }

  @Test func aDescriptorGivesAPasswordAndIsClosed() throws {
    let pipe = Pipe()
    try pipe.fileHandleForWriting.write(contentsOf: Data("secret\n".utf8))
    try pipe.fileHandleForWriting.close()
    let descriptor = dup(pipe.fileHandleForReading.fileDescriptor)
    #expect(try People.bytes(EnteredPassword.read(descriptor: descriptor)) == Array("secret".utf8))
    #expect(throws: PasswordSourceError.descriptor(-1)) { try EnteredPassword.read(descriptor: -1) }
    #expect(throws: PasswordSourceError.descriptor(9999)) { try EnteredPassword.read(descriptor: 9999) }
  }
}
