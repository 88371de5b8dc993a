import Glibc

/// A port of IPv4's loopback where nobody listens, and nobody else can while this lives: it is bound and
/// held. A port that was merely free a moment ago is soon another test's.
package final class ClosedPort {
  package let number: UInt16
  private let descriptor: Int32

  package init?() {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
      }
    }
    number = UInt16(bigEndian: address.sin_port)
    guard descriptor >= 0, isBound else {
      close(descriptor)
      return nil
    }
  }

  deinit { close(descriptor) }
}
