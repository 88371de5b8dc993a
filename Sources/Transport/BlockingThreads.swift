import NIOPosix

/// Threads for work that blocks: file syncs, locks, password hashing. Work is begun in the order in which
/// it was handed over; with one thread it also ends in that order.
package final class BlockingThreads: Sendable {
  private let pool: NIOThreadPool

  package init(count: Int) {
    pool = NIOThreadPool(numberOfThreads: max(1, count))
    pool.start()
  }

  /// Runs `work` on one of the threads and `then`, with its result, on the loop.
  ///
  /// Neither runs after `shutDown`.
  package func run<Result: Sendable>(
    on executor: LoopExecutor, _ work: @escaping @Sendable () -> Result,
    then: @escaping @Sendable (Result) -> Void
  ) {
    pool.submit { state in
      guard case .active = state else { return }
      let result = work()
      executor.execute { then(result) }
    }
  }

  /// Runs `work` on one of the threads; nil after `shutDown`.
  package func run<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result? {
    await withCheckedContinuation { continuation in
      pool.submit { state in
        guard case .active = state else {
          continuation.resume(returning: nil)
          return
        }
        continuation.resume(returning: work())
      }
    }
  }

  /// Ends the threads after the work that has begun.
  package func shutDown() async {
    // A pool that cannot be stopped was stopped before.
    try? await pool.shutdownGracefully()
  }
}
