internal import CSodium

/// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) of whole messages, by libsodium; its nonce of 24 bytes may be random.
package enum XChaCha20Sealing {
  package static let keyByteCount = 32
  package static let nonceByteCount = 24
  package static let tagByteCount = 16

  /// Ciphertext and tag, 16 bytes more than the plaintext. Throws `wrongLength` for a key or nonce of another size.
  package static func seal(
    _ plaintext: Span<UInt8>, key: Span<UInt8>, nonce: Span<UInt8>, authenticating associated: Span<UInt8>
  ) throws(CryptographyError) -> [UInt8] {
    try Libsodium.start()
    guard key.count == keyByteCount, nonce.count == nonceByteCount else { throw .wrongLength }
    var sealed = [UInt8](repeating: 0, count: plaintext.count + tagByteCount)
    var span = sealed.mutableSpan
    let status = unsafe span.lend { output in
      unsafe lend(plaintext, key, nonce, associated) { (plaintext, key, nonce, associated) in
        unsafe crypto_aead_xchacha20poly1305_ietf_encrypt(
          output, nil, plaintext.start, UInt64(plaintext.count), associated.start, UInt64(associated.count),
          nil, nonce.start, key.start)
      }
    }
    guard status == 0 else { throw .underlyingLibraryFailed }
    return sealed
  }

  /// The plaintext, which is public to whoever holds the key: not for secrets. Throws `notAuthentic` when the tag does
  /// not hold, also for fewer bytes than a tag has.
  package static func open(
    _ sealed: Span<UInt8>, key: Span<UInt8>, nonce: Span<UInt8>, authenticating associated: Span<UInt8>
  ) throws(CryptographyError) -> [UInt8] {
    try Libsodium.start()
    guard key.count == keyByteCount, nonce.count == nonceByteCount else { throw .wrongLength }
    guard sealed.count >= tagByteCount else { throw .notAuthentic }
    var opened = [UInt8](repeating: 0, count: sealed.count - tagByteCount)
    var span = opened.mutableSpan
    let status = unsafe span.lend { output in
      unsafe lend(sealed, key, nonce, associated) { (sealed, key, nonce, associated) in
        unsafe crypto_aead_xchacha20poly1305_ietf_decrypt(
          output, nil, nil, sealed.start, UInt64(sealed.count), associated.start, UInt64(associated.count),
          nonce.start, key.start)
      }
    }
    guard status == 0 else { throw .notAuthentic }
    return opened
  }
}
