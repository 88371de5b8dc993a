import CPlatform
import Glibc
import Synchronization

/// The terminal itself: what it is, how wide it is, raw mode and the way back. A thin layer over termios.
package enum TerminalScreen {
  /// True where the descriptor is a terminal.
  package static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

  /// True where a person sits at standard input and sees standard error: only then is anything asked.
  package static var canAsk: Bool { isTerminal(STDIN_FILENO) && isTerminal(STDERR_FILENO) }

  /// The columns of the terminal; 80 where it does not say.
  package static func columns(of descriptor: Int32 = STDOUT_FILENO) -> Int {
    var columns: UInt16 = 0
    var rows: UInt16 = 0
    guard unsafe sc_window_size(descriptor, &columns, &rows) == 0, columns > 0 else { return 80 }
    return Int(columns)
  }

  /// Writes all the bytes; false where the terminal does not take them.
  @discardableResult
  static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    do throws(StreamError) {
      try StreamWriter.writeAll(bytes, to: StandardStream(descriptor: descriptor))
      return true
    } catch {
      return false
    }
  }
}

/// Raw mode of a terminal, from its making to `leave`, the end of the program or a deadly signal.
package final class RawMode: Sendable {
  private static let active = Mutex<TerminalAttributes?>(nil)
  private static let descriptor = Atomic<Int32>(-1)
  /// Tells the terminal to mark where a paste begins and ends, and not to.
  private static let pasteMarksOn = Array("\u{1b}[?2004h".utf8)
  private static let pasteMarksOff = Array("\u{1b}[?2004l".utf8)

  private let raw: TerminalAttributes
  private let input: Int32
  private let output: Int32

  /// Takes the terminal into raw mode; a program has one at a time.
  package init(input: Int32 = STDIN_FILENO, output: Int32 = STDOUT_FILENO) throws(TerminalError) {
    let attributes = try TerminalAttributes(of: input)
    self.input = input
    self.output = output
    raw = attributes.raw
    RawMode.active.withLock { $0 = attributes }
    RawMode.descriptor.store(input, ordering: .sequentiallyConsistent)
    RawMode.installExits
    try enter()
  }

  deinit { leave() }

  /// Enters raw mode again after `leave`.
  package func enter() throws(TerminalError) {
    try raw.apply(to: input)
    RawMode.descriptor.store(input, ordering: .sequentiallyConsistent)
    TerminalScreen.write(RawMode.pasteMarksOn, to: output)
  }

  /// Puts the terminal back as it was; a second call does nothing.
  package func leave() {
    guard RawMode.descriptor.load(ordering: .sequentiallyConsistent) >= 0 else { return }
    TerminalScreen.write(RawMode.pasteMarksOff, to: output)
    RawMode.restore()
  }

  /// Leaves raw mode, stops the program as ^Z does, and enters it again when the program goes on.
  package func suspend() throws(TerminalError) {
    leave()
    sc_raise(SIGTSTP)
    try enter()
  }

  /// Puts the terminal back; used by the last functions of the program and by signal handlers, so it
  /// takes no lock that the interrupted thread could hold.
  private static func restore() {
    let input = descriptor.exchange(-1, ordering: .sequentiallyConsistent)
    guard input >= 0 else { return }
    active.withLockIfAvailable { try? $0?.apply(to: input) }
  }

  /// Once a program: the terminal comes back when it exits, and when a signal that it does not handle
  /// itself ends it.
  private static let installExits: Void = {
    atexit { RawMode.restore() }
    for number in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] where sc_has_default_action(number) == 1 {
      var former = sigaction()
      _ = unsafe sc_catch_signal(number, RawMode.handler, &former)
    }
  }()

  private static let handler: @convention(c) (Int32) -> Void = { number in
    RawMode.restore()
    _ = sc_default_action(number)
    sc_raise(number)
  }
}
