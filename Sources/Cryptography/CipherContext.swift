internal import COpenSSL

/// One OpenSSL cipher context in one direction, fetched once and re-keyed for each message.
///
/// Not Sendable: it belongs to whatever drives it. The key schedule is the one keyed state outside guarded memory,
/// since OpenSSL keeps it in its own heap; its owner overwrites it after each message.
@safe final class CipherContext {
  enum Algorithm: CaseIterable {
    case aes128CBC, aes256CBC, aes256GCM
  }

  enum Direction {
    case encrypt, decrypt
  }

  let context: OpaquePointer
  private let direction: Direction
  private let vectorByteCount: Int
  private let zeros: [UInt8]

  /// Throws `underlyingLibraryFailed` where OpenSSL does not have the cipher, or no memory.
  init(_ algorithm: Algorithm, _ direction: Direction) throws(CryptographyError) {
    guard let cipher = unsafe CipherContext.fetched[algorithm] ?? nil,
      let context = unsafe EVP_CIPHER_CTX_new()
    else { throw .underlyingLibraryFailed }
    unsafe self.context = context
    self.direction = direction
    unsafe vectorByteCount = Int(EVP_CIPHER_get_iv_length(cipher))
    unsafe zeros = [UInt8](repeating: 0, count: Int(EVP_CIPHER_get_key_length(cipher)))
    let status =
      switch direction {
      case .encrypt: unsafe EVP_EncryptInit_ex2(context, cipher, nil, nil, nil)
      case .decrypt: unsafe EVP_DecryptInit_ex2(context, cipher, nil, nil, nil)
      }
    guard status == 1 else { throw .underlyingLibraryFailed }
  }

  deinit {
    unsafe EVP_CIPHER_CTX_free(context)
  }

  /// Starts a message under a key and an IV or nonce.
  ///
  /// Throws `wrongLength` unless they have the cipher's own sizes.
  func setKey(_ key: Span<UInt8>, _ vector: Span<UInt8>) throws(CryptographyError) {
    guard key.count == zeros.count, vector.count == vectorByteCount else { throw .wrongLength }
    let status = unsafe lend(key, vector) { (key, vector) in
      switch direction {
      case .encrypt: unsafe EVP_EncryptInit_ex2(context, nil, key.start, vector.start, nil)
      case .decrypt: unsafe EVP_DecryptInit_ex2(context, nil, key.start, vector.start, nil)
      }
    }
    guard status == 1 else { throw .underlyingLibraryFailed }
  }

  /// Overwrites the key schedule with that of zeros: a key serves one message and must not be found later.
  func forgetKey() {
    // A failure leaves the context keyed until the next message or its end; there is nothing better to do.
    let zeros = zeros
    try? setKey(zeros.span, zeros.span.extracting(first: vectorByteCount))
  }

  private nonisolated(unsafe) static let fetched: [Algorithm: OpaquePointer?] = unsafe [
    .aes128CBC: EVP_CIPHER_fetch(nil, "AES-128-CBC", nil),
    .aes256CBC: EVP_CIPHER_fetch(nil, "AES-256-CBC", nil),
    .aes256GCM: EVP_CIPHER_fetch(nil, "AES-256-GCM", nil),
  ]
}
