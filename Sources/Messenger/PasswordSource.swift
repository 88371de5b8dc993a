internal import Cryptography
internal import Places

/// Why a password file or descriptor gives no password.
package enum PasswordSourceError: Error, Hashable, Sendable {
  case file(HomeFailure)
  /// The descriptor is not open, or gives an error.
  case descriptor(Int32)
  case password(PasswordProblem)
}

extension EnteredPassword {
  /// The password of `--password-file`: all of the file but one newline at its end.
  ///
  /// A file that others can read is refused, as ssh does.
  package static func read(file path: String) throws(PasswordSourceError) -> EnteredPassword {
    let file: OpenFile
    do throws(PlaceError) {
      file = try OpenFile.forReading(path, followingLinks: true)
      try file.status().requirePrivate(path: path)
    } catch {
      throw .file(HomeFailure(error))
    }
    return try read(file) { (failure) in .file(failure) }
  }

  /// The password of `--password-fd`: all that the descriptor gives but one newline at its end.
  ///
  /// The descriptor is closed then.
  package static func read(descriptor: Int32) throws(PasswordSourceError) -> EnteredPassword {
    guard let file = OpenFile.inherited(descriptor) else { throw .descriptor(descriptor) }
    return try read(file) { _ in .descriptor(descriptor) }
  }

  private static func read(
    _ file: OpenFile, _ failing: (HomeFailure) -> PasswordSourceError
  ) throws(PasswordSourceError) -> EnteredPassword {
    var isWhole = false
    let password: EnteredPassword
    do throws(PlaceError) {
      password = try EnteredPassword { (rest) throws(PlaceError) in
        let count = try file.read(into: &rest)
        isWhole = count < rest.count
        return withoutNewline(rest.span, count)
      }
    } catch {
      throw failing(HomeFailure(error))
    }
    guard isWhole else { throw .password(.tooLong) }
    do throws(PasswordProblem) {
      return try password.normalised()
    } catch {
      throw .password(error)
    }
  }

  private static func withoutNewline(_ bytes: Span<UInt8>, _ count: Int) -> Int {
    guard count > 0, bytes[count - 1] == UInt8(ascii: "\n") else { return count }
    return count > 1 && bytes[count - 2] == UInt8(ascii: "\r") ? count - 2 : count - 1
  }
}
