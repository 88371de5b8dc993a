import ChatProtocol
import Dispatch
import Foundation
import Messenger
import TestSupport
import Testing
import Wire

/// A log that stood, took texts, and then cannot be written any more.
@Suite struct LogFailureTests {
  /// What holds a thread until the test lets it go.
  private final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func pass() {
      semaphore.wait()
      semaphore.signal()
    }

    func open() { semaphore.signal() }
  }

  /// The words of the peer's key are found late, so that texts are logged and acknowledged before the
  /// listener said `connected`; then its log fails.
  @Test func whatWasAcknowledgedBeforeTheLogFailedIsShownAllTheSame() async throws {
    let household = try Household()
    let gate = Gate()
    let alice = try await household.open("user1")
    let bob = try await household.open("user2") {
      $0.keyWords = { profile in
        gate.pass()
        return KeyWords.words(of: profile).joined(separator: " ")
      }
    }
    defer { gate.open() }
    let (seenByAlice, seenByBob) = (Watcher(alice), Watcher(bob))
    let session = try await alice.dial("user2", port: try await bob.listenAnywhere())
    let text = try await alice.send("kept", on: session)
    #expect(await seenByAlice.waits { $0.delivered.map(\.id) == [text] })
    #expect(seenByBob.connected.isEmpty && seenByBob.messages.isEmpty)

    // A log that somebody else writes to gets no close record: its writer stops there.
    let log = try #require(
      household.folder.allFiles.first { $0.hasPrefix("logs-user2/") && $0.hasSuffix(".sclog") })
    let file = try #require(FileHandle(forWritingAtPath: household.folder.file(log)))
    try file.seekToEnd()
    try file.write(contentsOf: Data("x".utf8))
    try file.close()
    await alice.close(session, reason: .bye)
    #expect(await seenByAlice.waits { $0.closed.count == 1 })

    gate.open()
    #expect(await seenByBob.waits { $0.closed.count == 1 })
    #expect(seenByBob.closed.first?.logProblem != nil)
    #expect(seenByBob.connected.map(\.session) == [session])
    #expect(seenByBob.messages.map(\.id) == [text])
    await alice.shutDown()
    await bob.shutDown()
  }
}
