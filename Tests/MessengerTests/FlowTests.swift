import Foundation
import LogFiles
import Messenger
import Synchronization
import TestSupport
import Testing
import Transport
import Wire

/// A wire that a test can cut: forwards both ways between a port of its own and a listener.
private final class Cable: Sendable {
  private let group = TransportGroup()
  private let executor: LoopExecutor
  private let listener = Mutex<Listener?>(nil)
  private let links = Mutex<[LoopBound<any Link>]>([])

  init() { executor = group.nextLoop() }

  private final class End: LinkDriver {
    let cable: Cable
    let whenOpened: (End) -> Void
    var link: (any Link)?
    weak var other: End?
    var early: [UInt8] = []

    init(_ cable: Cable, whenOpened: @escaping (End) -> Void) {
      self.cable = cable
      self.whenOpened = whenOpened
    }

    func linkOpened(_ link: any Link, at now: Moment) {
      self.link = link
      cable.hold(link)
      whenOpened(self)
    }

    func received(_ bytes: Span<UInt8>, at now: Moment) {
      if let link = other?.link {
        link.write(bytes)
      } else {
        for index in bytes.indices { early.append(bytes[index]) }
      }
    }

    func linkBecameWritable(at now: Moment) {}
    func alarm(at now: Moment) {}
    func linkClosed(_ cause: LinkEnd, at now: Moment) {
      other?.link?.close(afterFlushing: true)
      link = nil
    }
  }

  private func hold(_ link: any Link) {
    let bound = LoopBound(link, on: executor)
    links.withLock { $0.append(bound) }
  }

  /// The port that leads to `port`.
  func lead(to port: UInt16) async throws -> UInt16 {
    let (group, executor) = (group, executor)
    let listener = try await group.listen(
      host: "127.0.0.1", port: 0, on: executor,
      makeDriver: { _ in
        End(self) { near in
          let bound = LoopBound(near, on: executor)
          Task {
            try await group.dial(
              host: "127.0.0.1", port: port, timeoutSeconds: 10, on: executor
            ) { _ in
              End(self) { far in
                let near = bound.value
                near.other = far
                far.other = near
                let early = near.early
                far.link?.write(early.span)
              }
            }
          }
        }
      })
    self.listener.withLock { $0 = listener }
    return listener.port
  }

  func cut() {
    let links = links.withLock { $0 }
    executor.execute {
      for link in links { link.value.close(afterFlushing: false) }
    }
  }

  func end() async {
    await listener.withLock { $0 }?.close()
    await group.shutDown()
  }
}

/// Says something to a port as no client of ours would, and keeps what comes back.
private final class Stranger: LinkDriver {
  static func call(_ port: UInt16, on group: TransportGroup, saying bytes: [UInt8]) async throws {
    let executor = group.nextLoop()
    try await group.dial(host: "127.0.0.1", port: port, timeoutSeconds: 10, on: executor) { _ in
      Stranger(bytes)
    }
  }

  private let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  func linkOpened(_ link: any Link, at now: Moment) {
    let bytes = bytes
    link.write(bytes.span)
  }
  func received(_ bytes: Span<UInt8>, at now: Moment) {}
  func linkBecameWritable(at now: Moment) {}
  func alarm(at now: Moment) {}
  func linkClosed(_ cause: LinkEnd, at now: Moment) {}
}

@Suite struct FlowTests {
  // [Y-10]
  @Test func aCutLinkIsTruncatedOnBothSidesAndSaysWhatWasConfirmed() async throws {
    let household = try Household()
    let (alice, bob) = (try await household.open("user1"), try await household.open("user2"))
    let (seenByAlice, seenByBob) = (Watcher(alice), Watcher(bob))
    let cable = Cable()
    let port = try await cable.lead(to: try await bob.listenAnywhere())
    let session = try await alice.dial("user2", port: port)
    let first = try await alice.send("one", on: session)
    #expect(await seenByAlice.waits { $0.delivered.count == 1 })
    #expect(await seenByBob.waits { $0.connected.count == 1 })
    cable.cut()
    #expect(await seenByAlice.waits { $0.closed.count == 1 })
    #expect(await seenByBob.waits { $0.closed.count == 1 })
    let (atAlice, atBob) = (seenByAlice.closed[0], seenByBob.closed[0])
    #expect(atAlice.truncated && atAlice.code == .truncated && atAlice.reason == .truncated)
    #expect(atAlice.sent == 1 && atAlice.lastConfirmed?.id == first && atAlice.lastConfirmed?.seq == 1)
    #expect(atBob.truncated && atBob.received == 1 && atBob.code == .truncated)
    await #expect(throws: MessengerFailure.self) { _ = try await alice.send("two", on: session) }

    // A second process of the same profile, side by side with the first, knows the contact too.
    let second = try await household.open("user2")
    let seenBySecond = Watcher(second)
    _ = try await alice.dial("user2", port: try await second.listenAnywhere())
    #expect(await seenBySecond.waits { $0.connected.first?.known == true })
    await alice.shutDown()
    await bob.shutDown()
    await second.shutDown()
    await cable.end()
  }

  @Test func theLogsOfBothSidesVerify() async throws {
    let household = try Household()
    let (alice, bob) = (try await household.open("user1"), try await household.open("user2"))
    let (seenByAlice, seenByBob) = (Watcher(alice), Watcher(bob))
    let port = try await bob.listenAnywhere()
    let session = try await alice.dial("user2", port: port)
    for number in 0..<50 { _ = try await alice.send("text \(number)", on: session) }
    #expect(await seenByBob.waits { $0.messages.count == 50 })
    #expect(await seenByAlice.waits { $0.delivered.count == 50 })
    _ = try await bob.send("thanks", on: session)
    #expect(await seenByBob.waits { $0.delivered.count == 1 })
    let path = try #require(seenByAlice.connected.first?.logPath)
    #expect(FileManager.default.fileExists(atPath: path))
    // The tick names the record in the peer's log.
    #expect(seenByAlice.delivered.map(\.seq) == (1...50).map { UInt64($0) })
    #expect(seenByAlice.delivered.allSatisfy { ($0.logged ?? 0) >= $0.seq })
    await alice.shutDown()
    await bob.shutDown()
    for segment in [path, try #require(seenByBob.connected.first?.logPath)] {
      let lines = try String(contentsOfFile: segment, encoding: .utf8).split(separator: "\n")
      #expect(lines.count > 51)
      #expect(lines.last?.contains("\"close\"") == true)
      #expect(!lines.contains { $0.contains("text 7") })
    }
  }

  // [L-07]
  @Test func aConsumerThatStopsHoldsUpItsOwnPeerAlone() async throws {
    let household = try Household(
      users: """
        [ {"username": "user1", "password": "password1", "ip": "127.0.0.1", "port": 12345},
          {"username": "user2", "password": "password2", "ip": "127.0.0.1", "port": 12346},
          {"username": "user3", "password": "password3", "ip": "127.0.0.1", "port": 12347} ]
        """)
    let (alice, bob) = (try await household.open("user1"), try await household.open("user2"))
    let carol = try await household.open("user3")
    let seenByCarol = Watcher(carol)
    let seenByBob = Watcher(bob, startTaking: false)
    let port = try await bob.listenAnywhere()

    let fromAlice = try await alice.dial("user2", port: port)
    let text = [UInt8](repeating: UInt8(ascii: "a"), count: 65_000)
    let taken = Mutex(0)
    let sending = Task {
      for _ in 0..<200 {
        _ = try await alice.send(text, on: fromAlice)
        taken.withLock { $0 += 1 }
      }
    }
    // Nobody takes bob's events: alice's texts stop being taken after the windows are full.
    var last = -1
    while last != taken.withLock({ $0 }) {
      last = taken.withLock { $0 }
      try await Task.sleep(for: .milliseconds(700))
    }
    #expect(last < 200)

    let fromCarol = try await carol.dial("user2", port: port)
    let id = try await carol.send("I am served", on: fromCarol)
    #expect(await seenByCarol.waits { $0.delivered.contains { $0.id == id } })

    seenByBob.start(bob)
    try await sending.value
    #expect(await seenByBob.waits { $0.messages.count == 201 })
    #expect(seenByBob.messages.filter { $0.from.text == "user1" }.map(\.seq) == (1...200).map { UInt64($0) })
    await alice.shutDown()
    await bob.shutDown()
    await carol.shutDown()
  }

  // [E-06]
  @Test func strangersAreRefusedAndAGoodPeerIsServedAfterwards() async throws {
    let household = try Household()
    let (alice, bob) = (try await household.open("user1"), try await household.open("user2"))
    let seenByBob = Watcher(bob)
    let port = try await bob.listenAnywhere()
    let group = TransportGroup()
    try await Stranger.call(port, on: group, saying: Array("GET / HTTP/1.1\r\n\r\n".utf8))
    try await Stranger.call(port, on: group, saying: [0xFF, 0xFF, 1] + [UInt8](repeating: 0, count: 100_000))
    // A whole INIT of the right length that is none.
    try await Stranger.call(port, on: group, saying: [0x04, 0xF2, 1] + [UInt8](repeating: 0, count: 1265))
    #expect(await seenByBob.waits { $0.refused.count == 3 })
    #expect(seenByBob.refused.allSatisfy { $0.code == .proto && $0.name == nil && $0.count == 1 })
    _ = try await alice.dial("user2", port: port)
    await alice.shutDown()
    await bob.shutDown()
    await group.shutDown()
  }

  @Test func everyRefusalIsCountedOnce() async throws {
    let household = try Household()
    let bob = try await household.open("user2")
    let seenByBob = Watcher(bob)
    let port = try await bob.listenAnywhere()
    let group = TransportGroup()
    for _ in 0..<100 { try await Stranger.call(port, on: group, saying: [0, 0, 0]) }
    #expect(await seenByBob.waits { $0.refused.reduce(0) { $0 + $1.count } == 100 })
    await bob.shutDown()
    await group.shutDown()
  }

  // [Y-07]
  @Test func aLogThatCannotBeWrittenStopsTheConversation() async throws {
    let household = try Household()
    let (alice, bob) = (try await household.open("user1"), try await household.open("user2"))
    let port = try await bob.listenAnywhere()
    // A file where the folder of the logs should be.
    try household.folder.write("", to: "logs-user1")
    let failure = await #expect(throws: MessengerFailure.self) {
      _ = try await alice.dial("user2", port: port)
    }
    guard case .log(let problem) = failure else {
      Issue.record("\(String(describing: failure))")
      return
    }
    #expect(problem.path.contains("logs-user1"))
    await alice.shutDown()
    await bob.shutDown()
  }

  @Test(arguments: [LogSyncMode.group, .always, .interval])
  func everyWayToSyncDelivers(mode: LogSyncMode) async throws {
    let household = try Household()
    let alice = try await household.open("user1", change: { $0.logSync = mode })
    let bob = try await household.open("user2", change: { $0.logSync = mode })
    let (seenByAlice, seenByBob) = (Watcher(alice), Watcher(bob))
    let port = try await bob.listenAnywhere()
    let session = try await alice.dial("user2", port: port)
    for number in 0..<20 { _ = try await alice.send("\(number)", on: session) }
    #expect(await seenByAlice.waits { $0.delivered.count == 20 })
    #expect(await seenByBob.waits { $0.messages.count == 20 })
    // What may not be on the disk yet is named to nobody.
    #expect(seenByAlice.delivered.allSatisfy { ($0.logged == nil) == (mode == .interval) })
    await alice.close(session, reason: .bye)
    #expect(await seenByAlice.waits { $0.closed.first?.truncated == false })
    await alice.shutDown()
    await bob.shutDown()
  }

  // [E-03] [G-13]
  @Test func aNinthSessionWithOneContactIsRefused() async throws {
    let household = try Household()
    let (alice, bob) = (try await household.open("user1"), try await household.open("user2"))
    let seenByBob = Watcher(bob)
    let port = try await bob.listenAnywhere()
    for number in 1...8 {
      _ = try await alice.dial("user2", port: port)
      #expect(await seenByBob.waits { $0.connected.count == number })
    }
    #expect(await bob.sessions().count == 8)
    #expect(await bob.sessions().filter(\.isNewest).count == 1)
    // Another process of the same user does not know of the eight; the listener does.
    let second = try await household.open("user1")
    let seenBySecond = Watcher(second)
    do {
      _ = try await second.dial("user2", port: port)
      #expect(await seenBySecond.waits { $0.closed.first?.alert == .tooManySessions })
    } catch MessengerFailure.alert(_, let alert) {
      #expect(alert == .tooManySessions)
    }
    await second.shutDown()
    await alice.shutDown()
    await bob.shutDown()
  }

  @Test func aListenerThatServesOnceRefusesTheNext() async throws {
    let household = try Household()
    let (alice, bob) = (try await household.open("user1"), try await household.open("user2"))
    let seenByBob = Watcher(bob)
    let port = try await bob.listenAnywhere(once: true)
    let session = try await alice.dial("user2", port: port)
    #expect(await seenByBob.waits { $0.connected.count == 1 })
    var isRefused = false
    for _ in 0..<100 where !isRefused {
      do {
        _ = try await alice.dial("user2", port: port)
      } catch {
        isRefused = true
      }
    }
    #expect(isRefused)
    #expect(seenByBob.connected.count == 1)
    await alice.close(session, reason: .bye)
    #expect(await seenByBob.waits { $0.closed.count == 1 })
    await alice.shutDown()
    await bob.shutDown()
  }

  @Test func givingUpADialEndsItAtOnce() async throws {
    let household = try Household()
    let alice = try await household.open("user1")
    // A listener that says nothing: the handshake would take its 10 s.
    let cable = Cable()
    let silent = try await cable.lead(to: 1)
    let dial = Task { try await alice.dial("user2", port: silent) }
    try await Task.sleep(for: .milliseconds(300))
    dial.cancel()
    let failure = await #expect(throws: MessengerFailure.self) { _ = try await dial.value }
    guard case .stopped = failure else {
      // The wire's far end may have been refused before the user gave up.
      guard case .firstContactFailed = failure else {
        Issue.record("\(String(describing: failure))")
        return
      }
      return
    }
    await alice.shutDown()
    await cable.end()
  }

  // [Y-05]
  @Test func anUnacknowledgedTextGoesAgainUnderItsOwnIdAndIsShownOnce() async throws {
    let household = try Household()
    let (alice, bob) = (try await household.open("user1"), try await household.open("user2"))
    let (seenByAlice, seenByBob) = (Watcher(alice), Watcher(bob))
    let port = try await bob.listenAnywhere()
    let cable = Cable()
    let session = try await alice.dial("user2", port: try await cable.lead(to: port))
    cable.cut()
    let text = Array("once".utf8)
    var id: OutgoingID?
    do { id = try await alice.send(text, on: session) } catch { id = nil }
    #expect(await seenByAlice.waits { $0.closed.count == 1 })
    let again = try await alice.dial("user2", port: port)
    let sent = try await alice.send(text, on: again, as: id)
    if let id { #expect(sent == id) }
    #expect(await seenByAlice.waits { $0.delivered.contains { $0.id == sent } })
    #expect(await seenByBob.waits { $0.messages.contains { $0.id == sent } })
    #expect(seenByBob.messages.filter { $0.id == sent }.count == 1)
    await alice.shutDown()
    await bob.shutDown()
    await cable.end()
  }

  @Test func verifyingCanAlsoWaitForTheOtherSide() async throws {
    let household = try Household()
    let alice = try await household.open("user1")
    var bob = try await household.open("user2")
    let first = try await alice.dial("user2", port: try await bob.listenAnywhere())
    await alice.close(first, reason: .bye)
    await bob.shutDown()

    // user2 is new; user1 waits for it, and user2 pairs as with anybody it does not know.
    bob = try await household.open("user2", home: "home-user2-new")
    let (seenByAlice, seenByBob) = (Watcher(alice), Watcher(bob))
    var options = ListenOptions()
    options.bind = .address("127.0.0.1")
    options.port = 0
    options.verifying = try PeerName("user2")
    let summary = try await alice.listen(options)
    #expect(summary.firstContact)
    _ = try? await bob.dial("user1", port: summary.port)
    #expect(await seenByAlice.waits { !$0.proposals.isEmpty })
    let proposal = try #require(seenByAlice.proposals.first)
    #expect(proposal.newWords == bob.identity.words && !proposal.isSameKey)
    #expect(await seenByBob.waits { $0.closed.first?.peerReason == .verified })
    #expect(seenByBob.messages.isEmpty && seenByAlice.connected.count == 1)
    try await alice.verifyAnswer(proposal.session, accept: true)
    #expect(try await alice.contact(named: proposal.name)?.words == bob.identity.words)
    await #expect(throws: MessengerFailure.self) {
      try await alice.verifyAnswer(proposal.session, accept: true)
    }
    await alice.shutDown()
    await bob.shutDown()
  }

  @Test func aCrowdOfKnownPeersFromOneAddressGetsInTurnByTurn() async throws {
    let names = (1...12).map { "user\($0)" }
    let entries = names.map {
      #"{"username": "\#($0)", "password": "password", "ip": "127.0.0.1", "port": 12345}"#
    }
    let household = try Household(users: "[" + entries.joined(separator: ",") + "]")
    let host = try await household.open("user1")
    let seenByHost = Watcher(host)
    let port = try await host.listenAnywhere()
    var guests: [Messenger] = []
    for name in names.dropFirst() { guests.append(try await household.open(name)) }
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for guest in guests {
        tasks.addTask {
          let session = try await guest.dial("user1", port: port)
          _ = try await guest.send("here", on: session)
        }
      }
      try await tasks.waitForAll()
    }
    #expect(await seenByHost.waits { $0.messages.count == 11 })
    #expect(Set(seenByHost.messages.map(\.from.text)) == Set(names.dropFirst()))
    for guest in guests { await guest.shutDown() }
    await host.shutDown()
  }
}
