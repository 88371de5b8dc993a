import Foundation

/// Reads what nobody looks at, so that its writer never waits.
final class Drain: @unchecked Sendable {
  // Handed to the one thread that reads it.
  private let outlet: Outlet
  private let finished = DispatchSemaphore(value: 0)

  init(_ outlet: Outlet) {
    self.outlet = outlet
    Thread.detachNewThread { self.read() }
  }

  private func read() {
    while (try? outlet.line(within: 3600)) != nil {}
    finished.signal()
  }

  /// Returns when the writer has ended.
  func finish() { finished.wait() }
}
