import Wire

/// Virtual time: what is scheduled happens in order, and nothing takes any real time.
final class World {
  private struct Entry {
    let time: Int64
    let order: UInt64
    let happen: () -> Void

    func isBefore(_ other: Entry) -> Bool { (time, order) < (other.time, other.order) }
  }

  private(set) var now = Moment(nanoseconds: 1_000_000_000)
  var random: SeededGenerator
  private var heap: [Entry] = []
  private var scheduled: UInt64 = 0
  /// A bound on a runaway scenario; no run that ends comes near it.
  private var steps = 0

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  func after(milliseconds: Int64, _ happen: @escaping () -> Void) {
    at(now.advanced(byMilliseconds: milliseconds), happen)
  }

  func at(_ moment: Moment, _ happen: @escaping () -> Void) {
    scheduled += 1
    heap.append(Entry(time: max(moment, now).nanoseconds, order: scheduled, happen: happen))
    var child = heap.count - 1
    while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  /// Lets things happen until `isDone`, or until nothing more is due; false when the bound is met.
  func run(until isDone: () -> Bool) -> Bool {
    while !isDone(), let next = pop() {
      steps += 1
      if steps > 1_000_000 { return false }
      now = Moment(nanoseconds: next.time)
      next.happen()
    }
    return true
  }

  /// Drops what is still scheduled: its closures hold the scene, and the scene holds this.
  func end() { heap = [] }

  func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

  func milliseconds(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &random) }

  private func pop() -> Entry? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    guard !heap.isEmpty else { return first }
    heap[0] = last
    var parent = 0
    while true {
      let (left, right) = (2 * parent + 1, 2 * parent + 2)
      var least = parent
      if left < heap.count, heap[left].isBefore(heap[least]) { least = left }
      if right < heap.count, heap[right].isBefore(heap[least]) { least = right }
      guard least != parent else { return first }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
