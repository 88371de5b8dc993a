/// A cipher suite of MLS (RFC 9420, 17.1): its hash, AEAD, KEM and signature scheme, composed of vetted libraries.
///
/// Suites 4 and 6 (X448, Ed448) are not here: no library that is used has them.
package struct GroupSuite: Hashable, Sendable {
  /// The number on the wire.
  package let identifier: UInt16
  let hashFunction: GroupHash
  let cipher: GroupCipher
  let keyAgreement: GroupKeyAgreement
  let signature: GroupSignature

  /// MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519: the default.
  package static let x25519AES128 = GroupSuite(
    identifier: 1, hashFunction: .sha256, cipher: .aes128GCM, keyAgreement: .x25519, signature: .ed25519)
  /// MLS_128_DHKEMP256_AES128GCM_SHA256_P256.
  package static let p256AES128 = GroupSuite(
    identifier: 2, hashFunction: .sha256, cipher: .aes128GCM, keyAgreement: .p256, signature: .p256)
  /// MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519.
  package static let x25519ChaCha = GroupSuite(
    identifier: 3, hashFunction: .sha256, cipher: .chaCha20Poly1305, keyAgreement: .x25519,
    signature: .ed25519)
  /// MLS_256_DHKEMP521_AES256GCM_SHA512_P521.
  package static let p521AES256 = GroupSuite(
    identifier: 5, hashFunction: .sha512, cipher: .aes256GCM, keyAgreement: .p521, signature: .p521)
  /// MLS_256_DHKEMP384_AES256GCM_SHA384_P384.
  package static let p384AES256 = GroupSuite(
    identifier: 7, hashFunction: .sha384, cipher: .aes256GCM, keyAgreement: .p384, signature: .p384)

  /// Every suite that the code can follow; which may be used is the policy's business.
  package static let all = [x25519AES128, p256AES128, x25519ChaCha, p521AES256, p384AES256]

  /// The suite of a number on the wire; nil for one that is not here.
  package static func numbered(_ identifier: UInt16) -> GroupSuite? {
    all.first { $0.identifier == identifier }
  }

  /// Nh: the size of a hash, a MAC and every secret of the key schedule, in bytes.
  package var hashByteCount: Int { hashFunction.byteCount }
  /// Nk: the size of an AEAD key, in bytes.
  package var keyByteCount: Int { cipher.keyByteCount }
  /// Nn: the size of a nonce, in bytes.
  package var nonceByteCount: Int { 12 }
  /// The size of an AEAD tag, in bytes.
  package var tagByteCount: Int { 16 }
  /// The size of a KEM's private key, in bytes.
  package var privateKeyByteCount: Int { keyAgreement.privateKeyByteCount }
  /// The size of a signature's private key, in bytes.
  package var signatureKeyByteCount: Int { signature.privateKeyByteCount }
}

extension GroupSuite {
  /// The digest of public bytes.
  package func hash(_ bytes: [UInt8]) -> [UInt8] {
    hashFunction.hash(bytes.span)
  }

  /// HKDF-Extract (RFC 5869, 2.2).
  package func extract(salt: GroupSecret, inputKey: GroupSecret) throws(CryptographyError) -> GroupSecret {
    try GroupSecret(byteCount: hashByteCount, in: inputKey.slab) { (output) throws(CryptographyError) in
      salt.withBytes { salt in
        inputKey.withBytes { inputKey in hashFunction.authenticate(inputKey, Span(), key: salt, into: &output)
        }
      }
    }
  }

  /// HKDF-Expand (RFC 5869, 2.3); at most 255 hashes' worth of bytes, `wrongLength` beyond.
  package func expand(
    _ secret: GroupSecret, info: [UInt8], byteCount: Int
  ) throws(CryptographyError) -> GroupSecret {
    guard byteCount >= 0, byteCount <= 255 * hashByteCount else { throw .wrongLength }
    return try GroupSecret(byteCount: byteCount, in: secret.slab) { (output) throws(CryptographyError) in
      secret.withBytes { hashFunction.expand($0, info: info.span, into: &output) }
    }
  }

  /// HMAC of public bytes, a public value.
  package func authenticate(_ message: [UInt8], key: GroupSecret) -> [UInt8] {
    var tag = [UInt8](repeating: 0, count: hashByteCount)
    var span = tag.mutableSpan
    key.withBytes { hashFunction.authenticate(message.span, Span(), key: $0, into: &span) }
    return tag
  }

  /// Throws `notAuthentic` unless `tag` is the HMAC of `message`.
  package func verify(_ tag: [UInt8], of message: [UInt8], key: GroupSecret) throws(CryptographyError) {
    let expected = authenticate(message, key: key)
    try ConstantTime.requireEqual(tag.span, expected.span)
  }

  /// Ciphertext and tag. Throws `wrongLength` for a key or nonce of another size.
  package func seal(
    _ plaintext: [UInt8], key: GroupSecret, nonce: [UInt8], authenticating associated: [UInt8]
  ) throws(CryptographyError) -> [UInt8] {
    guard key.byteCount == keyByteCount, nonce.count == nonceByteCount else { throw .wrongLength }
    return try key.withBytes { (key) throws(CryptographyError) in
      try cipher.seal(plaintext.span, key: key, nonce: nonce.span, authenticating: associated.span)
    }
  }

  /// The plaintext of `sealed`. Throws `notAuthentic` when the tag does not hold.
  package func open(
    _ sealed: [UInt8], key: GroupSecret, nonce: [UInt8], authenticating associated: [UInt8]
  ) throws(CryptographyError) -> [UInt8] {
    guard key.byteCount == keyByteCount, nonce.count == nonceByteCount else { throw .wrongLength }
    return try key.withBytes { (key) throws(CryptographyError) in
      try cipher.open(sealed.span, key: key, nonce: nonce.span, authenticating: associated.span)
    }
  }

  /// The public key of a signature's private key.
  package func signaturePublicKey(of privateKey: GroupSecret) throws(CryptographyError) -> [UInt8] {
    try signature.publicKey(of: privateKey)
  }

  /// A fresh private key for signatures.
  package func freshSignatureKey(
    in slab: SecretSlab, from entropy: any EntropySource
  ) throws(CryptographyError) -> GroupSecret {
    let candidate = try GroupSecret.random(byteCount: hashByteCount, in: slab, from: entropy)
    switch signature {
    case .ed25519: return candidate
    // A scalar in range, found as the KEM of the same curve finds its own.
    case .p256, .p384, .p521: return try deriveKeyPair(candidate).privateKey
    }
  }

  /// The signature of `message`.
  package func sign(_ message: [UInt8], privateKey: GroupSecret) throws(CryptographyError) -> [UInt8] {
    try signature.sign(message.span, privateKey: privateKey)
  }

  /// Throws `notAuthentic` unless `signature` is one of `message` by the owner of `publicKey`.
  package func verify(
    signature bytes: [UInt8], of message: [UInt8], publicKey: [UInt8]
  ) throws(CryptographyError) {
    try signature.verify(bytes.span, of: message.span, publicKey: publicKey.span)
  }
}
