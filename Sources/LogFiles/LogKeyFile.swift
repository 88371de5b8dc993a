package import Cryptography
package import Places
package import SessionLog
package import Wire

/// The two files of a profile's log key (docs/LOG_FORMAT.md, "Log key"): text, exactly these lines.
///
///     secure_chat log key 1
///     pub <base64url of 32 bytes>
///     profile <base64url of the 193-byte profile>
///     plain <base64url of 32 bytes>      or      argon2id <t> <KiB> <salt of 16 bytes> <box of 48 bytes>
///
/// `log-verify.pub` has the first three lines; both files are made with mode 0600.
package enum LogKeyFile {
  /// A key file has some 450 bytes; more is never read.
  static let sizeLimit = 4096
  /// Guarded bytes for a secret, a wrapping key and what goes between.
  static let guardedByteCount = 1024

  /// Makes a pair for a profile and writes both files.
  ///
  /// Files of another pair that stand there stay, as `log-verify-<8 hex of SHA-256(pub)>.key` and `.pub`: the logs
  /// of an earlier identity can still be read.
  ///
  /// - Parameter passphrase: what the secret is locked with, which takes a second or so; nil leaves it plain.
  package static func make(
    for profile: Profile, at path: ProfilePath, passphrase: Passphrase? = nil,
    effort: PassphraseEffort = .standard, entropy: any EntropySource = SystemEntropy.shared
  ) throws(LogFailure) -> LogPublicKey {
    let region = try LogFailure.inLibrary { () throws(CryptographyError) in
      try GuardedRegion(byteCount: guardedByteCount)
    }
    let secret = try LogFailure.inLibrary { () throws(CryptographyError) in
      try Secret<LogSecretKey>.random(in: region, from: entropy)
    }
    return try write(
      secret, for: profile, at: path, passphrase: passphrase, effort: effort, entropy: entropy)
  }

  /// Writes both files of a pair whose secret is given.
  package static func write(
    _ secret: borrowing Secret<LogSecretKey>, for profile: Profile, at path: ProfilePath,
    passphrase: Passphrase? = nil, effort: PassphraseEffort = .standard,
    entropy: any EntropySource = SystemEntropy.shared
  ) throws(LogFailure) -> LogPublicKey {
    let publicBytes = try LogFailure.inLibrary { () throws(CryptographyError) in
      try X25519.publicKey(of: secret)
    }
    guard let key = LogPublicKey(bytes: publicBytes, profile: profile.bytes) else {
      throw .cryptography(.wrongLength)
    }
    let text = try secret.withBytes { (secret) throws(LogFailure) in
      try secretText(key, secret, passphrase: passphrase, effort: effort, entropy: entropy)
    }
    let common = LogKeyText.commonLines(key)
    do throws(PlaceError) {
      try Folder.create(path.folder)
      try setAside(path)
      // The secret first: a public file alone would let logs be written that nobody can ever read.
      try text.withBytes { (text) throws(PlaceError) in try AtomicFile.replace(path.logPrivateKey, with: text)
      }
      try AtomicFile.replace(path.logPublicKey, with: common)
    } catch {
      throw .place(error)
    }
    return key
  }

  /// The text of a key file with its secret under another passphrase: the same pair, a new lock.
  ///
  /// - Parameter current: opens the file where it is locked; `passphraseNeeded` without.
  package static func relocked(
    _ path: String, current: Passphrase?, new: Passphrase, effort: PassphraseEffort,
    entropy: any EntropySource
  ) throws(LogFailure) -> SecretBuffer {
    let pair = try readSecret(path) { current }
    return try pair.withSecret { (secret) throws(LogFailure) in
      try secretText(pair.publicKey, secret, passphrase: new, effort: effort, entropy: entropy)
    }
  }

  private static func secretText(
    _ key: LogPublicKey, _ secret: Span<UInt8>, passphrase: Passphrase?, effort: PassphraseEffort,
    entropy: any EntropySource
  ) throws(LogFailure) -> SecretBuffer {
    try LogFailure.inLibrary { () throws(CryptographyError) in
      var text = try SecretBuffer(capacity: sizeLimit)
      let word = passphrase == nil ? LogKeyText.plainWord : LogKeyText.wrappedWord
      try text.append((LogKeyText.commonLines(key) + word).span)
      if let passphrase {
        try PassphraseBox.append(secret, under: passphrase, to: &text, effort: effort, entropy: entropy)
      } else {
        try SecretText.append(base64: secret, to: &text)
      }
      try text.append([0x0A].span)
      return text
    }
  }

  /// Reads `log-verify.pub`: all that writing a log needs.
  package static func readPublic(_ path: String) throws(LogFailure) -> LogPublicKey {
    let bytes = try LogFailure.atPlace { () throws(PlaceError) in
      let file = try OpenFile.forReading(path)
      guard try file.status().belongsToThisUser else { throw PlaceError(.ownedByAnother, path: path) }
      return try PublicFile.read(file, limit: sizeLimit)
    }
    guard let (key, end) = LogKeyText.parseCommon(bytes.span), end == bytes.count else {
      throw .badKeyFile(path: path)
    }
    return key
  }

  /// The public half of a key file, without opening its secret.
  package static func readPublicHalf(ofKey path: String) throws(LogFailure) -> LogPublicKey {
    let text = try read(path)
    let key = text.withBytes { LogKeyText.parseCommon($0)?.key }
    guard let key else { throw .badKeyFile(path: path) }
    return key
  }

  /// Reads a key file, plain or under a passphrase. Under one it takes a second or so.
  ///
  /// - Parameter passphrase: called only where the file needs one; nil from it is `passphraseNeeded`.
  package static func readSecret(
    _ path: String, passphrase: () -> Passphrase?
  ) throws(LogFailure) -> LogKeyPair {
    let text = try read(path)
    return try text.withBytes { (text) throws(LogFailure) -> LogKeyPair in
      try LogKeyText.parseSecret(text, path: path, passphrase: passphrase)
    }
  }

  private static func read(_ path: String) throws(LogFailure) -> SecretBuffer {
    var fault: PlaceError?
    var text = try LogFailure.inLibrary { () throws(CryptographyError) in
      try SecretBuffer(capacity: sizeLimit)
    }
    do throws(CryptographyError) {
      try text.appendBytes { (buffer) throws(CryptographyError) -> Int in
        do throws(PlaceError) {
          return try PrivateFile.read(path, into: &buffer)
        } catch {
          fault = error
          return 0
        }
      }
    } catch {
      throw .cryptography(error)
    }
    if let fault { throw .place(fault) }
    return text
  }

  /// Moves the files of another pair out of the way.
  private static func setAside(_ path: ProfilePath) throws(PlaceError) {
    for (file, ending) in [(path.logPublicKey, ".pub"), (path.logPrivateKey, ".key")]
    where FileStatus.exists(file) {
      let old = (try? readPublicHalf(ofKey: file))?.bytes ?? []
      let name = "/log-verify-" + Hex.encode(Array(SHA256Hash.hash(old.span).prefix(4))) + ending
      try Folder.rename(file, to: path.folder + name)
    }
  }
}
