import Glibc

/// What a child writes, read as lines or counted.
final class Outlet {
  private let descriptor: Int32?
  private let name: String
  private var pending: [UInt8] = []

  init(_ descriptor: Int32?, _ name: String) {
    self.descriptor = descriptor
    self.name = name
  }

  deinit { if let descriptor { close(descriptor) } }

  /// The next whole line, without its newline.
  func line(within seconds: Double = 30) throws -> String {
    while true {
      if let end = pending.firstIndex(of: 0x0a) {
        let line = String(decoding: pending[0..<end], as: UTF8.self)
        pending.removeSubrange(0...end)
        return line
      }
      pending += try next(within: seconds)
    }
  }

  /// Reads until a line holds `words`.
  @discardableResult
  func line(with words: String, within seconds: Double = 30) throws -> String {
    while true {
      let line = try line(within: seconds)
      if line.contains(words) { return line }
    }
  }

  /// Reads and forgets `count` bytes.
  func discard(_ count: Int, within seconds: Double = 120) throws {
    var left = count - pending.count
    pending = []
    while left > 0 { left -= try next(within: seconds).count }
  }

  private func next(within seconds: Double) throws -> ArraySlice<UInt8> {
    guard let descriptor else { throw Failed("\(name): no output") }
    var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard poll(&wait, 1, Int32(seconds * 1000)) > 0 else { throw Failed("\(name): silent for \(seconds) s") }
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    let count = read(descriptor, &buffer, buffer.count)
    guard count > 0 else { throw Failed("\(name): ended") }
    return buffer[0..<count]
  }
}
