import ChatProtocol
import Cryptography
import Foundation
import Messenger
import Places
import TestSupport
import Testing
import Transport
import Wire

/// Guessing a password at a running listener, and what its answers give away (PROTOCOL 1.4, "Guesses").
@Suite(.serialized) struct GuessAttackTests {
  private let me: PeerName
  private let household: Household

  init() throws {
    me = try PeerName("user2")
    household = try Household(
      users: """
        [ {"username": "user1", "password": "password1", "ip": "127.0.0.1", "port": 12345},
          {"username": "user2", "password": "password2", "ip": "127.0.0.1", "port": 12346},
          {"username": "user3", "password": "password3", "ip": "127.0.0.1", "port": 12347},
          {"username": "user4", "password": "password4", "ip": "127.0.0.1", "port": 12348} ]
        """)
  }

  private func secret(of name: String, _ password: String) async throws -> PasswordSecret {
    try await PasswordSecrets(me: PeerName(name)).secret(for: me, People.password(password))
  }

  // [G-01] [G-03]
  @Test("attack 4: forty who hang up after PAIR2, all at once, get five answers, and then nobody gets one")
  func fortyWhoHangUpAtOnceGetFiveAnswersUnderThePassword() async throws {
    let bob = try await household.open("user2")
    let seenByBob = Watcher(bob)
    let port = try await bob.listenAnywhere()
    let right = try await secret(of: "user1", "password2")
    let group = TransportGroup()
    let setups = try (0..<40).map { _ in try HostileDialler.firstContact("user1", to: me, right) }
    let results = try await withThrowingTaskGroup(of: HostileDialler.Result.self) { tasks in
      for setup in setups {
        tasks.addTask { try await HostileDialler.dial(setup, port: port, on: group, .hangsUp) }
      }
      return try await tasks.reduce(into: []) { $0.append($1) }
    }
    // Each knew the password: only a guess that was left could be answered under it.
    let answered = results.count { $0.guessedRight == true }
    #expect((1...5).contains(answered), "\(answered) were answered under the password")
    // What a slow machine left of the five is spent one by one, and no sixth comes.
    var total = answered
    for _ in 0..<6 {
      let setup = try HostileDialler.firstContact("user1", to: me, right)
      if try await HostileDialler.dial(setup, port: port, on: group, .hangsUp).guessedRight == true {
        total += 1
      }
    }
    #expect(total <= 5)
    let guesses = Guesses(profile: HomePath(household.folder.file("home-user2")).profile("user2"))
    #expect(try guesses.left(PeerName("user1")) == 0)
    // The honest one comes too late, until the user runs verify; another name is not touched.
    let (alice, carol) = (try await household.open("user1"), try await household.open("user3"))
    await #expect(throws: MessengerFailure.self) { try await alice.dial("user2", port: port) }
    _ = try await carol.dial("user2", port: port)

    try await bob.awaitVerification(of: PeerName("user1"), password: nil)
    _ = try? await alice.dial("user2", port: port)
    #expect(await seenByBob.waits { !$0.proposals.isEmpty })
    let proposal = try #require(seenByBob.proposals.first)
    #expect(proposal.old == nil && proposal.newWords == alice.identity.words)
    try await bob.verifyAnswer(proposal.session, accept: true)
    _ = try await alice.dial("user2", port: port)
    #expect(await seenByBob.waits { $0.connected.contains { $0.known && $0.peer.text == "user1" } })
    for messenger in [alice, bob, carol] { await messenger.shutDown() }
    await group.shutDown()
  }

  // [M-09]
  @Test("attack 38: wrong password, unknown name, own name, closed window and known contact: the same bytes")
  func everyClaimThatMeetsNoPasswordIsAnsweredByTheSameBytes() async throws {
    let bob = try await household.open("user2")
    let seenByBob = Watcher(bob)
    let port = try await bob.listenAnywhere()
    let group = TransportGroup()
    // user3 becomes a confirmed contact, and user4's guesses are spent.
    let carol = try await household.open("user3")
    _ = try await carol.dial("user2", port: port)
    #expect(await seenByBob.waits { $0.connected.count == 1 })
    let wrong = try await secret(of: "user1", "not the password")
    for _ in 0..<5 {
      let setup = try HostileDialler.firstContact("user4", to: me, wrong)
      #expect(try await HostileDialler.dial(setup, port: port, on: group, .hangsUp).guessedRight == false)
    }
    var answers: [[[Int]]: [String]] = [:]
    for claimed in ["user1", "nobody at all", "user2", "user4", "user3"] {
      for _ in 0..<2 {
        let setup = try HostileDialler.firstContact(claimed, to: me, wrong)
        let result = try await HostileDialler.dial(setup, port: port, on: group, .answersRubbish)
        #expect(result.isOver && result.guessedRight == false, "\(claimed)")
        answers[result.frames, default: []].append(claimed)
      }
    }
    // RESP and PAIR2, and the end at what should have been AUTH.
    #expect(answers.keys.map { $0 } == [[[2, 1157], [4, 403]]], "\(answers)")
    #expect(answers.values.first?.count == 10)
    // The user of the listener, and nobody else, hears of the contact that came as a stranger.
    #expect(await seenByBob.waits { $0.repairWanted.count == 2 })
    #expect(seenByBob.repairWanted.allSatisfy { $0.name.text == "user3" })
    await carol.shutDown()
    await bob.shutDown()
    await group.shutDown()
  }

  // [M-15] [S-16]
  @Test("attack 38: a pinned key beside another signing key is refused like an unknown key")
  func aPinnedKeyBesideAnotherSigningKeyLooksLikeAnUnknownKey() async throws {
    let bob = try await household.open("user2")
    let port = try await bob.listenAnywhere()
    let group = TransportGroup()
    let (dave, other) = (try People.keys("dave"), try People.keys("other"))
    try await bob.takeContacts(of: ProfileList(parsing: Array(IdentityText.encode(dave.profile).utf8)))
    let forged = try IdentityKeys(
      name: PeerName("dave"),
      agreementKey: Secret(copying: dave.agreementKey, in: dave.agreementKey.region),
      signingSeed: Secret(copying: other.signingSeed, in: other.signingSeed.region))
    let profile = try #require(ProfileList(parsing: Array(bob.identity.profile.utf8)).profiles.first)
    let pin = Pin(
      profile: profile, secret: try PairSecret.absent(), floor: .x25519, standing: .confirmed,
      isVerified: false, pairedAt: People.noon, verifiedAt: nil)
    var frames: [[[Int]]] = []
    for identity in [forged, other] {
      let setup = DialSetup(context: HostileDialler.context(identity), target: .known(pin))
      frames.append(try await HostileDialler.dial(setup, port: port, on: group, .goesOn).frames)
    }
    #expect(frames == [[[2, 1237]], [[2, 1237]]])
    #expect(try await bob.contact(named: PeerName("dave"))?.isProvisional == false)
    await bob.shutDown()
    await group.shutDown()
  }
}
