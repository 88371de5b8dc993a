import Foundation

/// A folder for things that end with the program.
package enum ScratchFolder {
  /// Makes a new one that only this user can enter; nil where the system has no place for it.
  package static func make() -> String? {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "secure_chat-" + UUID().uuidString)
    do {
      try FileManager.default.createDirectory(
        at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    } catch {
      return nil
    }
    return folder.path
  }

  /// Writes a file that only this user can read; false where that fails.
  package static func write(_ text: String, to path: String) -> Bool {
    FileManager.default.createFile(
      atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
  }

  /// Removes a folder with all that is in it.
  package static func remove(_ path: String) {
    try? FileManager.default.removeItem(atPath: path)
  }

  /// A word of 22 random characters, for a password that nobody has to remember.
  package static func randomWord() -> String {
    let letters = Array("abcdefghijkmnpqrstuvwxyz23456789")
    return String((0..<22).map { _ in letters[Int.random(in: letters.indices)] })
  }
}
