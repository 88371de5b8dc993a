import Messenger
import Testing
import Wire

@Suite struct RefusalMeterTests {
  private let refusal = RefusedEvent(address: "10.0.0.1:5", code: .proto)

  @Test func twentyOfASecondAreToldAndTheRestCounted() {
    var meter = RefusalMeter()
    let start = Moment(nanoseconds: 1_000)
    let told = (0..<50).compactMap { _ in meter.add(refusal, at: start) }
    #expect(told.count == 20 && told.allSatisfy { $0.count == 1 })
    #expect(meter.isHolding)
    let rest = meter.flush()
    #expect(rest?.count == 30)
    #expect(!meter.isHolding)
    let next = meter.add(refusal, at: start.advanced(bySeconds: 1))
    #expect(next?.count == 1)
  }
}

@Suite struct EventQueueTests {
  @Test func eventsComeInOrderAndTheEndAfterThem() async {
    let queue = EventQueue()
    for number in 0..<100 {
      queue.put(.warning(.earlierLog(.missing(segment: number))))
    }
    queue.finish()
    var seen: [Int] = []
    while let event = await queue.next() {
      if case .warning(.earlierLog(.missing(let number))) = event { seen.append(number) }
    }
    #expect(seen == Array(0..<100))
    queue.put(.warning(.descriptorsShort))
    #expect(await queue.next() == nil)
  }

  @Test func aConsumerThatWaitsIsWoken() async {
    let queue = EventQueue()
    async let event = queue.next()
    await Task.yield()
    queue.put(.warning(.knownPeopleOnly))
    guard case .warning(.knownPeopleOnly) = await event else {
      Issue.record("another event came")
      return
    }
  }

  @Test func aCancelledConsumerGetsNothing() async {
    let queue = EventQueue()
    let task = Task { await queue.next() }
    task.cancel()
    #expect(await task.value == nil)
    // The queue still works.
    queue.put(.warning(.knownPeopleOnly))
    #expect(await queue.next() != nil)
  }

  @Test func whatStrangersCauseDoesNotGrowWithoutEnd() async {
    let queue = EventQueue()
    for _ in 0..<10_000 { queue.put(.refused(RefusedEvent(address: "a", code: .proto))) }
    queue.put(.warning(.knownPeopleOnly))
    queue.finish()
    var (events, counted) = (0, 0)
    while let event = await queue.next() {
      events += 1
      if case .refused(let refused) = event { counted += refused.count }
    }
    #expect(events == EventQueue.strangersLimit + 1)
    #expect(counted == 10_000)
  }
}

@Suite struct RetryPolicyTests {
  private func unreachable() throws -> MessengerFailure {
    .unreachable(
      Unreachable(peer: PeerFacts(name: try PeerName("bob"), address: "h:1"), cause: .refused))
  }

  @Test func threeTriesAreOneAndTwoSecondsApart() throws {
    var policy = RetryPolicy.threeTries
    #expect(policy.wait(after: try unreachable()) == 1)
    #expect(policy.wait(after: try unreachable()) == 2)
    #expect(policy.wait(after: try unreachable()) == nil)
  }

  @Test func aRefusedHandshakeIsNeverTriedAgain() throws {
    let facts = PeerFacts(name: try PeerName("bob"), address: "h:1")
    let failures: [MessengerFailure] = [
      .firstContactFailed(facts, .auth), .keyUnknown(facts, .closed), .guessLimit(facts),
      .alert(facts, .blocked), .stopped,
    ]
    for failure in failures {
      var policy = RetryPolicy.untilStopped
      #expect(policy.wait(after: failure) == nil)
    }
  }

  @Test func atATerminalTriesGoOn() throws {
    var policy = RetryPolicy.untilStopped
    for _ in 0..<50 { #expect(policy.wait(after: try unreachable()) != nil) }
  }
}
