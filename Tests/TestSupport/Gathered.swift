import Foundation

/// What a program has written so far, gathered on a thread of its own; tests wait for more of it.
package final class Gathered: Sendable {
  private let state = Watched(State())

  private struct State: Sendable {
    var bytes: [UInt8] = []
    var hasEnded = false
  }

  /// Reads the descriptor to its end, then closes it.
  package init(reading descriptor: Int32) {
    let state = state
    Thread.detachNewThread {
      var buffer = [UInt8](repeating: 0, count: 65_536)
      while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        // A terminal whose other end is closed reads as EIO.
        guard count > 0 else { break }
        state.change { $0.bytes.append(contentsOf: buffer[..<count]) }
      }
      state.change { $0.hasEnded = true }
      close(descriptor)
    }
  }

  package var bytes: [UInt8] { state.value.bytes }
  package var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Waits until the text, from `start` in bytes, holds the words; returns the offset after them.
  package func position(after words: String, from start: Int, within seconds: Double) async -> Int? {
    let wanted = Array(words.utf8)
    return await state.wait(within: seconds) { state in
      guard let range = state.bytes[min(start, state.bytes.count)...].firstRange(of: wanted) else {
        return state.hasEnded ? .some(nil) : nil
      }
      return range.upperBound
    }.flatMap { $0 }
  }

  /// Waits for so many bytes behind the first `start`; nil where fewer come before the end.
  package func bytes(_ count: Int, from start: Int, within seconds: Double) async -> [UInt8]? {
    await state.wait(within: seconds) { state in
      if state.bytes.count >= start + count { return .some(Array(state.bytes[start..<start + count])) }
      return state.hasEnded ? .some(nil) : nil
    }.flatMap { $0 }
  }

  /// Waits until nothing more can come.
  package func end(within seconds: Double) async -> Bool {
    await state.wait(within: seconds) { $0.hasEnded ? true : nil } ?? false
  }

  /// Waits for the line of this index, without its newline; nil where the output ends before.
  package func line(_ index: Int, within seconds: Double) async -> String? {
    await state.wait(within: seconds) { state in
      var lines = state.bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
      let rest = lines.removeLast()
      if state.hasEnded, !rest.isEmpty { lines.append(rest) }
      if index < lines.count { return .some(String(decoding: lines[index], as: UTF8.self)) }
      return state.hasEnded ? .some(nil) : nil
    }.flatMap { $0 }
  }
}

/// A value that threads change and tests wait on, each wait on a thread of its own, so that none of
/// Swift's few threads is ever held.
package final class Watched<Value: Sendable>: @unchecked Sendable {
  // Guarded by `condition`.
  private var current: Value
  private let condition = NSCondition()

  package init(_ value: Value) { current = value }

  package var value: Value { condition.withLock { current } }

  @discardableResult
  package func change<Result>(_ body: (inout Value) -> Result) -> Result {
    condition.withLock {
      defer { condition.broadcast() }
      return body(&current)
    }
  }

  /// Waits until the body returns something, or the time is over (nil).
  package func wait<Result: Sendable>(
    within seconds: Double, _ body: @escaping @Sendable (Value) -> Result?
  ) async -> Result? {
    let deadline = Date(timeIntervalSinceNow: seconds)
    return await withCheckedContinuation { continuation in
      Thread.detachNewThread { [self] in
        condition.lock()
        var result = body(current)
        while result == nil, condition.wait(until: deadline) { result = body(current) }
        if result == nil { result = body(current) }
        condition.unlock()
        continuation.resume(returning: result)
      }
    }
  }
}
