import ChatProtocol
import Cryptography
import Messenger
import Places
import Relay
import TestSupport
import Testing
import Transport
import Wire

/// A relay and its clients in one process, over loopback TCP.
@Suite struct RelayServerTests {
  private struct Member {
    let key: HelloKey

    init(seed: UInt8) throws {
      let seed: Secret<IdentitySigningSeed> = try Secret(
        copying: [UInt8](repeating: seed, count: 32).span, in: GuardedRegion(byteCount: 64))
      let publicKey = try Ed25519.publicKey(of: seed)
      let held = Held(seed)
      key = HelloKey(pseudonym: SHA256Hash.hash(publicKey.span), publicKey: publicKey) { bytes in
        try Ed25519.sign(bytes, seed: held.seed)
      }
    }

    private final class Held: Sendable {
      let seed: Secret<IdentitySigningSeed>
      init(_ seed: consuming Secret<IdentitySigningSeed>) { self.seed = seed }
    }
  }

  /// A relay on a free port, and the network of its clients; both are gone at the end.
  private func withRelay(
    limits: RelayLimits = RelayLimits(),
    _ body: (RelayServer, RelayPlace, RelayNetwork, TemporaryFolder) async throws -> Void
  ) async throws {
    let folder = try TemporaryFolder()
    var options = RelayServerOptions(
      home: folder.file("home"), name: try PeerName("relay"), host: "127.0.0.1", port: 0)
    options.limits = limits
    let server = try await RelayServer.start(options)
    let group = TransportGroup()
    let network = RelayNetwork(
      group: group, executor: group.nextLoop(),
      handshake: HandshakeContext(
        policy: NegotiationPolicy(), outstandingShares: OutstandingShares(), entropy: SystemEntropy.shared,
        encapsulation: MLKEM768Encapsulation()))
    let address = RelayAddress(host: "127.0.0.1", port: server.summary.port)
    do {
      let profile = try await RelayConnection.askProfile(address, through: network)
      #expect(IdentityText.encode(profile) == server.summary.identity.profile)
      try await body(server, RelayPlace(address: address, profile: profile), network, folder)
    } catch {
      await server.stop()
      await group.shutDown()
      throw error
    }
    await server.stop()
    await group.shutDown()
  }

  /// Reads events until one fits; bounded by the test's own patience.
  private static func next<Part: Sendable>(
    _ events: AsyncStream<RelayLinkEvent>, _ pick: (RelayLinkEvent) -> Part?
  ) async throws -> Part {
    for await event in events {
      if let part = pick(event) { return part }
      if case .down(let failure) = event { throw Down(failure: failure) }
    }
    throw Down(failure: .closedHere)
  }

  private struct Down: Error { let failure: RelayLinkFailure }

  @Test(.timeLimit(.minutes(3)))
  func whatOneAppendsAHundredLinksGetOnceAndInOrder() async throws {
    let texts = 20
    var limits = RelayLimits()
    limits.linksPerAddress = 128
    try await withRelay(limits: limits) { server, place, network, _ in
      let member = try Member(seed: 1)
      var readers: [RelayConnection] = []
      for _ in 0..<100 {
        readers.append(try await RelayConnection.open(place: place, hello: member.key, through: network))
      }
      for reader in readers {
        _ = try await Self.next(reader.events) { if case .up(let welcome) = $0 { welcome } else { nil } }
        await reader.send(.subscribe(RelaySubscribe(from: 1, credit: 1 << 20)))
      }
      let writer = readers[0]
      for number in 1...texts {
        await writer.send(
          .append(
            RelayAppend(
              request: UInt32(number), id: MessageID(stream: 1, number: UInt64(number)),
              content: .application, body: [UInt8](repeating: UInt8(number), count: 500))))
      }
      try await withThrowingTaskGroup(of: [UInt64].self) { group in
        for reader in readers {
          group.addTask {
            var sequences: [UInt64] = []
            while sequences.count < texts {
              sequences.append(
                try await Self.next(reader.events) { event in
                  if case .frame(.entry(let entry)) = event { entry.sequence } else { nil }
                })
            }
            return sequences
          }
        }
        for try await sequences in group { #expect(sequences == Array(1...UInt64(texts))) }
      }
      let counters = await server.counters()
      #expect(counters.appends == texts && counters.links == 100)
    }
  }

  @Test(.timeLimit(.minutes(1)))
  func aRelayWithAnotherKeyIsNotProven() async throws {
    try await withRelay { _, place, network, folder in
      let other = try IdentityKeys.generate(name: PeerName("relay"), entropy: SystemEntropy.shared)
      let wrong = RelayPlace(address: place.address, profile: other.profile)
      do throws(MessengerFailure) {
        _ = try await RelayConnection.open(place: wrong, hello: nil, through: network)
        Issue.record("a link to a relay that did not prove its key")
      } catch {
        guard case .relay(let failure) = error, case .notProven = failure.cause else { throw error }
      }
      // With the pins of a profile the words of both keys are told, and nothing is pinned anew.
      let home = HomeFolders(
        home: HomePath(folder.file("home")), logs: LogsPath(folder.file("logs")))
      let pins = RelayPins(profile: home.profile(try PeerName("relay")))
      let threads = BlockingThreads(count: 1)
      let meeting = RelayMeeting(pins: pins, network: network, disk: threads)
      let first = try await meeting.place(at: place.address)
      #expect(first.isNew && first.place.profile == place.profile)
      #expect(try await meeting.place(at: place.address).isNew == false)
      try pins.pin(wrong, at: UnixTime(milliseconds: 0))
      let known = try await meeting.place(at: place.address).place
      #expect(known.profile == other.profile)
      do throws(MessengerFailure) {
        _ = try await RelayConnection.open(place: known, hello: nil, through: network)
      } catch {
        guard case .relay(let failure) = await meeting.explain(error, at: known),
          case .otherKey(let pinned, let shown) = failure.cause
        else { throw error }
        #expect(pinned.split(separator: " ").count == 6 && pinned != shown)
      }
      await threads.shutDown()
    }
  }

  @Test(.timeLimit(.minutes(1)))
  func aLinkThatItsUserDropsIsClosed() async throws {
    try await withRelay { server, place, network, _ in
      var link: RelayConnection? = try await RelayConnection.open(place: place, hello: nil, through: network)
      let events = link?.events
      #expect(await server.counters().links == 1)
      link = nil
      guard let events else { return }
      for await event in events { if case .down(let failure) = event { #expect(failure == .closedHere) } }
      while await server.counters().links > 0 { try await Task.sleep(for: .milliseconds(10)) }
    }
  }
}
