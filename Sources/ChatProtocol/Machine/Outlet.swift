import Wire

/// What a machine has to say until its driver takes it: actions, and bytes for the link.
final class Outlet {
  private var actions: [ConnectionAction] = []
  private var taken = 0
  var bytes: [UInt8] = []

  func emit(_ action: ConnectionAction) {
    actions.append(action)
  }

  func nextAction() -> ConnectionAction? {
    guard taken < actions.count else {
      actions.removeAll(keepingCapacity: true)
      taken = 0
      return nil
    }
    taken += 1
    return actions[taken - 1]
  }

  func takeBytes(_ body: (Span<UInt8>) -> Void) {
    guard !bytes.isEmpty else { return }
    // Taken out first, so that a body that calls back finds nothing to send twice.
    var lent: [UInt8] = []
    swap(&lent, &bytes)
    body(lent.span)
    guard bytes.isEmpty, lent.capacity <= Outlet.keptCapacity else { return }
    lent.removeAll(keepingCapacity: true)
    swap(&lent, &bytes)
  }

  /// A buffer that grew larger in a burst is given back.
  private static let keptCapacity = 64 << 10
}
