import Foundation
import Messenger
import TestSupport
import Testing
import Wire

@Suite struct ConversationTests {
  @Test func aFirstContactBecomesAConversationAndTheNextOneKnowsThePeer() async throws {
    let household = try Household()
    let (alice, bob) = (try await household.open("user1"), try await household.open("user2"))
    let (seenByAlice, seenByBob) = (Watcher(alice), Watcher(bob))
    let port = try await bob.listenAnywhere()

    for isKnown in [false, true] {
      let connectedBefore = seenByBob.connected.count
      let session = try await alice.dial("user2", port: port)
      #expect(await seenByBob.waits { $0.connected.count == connectedBefore + 1 })
      #expect(await seenByAlice.waits { $0.connected.count == connectedBefore + 1 })
      let atAlice = try #require(seenByAlice.connected.last)
      let atBob = try #require(seenByBob.connected.last)
      #expect(atAlice.session == session && atBob.session == session)
      #expect(atAlice.peer.text == "user2" && atBob.peer.text == "user1")
      #expect(atAlice.known == isKnown && atBob.known == isKnown)
      #expect(atAlice.dialled && !atBob.dialled)
      #expect(atAlice.words == bob.identity.words && atBob.words == alice.identity.words)
      #expect(atAlice.sessionWords == atBob.sessionWords)
      #expect(atAlice.group == .x25519MLKEM768 && atAlice.cipher == .aes256CBCHMACCRC32)

      let there = try await alice.send("hello", on: session)
      let back = try await bob.send("Grüße \u{1F44B}", on: session)
      #expect(await seenByBob.waits { $0.messages.last?.id == there })
      #expect(await seenByAlice.waits { $0.messages.last?.id == back })
      #expect(await seenByAlice.waits { $0.delivered.last?.id == there })
      #expect(await seenByBob.waits { $0.delivered.last?.id == back })
      #expect(seenByBob.messages.last.map { String(decoding: $0.text, as: UTF8.self) } == "hello")
      #expect(
        seenByAlice.messages.last.map { String(decoding: $0.text, as: UTF8.self) } == "Grüße \u{1F44B}")
      let tick = try #require(seenByAlice.delivered.last)
      #expect(tick.seq == 1 && tick.logged != nil && tick.tag?.count == 32)

      await alice.close(session, reason: .bye)
      #expect(await seenByBob.waits { $0.closed.count == connectedBefore + 1 })
      let end = try #require(seenByBob.closed.last)
      #expect(end.reason == .peer && !end.truncated && end.sent == 1 && end.received == 1)
      #expect(await seenByAlice.waits { $0.closed.count == connectedBefore + 1 })
      let ownEnd = try #require(seenByAlice.closed.last)
      #expect(ownEnd.reason == .bye && !ownEnd.truncated && ownEnd.lastConfirmed?.id == there)
    }
    #expect(try await alice.contact(named: try PeerName("user2"))?.words == bob.identity.words)
    await alice.shutDown()
    await bob.shutDown()
  }

  // [G-06]
  @Test func aWrongPasswordIsToldOnBothSidesAndTheRightOneStillWorks() async throws {
    let household = try Household()
    let (alice, bob) = (try await household.open("user1"), try await household.open("user2"))
    let seenByBob = Watcher(bob)
    let port = try await bob.listenAnywhere()
    let failure = await #expect(throws: MessengerFailure.self) {
      _ = try await alice.dial("user2", port: port, password: .entered(EnteredPassword("wrong")))
    }
    guard case .firstContactFailed(let facts, .auth) = failure else {
      Issue.record("\(String(describing: failure))")
      return
    }
    #expect(facts.name.text == "user2")
    #expect(await seenByBob.waits { !$0.refused.isEmpty })
    #expect(seenByBob.refused.first?.name?.text == "user1")
    #expect(seenByBob.refused.first?.triesLeft == 4)
    #expect(seenByBob.connected.isEmpty)

    _ = try await alice.dial("user2", port: port)
    #expect(await seenByBob.waits { $0.connected.count == 1 })
    await alice.shutDown()
    await bob.shutDown()
  }

  // [G-05]
  @Test func aDiallerStopsAfterThreeWrongPasswordsOfOneKind() async throws {
    let household = try Household()
    let (alice, bob) = (try await household.open("user1"), try await household.open("user2"))
    let port = try await bob.listenAnywhere()
    let wrong = EnteredPassword("wrong")
    for _ in 0..<3 {
      let failure = await #expect(throws: MessengerFailure.self) {
        _ = try await alice.dial("user2", port: port, password: .entered(wrong))
      }
      guard case .firstContactFailed = failure else {
        Issue.record("\(String(describing: failure))")
        return
      }
    }
    let failure = await #expect(throws: MessengerFailure.self) {
      _ = try await alice.dial("user2", port: port, password: .entered(EnteredPassword("wrong")))
    }
    guard case .guessLimit = failure else {
      Issue.record("\(String(describing: failure))")
      return
    }
    _ = try await alice.dial("user2", port: port)
    await alice.shutDown()
    await bob.shutDown()
  }

  // [G-05]
  @Test("attack 4: dials side by side give whoever answers no more than three guesses")
  func dialsSideBySideGiveNoMoreThanThreeGuesses() async throws {
    let household = try Household()
    let bob = try await household.open("user2")
    // Two programs of one user.
    let dialling = [try await household.open("user1"), try await household.open("user1")]
    let port = try await bob.listenAnywhere()
    let endings = await withTaskGroup(of: MessengerFailure?.self) { group in
      for number in 0..<6 {
        let alice = dialling[number % 2]
        group.addTask {
          do throws(MessengerFailure) {
            _ = try await alice.dial(
              DialTarget(name: try! PeerName("user2"), host: "127.0.0.1", port: port),
              password: .entered(EnteredPassword("wrong")))
            return nil
          } catch {
            return error
          }
        }
      }
      return await group.reduce(into: [MessengerFailure?]()) { $0.append($1) }
    }
    let guesses = endings.count { if case .firstContactFailed? = $0 { true } else { false } }
    let refused = endings.count { if case .guessLimit? = $0 { true } else { false } }
    #expect(guesses == 3 && refused == 3, "\(endings)")
    for messenger in dialling + [bob] { await messenger.shutDown() }
  }

  // [G-12] [G-16]
  @Test func aKeyThatIsNotProvenStopsTheDialAndVerifyMendsIt() async throws {
    let household = try Household()
    let alice = try await household.open("user1")
    var bob = try await household.open("user2")
    var port = try await bob.listenAnywhere()
    let first = try await alice.dial("user2", port: port)
    let oldWords = bob.identity.words
    await alice.close(first, reason: .bye)
    await bob.shutDown()

    // The same name on a new machine.
    bob = try await household.open("user2", home: "home-user2-new")
    let seenByBob = Watcher(bob)
    port = try await bob.listenAnywhere()
    let failure = await #expect(throws: MessengerFailure.self) {
      _ = try await alice.dial("user2", port: port)
    }
    guard case .notProven(let facts) = failure else {
      Issue.record("\(String(describing: failure))")
      return
    }
    #expect(facts.words == oldWords && !facts.isOfThisHome && facts.peer.name.text == "user2")
    #expect(seenByBob.connected.isEmpty)

    let target = DialTarget(name: try PeerName("user2"), host: "127.0.0.1", port: port)
    let dropped = try await alice.verify(target, password: .fromUsersFile)
    #expect(dropped.old?.words == oldWords && dropped.newWords == bob.identity.words)
    #expect(!dropped.isSameKey)
    try await alice.verifyAnswer(dropped.session, accept: false)
    #expect(try await alice.contact(named: target.name)?.words == oldWords)

    await alice.shutDown()
    await bob.shutDown()
  }

  // [G-10]
  @Test func aYesToVerifyReplacesThePin() async throws {
    let household = try Household()
    let alice = try await household.open("user1")
    var bob = try await household.open("user2")
    var port = try await bob.listenAnywhere()
    let first = try await alice.dial("user2", port: port)
    await alice.close(first, reason: .bye)
    await bob.shutDown()
    bob = try await household.open("user2", home: "home-user2-new")
    port = try await bob.listenAnywhere()
    let target = DialTarget(name: try PeerName("user2"), host: "127.0.0.1", port: port)
    let proposal = try await alice.verify(target, password: .fromUsersFile)
    try await alice.verifyAnswer(proposal.session, accept: true)
    let contact = try await alice.contact(named: target.name)
    #expect(contact?.words == bob.identity.words)
    #expect(contact?.verified == true)
    // Both sides have the new pair secret now.
    _ = try await alice.dial("user2", port: port)
    await alice.shutDown()
    await bob.shutDown()
  }

  @Test func bothUsersOfOneHomeAreToldApart() async throws {
    let household = try Household()
    let alice = try await household.open("user1", home: "home")
    let bob = try await household.open("user2", home: "home")
    let port = try await bob.listenAnywhere()
    _ = try await alice.dial("user2", port: port)
    #expect(try await alice.contact(named: try PeerName("user2"))?.isOfThisHome == true)
    await alice.shutDown()
    await bob.shutDown()
  }

  @Test func nobodyListeningIsUnreachable() async throws {
    let household = try Household()
    let alice = try await household.open("user1")
    let closed = try #require(ClosedPort())
    defer { withExtendedLifetime(closed) {} }
    let port = closed.number
    let failure = await #expect(throws: MessengerFailure.self) {
      _ = try await alice.dial("user2", port: port)
    }
    guard case .unreachable(let facts) = failure, case .refused = facts.cause else {
      Issue.record("\(String(describing: failure))")
      return
    }
    await alice.shutDown()
  }

  @Test func aPortInUseIsSaid() async throws {
    let household = try Household()
    let (alice, bob) = (try await household.open("user1"), try await household.open("user2"))
    let port = try await bob.listenAnywhere()
    var options = ListenOptions()
    options.bind = .address("127.0.0.1")
    options.port = port
    let failure = await #expect(throws: MessengerFailure.self) { _ = try await alice.listen(options) }
    guard case .portInUse(_, port) = failure else {
      Issue.record("\(String(describing: failure))")
      return
    }
    await alice.shutDown()
    await bob.shutDown()
  }

  @Test func shuttingDownSaysGoodbyeToEverybody() async throws {
    let household = try Household()
    let (alice, bob) = (try await household.open("user1"), try await household.open("user2"))
    let (seenByAlice, seenByBob) = (Watcher(alice), Watcher(bob))
    let port = try await bob.listenAnywhere()
    let session = try await alice.dial("user2", port: port)
    #expect(await seenByBob.waits { $0.connected.count == 1 })
    _ = try await bob.send("last words", on: session)
    await bob.shutDown()
    #expect(await seenByAlice.waits { !$0.closed.isEmpty })
    #expect(seenByAlice.messages.count == 1)
    let end = try #require(seenByAlice.closed.first)
    #expect(end.peerReason == .shuttingDown && !end.truncated)
    #expect(await seenByBob.waits { !$0.closed.isEmpty })
    await alice.shutDown()
  }

  @Test func aTextOfTheLargestSizeCrosses() async throws {
    let household = try Household()
    let (alice, bob) = (try await household.open("user1"), try await household.open("user2"))
    let seenByBob = Watcher(bob)
    let port = try await bob.listenAnywhere()
    let session = try await alice.dial("user2", port: port)
    let text = [UInt8](repeating: UInt8(ascii: "x"), count: 65_536)
    _ = try await alice.send(text, on: session)
    _ = try await alice.send([], on: session)
    #expect(await seenByBob.waits { $0.messages.count == 2 })
    #expect(seenByBob.messages[0].text == text && seenByBob.messages[1].text.isEmpty)
    await #expect(throws: MessengerFailure.self) {
      _ = try await alice.send(text + [65], on: session)
    }
    await #expect(throws: MessengerFailure.self) { _ = try await alice.send([0xFF], on: session) }
    await alice.shutDown()
    await bob.shutDown()
  }
}
