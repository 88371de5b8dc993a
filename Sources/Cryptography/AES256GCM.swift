internal import COpenSSL
internal import CSodium

extension RecordCipher {
  /// Suite 2, `aes256-gcm`: AES-256-GCM (NIST SP 800-38D) by OpenSSL, with the whole tag of 16 bytes.
  ///
  /// Key material is key 32 | nonce 12; it serves one record, so that no nonce ever repeats under a key.
  package static let aes256GCM = RecordCipher(
    identifier: 2,
    name: "aes256-gcm",
    keyLabel: "rec gcm",
    keyMaterialByteCount: AES256GCM.keyByteCount + AES256GCM.nonceByteCount,
    overheadByteCount: AES256GCM.tagByteCount,
    makeSealer: { (_) throws(CryptographyError) in try AES256GCMSealer() },
    makeOpener: { (_) throws(CryptographyError) in try AES256GCMOpener() })
}

private enum AES256GCM {
  static let keyByteCount = 32
  static let nonceByteCount = 12
  static let tagByteCount = 16

  /// Starts a message in `cipher`: its key and nonce, and what is authenticated beside it.
  static func start(
    _ cipher: CipherContext, _ keyMaterial: Span<UInt8>, _ associated: Span<UInt8>
  ) throws(CryptographyError) {
    guard keyMaterial.count == keyByteCount + nonceByteCount else { throw .wrongLength }
    try cipher.setKey(
      keyMaterial.extracting(first: keyByteCount), keyMaterial.extracting(droppingFirst: keyByteCount))
    var count: CInt = 0
    let status = unsafe lend(associated) {
      unsafe EVP_CipherUpdate(cipher.context, nil, &count, $0.start, CInt($0.count))
    }
    guard status == 1 else { throw .underlyingLibraryFailed }
  }
}

/// One context, re-keyed for each record.
private final class AES256GCMSealer: RecordSealer {
  private let cipher: CipherContext

  init() throws(CryptographyError) {
    cipher = try CipherContext(.aes256GCM, .encrypt)
  }

  func seal(
    _ record: inout MutableSpan<UInt8>, plaintextByteCount: Int, keyMaterial: Span<UInt8>,
    authenticating associated: Span<UInt8>
  ) throws(CryptographyError) {
    guard plaintextByteCount >= 0, plaintextByteCount <= 1 << 30, associated.count <= 1 << 30,
      record.count == plaintextByteCount + AES256GCM.tagByteCount
    else { throw .wrongLength }
    defer { cipher.forgetKey() }
    try AES256GCM.start(cipher, keyMaterial, associated)
    let isSealed = unsafe record.lend { start in
      var written: CInt = 0
      var last: CInt = 0
      let end = unsafe start + plaintextByteCount
      return unsafe EVP_EncryptUpdate(cipher.context, start, &written, start, CInt(plaintextByteCount)) == 1
        && written == plaintextByteCount
        && EVP_EncryptFinal_ex(cipher.context, end, &last) == 1
        && EVP_CIPHER_CTX_ctrl(
          cipher.context, EVP_CTRL_AEAD_GET_TAG, CInt(AES256GCM.tagByteCount), end) == 1
    }
    guard isSealed else { throw .underlyingLibraryFailed }
  }
}

/// One context, re-keyed for each record. OpenSSL compares the tag after it decrypted, so that what a forgery
/// decrypts to is zeroed here.
private final class AES256GCMOpener: RecordOpener {
  private let cipher: CipherContext

  init() throws(CryptographyError) {
    cipher = try CipherContext(.aes256GCM, .decrypt)
  }

  func open(
    _ sealed: Span<UInt8>, keyMaterial: Span<UInt8>, authenticating associated: Span<UInt8>,
    into output: inout MutableSpan<UInt8>
  ) throws(CryptographyError) -> Int {
    let count = sealed.count - AES256GCM.tagByteCount
    guard count >= 0, count <= 1 << 30 else { throw .notAuthentic }
    guard output.count >= count, associated.count <= 1 << 30 else { throw .wrongLength }
    defer { cipher.forgetKey() }
    try AES256GCM.start(cipher, keyMaterial, associated)
    let isAuthentic = unsafe output.lend { start in
      unsafe lend(sealed) { sealed in
        var written: CInt = 0
        var last: CInt = 0
        let tag = unsafe UnsafeMutablePointer(mutating: sealed.start + count)
        let isAuthentic =
          unsafe EVP_DecryptUpdate(cipher.context, start, &written, sealed.start, CInt(count)) == 1
          && written == count
          && EVP_CIPHER_CTX_ctrl(
            cipher.context, EVP_CTRL_AEAD_SET_TAG, CInt(AES256GCM.tagByteCount), tag) == 1
          && EVP_DecryptFinal_ex(cipher.context, start + count, &last) == 1
        if !isAuthentic { unsafe sodium_memzero(start, count) }
        return isAuthentic
      }
    }
    guard isAuthentic else { throw .notAuthentic }
    return count
  }
}
