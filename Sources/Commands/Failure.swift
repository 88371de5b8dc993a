/// Why a command ends without success: its exit code, a code for programs, and the words for people.
///
/// Only `Sentences` makes one.
package struct Failure: Error, Equatable, Sendable {
  package let exit: ExitCode
  /// `E_AUTH` and its kin of PROTOCOL 1.11, or `E_USAGE`, `E_UNREACHABLE`, `E_PORT`, `E_FILE`.
  package let code: String
  /// What failed and the likely cause; lines after the first are indented when they are printed.
  package let message: String
  /// The exact next thing to type or do.
  package let hint: String?

  init(_ exit: ExitCode, _ code: String, _ message: String, hint: String? = nil) {
    self.exit = exit
    self.code = code
    self.message = message
    self.hint = hint
  }
}
