import Glibc

/// Reads a descriptor on a thread of its own, so that no executor waits for a person.
package enum InputReader {
  /// Hands out what is read as it comes, at most 64 KiB at a time, and `nil` once at the end.
  ///
  /// The thread ends with the input or with the program. `deliver` is called on it and may block, which
  /// holds the reading back.
  package static func start(
    _ descriptor: Int32 = STDIN_FILENO, deliver: @escaping @Sendable ([UInt8]?) -> Void
  ) throws(TerminalError) {
    let task = unsafe Unmanaged.passRetained(Task(descriptor: descriptor, deliver: deliver))
    var thread = pthread_t()
    let code = unsafe pthread_create(
      &thread, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        unsafe Unmanaged<Task>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, task.toOpaque())
    guard code == 0 else {
      unsafe task.release()
      throw .failed(code: code)
    }
    pthread_detach(thread)
  }

  private final class Task: Sendable {
    let descriptor: Int32
    let deliver: @Sendable ([UInt8]?) -> Void

    init(descriptor: Int32, deliver: @escaping @Sendable ([UInt8]?) -> Void) {
      self.descriptor = descriptor
      self.deliver = deliver
    }

    func run() {
      var buffer = [UInt8](repeating: 0, count: 65_536)
      while let count = InputReader.read(descriptor, &buffer), count > 0 {
        deliver(Array(buffer[..<count]))
      }
      deliver(nil)
    }
  }

  /// One read, made again where interrupted; nil on failure, 0 at the end.
  static func read(_ descriptor: Int32, _ buffer: inout [UInt8]) -> Int? {
    while true {
      let result = unsafe Glibc.read(descriptor, &buffer, buffer.count)
      if result >= 0 { return result }
      if errno == EAGAIN {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = unsafe poll(&waiting, 1, -1)
      } else if errno != EINTR {
        return nil
      }
    }
  }

  /// One line as the system edits and echoes it, without its newline; nil at the end of the input.
  ///
  /// It reads no byte past the newline, so what was typed ahead is there for whoever reads next. A line
  /// above `limit` bytes is cut there; bytes that are not UTF-8 become U+FFFD. It blocks its thread.
  package static func line(_ descriptor: Int32 = STDIN_FILENO, limit: Int = 4096) -> String? {
    var bytes: [UInt8] = []
    var byte: [UInt8] = [0]
    while let count = read(descriptor, &byte), count > 0 {
      if byte[0] == 0x0A { return String(decoding: bytes, as: UTF8.self) }
      if bytes.count < limit { bytes.append(byte[0]) }
    }
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  }
}
