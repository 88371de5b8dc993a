package import Wire

/// Why a users file cannot be used; each leads to exit 2 and names the place in the file.
package enum UsersFileError: Error, Hashable, Sendable {
  /// Nothing stands at the path.
  case missing(path: String)
  /// A folder, a FIFO, a device.
  case notAFile(path: String)
  /// The system does not give it; `message` is its own word for why.
  case unreadable(path: String, message: String)
  /// It holds more bytes than the limit, and was not read.
  case tooLarge(path: String, limit: Int)
  /// It holds no byte, or spaces alone.
  case empty(path: String)
  /// What is wrong in it, and where.
  case content(path: String, at: JSONPosition, UsersFileProblem)
  /// The system gives no guarded memory to read it into.
  case memory(path: String)
  /// It was changed between two looks at it.
  case changedMeanwhile(path: String)

  package var path: String {
    switch self {
    case .missing(let path), .notAFile(let path), .unreadable(let path, _), .tooLarge(let path, _),
      .empty(let path), .content(let path, _, _), .memory(let path), .changedMeanwhile(let path):
      path
    }
  }
}

/// What is wrong with the content of a users file.
package enum UsersFileProblem: Error, Hashable, Sendable {
  /// Not JSON; `key` is the member's whose value is wrong, where it is in one.
  case notJSON(JSONError.Problem, key: String?)
  /// The file must be a list: `[ {...}, {...} ]`.
  case notAList
  /// A list without an entry.
  case noUsers
  /// An entry of the list is not an object.
  case entryNotAnObject
  /// One key twice, also where the two differ in case alone.
  case duplicateKey(String)
  case missingKey(String, user: String?)
  case wrongType(key: String, expected: String)
  case badUserName(key: String, NameError)
  case duplicateUserName(PeerName, firstLine: Int)
  /// `ip` is empty, or holds a space, a control or anything that no host name has.
  case badHost(key: String)
  /// Not a whole number from 1 to 65535, as a number or a string; `text` is what stands there.
  case badPort(key: String, text: String)
  case badPassword(key: String, PasswordProblem)
  case badIdentity(key: String, IdentityTextProblem)
}

/// Why a password cannot be used (PROTOCOL 1.2).
package enum PasswordProblem: Error, Hashable, Sendable {
  case empty
  /// Above 128 bytes of UTF-8 after normalisation.
  case tooLong
  /// A control character.
  case control
  case notUTF8
  /// The system gives no guarded memory.
  case memory
}

/// Why the text of an `identity` is not a profile (PROTOCOL 1.2).
package enum IdentityTextProblem: Error, Hashable, Sendable {
  /// Not canonical base64url of 193 bytes.
  case notAProfile
  /// The signature does not hold.
  case notAuthentic
  /// It is another user's.
  case anotherName(PeerName)
}

/// Something about a users file that the user should know, and that stops nothing.
package enum UsersFileWarning: Hashable, Sendable {
  /// Others can read it, and it holds passwords; `chmod 600` mends it.
  case openToOthers(path: String, mode: UInt32)
  /// Keys of an entry that mean nothing here, as they are written.
  case unknownKeys([String], path: String, line: Int)
  /// It has more than two entries, and passwords: anyone who has it can pose, at first contact, as a user whose
  /// identity it does not give.
  case everyReaderCanPose(path: String, users: Int)
}
