import Cryptography
import Foundation
import LogFiles
import Places
import SessionLog
import TestSupport
import Wire

/// The known answers of this format: where they are, and copies of them with the modes that real files have.
enum KnownAnswerLogs {
  static var folder: URL { VectorFiles.knownAnswers.appendingPathComponent("secure_chat-log") }

  /// Copies a file with mode 0600, as a program would have made it.
  static func copy(_ name: String, to temporary: TemporaryFolder) throws -> String {
    let path = temporary.file(URL(fileURLWithPath: name).lastPathComponent)
    try Data(contentsOf: folder.appendingPathComponent(name)).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    return path
  }

  /// A checker that has this key file and nothing else.
  static func checker(
    key path: String, passphrase: String? = nil, texts: Bool = false
  ) -> LogChecker {
    let keyring = LogKeyring(.file(path)) { _, _, _ in passphrase.flatMap { Passphrase(text: $0) } }
    return LogChecker(keyring, texts: texts)
  }
}

extension Passphrase {
  convenience init?(text: String) {
    let bytes = Array(text.utf8)
    guard var buffer = try? SecretBuffer(capacity: 256), (try? buffer.append(bytes.span)) != nil else {
      return nil
    }
    self.init(buffer)
  }
}
