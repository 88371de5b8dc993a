import Glibc

/// What the program was started in, as far as it concerns what is shown.
package struct ProgramSurroundings: Sendable {
  /// NO_COLOR, where it is set.
  package let noColor: String?
  /// TERM, where it is set.
  package let terminal: String?

  package static var current: ProgramSurroundings {
    ProgramSurroundings(noColor: variable("NO_COLOR"), terminal: variable("TERM"))
  }

  private static func variable(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
  }

  /// Ends the program; a terminal in raw mode comes back.
  package static func end(_ code: Int32) -> Never { exit(code) }
}
