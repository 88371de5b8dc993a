import Glibc

/// One thread of its own for calls that block, so that a full pipe or a silent keyboard never holds a
/// thread of the pool that everything else runs on. An actor takes it as its executor.
///
/// The thread lives as long as the process.
@safe package final class BlockingThread: SerialExecutor, @unchecked Sendable {
  // Guarded by `mutex`; the thread waits on `filled`.
  private var jobs: [UnownedJob] = []
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let filled: UnsafeMutablePointer<pthread_cond_t>

  package init() {
    unsafe mutex = .allocate(capacity: 1)
    unsafe filled = .allocate(capacity: 1)
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(filled, nil)
    var thread = pthread_t()
    let context = unsafe Unmanaged.passRetained(self).toOpaque()
    let failure = unsafe pthread_create(
      &thread, nil,
      { context in
        guard let context = unsafe context else { return nil }
        let executor = unsafe Unmanaged<BlockingThread>.fromOpaque(context).takeRetainedValue()
        executor.run()
      }, context)
    precondition(failure == 0, "no thread could be started")
    pthread_detach(thread)
  }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    unsafe pthread_mutex_lock(mutex)
    jobs.append(job)
    unsafe pthread_cond_signal(filled)
    unsafe pthread_mutex_unlock(mutex)
  }

  private func run() -> Never {
    while true {
      unsafe pthread_mutex_lock(mutex)
      while jobs.isEmpty { unsafe pthread_cond_wait(filled, mutex) }
      let job = jobs.removeFirst()
      unsafe pthread_mutex_unlock(mutex)
      unsafe job.runSynchronously(on: asUnownedSerialExecutor())
    }
  }
}

/// Runs calls that block, one after the other, on a thread of their own.
package actor ThreadedWork {
  private let thread = BlockingThread()

  package init() {}

  nonisolated package var unownedExecutor: UnownedSerialExecutor {
    unsafe thread.asUnownedSerialExecutor()
  }

  /// Returns what `body` returns, or throws what it throws.
  package func run<R: Sendable, E: Error>(_ body: @Sendable () throws(E) -> R) throws(E) -> R {
    try body()
  }
}
