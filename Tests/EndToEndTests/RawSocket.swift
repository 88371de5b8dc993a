import Foundation
import TestSupport

/// A bare TCP socket of IPv4's loopback, to speak what no program of ours would say.
final class RawSocket {
  private let descriptor: Int32

  init() throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw ProgramFailure("socket: \(errno)") }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }

  deinit { close(descriptor) }

  convenience init(connectedTo port: Int) throws {
    try self.init()
    var address = RawSocket.loopback(port)
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw ProgramFailure("connect: \(errno)") }
  }

  func bind(port: Int) -> Bool {
    var address = RawSocket.loopback(port)
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }

  func listen() { _ = Glibc.listen(descriptor, 8) }

  /// Writes what the other side still takes.
  func write(_ bytes: [UInt8]) {
    var offset = 0
    while offset < bytes.count {
      let count = bytes.withUnsafeBytes {
        send(descriptor, $0.baseAddress! + offset, $0.count - offset, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      offset += count
    }
  }

  /// What the other side says from now on.
  func listening() -> Gathered { Gathered(reading: dup(descriptor)) }

  /// Everything the other side says until it closes; gives up after the time, which is nil.
  func everything(within seconds: Double) async -> [UInt8]? {
    let gathered = Gathered(reading: dup(descriptor))
    return await gathered.end(within: seconds) ? gathered.bytes : nil
  }

  private static func loopback(_ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }
}
