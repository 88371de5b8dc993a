import Synchronization

/// The ephemeral shares `e_I` of this process's dials that have not been answered yet.
///
/// An INIT that carries one of them is this process's own, looped back: E_REFLECT. One object serves
/// all connections of a process, on any loop.
package final class OutstandingShares: Sendable {
  private let shares = Mutex<Set<[UInt8]>>([])

  package init() {}

  func insert(_ share: [UInt8]) {
    shares.withLock { _ = $0.insert(share) }
  }

  func remove(_ share: [UInt8]) {
    shares.withLock { _ = $0.remove(share) }
  }

  func contains(_ share: [UInt8]) -> Bool {
    shares.withLock { $0.contains(share) }
  }
}
