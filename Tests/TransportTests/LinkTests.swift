import Synchronization
import Testing
import Transport
import Wire

/// A listener and a dialler on one event loop, over a real socket.
private func withPair(
  host: String = "127.0.0.1",
  answering: @escaping @Sendable (any Link, [UInt8]) -> Void = { _, _ in },
  _ body: (_ dialler: Probe, _ listener: Probe) async throws -> Void
) async throws {
  let group = TransportGroup()
  let executor = group.nextLoop()
  let dialler = Probe(on: executor)
  let listener = Probe(on: executor, whenReceived: answering)
  let socket = try await group.listen(
    host: host, port: 0, on: executor, makeDriver: { _ in RecordingDriver(listener) })
  try await group.dial(
    host: host, port: socket.port, timeoutSeconds: 10, on: executor,
    makeDriver: { _ in RecordingDriver(dialler) })
  #expect(await listener.waits { $0.opened != nil })
  try await body(dialler, listener)
  await socket.close()
  await group.shutDown()
}

private let echo: @Sendable (any Link, [UInt8]) -> Void = { link, bytes in link.write(bytes.span) }

@Suite struct LinkTests {
  @Test(arguments: ["127.0.0.1", "localhost", "::1"])
  func bytesCrossBothWays(host: String) async throws {
    try await withPair(host: host, answering: echo) {
      dialler, listener in
      dialler.act { $0.write([1, 2, 3].span) }
      #expect(await dialler.waits { $0.bytes == [1, 2, 3] })
      #expect(listener.seen.bytes == [1, 2, 3])
      #expect(dialler.seen.opened != nil)
    }
  }

  @Test func manyWritesOfATurnArriveInOrder() async throws {
    try await withPair { dialler, listener in
      dialler.act { link in
        for number in 0..<1000 { link.write([UInt8(truncatingIfNeeded: number)].span) }
      }
      let expected = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
      #expect(await listener.waits { $0.bytes.count == 1000 })
      #expect(listener.seen.bytes == expected)
    }
  }

  @Test func theOrderlyEndOfTheOtherSideIsSeenAfterItsLastBytes() async throws {
    try await withPair { dialler, listener in
      dialler.act { link in
        link.write([UInt8](repeating: 7, count: 300_000).span)
        link.close(afterFlushing: true)
      }
      #expect(await listener.waits { !$0.ends.isEmpty })
      #expect(listener.seen.bytes.count == 300_000)
      #expect(listener.seen.ends == [.endOfInput])
      #expect(await dialler.waits { !$0.ends.isEmpty })
      #expect(dialler.seen.ends == [.localClose])
      #expect(dialler.seen.callsAfterEnd == 0)
      #expect(listener.seen.callsAfterEnd == 0)
    }
  }

  /// Closing a socket with unread input resets the connection; the last bytes must survive that.
  @Test func lastBytesArriveAlsoWhenTheOtherSideIsStillSending() async throws {
    let answer: @Sendable (any Link, [UInt8]) -> Void = { link, _ in
      link.write([9, 9, 9].span)
      link.close(afterFlushing: true)
    }
    try await withPair(answering: answer) { dialler, listener in
      dialler.act { $0.write([UInt8](repeating: 1, count: 3_000_000).span) }
      #expect(await dialler.waits { !$0.ends.isEmpty })
      #expect(dialler.seen.bytes == [9, 9, 9])
    }
  }

  @Test func aDriverThatClosedIsToldOnceAndHearsNothingMore() async throws {
    let hangUp: @Sendable (any Link, [UInt8]) -> Void = { link, _ in
      link.close(afterFlushing: false)
      link.close(afterFlushing: true)
    }
    try await withPair(answering: hangUp) { dialler, listener in
      dialler.act { $0.write([UInt8](repeating: 1, count: 2_000_000).span) }
      #expect(await listener.waits { !$0.ends.isEmpty })
      #expect(await dialler.waits { !$0.ends.isEmpty })
      #expect(listener.seen.ends == [.localClose])
      #expect(listener.seen.callsAfterEnd == 0)
      #expect(dialler.seen.ends.count == 1)
    }
  }

  @Test func aPausedLinkPushesBackAndGoesOnWhenResumed() async throws {
    let total = 24 * 1024 * 1024
    let chunk = [UInt8](repeating: 5, count: 64 * 1024)
    try await withPair { dialler, listener in
      listener.act { $0.pauseReading() }
      let sent = Mutex(0)
      let send: @Sendable (any Link) -> Void = { link in
        sent.withLock { sent in
          while sent < total && link.isWritable {
            link.write(chunk.span)
            sent += chunk.count
          }
        }
      }
      dialler.act(send)
      // The buffers of the system and of the link are bounded, so a sender that asks is told to wait.
      var last = -1
      while last != sent.withLock({ $0 }) {
        last = sent.withLock { $0 }
        try await Task.sleep(for: .milliseconds(300))
        dialler.act(send)
      }
      #expect(sent.withLock { $0 } < total)
      #expect(listener.seen.bytes.count < 1024 * 1024)

      let before = dialler.seen.writable
      listener.act { $0.resumeReading() }
      #expect(await dialler.waits { $0.writable > before })
      for _ in 0..<3000 where sent.withLock({ $0 }) < total {
        dialler.act(send)
        try await Task.sleep(for: .milliseconds(10))
      }
      #expect(await listener.waits { $0.bytes.count == total })
    }
  }

  @Test func oneAlarmReplacesTheFormerAndIsNotEarly() async throws {
    try await withPair { dialler, _ in
      let set = Mutex(Moment(nanoseconds: 0))
      dialler.act { link in
        let at = Moment.current.advanced(byMilliseconds: 80)
        set.withLock { $0 = at }
        link.setAlarm(Moment.current.advanced(byMilliseconds: 1))
        link.setAlarm(at)
      }
      #expect(await dialler.waits { !$0.alarms.isEmpty })
      let at = set.withLock { $0 }
      #expect(dialler.seen.alarms.count == 1)
      #expect(dialler.seen.alarms.allSatisfy { $0 >= at })
      dialler.act { link in
        link.setAlarm(Moment.current.advanced(bySeconds: 3600))
        link.setAlarm(Moment.current)
      }
      #expect(await dialler.waits { $0.alarms.count == 2 })
    }
  }

  @Test func anAlarmThatWasTakenAwayDoesNotCome() async throws {
    try await withPair { dialler, _ in
      dialler.act { link in
        link.setAlarm(Moment.current.advanced(byMilliseconds: 20))
        link.setAlarm(nil)
      }
      try await Task.sleep(for: .milliseconds(100))
      // A later alarm comes, and is the only one.
      dialler.act { $0.setAlarm(Moment.current) }
      #expect(await dialler.waits { !$0.alarms.isEmpty })
      #expect(dialler.seen.alarms.count == 1)
    }
  }
}
