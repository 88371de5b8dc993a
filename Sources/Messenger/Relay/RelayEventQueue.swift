import Synchronization

/// The events of one relay link, in order, for one consumer.
///
/// Taking an event gives back its weight: a consumer that stands still stops the reading of its link, so that a
/// relay cannot fill this side's memory.
final class RelayEventQueue: Sendable {
  private struct State {
    var events: [(event: RelayLinkEvent, weight: Int)] = []
    /// Events not yet taken start here.
    var first = 0
    var waiting: CheckedContinuation<RelayLinkEvent?, Never>?
    var isFinished = false
  }

  private let state = Mutex(State())
  private let taken: @Sendable (Int) -> Void

  /// `taken` is told the weight of each event as it is taken, on the consumer's thread.
  init(taken: @escaping @Sendable (Int) -> Void) { self.taken = taken }

  /// The events as a stream; it ends with the link, or when its task is cancelled.
  var stream: AsyncStream<RelayLinkEvent> { AsyncStream(unfolding: { await self.next() }) }

  func put(_ event: RelayLinkEvent, weight: Int) {
    let waiting = state.withLock { state -> CheckedContinuation<RelayLinkEvent?, Never>? in
      guard !state.isFinished else { return nil }
      if let waiting = state.waiting {
        state.waiting = nil
        return waiting
      }
      state.events.append((event, weight))
      return nil
    }
    guard let waiting else { return }
    taken(weight)
    waiting.resume(returning: event)
  }

  /// No more come; those that stand are still handed out.
  func finish() {
    let waiting = state.withLock { state in
      state.isFinished = true
      let waiting = state.waiting
      state.waiting = nil
      return waiting
    }
    waiting?.resume(returning: nil)
  }

  private enum Found {
    case event(RelayLinkEvent, weight: Int)
    case end
    case later
  }

  private func next() async -> RelayLinkEvent? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let found = state.withLock { state -> Found in
          if state.first < state.events.count {
            let (event, weight) = state.events[state.first]
            state.first += 1
            if state.first == state.events.count {
              state.events.removeAll(keepingCapacity: state.first <= 64)
              state.first = 0
            }
            return .event(event, weight: weight)
          }
          // One consumer: a second one finds the end.
          if state.isFinished || Task.isCancelled || state.waiting != nil { return .end }
          state.waiting = continuation
          return .later
        }
        switch found {
        case .event(let event, let weight):
          taken(weight)
          continuation.resume(returning: event)
        case .end: continuation.resume(returning: nil)
        case .later: break
        }
      }
    } onCancel: {
      let waiting = state.withLock { state in
        let waiting = state.waiting
        state.waiting = nil
        return waiting
      }
      waiting?.resume(returning: nil)
    }
  }
}
