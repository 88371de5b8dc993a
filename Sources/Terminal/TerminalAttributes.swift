import CPlatform
import Glibc

/// The settings of a terminal (termios), read, changed and put back.
struct TerminalAttributes {
  private var settings: termios

  /// Reads them; `.notATerminal` where the descriptor is none.
  init(of descriptor: Int32) throws(TerminalError) {
    settings = termios()
    guard unsafe tcgetattr(descriptor, &settings) == 0 else {
      throw errno == ENOTTY || errno == EINVAL || errno == EBADF ? .notATerminal : .failed(code: errno)
    }
  }

  /// Whole lines as the system edits them, typed characters not shown, the newline shown.
  var withoutEcho: TerminalAttributes {
    var copy = self
    copy.settings.c_lflag &= ~tcflag_t(ECHO)
    copy.settings.c_lflag |= tcflag_t(ICANON | ISIG | ECHONL)
    copy.settings.c_iflag |= tcflag_t(ICRNL)
    return copy
  }

  /// Every key by itself, unchanged, ^C and ^Z too; what is written still gets its carriage returns.
  var raw: TerminalAttributes {
    var copy = self
    copy.settings.c_lflag &= ~tcflag_t(ECHO | ECHONL | ICANON | ISIG | IEXTEN)
    copy.settings.c_iflag &= ~tcflag_t(ICRNL | INLCR | IGNCR | IXON | ISTRIP | BRKINT | PARMRK | INPCK)
    copy.settings.c_cflag |= tcflag_t(CS8)
    unsafe withUnsafeMutableBytes(of: &copy.settings.c_cc) { characters in
      unsafe characters[Int(VMIN)] = 1
      unsafe characters[Int(VTIME)] = 0
    }
    return copy
  }

  /// Makes them hold at once; `droppingInput` also waits until what was written is shown and forgets what
  /// was typed ahead.
  ///
  /// Without it nothing is waited for, a terminal that takes no output included, so a signal handler may
  /// call this.
  func apply(to descriptor: Int32, droppingInput: Bool = false) throws(TerminalError) {
    var copy = settings
    while unsafe tcsetattr(descriptor, droppingInput ? TCSAFLUSH : TCSANOW, &copy) != 0 {
      guard errno == EINTR else { throw .failed(code: errno) }
    }
  }
}
