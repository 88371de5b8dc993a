internal import Cryptography
internal import SessionLog
internal import Wire

/// The text of a key file, taken apart in place.
enum LogKeyText {
  private static let first = Array("secure_chat log key 1\npub ".utf8)
  private static let profileWord = Array("\nprofile ".utf8)
  static let plainWord = Array("plain ".utf8)
  static let wrappedWord = Array("argon2id ".utf8)

  private static let keyByteCount = 32

  static func commonLines(_ key: LogPublicKey) -> [UInt8] {
    var text = first
    Base64URL.append(key.bytes.span, to: &text)
    text += profileWord
    Base64URL.append(key.profile.span, to: &text)
    return text + [0x0A]
  }

  /// The first three lines, and where they end.
  static func parseCommon(_ text: Span<UInt8>) -> (key: LogPublicKey, end: Int)? {
    var reader = TokenReader()
    guard reader.skip(first, text), let bytes = reader.base64(text, byteCount: keyByteCount),
      reader.skip(profileWord, text), let profile = reader.base64(text, byteCount: Profile.byteCount),
      reader.skip([0x0A], text), (try? Profile(parsing: profile.span)) != nil,
      let key = LogPublicKey(bytes: bytes, profile: profile)
    else { return nil }
    return (key, reader.position)
  }

  static func parseSecret(
    _ text: Span<UInt8>, path: String, passphrase: () -> Passphrase?
  ) throws(LogFailure) -> LogKeyPair {
    guard let (key, start) = parseCommon(text), text.count > start, text[text.count - 1] == 0x0A else {
      throw .badKeyFile(path: path)
    }
    var reader = TokenReader(at: start)
    if reader.skip(plainWord, text) {
      let secret = try plainSecret(text.extracting(reader.position..<(text.count - 1)), path: path)
      return try pair(key, isPlain: true, secret, path: path)
    }
    guard reader.skip(wrappedWord, text),
      let box = PassphraseBox(text, at: reader.position, secretByteCount: LogSecretKey.byteCount),
      box.end == text.count - 1
    else { throw .badKeyFile(path: path) }
    guard let given = passphrase() else { throw .passphraseNeeded(path: path) }
    return try pair(key, isPlain: false, try wrappedSecret(box, given, text, path: path), path: path)
  }

  /// The public key that the file states must be the secret's own.
  private static func pair(
    _ key: LogPublicKey, isPlain: Bool, _ secret: consuming Secret<LogSecretKey>, path: String
  ) throws(LogFailure) -> LogKeyPair {
    let derived: [UInt8]
    do throws(CryptographyError) {
      derived = try X25519.publicKey(of: secret)
    } catch {
      throw .cryptography(error)
    }
    guard derived == key.bytes else { throw .badKeyFile(path: path) }
    return LogKeyPair(publicKey: key, isPlain: isPlain, secret: secret)
  }

  private static func plainSecret(
    _ characters: Span<UInt8>, path: String
  ) throws(LogFailure) -> Secret<LogSecretKey> {
    do throws(CryptographyError) {
      let region = try GuardedRegion(byteCount: LogKeyFile.guardedByteCount)
      return try Secret(in: region) { (secret) throws(CryptographyError) in
        guard SecretText.decode(characters, into: &secret) else { throw .wrongLength }
      }
    } catch .wrongLength {
      throw .badKeyFile(path: path)
    } catch {
      throw .cryptography(error)
    }
  }

  private static func wrappedSecret(
    _ box: PassphraseBox, _ passphrase: Passphrase, _ text: Span<UInt8>, path: String
  ) throws(LogFailure) -> Secret<LogSecretKey> {
    do throws(CryptographyError) {
      let region = try GuardedRegion(byteCount: LogKeyFile.guardedByteCount)
      return try Secret(in: region) { (secret) throws(CryptographyError) in
        try box.open(with: passphrase, in: text, into: &secret)
      }
    } catch .notAuthentic {
      throw .wrongPassphrase(path: path)
    } catch {
      throw .cryptography(error)
    }
  }
}
