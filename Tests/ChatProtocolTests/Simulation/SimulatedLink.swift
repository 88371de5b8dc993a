import Wire

/// A connection's two directions, and someone on the path who may do anything to the bytes.
final class SimulatedLink {
  /// What the one on the path may do; each in percent of the pieces.
  struct Storm {
    var drop = 0
    var double = 0
    var reorder = 0
    var flip = 0
    var cut = 0

    static let calm = Storm()
  }

  private final class Direction {
    var lastArrival = Moment(nanoseconds: 0)
    var delayed: [UInt8]?
  }

  private let world: World
  private let storm: Storm
  private let directions = [Direction(), Direction()]
  private var ends: [((LinkNews) -> Void)?] = [nil, nil]
  private(set) var isCut = false
  /// Of a side only so many bytes are passed on; then both links end.
  var limits: [Int?] = [nil, nil]
  private var isEnding = false

  enum LinkNews {
    case bytes([UInt8])
    case closed
  }

  init(world: World, storm: Storm) {
    self.world = world
    self.storm = storm
  }

  func attach(_ side: Int, _ receive: @escaping (LinkNews) -> Void) { ends[side] = receive }

  /// Bytes from `side` to the other, in pieces, each in the hands of the one on the path.
  func write(_ bytes: [UInt8], from side: Int) {
    guard !isCut, !isEnding else { return }
    var rest = bytes[...]
    if let limit = limits[side] {
      rest = rest.prefix(limit)
      limits[side] = limit - rest.count
    }
    defer { if rest.endIndex < bytes.endIndex { end(from: side) } }
    while !rest.isEmpty {
      let count = world.chance(70) ? rest.count : Int.random(in: 1...rest.count, using: &world.random)
      pass(Array(rest.prefix(count)), from: side)
      rest = rest.dropFirst(count)
    }
  }

  private func pass(_ piece: [UInt8], from side: Int) {
    if world.chance(storm.cut) {
      cut()
      return
    }
    if world.chance(storm.drop) { return }
    var piece = piece
    if world.chance(storm.flip) {
      let bit = Int.random(in: 0..<piece.count * 8, using: &world.random)
      piece[bit / 8] ^= 1 << UInt8(bit % 8)
    }
    let direction = directions[side]
    if let delayed = direction.delayed {
      direction.delayed = nil
      deliver(piece, from: side)
      deliver(delayed, from: side)
      return
    }
    if world.chance(storm.reorder) {
      direction.delayed = piece
      return
    }
    deliver(piece, from: side)
    if world.chance(storm.double) { deliver(piece, from: side) }
  }

  private func deliver(_ piece: [UInt8], from side: Int) {
    let direction = directions[side]
    let arrival = max(
      direction.lastArrival, world.now.advanced(byMilliseconds: world.milliseconds(0...40)))
    direction.lastArrival = arrival
    world.at(arrival) { [self] in
      if !isCut { ends[1 - side]?(.bytes(piece)) }
    }
  }

  /// `side` closes after what it has written; the other reads it all, then the end.
  func close(from side: Int) {
    let arrival = max(
      directions[side].lastArrival, world.now.advanced(byMilliseconds: world.milliseconds(0...40)))
    world.at(arrival) { [self] in
      guard !isCut else { return }
      let other = ends[1 - side]
      isCut = true
      other?(.closed)
    }
    ends[side] = nil
  }

  /// Both links end behind what was passed on.
  private func end(from side: Int) {
    isEnding = true
    let sender = ends[side]
    close(from: side)
    world.after(milliseconds: world.milliseconds(0...200)) { sender?(.closed) }
  }

  /// What was on its way is lost, and both ends notice some time later.
  func cut() {
    guard !isCut else { return }
    isCut = true
    for side in 0...1 {
      world.after(milliseconds: world.milliseconds(0...200)) { [self] in ends[side]?(.closed) }
    }
  }

  /// One end vanished without a word; the other is left to its clock.
  func abandon(_ side: Int) { ends[side] = nil }
}
