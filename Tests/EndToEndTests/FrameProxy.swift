import Foundation
import TestSupport

/// Someone on the path between a dialling program and a listening one, who sees whole frames and may do
/// anything to them: a TCP proxy of IPv4's loopback, on threads of its own.
///
/// The script is asked about every frame, one at a time within a connection, and says what is written
/// and to whom. What a program sent is kept; tests wait for more of it, never longer than they say.
final class FrameProxy: Sendable {
  enum Direction: Int, Hashable, Sendable { case toListener, toDialler }

  /// One frame as its sender wrote it.
  struct Frame: Sendable {
    /// Which connection, counted from 0 as they are accepted.
    let connection: Int
    let direction: Direction
    /// What this sender sent before in this connection, in order.
    let earlier: [[UInt8]]
    /// The head of three bytes and the body.
    let bytes: [UInt8]

    /// Counted from 0 within this direction of this connection.
    var index: Int { earlier.count }
    /// Where its first byte stands in the stream of its sender.
    var offset: Int { earlier.reduce(0) { $0 + $1.count } }
    var type: UInt8 { bytes.count > 2 ? bytes[2] : 0 }
  }

  /// What is done with a frame, in order; nothing at all swallows it.
  enum Move: Sendable {
    /// Writes bytes to the one it was meant for.
    case forward([UInt8])
    /// Writes bytes to the one it came from.
    case back([UInt8])
    /// Closes both links as a program does that ends.
    case end
    /// Tears both links down with a TCP reset.
    case reset
  }

  typealias Script = @Sendable (Frame) -> [Move]

  /// What both sides of one connection have sent so far.
  struct Recording: Sendable {
    fileprivate(set) var frames: [Direction: [[UInt8]]] = [:]
    /// Behind the last whole frame, where a link ended inside one.
    fileprivate(set) var rest: [Direction: [UInt8]] = [:]
    fileprivate(set) var hasEnded = false

    subscript(direction: Direction) -> [[UInt8]] { frames[direction, default: []] }
  }

  /// Where to dial instead of the listener's own port.
  let port: Int
  private let recordings = Watched<[Recording]>([])
  private let wires = Watched<[Wire]>([])
  private let stopping: WakePipe

  /// Passes on every connection to `listener`, a port of IPv4's loopback.
  init(to listener: Int, _ script: @escaping Script = FrameProxy.passing) throws {
    let door = try Door()
    let stopping = try WakePipe()
    (port, self.stopping) = (door.port, stopping)
    let (recordings, wires) = (recordings, wires)
    Thread.detachNewThread {
      while let dialler = door.accept(unless: stopping) {
        guard let other = connected(to: listener), let waking = try? WakePipe() else {
          close(dialler)
          continue
        }
        let number = recordings.change {
          $0.append(Recording())
          return $0.count - 1
        }
        let wire = Wire(
          number: number, dialler: dialler, listener: other, waking: waking, script: script,
          recordings: recordings)
        wires.change { $0.append(wire) }
        Thread.detachNewThread { wire.carry() }
      }
      door.shut()
    }
  }

  deinit { stop() }

  /// Takes no more connections and closes those that are open.
  func stop() {
    stopping.wake()
    for wire in wires.value { wire.order(.end) }
  }

  /// Everything that was sent until now, one entry a connection.
  var recorded: [Recording] { recordings.value }

  /// Writes bytes of our own into a connection that is open.
  func write(_ bytes: [UInt8], _ direction: Direction, connection: Int = 0) {
    wires.value[connection].order(.write(bytes, direction))
  }

  /// Ends a connection from the middle, with a TCP reset or without.
  func cut(connection: Int = 0, byReset: Bool = false) {
    wires.value[connection].order(byReset ? .reset : .end)
  }

  /// Waits until so many frames were sent in a direction, and returns all of them.
  func frames(
    _ count: Int, _ direction: Direction, connection: Int = 0, within seconds: Double = 60
  ) async throws -> [[UInt8]] {
    let found = await recordings.wait(within: seconds) { all -> [[UInt8]]? in
      guard connection < all.count, all[connection][direction].count >= count else { return nil }
      return all[connection][direction]
    }
    guard let found else {
      throw ProgramFailure("the proxy has not seen \(count) frames \(direction): \(summary)")
    }
    return found
  }

  /// Waits until a connection is closed on both sides.
  func end(connection: Int = 0, within seconds: Double = 60) async throws -> Recording {
    let found = await recordings.wait(within: seconds) { all in
      connection < all.count && all[connection].hasEnded ? all[connection] : nil
    }
    guard let found else { throw ProgramFailure("connection \(connection) has not ended: \(summary)") }
    return found
  }

  /// Types and sizes of the frames seen, for a failure's text.
  var summary: String {
    recorded.enumerated().map { number, recording in
      let sides = [Direction.toListener, .toDialler].map { direction in
        "\(direction) "
          + recording[direction].map { "\($0.dropFirst(2).first ?? 0):\($0.count)" }.joined(separator: " ")
      }
      return "connection \(number), " + sides.joined(separator: ", ")
    }.joined(separator: "\n")
  }
}

// MARK: Scripts

extension FrameProxy {
  /// Leaves everything as it is.
  static let passing: Script = { [.forward($0.bytes)] }

  /// Edits the frame of this index.
  static func editing(
    _ direction: Direction, _ index: Int, _ edit: @escaping @Sendable ([UInt8]) -> [UInt8]
  ) -> Script {
    { $0.direction == direction && $0.index == index ? [.forward(edit($0.bytes))] : [.forward($0.bytes)] }
  }

  /// Swallows the frame of this index.
  static func dropping(_ direction: Direction, _ index: Int) -> Script {
    { $0.direction == direction && $0.index == index ? [] : [.forward($0.bytes)] }
  }

  /// Sends the frame of this index twice.
  static func doubling(_ direction: Direction, _ index: Int) -> Script {
    {
      $0.direction == direction && $0.index == index ? [.forward($0.bytes + $0.bytes)] : [.forward($0.bytes)]
    }
  }

  /// Sends the frame of this index behind the one that follows it.
  static func swapping(_ direction: Direction, _ index: Int) -> Script {
    { frame in
      guard frame.direction == direction else { return [.forward(frame.bytes)] }
      if frame.index == index { return [] }
      return frame.index == index + 1
        ? [.forward(frame.bytes + frame.earlier[index])] : [.forward(frame.bytes)]
    }
  }

  /// Passes on so many bytes of a direction and then ends both links.
  static func cutting(_ direction: Direction, atByte count: Int, byReset: Bool = false) -> Script {
    { frame in
      guard frame.direction == direction, frame.offset + frame.bytes.count > count else {
        return [.forward(frame.bytes)]
      }
      return [.forward(Array(frame.bytes.prefix(max(0, count - frame.offset)))), byReset ? .reset : .end]
    }
  }
}

// MARK: Threads

/// One connection: both sockets, owned by the thread that carries.
private final class Wire: Sendable {
  enum Order: Sendable {
    case write([UInt8], FrameProxy.Direction)
    case end
    case reset
  }

  private let number: Int
  private let ends: [Int32]
  private let waking: WakePipe
  private let script: FrameProxy.Script
  private let recordings: Watched<[FrameProxy.Recording]>
  private let orders = Watched<[Order]>([])

  init(
    number: Int, dialler: Int32, listener: Int32, waking: WakePipe, script: @escaping FrameProxy.Script,
    recordings: Watched<[FrameProxy.Recording]>
  ) {
    self.number = number
    // The socket that a direction is read from stands at its number.
    ends = [dialler, listener]
    self.waking = waking
    self.script = script
    self.recordings = recordings
  }

  func order(_ order: Order) {
    orders.change { $0.append(order) }
    waking.wake()
  }

  func carry() {
    var pending: [[UInt8]] = [[], []]
    var isOpen = [true, true]
    var isReset = false
    loop: while isOpen.contains(true) {
      let waited = [waking.readEnd] + [0, 1].map { isOpen[$0] ? ends[$0] : -1 }
      var polled = waited.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      guard poll(&polled, nfds_t(polled.count), -1) > 0 else {
        if errno == EINTR { continue }
        break
      }
      if polled[0].revents != 0 {
        waking.drain()
        let taken = orders.change { orders in
          defer { orders = [] }
          return orders
        }
        for order in taken {
          switch order {
          case .write(let bytes, let direction): write(bytes, to: ends[1 - direction.rawValue])
          case .end: break loop
          case .reset:
            isReset = true
            break loop
          }
        }
      }
      for side in [0, 1] where isOpen[side] && polled[1 + side].revents != 0 {
        let direction: FrameProxy.Direction = side == 0 ? .toListener : .toDialler
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = read(ends[side], &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else {
          isOpen[side] = false
          let rest = pending[side]
          recordings.change { [number] in $0[number].rest[direction] = rest }
          write(rest, to: ends[1 - side])
          shutdown(ends[1 - side], Int32(SHUT_WR))
          continue
        }
        pending[side] += buffer[..<count]
        while pending[side].count >= 2 {
          let length = 2 + Int(pending[side][0]) << 8 + Int(pending[side][1])
          guard pending[side].count >= length else { break }
          let frame = Array(pending[side].prefix(length))
          pending[side].removeFirst(length)
          switch take(frame, direction) {
          case .goesOn: break
          case .ends: break loop
          case .resets:
            isReset = true
            break loop
          }
        }
      }
    }
    if isReset { resetOnClosing() } else { part() }
    for end in ends { close(end) }
    recordings.change { [number] in $0[number].hasEnded = true }
  }

  /// Says that nothing more comes and reads what is still sent, as unread bytes would make a reset of the
  /// end; ten seconds at most.
  private func part() {
    for end in ends { shutdown(end, Int32(SHUT_WR)) }
    var isOpen = [true, true]
    while isOpen.contains(true) {
      var polled = [0, 1].map { pollfd(fd: isOpen[$0] ? ends[$0] : -1, events: Int16(POLLIN), revents: 0) }
      let count = poll(&polled, 2, 10_000)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      for side in [0, 1] where polled[side].revents != 0 {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = read(ends[side], &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        if count <= 0 { isOpen[side] = false }
      }
    }
  }

  private enum Course { case goesOn, ends, resets }

  /// Does what the script says.
  private func take(_ bytes: [UInt8], _ direction: FrameProxy.Direction) -> Course {
    let earlier = recordings.change { [number] recordings in
      let earlier = recordings[number][direction]
      recordings[number].frames[direction] = earlier + [bytes]
      return earlier
    }
    let frame = FrameProxy.Frame(connection: number, direction: direction, earlier: earlier, bytes: bytes)
    for move in script(frame) {
      switch move {
      case .forward(let bytes): write(bytes, to: ends[1 - direction.rawValue])
      case .back(let bytes): write(bytes, to: ends[direction.rawValue])
      case .end: return .ends
      case .reset: return .resets
      }
    }
    return .goesOn
  }

  /// socket(7): with no time to linger, closing sends RST.
  private func resetOnClosing() {
    for end in ends {
      var linger = linger(l_onoff: 1, l_linger: 0)
      setsockopt(end, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    }
  }

  private func write(_ bytes: [UInt8], to end: Int32) {
    var offset = 0
    while offset < bytes.count {
      let count = bytes.withUnsafeBytes {
        send(end, $0.baseAddress! + offset, $0.count - offset, Int32(MSG_NOSIGNAL))
      }
      if count < 0, errno == EINTR { continue }
      // Whoever has gone, or takes nothing for a minute, gets no more.
      guard count > 0 else { return }
      offset += count
    }
  }
}

/// A listening socket of a free port.
private final class Door: Sendable {
  let port: Int
  private let descriptor: Int32

  init() throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = loopback(0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, size) == 0 && listen(descriptor, 64) == 0
          && getsockname(descriptor, $0, &size) == 0
      }
    }
    guard descriptor >= 0, isListening else { throw ProgramFailure("no port for the proxy: \(errno)") }
    port = Int(UInt16(bigEndian: address.sin_port))
  }

  /// The next connection; nil when the proxy stops.
  func accept(unless stopping: WakePipe) -> Int32? {
    while true {
      var polled = [descriptor, stopping.readEnd].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      guard poll(&polled, 2, -1) > 0 else {
        if errno == EINTR { continue }
        return nil
      }
      guard polled[1].revents == 0 else { return nil }
      let accepted = RunningProgram.whileNoneStarts {
        let accepted = Glibc.accept(descriptor, nil, nil)
        if accepted >= 0 { _ = fcntl(accepted, F_SETFD, FD_CLOEXEC) }
        return accepted
      }
      guard accepted >= 0 else { continue }
      prepare(accepted)
      return accepted
    }
  }

  func shut() { close(descriptor) }
}

/// Wakes a thread that polls.
private final class WakePipe: Sendable {
  let readEnd: Int32
  private let writeEnd: Int32

  init() throws {
    var ends: [Int32] = [-1, -1]
    let result = RunningProgram.whileNoneStarts {
      let result = pipe(&ends)
      for end in ends where result == 0 {
        _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        _ = fcntl(end, F_SETFL, O_NONBLOCK)
      }
      return result
    }
    guard result == 0 else { throw ProgramFailure("pipe: \(errno)") }
    (readEnd, writeEnd) = (ends[0], ends[1])
  }

  deinit {
    close(readEnd)
    close(writeEnd)
  }

  func wake() {
    var byte: UInt8 = 1
    _ = Glibc.write(writeEnd, &byte, 1)
  }

  func drain() {
    var bytes = [UInt8](repeating: 0, count: 64)
    while read(readEnd, &bytes, bytes.count) > 0 {}
  }
}

private func connected(to port: Int) -> Int32? {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
  guard descriptor >= 0 else { return nil }
  var address = loopback(port)
  let result = withUnsafePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }
  guard result == 0 else {
    close(descriptor)
    return nil
  }
  prepare(descriptor)
  return descriptor
}

/// A write that nobody reads is given up after a minute; small frames leave at once.
private func prepare(_ descriptor: Int32) {
  var time = timeval(tv_sec: 60, tv_usec: 0)
  setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
  var isOn: Int32 = 1
  setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
}

private func loopback(_ port: Int) -> sockaddr_in {
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = in_port_t(port).bigEndian
  address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
  return address
}
