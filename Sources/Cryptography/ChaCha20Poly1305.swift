internal import CSodium

/// ChaCha20-Poly1305 with a nonce of 12 bytes (RFC 8439), by libsodium.
///
/// One key seals one message with one nonce; the log draws a key for each record and uses zeros (LOG 4).
package enum ChaCha20Poly1305 {
  package static let keyByteCount = 32
  package static let nonceByteCount = 12
  package static let tagByteCount = 16

  /// Writes ciphertext and tag, 16 bytes more than the plaintext, into `output`.
  ///
  /// Throws `wrongLength` when a length does not fit.
  package static func seal<Key: SecretPurpose>(
    _ plaintext: Span<UInt8>, key: borrowing Secret<Key>, nonce: Span<UInt8>,
    authenticating associated: Span<UInt8>, into output: inout MutableSpan<UInt8>
  ) throws(CryptographyError) {
    try Libsodium.start()
    guard Key.byteCount == keyByteCount, nonce.count == nonceByteCount,
      output.count - tagByteCount == plaintext.count
    else { throw .wrongLength }
    let status = key.withBytes { key in
      unsafe output.lend { output in
        unsafe lend(plaintext, key, nonce, associated) { (plaintext, key, nonce, associated) in
          unsafe crypto_aead_chacha20poly1305_ietf_encrypt(
            output, nil, plaintext.start, UInt64(plaintext.count), associated.start,
            UInt64(associated.count), nil, nonce.start, key.start)
        }
      }
    }
    guard status == 0 else { throw .underlyingLibraryFailed }
  }

  /// Checks the tag and writes the plaintext, 16 bytes less than `sealed`, into `output`.
  ///
  /// Throws `notAuthentic` when the tag does not hold (the output is zeros then), `wrongLength` when a length
  /// does not fit.
  package static func open<Key: SecretPurpose>(
    _ sealed: Span<UInt8>, key: borrowing Secret<Key>, nonce: Span<UInt8>,
    authenticating associated: Span<UInt8>, into output: inout MutableSpan<UInt8>
  ) throws(CryptographyError) {
    try Libsodium.start()
    guard Key.byteCount == keyByteCount, nonce.count == nonceByteCount,
      sealed.count - tagByteCount == output.count
    else { throw .wrongLength }
    let status = key.withBytes { key in
      unsafe output.lend { output in
        unsafe lend(sealed, key, nonce, associated) { (sealed, key, nonce, associated) in
          unsafe crypto_aead_chacha20poly1305_ietf_decrypt(
            output, nil, nil, sealed.start, UInt64(sealed.count), associated.start,
            UInt64(associated.count), nonce.start, key.start)
        }
      }
    }
    guard status == 0 else { throw .notAuthentic }
  }
}
