internal import Cryptography
internal import SessionLog
internal import Wire

/// The text of a key file, taken apart in place.
enum LogKeyText {
  private static let first = Array("secure_chat log key 1\npub ".utf8)
  private static let profileWord = Array("\nprofile ".utf8)
  private static let plainWord = Array("plain ".utf8)
  private static let wrappedWord = Array("argon2id ".utf8)

  private static let keyCharacters = 43
  private static let profileCharacters = 258

  /// What a reader accepts: less is no protection, more is an attack on the reader's memory.
  private static let passes = 1...10
  private static let kibibytes = 8_192...1_048_576

  static func commonLines(_ key: LogPublicKey) -> [UInt8] {
    var text = first
    Base64URL.append(key.bytes.span, to: &text)
    text += profileWord
    Base64URL.append(key.profile.span, to: &text)
    return text + [0x0A]
  }

  /// The first three lines, and where they end.
  static func parseCommon(_ text: Span<UInt8>) -> (key: LogPublicKey, end: Int)? {
    var position = 0
    guard skip(first, text, &position), let bytes = take(keyCharacters, text, &position),
      skip(profileWord, text, &position), let profile = take(profileCharacters, text, &position),
      skip([0x0A], text, &position), (try? Profile(parsing: profile.span)) != nil,
      let key = LogPublicKey(bytes: bytes, profile: profile)
    else { return nil }
    return (key, position)
  }

  static func parseSecret(
    _ text: Span<UInt8>, path: String, passphrase: () -> Passphrase?
  ) throws(LogFailure) -> LogKeyPair {
    guard let (key, start) = parseCommon(text), text.count > start, text[text.count - 1] == 0x0A else {
      throw .badKeyFile(path: path)
    }
    var position = start
    if skip(plainWord, text, &position) {
      let secret = try plainSecret(text.extracting(position..<(text.count - 1)), path: path)
      return try pair(key, isPlain: true, secret, path: path)
    }
    guard skip(wrappedWord, text, &position) else { throw .badKeyFile(path: path) }
    let wrap = try Wrap(text, from: position, path: path)
    guard let given = passphrase() else { throw .passphraseNeeded(path: path) }
    let secret = try given.withBytes { (given) throws(LogFailure) in
      try wrap.open(given, lines: text, path: path)
    }
    return try pair(key, isPlain: false, secret, path: path)
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

  /// The line `argon2id <t> <KiB> <salt> <box>`.
  private struct Wrap {
    let cost: Argon2id.Cost
    let salt: [UInt8]
    let box: [UInt8]
    /// The bytes before the box, which it is bound to.
    let boundCount: Int

    init(_ text: Span<UInt8>, from start: Int, path: String) throws(LogFailure) {
      var position = start
      guard let passes = number(text, &position), LogKeyText.passes.contains(passes),
        let size = number(text, &position), kibibytes.contains(size),
        let salt = take(22, text, &position), skip([0x20], text, &position)
      else { throw .badKeyFile(path: path) }
      boundCount = position
      guard let box = take(64, text, &position), skip([0x0A], text, &position), position == text.count
      else { throw .badKeyFile(path: path) }
      cost = Argon2id.Cost(passes: passes, memoryByteCount: size << 10)
      self.salt = salt
      self.box = box
    }

    func open(
      _ passphrase: Span<UInt8>, lines: Span<UInt8>, path: String
    ) throws(LogFailure) -> Secret<LogSecretKey> {
      do throws(CryptographyError) {
        let region = try GuardedRegion(byteCount: LogKeyFile.guardedByteCount)
        var key = try Secret<WrappingKey>(in: region)
        try Argon2id.derive(password: passphrase, salt: salt.span, cost: cost, into: &key)
        let nonce = [UInt8](repeating: 0, count: ChaCha20Poly1305.nonceByteCount)
        var secret = try Secret<LogSecretKey>(in: region)
        try secret.withMutableBytes { (output) throws(CryptographyError) in
          try ChaCha20Poly1305.open(
            box.span, key: key, nonce: nonce.span,
            authenticating: lines.extracting(0..<boundCount), into: &output)
        }
        return secret
      } catch .notAuthentic {
        throw .wrongPassphrase(path: path)
      } catch {
        throw .cryptography(error)
      }
    }
  }

  /// The key that a passphrase gives.
  private enum WrappingKey: SecretPurpose {
    static var byteCount: Int { 32 }
  }

  private static func skip(_ literal: [UInt8], _ text: Span<UInt8>, _ position: inout Int) -> Bool {
    guard text.count - position >= literal.count else { return false }
    for index in literal.indices where text[position + index] != literal[index] { return false }
    position += literal.count
    return true
  }

  private static func take(_ count: Int, _ text: Span<UInt8>, _ position: inout Int) -> [UInt8]? {
    guard text.count - position >= count else { return nil }
    defer { position += count }
    return try? Base64URL.decode(canonical: text.extracting(position..<(position + count)))
  }

  /// Digits without a leading zero, and the space behind them.
  private static func number(_ text: Span<UInt8>, _ position: inout Int) -> Int? {
    var value = 0
    let start = position
    while position < text.count, position - start < 8, text[position] &- 0x30 < 10 {
      value = value * 10 + Int(text[position] - 0x30)
      position += 1
    }
    guard position > start, text[start] != 0x30, skip([0x20], text, &position) else { return nil }
    return value
  }
}
