import TestSupport
import Testing
import Transport
import Wire

@Suite struct ListenerTests {
  @Test func aPortInUseIsAnErrorOfItsOwn() async throws {
    let group = TransportGroup()
    let executor = group.nextLoop()
    let probe = Probe(on: executor)
    let first = try await group.listen(
      host: "127.0.0.1", port: 0, on: executor, makeDriver: { _ in RecordingDriver(probe) })
    #expect(first.port != 0)
    await #expect(throws: TransportError.addressInUse) {
      _ = try await group.listen(
        host: "127.0.0.1", port: first.port, on: executor, makeDriver: { _ in RecordingDriver(probe) })
    }
    await #expect(throws: TransportError.addressInUse) {
      _ = try await group.listen(
        host: nil, port: first.port, on: executor, makeDriver: { _ in RecordingDriver(probe) })
    }
    await first.close()
    await group.shutDown()
  }

  @Test func anAddressOfAnotherHostCannotBeBound() async throws {
    let group = TransportGroup()
    let executor = group.nextLoop()
    let probe = Probe(on: executor)
    await #expect(throws: TransportError.addressNotAvailable) {
      _ = try await group.listen(
        host: "192.0.2.1", port: 0, on: executor, makeDriver: { _ in RecordingDriver(probe) })
    }
    await group.shutDown()
  }

  @Test(arguments: ["127.0.0.1", "localhost"])
  func everyAddressIsServedByOneListener(host: String) async throws {
    let group = TransportGroup()
    let executor = group.nextLoop()
    let listener = Probe(on: executor)
    let dialler = Probe(on: executor)
    let socket = try await group.listen(
      host: nil, port: 0, on: executor, makeDriver: { _ in RecordingDriver(listener) })
    try await group.dial(
      host: host, port: socket.port, timeoutSeconds: 10, on: executor,
      makeDriver: { _ in RecordingDriver(dialler) })
    #expect(await listener.waits { $0.opened != nil })
    // An IPv4 peer is shown by its IPv4 address, also where one IPv6 socket serves both.
    let shown = try #require(listener.seen.opened).host
    #expect(["127.0.0.1", "::1"].contains(shown))
    await socket.close()
    await group.shutDown()
  }

  @Test func nobodyListeningIsRefusedAndAnUnknownNameIsSaid() async throws {
    let group = TransportGroup()
    let executor = group.nextLoop()
    let probe = Probe(on: executor)
    let closed = try #require(ClosedPort())
    defer { withExtendedLifetime(closed) {} }
    let port = closed.number
    await #expect(throws: TransportError.refused) {
      try await group.dial(
        host: "127.0.0.1", port: port, timeoutSeconds: 10, on: executor,
        makeDriver: { _ in RecordingDriver(probe) })
    }
    await #expect(throws: TransportError.unknownHost) {
      try await group.dial(
        host: "no-such-host.invalid", port: 1, timeoutSeconds: 10, on: executor,
        makeDriver: { _ in RecordingDriver(probe) })
    }
    #expect(probe.seen.opened == nil)
    await group.shutDown()
  }

  @Test func loopbackIsAmongTheAddressesOfThisHost() {
    #expect(localAddresses().contains { $0.text == "127.0.0.1" && $0.isLoopback })
  }
}

/// An actor on an event loop, as the messenger is one.
private actor OnLoop: LoopActor {
  nonisolated let loopExecutor: LoopExecutor
  private var count = 0

  init(_ executor: LoopExecutor) {
    self.loopExecutor = executor
  }

  func add() async -> Int {
    // Made and read elsewhere, a bound value ends the program.
    let bound = LoopBound(count, on: loopExecutor)
    await Task.yield()
    _ = bound.value
    count += 1
    return count
  }
}

@Suite struct LoopExecutorTests {
  @Test func anActorRunsOnItsLoop() async throws {
    let group = TransportGroup(loops: 2)
    let actor = OnLoop(group.nextLoop())
    await withTaskGroup(of: Void.self) { tasks in
      for _ in 0..<50 { tasks.addTask { _ = await actor.add() } }
    }
    #expect(await actor.add() == 51)
    await group.shutDown()
  }
}
