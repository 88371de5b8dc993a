internal import CSodium

/// X25519 (RFC 7748), by libsodium, whose return code says when the shared secret is zero.
///
/// swift-crypto accepts an all-zero result and is never used for this.
package enum X25519 {
  /// The size of a private key, a public key and a shared secret, in bytes.
  package static let byteCount = 32

  /// The public key of a private one; 32 bytes, clamped by the function as the RFC says.
  ///
  /// Throws `wrongLength` when the purpose is not one of 32 bytes.
  package static func publicKey<Private: SecretPurpose>(
    of privateKey: borrowing Secret<Private>
  ) throws(CryptographyError) -> [UInt8] {
    try Libsodium.start()
    guard Private.byteCount == byteCount else { throw .wrongLength }
    return try privateKey.withBytes { (privateKey) throws(CryptographyError) -> [UInt8] in
      try unsafe publicBytes(count: byteCount) { (output) throws(CryptographyError) in
        let status = unsafe lend(privateKey) { unsafe crypto_scalarmult_curve25519_base(output, $0.start) }
        guard status == 0 else { throw .underlyingLibraryFailed }
      }
    }
  }

  /// Writes the shared secret into 32 bytes.
  ///
  /// Throws `weakShare` when it is zero (the public key has small order: RFC 7748, 6.1), `wrongLength` for a
  /// key or an output that has not 32 bytes. When it throws, the output is zeros.
  package static func sharedSecret<Private: SecretPurpose>(
    private privateKey: borrowing Secret<Private>, public publicKey: Span<UInt8>,
    into output: inout MutableSpan<UInt8>
  ) throws(CryptographyError) {
    try Libsodium.start()
    guard Private.byteCount == byteCount, publicKey.count == byteCount, output.count == byteCount else {
      throw .wrongLength
    }
    try privateKey.withBytes { (privateKey) throws(CryptographyError) in
      try unsafe output.lend { (output) throws(CryptographyError) in
        let status = unsafe lend(privateKey, publicKey) { (privateKey, publicKey) in
          unsafe crypto_scalarmult_curve25519(output, privateKey.start, publicKey.start)
        }
        guard status == 0 else {
          unsafe sodium_memzero(output, byteCount)
          throw .weakShare
        }
      }
    }
  }

  /// Writes the shared secret into a secret of 32 bytes; throws as the other form does.
  package static func sharedSecret<Private: SecretPurpose, Shared: SecretPurpose>(
    private privateKey: borrowing Secret<Private>, public publicKey: Span<UInt8>,
    into output: inout Secret<Shared>
  ) throws(CryptographyError) {
    try output.withMutableBytes { (output) throws(CryptographyError) in
      try sharedSecret(private: privateKey, public: publicKey, into: &output)
    }
  }

  /// Throws `weakShare` for a public key of small order, whose shared secret with anyone is zero.
  package static func requireFullOrder(_ publicKey: Span<UInt8>) throws(CryptographyError) {
    try Libsodium.start()
    guard publicKey.count == byteCount else { throw .wrongLength }
    // Any scalar shows it, since clamping makes each a multiple of the cofactor; this one is public.
    let scalar = [UInt8](repeating: 1, count: byteCount)
    var product = [UInt8](repeating: 0, count: byteCount)
    var output = product.mutableSpan
    let status = unsafe output.lend { output in
      unsafe lend(scalar.span, publicKey) { (scalar, publicKey) in
        unsafe crypto_scalarmult_curve25519(output, scalar.start, publicKey.start)
      }
    }
    guard status == 0 else { throw .weakShare }
  }
}
