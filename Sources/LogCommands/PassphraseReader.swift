internal import Cryptography
internal import LogFiles
internal import Terminal
internal import Wire

/// Where the passphrase of a log key comes from: a file, a descriptor, or the person at the terminal.
final class PassphraseReader {
  private let given: Passphrase?
  private let canAsk: Bool
  private let notice: (String) -> Void

  /// Reads what an option names at once, so that a wrong path is told before any work is done.
  init(_ options: SharedLogOptions, _ console: LogConsole) throws(LogProblem) {
    canAsk = console.canAsk
    notice = console.notice
    do throws(PassphraseSourceError) {
      if let path = options.passphraseFile {
        given = try Passphrase.read(file: path)
      } else if let descriptor = options.passphraseDescriptor {
        given = try Passphrase.read(descriptor: descriptor)
      } else {
        given = nil
      }
    } catch {
      throw LogSentences.problem(error)
    }
  }

  /// Whether a wrong passphrase is worth another question.
  var asksAgain: Bool { given == nil && canAsk }

  /// The passphrase for one key file; nil where nobody can be asked, or where no answer came.
  func read(for key: LogPublicKey, path: String, isRepeated: Bool) -> Passphrase? {
    if let given { return given }
    guard canAsk else { return nil }
    if isRepeated { notice(LogSentences.wrongPassphraseAgain) }
    let name = (try? Profile(parsing: key.profile.span))?.name.text ?? path
    while var buffer = try? SecretBuffer(capacity: Passphrase.capacity) {
      var hasFailed = false
      try? buffer.appendBytes { (bytes) throws(CryptographyError) in
        do {
          return try HiddenPrompt.read(LogSentences.askPassphrase(name), into: &bytes)
        } catch {
          hasFailed = true
          return 0
        }
      }
      if hasFailed { return nil }
      do throws(PassphraseProblem) {
        return try buffer.withBytes { (bytes) throws(PassphraseProblem) in try Passphrase(typed: bytes) }
      } catch {
        notice(LogSentences.unusable(error))
      }
    }
    return nil
  }
}
