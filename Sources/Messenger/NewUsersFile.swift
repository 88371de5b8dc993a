internal import Places

/// Makes a users file for people on one computer, to try things out or to edit.
package enum NewUsersFile {
  /// Why none was made; nothing was changed then.
  package enum Refusal: Error, Hashable, Sendable {
    /// A file of this name is there, and is never replaced.
    case alreadyThere(path: String)
    case failed(HomeFailure)
  }

  private static let firstPort = 12345

  /// Writes `users.json` into the folder, which is made where it is missing, and returns its path: users
  /// user1 to user`count` at loopback ports of their own, each with a random password of 110 bits.
  ///
  /// Its mode is 0600. Throws `.alreadyThere` rather than replace a file.
  package static func write(count: Int, into folder: String) throws(Refusal) -> String {
    let path = folder.hasSuffix("/") ? folder + "users.json" : folder + "/users.json"
    let entries = (0..<count).map { index in
      """
        {"username": "user\(index + 1)", "password": "\(ScratchFolder.randomWord())", \
      "ip": "127.0.0.1", "port": \(firstPort + index)}
      """
    }
    let bytes = Array(("[\n" + entries.joined(separator: ",\n") + "\n]\n").utf8)
    do throws(PlaceError) {
      try Folder.create(folder)
      _ = try AtomicFile.createNew(path, with: bytes.span)
    } catch {
      throw error.fault == .alreadyExists ? .alreadyThere(path: path) : .failed(HomeFailure(error))
    }
    return path
  }
}
