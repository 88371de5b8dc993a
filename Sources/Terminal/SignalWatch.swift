import CPlatform
import Glibc

/// Turns signals into values that are awaited, one at a time and in order of arrival.
///
/// The handler only writes the signal's number into a pipe; all that follows happens in ordinary code.
/// A signal that the parent set to be ignored stays ignored (`nohup`).
package actor SignalWatch {
  package enum Signal: Sendable {
    case interrupt, terminate, hangUp, windowChanged, resumed
    /// SIGUSR1: the program is to say how it stands.
    case report

    var number: Int32 {
      switch self {
      case .interrupt: SIGINT
      case .terminate: SIGTERM
      case .hangUp: SIGHUP
      case .windowChanged: SIGWINCH
      case .resumed: SIGCONT
      case .report: SIGUSR1
      }
    }

    package init?(number: Int32) {
      guard let signal = Self.all.first(where: { $0.number == number }) else { return nil }
      self = signal
    }

    private static let all: [Signal] = [.interrupt, .terminate, .hangUp, .windowChanged, .resumed, .report]
  }

  private let thread = BlockingThread()
  private let readEnd: Int32

  nonisolated package var unownedExecutor: UnownedSerialExecutor {
    unsafe thread.asUnownedSerialExecutor()
  }

  /// Takes over these signals for the rest of the process; made once.
  package init(_ signals: [Signal]) throws(StreamError) {
    let pipe = try PrivatePipe()
    readEnd = pipe.readEnd
    _ = fcntl(pipe.writeEnd, F_SETFL, O_NONBLOCK)
    unsafe signalPipeWriteEnd = pipe.writeEnd
    for signal in signals { Self.take(signal) }
  }

  /// Takes over one more signal for the rest of the process.
  nonisolated package func add(_ signal: Signal) { Self.take(signal) }

  private static func take(_ signal: Signal) {
    var former = sigaction()
    _ = unsafe sc_catch_signal(signal.number, handleSignal, &former)
  }

  /// Waits for the next of them.
  package func next() -> Signal {
    while true {
      var number: UInt8 = 0
      let count = unsafe read(readEnd, &number, 1)
      if count == 1, let signal = Signal(number: Int32(number)) { return signal }
    }
  }

  /// Ends the process as the signal does to a program that does not catch it, so that a shell sees it.
  package static func endBy(_ signal: Signal) {
    _ = sc_default_action(signal.number)
    kill(getpid(), signal.number)
  }
}

// Read by the handler, which may run on any thread at any instruction; written once, before the first
// handler is installed.
nonisolated(unsafe) private var signalPipeWriteEnd: Int32 = -1

private func handleSignal(_ number: Int32) {
  let saved = errno
  var byte = UInt8(truncatingIfNeeded: number)
  _ = unsafe write(signalPipeWriteEnd, &byte, 1)
  errno = saved
}
