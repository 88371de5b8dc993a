import Foundation
import Synchronization
import TestSupport

/// Many connections that never prove anything, from addresses of their own, watched on one thread.
///
/// What a member says goes out a byte a second; a silent one says nothing. While it `presses`, a member whose
/// connection the other side closes is replaced by a new one.
final class Crowd: Sendable {
  struct Member: Sendable {
    /// The last byte of its source address, 127.0.0.n.
    let host: UInt8
    let says: [UInt8]
  }

  /// What became of the members so far.
  struct Tally: Sendable {
    var open: [UInt8: Int] = [:]
    /// Connections that the listener closed, and the shortest time that one of them stood.
    var closed = 0
    var shortestLife: Duration?
    /// Members that could not connect.
    var failed = 0
    var isPressing = true
    var isOver = false

    var openCount: Int { open.values.reduce(0, +) }
  }

  private struct Standing {
    let descriptor: Int32
    let member: Member
    let since: ContinuousClock.Instant
    var said = 0
  }

  private let tally: Watched<Tally>

  /// Connects all members, one after the other, on a thread of its own.
  init(_ members: [Member], to port: Int, isPressing: Bool = true) {
    tally = Watched(Tally(isPressing: isPressing))
    Thread.detachNewThread { [tally] in Crowd.run(members, port, tally) }
  }

  deinit { tally.change { $0.isOver = true } }

  var now: Tally { tally.value }

  func wait(within seconds: Double, _ holds: @escaping @Sendable (Tally) -> Bool) async -> Bool {
    await tally.wait(within: seconds) { holds($0) ? true : nil } ?? false
  }

  /// From now on nobody takes the place of a member that was let go.
  func stopPressing() { tally.change { $0.isPressing = false } }

  /// Lets this process have `count` descriptors more than it needs; how many it may have is returned.
  static func raiseDescriptorLimit(for count: Int) -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
    limit.rlim_cur = limit.rlim_max
    _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return min(count, Int(clamping: limit.rlim_max) - 512)
  }

  // MARK: The thread

  private static func run(_ members: [Member], _ port: Int, _ tally: Watched<Tally>) {
    var waiting = members
    var standing: [Standing] = []
    var lastWord = ContinuousClock.now
    while !tally.value.isOver {
      // A few at a time, so that those that stand are looked at meanwhile.
      for member in waiting.prefix(50) {
        guard let descriptor = connected(from: member.host, to: port) else {
          tally.change { $0.failed += 1 }
          continue
        }
        standing.append(Standing(descriptor: descriptor, member: member, since: .now))
        tally.change { $0.open[member.host, default: 0] += 1 }
      }
      waiting = Array(waiting.dropFirst(50))
      let speaks = ContinuousClock.now - lastWord > .seconds(1)
      if speaks { lastWord = .now }
      for index in standing.indices.reversed() {
        if speaks, standing[index].said < standing[index].member.says.count {
          var byte = standing[index].member.says[standing[index].said]
          send(standing[index].descriptor, &byte, 1, Int32(Int(MSG_NOSIGNAL) | Int(MSG_DONTWAIT)))
          standing[index].said += 1
        }
        guard isClosed(standing[index].descriptor) else { continue }
        let gone = standing.remove(at: index)
        close(gone.descriptor)
        let life = ContinuousClock.now - gone.since
        let comesAgain = tally.change {
          $0.open[gone.member.host, default: 1] -= 1
          $0.closed += 1
          $0.shortestLife = min($0.shortestLife ?? life, life)
          return $0.isPressing
        }
        if comesAgain { waiting.append(gone.member) }
      }
      if waiting.isEmpty { usleep(50_000) }
    }
    for one in standing { close(one.descriptor) }
  }

  private static func isClosed(_ descriptor: Int32) -> Bool {
    var byte: UInt8 = 0
    let count = recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT))
    return count >= 0 || (errno != EAGAIN && errno != EINTR)
  }

  private static func connected(from host: UInt8, to port: Int) -> Int32? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    guard attach(descriptor, .loopback(host, 0), Glibc.bind),
      attach(descriptor, .loopback(1, port), Glibc.connect)
    else {
      close(descriptor)
      return nil
    }
    return descriptor
  }

  private static func attach(
    _ descriptor: Int32, _ address: sockaddr_in,
    _ call: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Bool {
    withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        call(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }
}

extension sockaddr_in {
  /// 127.0.0.n.
  static func loopback(_ host: UInt8, _ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = (0x7F00_0000 | UInt32(host)).bigEndian
    return address
  }
}
