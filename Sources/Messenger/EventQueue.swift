import Synchronization
internal import Wire

/// The events of one messenger, in order, for one consumer.
///
/// Taking a message gives back its credit: a conversation whose texts nobody takes stops reading its
/// link, and only that one. Events that a stranger can cause are folded together above a limit, so that
/// a consumer that stands still costs no memory without end.
package final class EventQueue: Sendable {
  /// Above so many events that strangers cause, further ones are counted into the last.
  package static let strangersLimit = 256

  fileprivate struct Entry {
    let event: MessengerEvent
    let taken: (@Sendable () -> Void)?
  }

  fileprivate struct State {
    /// Entries not yet taken start at `first`.
    var entries: [Entry] = []
    var first = 0
    var strangers = 0
    var waiting: CheckedContinuation<MessengerEvent?, Never>?
    var finished = false
  }

  private let state = Mutex(State())

  package init() {}

  /// The next event, waiting for one; nil after the messenger is shut down and all were taken, or when
  /// the task is cancelled.
  package func next() async -> MessengerEvent? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let (event, taken): (MessengerEvent??, (@Sendable () -> Void)?) = state.withLock { state in
          if let entry = state.takeFirst() { return (.some(entry.event), entry.taken) }
          if state.finished || Task.isCancelled || state.waiting != nil { return (.some(nil), nil) }
          state.waiting = continuation
          return (nil, nil)
        }
        taken?()
        if let event { continuation.resume(returning: event) }
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

  /// Adds an event; `taken` runs once, on the consumer's thread, when it is handed out.
  package func put(_ event: MessengerEvent, taken: (@Sendable () -> Void)? = nil) {
    let waiting = state.withLock { state -> CheckedContinuation<MessengerEvent?, Never>? in
      if state.finished { return nil }
      if let waiting = state.waiting {
        state.waiting = nil
        return waiting
      }
      state.append(Entry(event: event, taken: taken))
      return nil
    }
    if let waiting {
      taken?()
      waiting.resume(returning: event)
    }
  }

  /// No more events come; those that stand are still handed out, and nobody hears that they were taken.
  package func finish() {
    let waiting = state.withLock { state in
      state.finished = true
      state.entries = state.entries.map { Entry(event: $0.event, taken: nil) }
      let waiting = state.waiting
      state.waiting = nil
      return waiting
    }
    waiting?.resume(returning: nil)
  }
}

extension EventQueue.State {
  fileprivate mutating func takeFirst() -> EventQueue.Entry? {
    guard first < entries.count else { return nil }
    let entry = entries[first]
    first += 1
    if entry.event.isOfStrangers { strangers -= 1 }
    if first == entries.count {
      entries.removeAll(keepingCapacity: entries.count <= 64)
      first = 0
    } else if first >= 64, first * 2 >= entries.count {
      entries.removeFirst(first)
      first = 0
    }
    return entry
  }

  fileprivate mutating func append(_ entry: EventQueue.Entry) {
    guard entry.event.isOfStrangers else {
      entries.append(entry)
      return
    }
    if strangers >= EventQueue.strangersLimit {
      if case .refused(let refused) = entry.event { fold(refused) }
      return
    }
    strangers += 1
    entries.append(entry)
  }

  /// Counts a refusal into the newest one that waits.
  private mutating func fold(_ refused: RefusedEvent) {
    var index = entries.count - 1
    while index >= first {
      if case .refused(let last) = entries[index].event {
        entries[index] = EventQueue.Entry(
          event: .refused(last.standing(forFurther: refused.count)), taken: entries[index].taken)
        return
      }
      index -= 1
    }
  }
}

extension MessengerEvent {
  /// Whether somebody who proved nothing can cause it, as often as they like.
  fileprivate var isOfStrangers: Bool {
    switch self {
    case .step, .refused, .repairWanted: true
    case .connected, .message, .delivered, .closed, .verifyProposed, .warning, .group: false
    }
  }
}

extension RefusedEvent {
  func standing(forFurther more: Int) -> RefusedEvent {
    RefusedEvent(
      address: address, code: code, name: name, triesLeft: triesLeft, count: count + more,
      problem: problem)
  }
}
