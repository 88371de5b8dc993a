internal import Cryptography
internal import LogFiles
internal import Places
internal import Terminal
internal import Wire

/// Where the passphrase of a log key comes from: a file, a descriptor, or the person at the terminal.
final class PassphraseReader {
  /// More than a person types.
  private static let capacity = 4096

  private let given: Passphrase?
  private let canAsk: Bool

  /// Reads what an option names at once, so that a wrong path is told before any work is done.
  init(_ options: SharedLogOptions, canAsk: Bool) throws(LogProblem) {
    self.canAsk = canAsk
    if let path = options.passphraseFile {
      given = try Self.read { () throws(PlaceError) in try PrivateFile.open(path) }
    } else if let descriptor = options.passphraseDescriptor {
      given = try Self.read { () throws(PlaceError) in
        guard let file = OpenFile.inherited(descriptor) else {
          throw PlaceError(.notFound, path: "descriptor \(descriptor)")
        }
        return file
      }
    } else {
      given = nil
    }
  }

  /// The passphrase for one key file; nil where nobody can be asked.
  func read(for key: LogPublicKey, path: String) -> Passphrase? {
    if let given { return given }
    guard canAsk, var buffer = try? SecretBuffer(capacity: Self.capacity) else { return nil }
    let name = (try? Profile(parsing: key.profile.span))?.name.text ?? path
    var hasFailed = false
    try? buffer.appendBytes { (bytes) throws(CryptographyError) in
      do {
        return try HiddenPrompt.read(LogSentences.askPassphrase(name), into: &bytes)
      } catch {
        hasFailed = true
        return 0
      }
    }
    return hasFailed ? nil : Self.composed(buffer)
  }

  private static func read(_ open: () throws(PlaceError) -> OpenFile) throws(LogProblem) -> Passphrase {
    guard var buffer = try? SecretBuffer(capacity: capacity) else {
      throw LogSentences.problem(.cryptography(.guardedMemoryExhausted))
    }
    var fault: PlaceError?
    try? buffer.appendBytes { (bytes) throws(CryptographyError) in
      do throws(PlaceError) {
        return try open().read(into: &bytes)
      } catch {
        fault = error
        return 0
      }
    }
    if let fault { throw LogSentences.problem(.place(fault)) }
    // One newline at the end belongs to the file, not to the passphrase.
    if buffer.withBytes({ $0.count > 0 && $0[$0.count - 1] == 0x0A }) { buffer.removeLast() }
    return composed(buffer)
  }

  /// Normalization Form C; only a passphrase beyond ASCII passes through a `String` for it.
  private static func composed(_ buffer: consuming SecretBuffer) -> Passphrase {
    let isASCII = buffer.withBytes { bytes in
      for index in bytes.indices where bytes[index] >= 0x80 { return false }
      return true
    }
    guard !isASCII else { return Passphrase(buffer) }
    let text = buffer.withBytes { bytes in String(validating: bytes.indices.map { bytes[$0] }, as: UTF8.self)
    }
    guard let text else { return Passphrase(buffer) }
    let bytes = Array(UnicodeForm.composed(text).utf8)
    guard var other = try? SecretBuffer(capacity: bytes.count), (try? other.append(bytes.span)) != nil else {
      return Passphrase(buffer)
    }
    return Passphrase(other)
  }
}
