import ChatProtocol
import LogFiles
import Places
import SessionLog
import Synchronization
import Transport
import Wire

/// Whom a ``LogKeeper`` tells what became of the log; on the loop.
protocol LogKeeperOwner: AnyObject {
  func logOpened(path: String, warnings: [SegmentWarning])
  /// The records are as durable as the mode makes them.
  func logged(_ records: [LoggedRecord])
  /// Logging is on but cannot be written; said once.
  func logFailed(_ problem: StorageProblem)
}

/// A record that stands in the log.
struct LoggedRecord {
  let ticket: LogTicket
  /// Nil where nothing may name it: the disk may not have it yet.
  let position: LoggedPosition?
}

/// Keeps the log of one conversation: appends on the event loop, one write a line, and waits for the disk
/// on other threads, one sync at a time (LOG 6).
///
/// Lines that queue while a sync runs are covered by the next one. What is asked before the segment exists
/// waits for it.
final class LogKeeper {
  private struct Waiting {
    let entry: LogEntry
    let ticket: LogTicket
  }

  private let executor: LoopExecutor
  private let threads: BlockingThreads
  private let mode: LogSyncMode
  private weak var owner: (any LogKeeperOwner)?

  private var segment: SegmentHolder?
  private var waiting: [Waiting] = []
  private var written: [LoggedRecord] = []
  private var isSyncing = false
  private var isRotating = false
  private var hasFailed = false
  private var isSyncPlanned = false
  private var hasUnsynced = false
  private var whenFinished: (() -> Void)?

  init(executor: LoopExecutor, threads: BlockingThreads, mode: LogSyncMode, owner: any LogKeeperOwner) {
    self.executor = executor
    self.threads = threads
    self.mode = mode
    self.owner = owner
  }

  /// Makes the segment, elsewhere.
  func open(_ make: @escaping @Sendable () throws(LogFailure) -> SegmentHolder) {
    let bound = LoopBound(self, on: executor)
    threads.run(on: executor) { () -> Result<SegmentHolder, LogFailure> in
      do throws(LogFailure) {
        return .success(try make())
      } catch {
        return .failure(error)
      }
    } then: { result in
      bound.value.opened(result)
    }
  }

  private func opened(_ result: Result<SegmentHolder, LogFailure>) {
    switch result {
    case .success(let segment):
      self.segment = segment
      owner?.logOpened(path: segment.path, warnings: segment.warnings)
      advance()
    case .failure(let failure):
      fail(failure)
    }
  }

  /// Adds a record; `logged` or `logFailed` answers.
  func append(_ entry: LogEntry, _ ticket: LogTicket) {
    guard !hasFailed else { return }
    waiting.append(Waiting(entry: entry, ticket: ticket))
    advance()
  }

  /// Calls back when everything is on the disk, or nothing more can be, and the file is let go.
  func finish(_ whenFinished: @escaping () -> Void) {
    self.whenFinished = whenFinished
    advance()
  }

  // MARK: Writing

  private func advance() {
    guard !hasFailed, let segment, !isRotating else {
      finishIfDone()
      return
    }
    while let next = waiting.first, !hasFailed {
      if segment.unsyncedBytes >= SegmentLimits.unsyncedBytes { break }
      if segment.needsRotation {
        rotate(segment)
        return
      }
      waiting.removeFirst()
      write(next, to: segment)
    }
    syncIfDue()
    finishIfDone()
  }

  private func write(_ next: Waiting, to segment: SegmentHolder) {
    do {
      let position = try segment.append(next.entry, at: .now)
      hasUnsynced = true
      switch mode {
      case .group, .always:
        written.append(LoggedRecord(ticket: next.ticket, position: position))
      case .interval:
        owner?.logged([LoggedRecord(ticket: next.ticket, position: nil)])
      }
    } catch {
      fail(error)
    }
  }

  private func rotate(_ segment: SegmentHolder) {
    isRotating = true
    let bound = LoopBound(self, on: executor)
    threads.run(on: executor) { () -> LogFailure? in
      do throws(LogFailure) {
        try segment.rotate(at: .now)
        return nil
      } catch {
        return error
      }
    } then: { failure in
      let keeper = bound.value
      keeper.isRotating = false
      if let failure {
        keeper.fail(failure)
      } else {
        // The old segment was synced before the new one was made.
        keeper.answer(keeper.written.count)
      }
      keeper.advance()
    }
  }

  // MARK: Syncing

  private func syncIfDue() {
    guard !isSyncing, !isRotating, !hasFailed, hasUnsynced, segment != nil else { return }
    switch mode {
    case .group, .always: sync()
    case .interval:
      // Nothing waits for it, unless the torn tail would grow too long or the end has come.
      if whenFinished != nil || !waiting.isEmpty { sync() } else { planSync() }
    }
  }

  private func planSync() {
    guard !isSyncPlanned else { return }
    isSyncPlanned = true
    let bound = LoopBound(self, on: executor)
    executor.schedule(afterMilliseconds: 1000) {
      let keeper = bound.value
      keeper.isSyncPlanned = false
      if !keeper.isSyncing && !keeper.isRotating && keeper.hasUnsynced && !keeper.hasFailed { keeper.sync() }
    }
  }

  private func sync() {
    guard let handle = segment?.syncHandle else { return }
    isSyncing = true
    hasUnsynced = false
    // In the mode `always` a sync answers for one line only.
    let covered = mode == .always ? min(1, written.count) : written.count
    let bound = LoopBound(self, on: executor)
    threads.run(on: executor) { () -> LogFailure? in
      do throws(LogFailure) {
        try handle.sync()
        return nil
      } catch {
        return error
      }
    } then: { failure in
      bound.value.synced(covered, failure)
    }
  }

  private func synced(_ covered: Int, _ failure: LogFailure?) {
    isSyncing = false
    if let failure {
      segment?.end()
      fail(failure)
      return
    }
    answer(covered)
    if !written.isEmpty { hasUnsynced = true }
    advance()
  }

  private func answer(_ count: Int) {
    let answered = Array(written.prefix(count))
    written.removeFirst(answered.count)
    if !answered.isEmpty { owner?.logged(answered) }
  }

  // MARK: Ends

  private func fail(_ failure: LogFailure) {
    guard !hasFailed else { return }
    hasFailed = true
    waiting = []
    written = []
    owner?.logFailed(failure.problem)
    finishIfDone()
  }

  private func finishIfDone() {
    guard let whenFinished, !isSyncing, !isRotating else { return }
    if hasFailed {
      self.whenFinished = nil
      segment = nil
      whenFinished()
      return
    }
    guard let segment, waiting.isEmpty, written.isEmpty, !hasUnsynced else { return }
    self.whenFinished = nil
    self.segment = nil
    let bound = LoopBound(whenFinished, on: executor)
    // Closing syncs once more where something is left; a failure has nobody to tell any more.
    threads.run(on: executor) {
      _ = segment.close()
    } then: {
      bound.value()
    }
  }
}

/// A segment's writer, used by one thread at a time: the loop, or a thread that makes, rotates or closes it.
final class SegmentHolder: Sendable {

  private let holding: Mutex<SegmentWriter>
  let path: String
  let warnings: [SegmentWarning]

  init(_ writer: sending SegmentWriter) {
    path = writer.path
    warnings = writer.warnings
    holding = Mutex(writer)
  }

  func append(_ entry: LogEntry, at now: UnixTime) throws(LogFailure) -> LoggedPosition {
    let position = try holding.withLock { writer throws(LogFailure) in try writer.append(entry, at: now) }
    return LoggedPosition(record: UInt64(clamping: position.record), tag: position.tag)
  }

  var unsyncedBytes: Int { holding.withLock { $0.unsyncedBytes } }
  var needsRotation: Bool { holding.withLock { $0.needsRotation } }
  var syncHandle: SegmentSyncHandle { holding.withLock { $0.syncHandle } }

  func rotate(at now: UnixTime) throws(LogFailure) {
    try holding.withLock { writer throws(LogFailure) in try writer.rotate(at: now) }
  }

  func end() { holding.withLock { $0.end() } }

  /// Lets go of the file; false where it could not be synced.
  func close() -> Bool {
    do throws(LogFailure) {
      try holding.withLock { writer throws(LogFailure) in try writer.close() }
      return true
    } catch {
      return false
    }
  }
}

extension UnixTime {
  /// This computer's clock.
  static var now: UnixTime { UnixTime(milliseconds: SystemClock().unixMilliseconds) }
}

extension LogFailure {
  /// The failure as a sentence's parts.
  var problem: StorageProblem {
    switch self {
    case .place(let error): HomeFailure(error).problem
    case .inUse(let path):
      StorageProblem(path: path, why: "another process keeps it locked", errorNumber: 0)
    case .changedOnDisk(let path, let expected, let found):
      StorageProblem(
        path: path, why: "its size is \(found) bytes where \(expected) were written", errorNumber: 0)
    case .badKeyFile(let path):
      StorageProblem(path: path, why: "it is no log key", errorNumber: 0)
    case .passphraseNeeded(let path), .wrongPassphrase(let path):
      StorageProblem(path: path, why: "it is locked with a passphrase", errorNumber: 0)
    case .segmentEnded:
      StorageProblem(path: "", why: "an earlier write failed", errorNumber: 0)
    case .chain:
      StorageProblem(path: "", why: "the log's chain refused the record", errorNumber: 0)
    case .cryptography:
      StorageProblem(path: "", why: "the system gives no guarded memory", errorNumber: 0)
    }
  }
}
