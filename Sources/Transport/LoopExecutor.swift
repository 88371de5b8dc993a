import NIOCore

/// One event loop as the executor of an actor, so that the actor and the drivers of its links share a
/// thread and touch the same state without a hop.
///
/// This file holds the room's unsafe code: a job is handed to the loop as an unowned value and run there
/// exactly once, and bytes are appended to a buffer as the raw memory they are.
package final class LoopExecutor: SerialExecutor {
  let loop: any EventLoop

  init(_ loop: any EventLoop) {
    self.loop = loop
  }

  package func enqueue(_ job: consuming ExecutorJob) {
    let unowned = UnownedJob(job)
    loop.execute {
      unsafe unowned.runSynchronously(on: self.asUnownedSerialExecutor())
    }
  }

  package func asUnownedSerialExecutor() -> UnownedSerialExecutor {
    unsafe UnownedSerialExecutor(complexEquality: self)
  }

  package func isSameExclusiveExecutionContext(other: LoopExecutor) -> Bool {
    loop === other.loop
  }

  package func checkIsolated() {
    loop.preconditionInEventLoop()
  }

  package func isIsolatingCurrentContext() -> Bool? {
    loop.inEventLoop
  }

  /// Runs `body` on the loop in a later turn.
  package func execute(_ body: @escaping @Sendable () -> Void) {
    loop.execute(body)
  }

  /// Runs `body` on the loop after so many milliseconds, unless it is cancelled before.
  @discardableResult
  package func schedule(
    afterMilliseconds milliseconds: Int64, _ body: @escaping @Sendable () -> Void
  ) -> LoopTask {
    LoopTask(task: loop.scheduleTask(in: .milliseconds(milliseconds), body))
  }
}

/// An actor that runs on an event loop.
package protocol LoopActor: Actor {
  nonisolated var loopExecutor: LoopExecutor { get }
}

extension LoopActor {
  package nonisolated var unownedExecutor: UnownedSerialExecutor {
    unsafe loopExecutor.asUnownedSerialExecutor()
  }
}

/// Something a loop will do later.
package struct LoopTask: Sendable {
  let task: Scheduled<Void>

  package func cancel() { task.cancel() }
}

/// A value that lives on one event loop and is carried, untouched, through other threads.
///
/// Touching it elsewhere ends the program.
package struct LoopBound<Value>: Sendable {
  private let bound: NIOLoopBound<Value>

  /// Made on the loop.
  package init(_ value: Value, on executor: LoopExecutor) {
    bound = NIOLoopBound(value, eventLoop: executor.loop)
  }

  /// Read on the loop.
  package var value: Value { bound.value }
}

extension ByteBuffer {
  /// Copies bytes to the end, in one piece.
  mutating func append(_ bytes: Span<UInt8>) {
    // A byte has no padding, the one thing that makes the raw view of a span unsafe.
    unsafe writeBytes(bytes.bytes)
  }
}
