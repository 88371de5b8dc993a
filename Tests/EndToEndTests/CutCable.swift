import Foundation
import Synchronization
import TestSupport

/// A port of IPv4's loopback that leads to another one, and a hand on the wire between: it cuts every
/// link, or lets what the listener answers vanish.
final class CutCable: Sendable {
  let port: Int
  private let state: Mutex<State>

  private struct State: Sendable {
    var links: [Link] = []
  }

  /// The two sockets of one link, closed when the last thread lets go.
  private final class Link: Sendable {
    let near: Int32
    let far: Int32
    let swallowsAnswers = Atomic(false)

    init(near: Int32, far: Int32) {
      self.near = near
      self.far = far
    }

    deinit {
      close(near)
      close(far)
    }

    func cut() {
      shutdown(near, Int32(SHUT_RDWR))
      shutdown(far, Int32(SHUT_RDWR))
    }

    func pump(from source: Int32, to target: Int32) {
      var buffer = [UInt8](repeating: 0, count: 65_536)
      while true {
        let count = read(source, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { break }
        if source == far, swallowsAnswers.load(ordering: .sequentiallyConsistent) { continue }
        var offset = 0
        while offset < count {
          let sent = buffer.withUnsafeBytes {
            send(target, $0.baseAddress! + offset, count - offset, Int32(MSG_NOSIGNAL))
          }
          guard sent > 0 else { return cut() }
          offset += sent
        }
      }
      cut()
    }
  }

  /// The listening socket, which the thread that accepts closes.
  private let socket: Int32

  init(to target: Int) throws {
    let (socket, port) = try CutCable.listen()
    self.socket = socket
    self.port = port
    let state = Mutex(State())
    self.state = state
    Thread.detachNewThread { [weak self] in
      while true {
        let near = accept(socket, nil, nil)
        guard near >= 0 else { break }
        _ = fcntl(near, F_SETFD, FD_CLOEXEC)
        guard let far = try? CutCable.connect(to: target) else {
          close(near)
          continue
        }
        guard let cable = self else {
          close(near)
          close(far)
          break
        }
        cable.carry(Link(near: near, far: far))
      }
      close(socket)
    }
  }

  deinit {
    shutdown(socket, Int32(SHUT_RDWR))
    cut()
  }

  private func carry(_ link: Link) {
    state.withLock { $0.links.append(link) }
    Thread.detachNewThread { link.pump(from: link.near, to: link.far) }
    Thread.detachNewThread { link.pump(from: link.far, to: link.near) }
  }

  /// Cuts every link that stands; the port leads on.
  func cut() {
    let links = state.withLock { state in
      defer { state.links = [] }
      return state.links
    }
    for link in links { link.cut() }
  }

  /// From now on nothing that the listener says arrives over the links that stand.
  func swallowAnswers() {
    state.withLock { state in
      for link in state.links { link.swallowsAnswers.store(true, ordering: .sequentiallyConsistent) }
    }
  }

  private static func loopback(_ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }

  private static func listen() throws -> (Int32, Int) {
    let socket = try open()
    var address = loopback(0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isReady = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, size) == 0 && Glibc.listen(socket, 64) == 0 && getsockname(socket, $0, &size) == 0
      }
    }
    guard isReady else { throw ProgramFailure("cable: \(errno)") }
    return (socket, Int(in_port_t(bigEndian: address.sin_port)))
  }

  private static func connect(to port: Int) throws -> Int32 {
    let socket = try open()
    var address = loopback(port)
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else {
      close(socket)
      throw ProgramFailure("cable: \(errno)")
    }
    return socket
  }

  private static func open() throws -> Int32 {
    let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw ProgramFailure("socket: \(errno)") }
    return descriptor
  }
}
