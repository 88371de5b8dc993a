import Foundation
import Messenger
import TestSupport
import Testing
import Wire

@Suite struct DoubleSessionTests {
  // [G-13]
  @Test func twoWhoDialEachOtherAtOnceTalkOverBothLinksAndSeeEachTextOnce() async throws {
    let household = try Household()
    let (alice, bob) = (try await household.open("user1"), try await household.open("user2"))
    let (seenByAlice, seenByBob) = (Watcher(alice), Watcher(bob))
    let (alicesPort, bobsPort) = (try await alice.listenAnywhere(), try await bob.listenAnywhere())
    let pairing = try await alice.dial("user2", port: bobsPort)
    await alice.close(pairing, reason: .bye)
    #expect(await seenByBob.waits { $0.closed.count == 1 })
    #expect(await seenByAlice.waits { $0.closed.count == 1 })

    async let there = alice.dial("user2", port: bobsPort)
    async let back = bob.dial("user1", port: alicesPort)
    let sessions = try await [there, back]
    #expect(Set(sessions).count == 2)
    for seen in [seenByAlice, seenByBob] { #expect(await seen.waits { $0.connected.count == 3 }) }
    for (number, session) in sessions.enumerated() {
      _ = try await alice.send("from alice \(number)", on: session)
      _ = try await bob.send("from bob \(number)", on: session)
    }
    let newest = await alice.sessions().filter(\.isNewest).map(\.session)
    #expect(newest.count == 1 && sessions.contains(newest[0]))
    for seen in [seenByAlice, seenByBob] { #expect(await seen.waits { $0.delivered.count == 2 }) }
    for (seen, name) in [(seenByAlice, "bob"), (seenByBob, "alice")] {
      #expect(await seen.waits { $0.messages.count == 2 })
      #expect(
        Set(seen.messages.map { String(decoding: $0.text, as: UTF8.self) }) == [
          "from \(name) 0", "from \(name) 1",
        ])
      #expect(seen.closed.count == 1)
    }
    await alice.shutDown()
    await bob.shutDown()
  }

  // [G-14]
  @Test func theInitiatorClosesAnIdleOneOfTwoWithItsReasonAndOneStays() async throws {
    let household = try Household()
    let alice = try await household.open("user1") { $0.idleDoubleMilliseconds = 300 }
    let bob = try await household.open("user2")
    let (seenByAlice, seenByBob) = (Watcher(alice), Watcher(bob))
    let port = try await bob.listenAnywhere()
    let sessions = [try await alice.dial("user2", port: port), try await alice.dial("user2", port: port)]
    #expect(await seenByBob.waits { $0.closed.count == 1 })
    #expect(await seenByAlice.waits { $0.closed.count == 1 })
    let (own, theirs) = (seenByAlice.closed[0], seenByBob.closed[0])
    #expect(own.reason == .bye && !own.truncated && own.session == theirs.session)
    #expect(theirs.reason == .peer && theirs.peerReason == .duplicate && !theirs.truncated)
    let left = try #require(sessions.first { $0 != own.session })
    #expect(await alice.sessions().map(\.session) == [left])
    _ = try await alice.send("over the other", on: left)
    #expect(await seenByBob.waits { $0.messages.count == 1 })
    #expect(seenByAlice.closed.count == 1)
    await alice.shutDown()
    await bob.shutDown()
  }

  /// A text that is on its way, or acknowledged, is not sent once more when somebody asks for it by its id.
  @Test func onlyWhatWasNeverAcknowledgedGoesAgain() async throws {
    let household = try Household()
    let (alice, bob) = (try await household.open("user1"), try await household.open("user2"))
    let (seenByAlice, seenByBob) = (Watcher(alice), Watcher(bob))
    let port = try await bob.listenAnywhere()
    let first = try await alice.dial("user2", port: port)
    let second = try await alice.dial("user2", port: port)
    let id = try await alice.send("once", on: first)
    #expect(try await alice.send(Array("once".utf8), on: second, as: id) == id)
    #expect(await seenByAlice.waits { $0.delivered.count == 1 })
    #expect(try await alice.send(Array("once".utf8), on: second, as: id) == id)
    let last = try await alice.send("last", on: second)
    #expect(await seenByAlice.waits { $0.delivered.contains { $0.id == last } })
    #expect(await seenByBob.waits { $0.messages.count == 2 })
    #expect(seenByAlice.delivered.last?.seq == 1)
    #expect(Set(seenByBob.messages.map(\.id)) == [id, last])
    await alice.shutDown()
    await bob.shutDown()
  }
}
