import Synchronization
import Transport
import Wire

/// What a driver saw, told to the test's own thread.
struct Seen: Sendable {
  var opened: LinkAddress?
  var bytes: [UInt8] = []
  var writable = 0
  var alarms: [Moment] = []
  var ends: [LinkEnd] = []
  var callsAfterEnd = 0
}

/// The test's side of one link: what was seen, and a way to act on the link's own loop.
final class Probe: Sendable {
  private struct State {
    var seen = Seen()
    var actions: [@Sendable (any Link) -> Void] = []
  }

  private let state = Mutex(State())
  let executor: LoopExecutor
  /// What the driver does when its link opens, and with the bytes that come.
  let whenOpened: @Sendable (any Link) -> Void
  let whenReceived: @Sendable (any Link, [UInt8]) -> Void
  private let link = Mutex<LoopBound<any Link>?>(nil)

  init(
    on executor: LoopExecutor,
    whenOpened: @escaping @Sendable (any Link) -> Void = { _ in },
    whenReceived: @escaping @Sendable (any Link, [UInt8]) -> Void = { _, _ in }
  ) {
    self.executor = executor
    self.whenOpened = whenOpened
    self.whenReceived = whenReceived
  }

  var seen: Seen { state.withLock { $0.seen } }

  func note(_ change: (inout Seen) -> Void) {
    state.withLock { change(&$0.seen) }
  }

  func hold(_ link: any Link) {
    let bound = LoopBound(link, on: executor)
    self.link.withLock { $0 = bound }
  }

  /// Runs `body` on the link's loop.
  func act(_ body: @escaping @Sendable (any Link) -> Void) {
    guard let bound = link.withLock({ $0 }) else { return }
    executor.execute { body(bound.value) }
  }

  /// Waits until what was seen is as `condition` says; false after a long time.
  func waits(until condition: (Seen) -> Bool) async -> Bool {
    for _ in 0..<3000 {
      if condition(seen) { return true }
      try? await Task.sleep(for: .milliseconds(10))
    }
    return false
  }
}

/// A driver that tells a probe everything.
final class RecordingDriver: LinkDriver {
  private let probe: Probe
  private var link: (any Link)?
  private var isOver = false

  init(_ probe: Probe) {
    self.probe = probe
  }

  func linkOpened(_ link: any Link, at now: Moment) {
    self.link = link
    probe.note { $0.opened = link.remoteAddress }
    probe.hold(link)
    probe.whenOpened(link)
  }

  func received(_ bytes: Span<UInt8>, at now: Moment) {
    var copy: [UInt8] = []
    for index in bytes.indices { copy.append(bytes[index]) }
    probe.note {
      $0.bytes += copy
      if isOver { $0.callsAfterEnd += 1 }
    }
    if let link { probe.whenReceived(link, copy) }
  }

  func linkBecameWritable(at now: Moment) {
    probe.note {
      $0.writable += 1
      if isOver { $0.callsAfterEnd += 1 }
    }
  }

  func alarm(at now: Moment) {
    probe.note {
      $0.alarms.append(now)
      if isOver { $0.callsAfterEnd += 1 }
    }
  }

  func linkClosed(_ cause: LinkEnd, at now: Moment) {
    isOver = true
    probe.note { $0.ends.append(cause) }
  }
}
