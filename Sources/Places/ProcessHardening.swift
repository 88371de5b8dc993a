import CPlatform
import Glibc

/// What a program that holds keys does to its own process before anything else.
package enum ProcessHardening {
  /// What could not be done, by its short name; a program goes on without, and `doctor` says so.
  package enum Shortfall: String, CaseIterable, Sendable {
    case dumps, coreFiles, backtrace, descriptors, brokenPipes, fileSizes
  }

  /// Forbids core dumps, turns the crash backtrace off, raises the limit on descriptors and ignores
  /// SIGPIPE and SIGXFSZ; returns what failed.
  ///
  /// Swift's runtime installs handlers for crash signals before `main` where it finds its backtracer:
  /// that program would print registers and the memory they point to. The default action in their
  /// place ends the process without a word about its memory, and the variable keeps child processes
  /// from installing theirs.
  @discardableResult
  package static func apply() -> [Shortfall] {
    var failed: [Shortfall] = []
    if sc_forbid_dumps() != 0 { failed.append(.dumps) }
    if sc_forbid_core_files() != 0 { failed.append(.coreFiles) }
    if !turnBacktraceOff() { failed.append(.backtrace) }
    if sc_raise_descriptor_limit() != 0 { failed.append(.descriptors) }
    if sc_ignore_signal(SIGPIPE) != 0 { failed.append(.brokenPipes) }
    // A file at the limit of `ulimit -f` is a failed write, said as such, not the end of the program.
    if sc_ignore_signal(SIGXFSZ) != 0 { failed.append(.fileSizes) }
    return failed
  }

  /// The signals that the runtime's crash handler takes.
  package static let crashSignals = [SIGQUIT, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP]

  private static func turnBacktraceOff() -> Bool {
    var succeeded = unsafe setenv("SWIFT_BACKTRACE", "enable=no", 1) == 0
    for number in crashSignals where sc_default_action(number) != 0 { succeeded = false }
    return succeeded
  }

  /// True where the kernel may neither dump this process nor let another of this user trace it.
  package static var dumpsAreForbidden: Bool { sc_dumpable() == 0 }

  /// True where every crash signal has the system's default action.
  package static var backtraceIsOff: Bool { crashSignals.allSatisfy { sc_has_default_action($0) == 1 } }

  /// The soft and the hard limit on open descriptors.
  package static var descriptorLimits: (soft: UInt64, hard: UInt64) {
    var soft: UInt64 = 0
    var hard: UInt64 = 0
    _ = unsafe sc_descriptor_limits(&soft, &hard)
    return (soft, hard)
  }

  /// The limit on locked memory in bytes; nil where there is none.
  package static var lockedMemoryLimit: UInt64? {
    var soft: UInt64 = 0
    guard unsafe sc_locked_memory_limit(&soft) == 0 else { return 0 }
    return soft == .max ? nil : soft
  }
}
