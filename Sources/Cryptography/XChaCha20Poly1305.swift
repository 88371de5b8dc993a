internal import CSodium

extension RecordCipher {
  /// Suite 3, `xchacha20-poly1305`: the IETF form (draft-irtf-cfrg-xchacha-03), by libsodium, tag of 16 bytes.
  ///
  /// Key material is key 32 | nonce 24; it serves one record. libsodium keeps no state between calls.
  package static let xchacha20Poly1305 = RecordCipher(
    identifier: 3,
    name: "xchacha20-poly1305",
    keyLabel: "rec xc20",
    keyMaterialByteCount: XChaCha20Poly1305.keyByteCount + XChaCha20Poly1305.nonceByteCount,
    overheadByteCount: XChaCha20Poly1305.tagByteCount,
    makeSealer: { (_) throws(CryptographyError) in try XChaCha20Poly1305() },
    makeOpener: { (_) throws(CryptographyError) in try XChaCha20Poly1305() })
}

private final class XChaCha20Poly1305: RecordSealer, RecordOpener {
  static let keyByteCount = 32
  static let nonceByteCount = 24
  static let tagByteCount = 16

  init() throws(CryptographyError) {
    try Libsodium.start()
  }

  func seal(
    _ record: inout MutableSpan<UInt8>, plaintextByteCount: Int, keyMaterial: Span<UInt8>,
    authenticating associated: Span<UInt8>
  ) throws(CryptographyError) {
    guard plaintextByteCount >= 0, record.count - Self.tagByteCount == plaintextByteCount,
      keyMaterial.count == Self.keyByteCount + Self.nonceByteCount
    else { throw .wrongLength }
    let status = unsafe record.lend { start in
      unsafe lend(keyMaterial, associated) { (material, associated) in
        unsafe crypto_aead_xchacha20poly1305_ietf_encrypt(
          start, nil, start, UInt64(plaintextByteCount), associated.start, UInt64(associated.count), nil,
          material.start + Self.keyByteCount, material.start)
      }
    }
    guard status == 0 else { throw .underlyingLibraryFailed }
  }

  // libsodium compares the tag before it decrypts, and writes nothing but zeros where it does not hold.
  func open(
    _ sealed: Span<UInt8>, keyMaterial: Span<UInt8>, authenticating associated: Span<UInt8>,
    into output: inout MutableSpan<UInt8>
  ) throws(CryptographyError) -> Int {
    let count = sealed.count - Self.tagByteCount
    guard count >= 0 else { throw .notAuthentic }
    guard output.count >= count, keyMaterial.count == Self.keyByteCount + Self.nonceByteCount else {
      throw .wrongLength
    }
    let status = unsafe output.lend { start in
      unsafe lend(sealed, keyMaterial, associated) { (sealed, material, associated) in
        unsafe crypto_aead_xchacha20poly1305_ietf_decrypt(
          start, nil, nil, sealed.start, UInt64(sealed.count), associated.start, UInt64(associated.count),
          material.start + Self.keyByteCount, material.start)
      }
    }
    guard status == 0 else { throw .notAuthentic }
    return count
  }
}
