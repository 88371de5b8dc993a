package import Wire

/// Tells of refused connections one by one, and above 20 in a second counts the rest of that second into
/// one event.
package struct RefusalMeter {
  package static let perSecond = 20

  private var secondBegan: Moment?
  private var told = 0
  private var held: RefusedEvent?

  package init() {}

  /// What to tell now; nil where the refusal was counted into the one that ``flush()`` will give.
  package mutating func add(_ refused: RefusedEvent, at now: Moment) -> RefusedEvent? {
    if let began = secondBegan, now < began.advanced(bySeconds: 1) {
      guard told >= Self.perSecond else {
        told += 1
        return refused
      }
      held = held.map { $0.standing(forFurther: refused.count) } ?? refused
      return nil
    }
    secondBegan = now
    told = 1
    return refused
  }

  /// Whether something is held back.
  package var isHolding: Bool { held != nil }

  /// What was held back; called a second after something was.
  package mutating func flush() -> RefusedEvent? {
    defer { held = nil }
    return held
  }
}
