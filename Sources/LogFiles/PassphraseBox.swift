package import Cryptography
internal import Places
internal import Wire

/// How much work it is to try a passphrase.
package struct PassphraseEffort: Sendable {
  package var passes: Int
  package var memoryByteCount: Int
  /// The least that an unlock takes on the computer that sets the passphrase; more passes are taken until it does.
  package var floorNanoseconds: Int64

  package init(passes: Int, memoryByteCount: Int, floorNanoseconds: Int64 = 0) {
    self.passes = passes
    self.memoryByteCount = memoryByteCount
    self.floorNanoseconds = floorNanoseconds
  }

  /// 3 passes over 256 MiB, or over 64 MiB where the computer has less than 1 GiB; at least 0.25 s (LOG 2, PRODUCT).
  package static var standard: PassphraseEffort {
    let isSmall = SystemMemory.byteCount < 1 << 30
    return PassphraseEffort(
      passes: 3, memoryByteCount: (isSmall ? 64 : 256) << 20, floorNanoseconds: 250_000_000)
  }
}

/// A secret under a passphrase, as one line of a text file has it: `<t> <KiB> <salt> <box>` (LOG 2, Log key).
///
/// k = Argon2id(passphrase, salt, t passes, KiB of memory, one lane, 32 bytes);
/// box = ChaCha20-Poly1305(k, nonce of 12 zeros, secret, the file's bytes before the box as associated data). The key
/// of a box is used once: each has a salt of its own, also where one passphrase locks two files.
package struct PassphraseBox: Sendable {
  private let cost: Argon2id.Cost
  private let salt: [UInt8]
  private let box: [UInt8]
  /// The bytes before the box, which it is bound to.
  private let boundCount: Int
  /// One past the box.
  package let end: Int

  /// What a reader accepts: less is no protection, more is an attack on the reader's memory.
  private static let passes = 1...10
  private static let kibibytes = 8_192...1_048_576
  private static let nonce = [UInt8](repeating: 0, count: ChaCha20Poly1305.nonceByteCount)
  private static let guardedByteCount = 64

  /// The key that a passphrase gives.
  private enum WrappingKey: SecretPurpose {
    static var byteCount: Int { 32 }
  }

  /// Reads the four values at `start` of a file's text; nil where they are not there.
  package init?(_ text: Span<UInt8>, at start: Int, secretByteCount: Int) {
    var reader = TokenReader(at: start)
    guard let passes = reader.number(text), Self.passes.contains(passes), let size = reader.number(text),
      Self.kibibytes.contains(size), let salt = reader.base64(text, byteCount: Argon2id.saltByteCount),
      reader.skip([0x20], text)
    else { return nil }
    boundCount = reader.position
    guard let box = reader.base64(text, byteCount: secretByteCount + ChaCha20Poly1305.tagByteCount) else {
      return nil
    }
    end = reader.position
    cost = Argon2id.Cost(passes: passes, memoryByteCount: size << 10)
    self.salt = salt
    self.box = box
  }

  /// Writes the secret into `output`; throws `notAuthentic` for another passphrase. It takes half a second or so.
  ///
  /// - Parameter text: the file's text, which the box was read from.
  package func open(
    with passphrase: Passphrase, in text: Span<UInt8>, into output: inout MutableSpan<UInt8>
  ) throws(CryptographyError) {
    let region = try GuardedRegion(byteCount: Self.guardedByteCount)
    var key = try Secret<WrappingKey>(in: region)
    try passphrase.withBytes { (bytes) throws(CryptographyError) in
      try Argon2id.derive(password: bytes, salt: salt.span, cost: cost, into: &key)
    }
    try ChaCha20Poly1305.open(
      box.span, key: key, nonce: Self.nonce.span, authenticating: text.extracting(0..<boundCount),
      into: &output)
  }

  /// Appends the four values of a secret to the text before them. It takes a second or so.
  package static func append(
    _ secret: Span<UInt8>, under passphrase: Passphrase, to text: inout SecretBuffer,
    effort: PassphraseEffort, entropy: any EntropySource
  ) throws(CryptographyError) {
    let region = try GuardedRegion(byteCount: guardedByteCount)
    var key = try Secret<WrappingKey>(in: region)
    let salt = entropy.publicBytes(count: Argon2id.saltByteCount)
    let passes = try derive(passphrase, salt, effort, into: &key)
    var words = Array("\(passes) \(effort.memoryByteCount >> 10) ".utf8)
    Base64URL.append(salt.span, to: &words)
    words.append(0x20)
    try text.append(words.span)
    let box = try text.withBytes { (bound) throws(CryptographyError) -> [UInt8] in
      var box = [UInt8](repeating: 0, count: secret.count + ChaCha20Poly1305.tagByteCount)
      var output = box.mutableSpan
      try ChaCha20Poly1305.seal(
        secret, key: key, nonce: nonce.span, authenticating: bound, into: &output)
      return box
    }
    var written: [UInt8] = []
    Base64URL.append(box.span, to: &written)
    try text.append(written.span)
  }

  /// Derives the key with the passes that the effort's floor asks for on this computer, and says how many.
  private static func derive(
    _ passphrase: Passphrase, _ salt: [UInt8], _ effort: PassphraseEffort, into key: inout Secret<WrappingKey>
  ) throws(CryptographyError) -> Int {
    var passes = effort.passes
    while true {
      let start = SystemClock().monotonicNanoseconds
      let cost = Argon2id.Cost(passes: passes, memoryByteCount: effort.memoryByteCount)
      try passphrase.withBytes { (bytes) throws(CryptographyError) in
        try Argon2id.derive(password: bytes, salt: salt.span, cost: cost, into: &key)
      }
      let elapsed = SystemClock().monotonicNanoseconds - start
      guard elapsed < effort.floorNanoseconds, passes < Self.passes.upperBound else { return passes }
      passes += 1
    }
  }
}

/// Takes the tokens of a key file one after the other.
struct TokenReader {
  private(set) var position: Int

  init(at position: Int = 0) { self.position = position }

  mutating func skip(_ literal: [UInt8], _ text: Span<UInt8>) -> Bool {
    guard text.count - position >= literal.count else { return false }
    for index in literal.indices where text[position + index] != literal[index] { return false }
    position += literal.count
    return true
  }

  /// Canonical base64url of this many bytes.
  mutating func base64(_ text: Span<UInt8>, byteCount: Int) -> [UInt8]? {
    let count = (byteCount * 8 + 5) / 6
    guard text.count - position >= count else { return nil }
    defer { position += count }
    return try? Base64URL.decode(canonical: text.extracting(position..<(position + count)))
  }

  /// Digits without a leading zero, and the space behind them.
  mutating func number(_ text: Span<UInt8>) -> Int? {
    var value = 0
    let start = position
    while position < text.count, position - start < 8, text[position] &- 0x30 < 10 {
      value = value * 10 + Int(text[position] - 0x30)
      position += 1
    }
    guard position > start, text[start] != 0x30, skip([0x20], text) else { return nil }
    return value
  }
}
