package import Cryptography
package import Wire

/// `h`, `ck`, `k` and `n` of a handshake; PROTOCOL 1.3.
///
/// `h` and `n` move only after a valid tag. A call that throws leaves a state that its owner drops.
package struct SymmetricState: ~Copyable {
  /// `h`: the hash of everything so far. Public.
  package private(set) var hash: [UInt8]
  private var chainingKey: Secret<ChainingKey>
  private var key: Secret<HandshakeKey>
  /// `n`: how many messages were sealed or opened under `k`; one count for both directions.
  private var counter: UInt64 = 0
  let region: GuardedRegion
  private let sealer: CBCHMACSealer
  private let opener: CBCHMACOpener
  /// Only in a rehearsal with its fixed test keys; nil in every real handshake.
  var trace: HandshakeTrace? {
    didSet { note(.start) }
  }

  /// What a sealed message is longer than its text, at least: a block of padding and the tag.
  package static func sealedByteCount(_ plaintextByteCount: Int) -> Int {
    16 * (plaintextByteCount / 16 + 1) + tagByteCount
  }

  private static let tagByteCount = 32
  /// The one AEAD of the handshake: it is fixed, not negotiated, and commits to its key.
  private static let cipher = CBCHMACSuite.aes256SHA256

  /// `h = ck = SHA-256("secure_chat/1 " | mode)`.
  package init(mode: HandshakeMode, in region: GuardedRegion) throws(CryptographyError) {
    try self.init(start: SHA256Hash.hash((Label.prefix + [mode.rawValue]).span), in: region)
  }

  /// Starts from any 32 bytes, so that the vectors of other protocols of this kind can be run.
  package init(
    forTestsOnlyStartingAt start: [UInt8], in region: GuardedRegion
  ) throws(CryptographyError) {
    try self.init(start: start, in: region)
  }

  private init(start: [UInt8], in region: GuardedRegion) throws(CryptographyError) {
    let sealer = try CBCHMACSealer(Self.cipher, in: region)
    let opener = try CBCHMACOpener(Self.cipher, in: region)
    let chainingKey = try Secret<ChainingKey>(copying: start.span, in: region)
    let key = try Secret<HandshakeKey>(in: region)
    hash = start
    self.chainingKey = chainingKey
    self.key = key
    self.region = region
    self.sealer = sealer
    self.opener = opener
  }

  /// `h = SHA-256(h | bytes)`.
  package mutating func mixHash(_ bytes: Span<UInt8>) {
    absorb(bytes)
    note(.mixHash(byteCount: bytes.count))
  }

  private mutating func absorb(_ bytes: Span<UInt8>) {
    hash = SHA256Hash.hash(hash.span, bytes)
  }

  /// `ck | k = HKDF(salt ck, secret)`, `n = 0`.
  package mutating func mixKey<Input: SecretPurpose>(
    _ secret: borrowing Secret<Input>, as name: MixedSecret
  ) throws(CryptographyError) {
    var output = try Secret<MixedKeys>(in: region)
    let info: [UInt8] = []
    chainingKey.withBytes { salt in
      secret.withBytes { input in
        output.withMutableBytes { HKDF.derive(salt: salt, inputKey: input, info: info.span, into: &$0) }
      }
    }
    output.withBytes { output in
      chainingKey.withMutableBytes { $0.copy(output.extracting(0..<32)) }
      key.withMutableBytes { $0.copy(output.extracting(32..<64)) }
    }
    counter = 0
    if trace != nil { note(.mixKey(name, secret: secret.withBytes { [UInt8](copying: $0) })) }
  }

  /// `Enc(role, plaintext)`, appended to `output`.
  package mutating func seal(
    _ plaintext: Span<UInt8>, as role: Role, appendingTo output: inout [UInt8]
  ) throws(CryptographyError) {
    let keys = try frameKeys(role)
    let start = output.count
    output.append(copying: plaintext)
    output.append(
      contentsOf: repeatElement(
        0, count: Self.sealedByteCount(plaintext.count) - plaintext.count))
    do {
      var whole = output.mutableSpan
      var sealed = whole._mutatingExtracting(start..<whole.count)
      let associated = hash
      try keys.withBytes { (keys) throws(CryptographyError) in
        try sealer.seal(
          &sealed, plaintextByteCount: plaintext.count, keyMaterial: keys,
          authenticating: associated.span)
      }
    }
    counter += 1
    absorb(output.span.extracting(start..<output.count))
    if trace != nil { note(.seal([UInt8](copying: plaintext))) }
  }

  /// The plaintext of `Enc(role, plaintext)`, which must have `plaintextByteCount` bytes.
  ///
  /// Throws `.notAuthentic` for a wrong tag, and for a right one over a wrong padding or length alike.
  package mutating func open(
    _ sealed: Span<UInt8>, from role: Role, plaintextByteCount: Int
  ) throws(CryptographyError) -> [UInt8] {
    guard sealed.count == Self.sealedByteCount(plaintextByteCount) else { throw .notAuthentic }
    let keys = try frameKeys(role)
    var plaintext = [UInt8](repeating: 0, count: sealed.count)
    let associated = hash
    let count: Int
    do {
      var output = plaintext.mutableSpan
      count = try keys.withBytes { (keys) throws(CryptographyError) in
        try opener.open(
          sealed, keyMaterial: keys, authenticating: associated.span, into: &output)
      }
    } catch .damagedAfterAuthentication {
      throw .notAuthentic
    }
    guard count == plaintextByteCount else { throw .notAuthentic }
    counter += 1
    absorb(sealed)
    plaintext.removeLast(plaintext.count - count)
    if trace != nil { note(.open(plaintext)) }
    return plaintext
  }

  /// `HMAC(Expand(ck, label, 32), challenge | h)`, with `ck` and `h` as they stand now.
  package func response(
    _ label: ResponseLabel, to challenge: [UInt8]
  ) throws(CryptographyError) -> [UInt8] {
    var responseKey = try Secret<ResponseKey>(in: region)
    HKDF.expand(chainingKey, info: label.bytes.span, into: &responseKey)
    let response = HMACSHA256.authenticate(challenge.span, hash.span, key: responseKey)
    note(.response(label, challenge: challenge, value: response))
    return response
  }

  /// `Expand(ck, label | th, 32)` straight into a secret; `th` is `h` after FIN.
  package func export<Purpose: SecretPurpose>(
    _ label: StaticString, in region: GuardedRegion
  ) throws(CryptographyError) -> Secret<Purpose> {
    var secret = try Secret<Purpose>(in: region)
    HKDF.expand(chainingKey, info: (Label.bytes(label) + hash).span, into: &secret)
    return secret
  }

  /// `Expand(ck, label | th, 32)` of a label whose value is public.
  package func exportPublic(_ label: StaticString) -> [UInt8] {
    var value = [UInt8](repeating: 0, count: 32)
    let info = Label.bytes(label) + hash
    var output = value.mutableSpan
    chainingKey.withBytes { HKDF.expand($0, info: info.span, into: &output) }
    return value
  }

  /// Lends `ck` and `k`, for known answers and for `explain`'s fixed test keys; nothing else has a
  /// use for them.
  package func withKeysForTestsOnly<R>(_ body: (Span<UInt8>, Span<UInt8>) -> R) -> R {
    chainingKey.withBytes { chaining in key.withBytes { body(chaining, $0) } }
  }

  private func note(_ operation: HandshakeTrace.Operation) {
    guard let trace else { return }
    let hash = hash
    withKeysForTestsOnly { chainingKey, key in
      trace.note(
        operation, hash: hash, chainingKey: [UInt8](copying: chainingKey), key: [UInt8](copying: key))
    }
  }

  /// `Expand(k, "hs" | role | n, 80)` = ek 32 | ak 32 | iv 16.
  private func frameKeys(_ role: Role) throws(CryptographyError) -> Secret<FrameKeys> {
    var info = Label.bytes("hs")
    info.append(role.rawValue)
    info.append(bigEndian: counter)
    var keys = try Secret<FrameKeys>(in: region)
    HKDF.expand(key, info: info.span, into: &keys)
    return keys
  }
}

/// Encryption key, authentication key and IV of one sealed handshake message.
private enum FrameKeys: SecretPurpose { static let byteCount = 80 }

/// Which of the three answers to a challenge is meant.
package enum ResponseLabel: Sendable {
  case firstOfResponder, ofInitiator, secondOfResponder

  var bytes: [UInt8] {
    switch self {
    case .firstOfResponder: Label.bytes("cr R1")
    case .ofInitiator: Label.bytes("cr I")
    case .secondOfResponder: Label.bytes("cr R2")
    }
  }
}
