internal import CSodium

/// Ed25519 (RFC 8032), by libsodium: keys of small order and an S of at least L are refused.
package enum Ed25519 {
  /// The size of the seed, which is the private key, in bytes.
  package static let seedByteCount = 32
  package static let publicKeyByteCount = 32
  package static let signatureByteCount = 64

  /// The public key of a seed. Throws `wrongLength` when the purpose is not one of 32 bytes.
  package static func publicKey<Seed: SecretPurpose>(
    of seed: borrowing Secret<Seed>
  ) throws(CryptographyError) -> [UInt8] {
    try expand(seed).publicKey
  }

  /// The signature of `message`, 64 bytes; it is the same each time.
  ///
  /// The expanded key is made in a slot beside the seed, and wiped: `guardedMemoryExhausted` where the
  /// seed's region has not 64 bytes left.
  package static func sign<Seed: SecretPurpose>(
    _ message: Span<UInt8>, seed: borrowing Secret<Seed>
  ) throws(CryptographyError) -> [UInt8] {
    let pair = try expand(seed)
    return try pair.privateKey.withBytes { (key) throws(CryptographyError) -> [UInt8] in
      try unsafe publicBytes(count: signatureByteCount) { (signature) throws(CryptographyError) in
        let status = unsafe lend(message, key) { (message, key) in
          unsafe crypto_sign_ed25519_detached(
            signature, nil, message.start, UInt64(message.count), key.start)
        }
        guard status == 0 else { throw .underlyingLibraryFailed }
      }
    }
  }

  /// Throws `notAuthentic` unless `signature` is one of `message` by the owner of `publicKey`.
  package static func verify(
    _ signature: Span<UInt8>, of message: Span<UInt8>, publicKey: Span<UInt8>
  ) throws(CryptographyError) {
    try Libsodium.start()
    guard signature.count == signatureByteCount, publicKey.count == publicKeyByteCount else {
      throw .notAuthentic
    }
    let status = unsafe lend(signature, message, publicKey) { (signature, message, publicKey) in
      unsafe crypto_sign_ed25519_verify_detached(
        signature.start, message.start, UInt64(message.count), publicKey.start)
    }
    guard status == 0 else { throw .notAuthentic }
  }

  private struct KeyPair: ~Copyable {
    var publicKey: [UInt8]
    var privateKey: GuardedSlot
  }

  /// libsodium signs with the seed and the public key joined.
  private static func expand<Seed: SecretPurpose>(
    _ seed: borrowing Secret<Seed>
  ) throws(CryptographyError) -> KeyPair {
    try Libsodium.start()
    guard Seed.byteCount == seedByteCount else { throw .wrongLength }
    let privateKey = try GuardedSlot(in: seed.region, byteCount: 64)
    let publicKey = try seed.withBytes { (seed) throws(CryptographyError) -> [UInt8] in
      try unsafe publicBytes(count: publicKeyByteCount) { (output) throws(CryptographyError) in
        let status = unsafe lend(seed) {
          unsafe crypto_sign_ed25519_seed_keypair(output, privateKey.start, $0.start)
        }
        guard status == 0 else { throw .underlyingLibraryFailed }
      }
    }
    return KeyPair(publicKey: publicKey, privateKey: privateKey)
  }
}
