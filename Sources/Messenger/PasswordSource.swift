internal import Cryptography
internal import LogFiles

/// Why a password file or descriptor gives no password.
package enum PasswordSourceError: Error, Hashable, Sendable {
  case file(HomeFailure)
  /// The descriptor is not open, or gives an error.
  case descriptor(Int32)
  case password(PasswordProblem)

  init(_ failure: GivenSecret.Failure) {
    self =
      switch failure {
      case .file(let fault): .file(HomeFailure(fault))
      case .descriptor(let number): .descriptor(number)
      case .tooLong: .password(.tooLong)
      case .memory: .password(.memory)
      }
  }
}

extension EnteredPassword {
  /// The password of `--password-file`: all of a file that nobody else can read, but one line end.
  package static func read(file path: String) throws(PasswordSourceError) -> EnteredPassword {
    try given { () throws(GivenSecret.Failure) in try GivenSecret.read(file: path, limit: capacity) }
  }

  /// The password of `--password-fd`: all that the descriptor gives, but one line end. It is closed then.
  package static func read(descriptor: Int32) throws(PasswordSourceError) -> EnteredPassword {
    try given { () throws(GivenSecret.Failure) in
      try GivenSecret.read(descriptor: descriptor, limit: capacity)
    }
  }

  private static func given(
    _ read: () throws(GivenSecret.Failure) -> SecretBuffer
  ) throws(PasswordSourceError) -> EnteredPassword {
    let secret: SecretBuffer
    do throws(GivenSecret.Failure) {
      secret = try read()
    } catch {
      throw PasswordSourceError(error)
    }
    do throws(PasswordProblem) {
      return try EnteredPassword(secret).normalised()
    } catch {
      throw .password(error)
    }
  }
}
