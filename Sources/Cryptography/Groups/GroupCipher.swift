internal import Crypto

/// The AEADs of the suites (RFC 5116, RFC 8439), by swift-crypto: nonces of 12 bytes, tags of 16.
enum GroupCipher: Hashable, Sendable {
  case aes128GCM, aes256GCM, chaCha20Poly1305

  var keyByteCount: Int {
    switch self {
    case .aes128GCM: 16
    case .aes256GCM, .chaCha20Poly1305: 32
    }
  }

  /// Ciphertext, then the tag.
  func seal(
    _ plaintext: Span<UInt8>, key: Span<UInt8>, nonce: Span<UInt8>, authenticating associated: Span<UInt8>
  ) throws(CryptographyError) -> [UInt8] {
    do {
      return try unsafe lend(plaintext, key, nonce, associated) { (plaintext, key, nonce, associated) in
        let key = unsafe SymmetricKey(data: key.raw)
        switch self {
        case .aes128GCM, .aes256GCM:
          let box = try unsafe AES.GCM.seal(
            plaintext.raw, using: key, nonce: AES.GCM.Nonce(data: nonce.raw), authenticating: associated.raw)
          return [UInt8](box.ciphertext) + [UInt8](box.tag)
        case .chaCha20Poly1305:
          let box = try unsafe ChaChaPoly.seal(
            plaintext.raw, using: key, nonce: ChaChaPoly.Nonce(data: nonce.raw),
            authenticating: associated.raw)
          return [UInt8](box.ciphertext) + [UInt8](box.tag)
        }
      }
    } catch {
      throw .underlyingLibraryFailed
    }
  }

  /// The plaintext; `notAuthentic` when the tag does not hold, also for fewer bytes than a tag has.
  func open(
    _ sealed: Span<UInt8>, key: Span<UInt8>, nonce: Span<UInt8>, authenticating associated: Span<UInt8>
  ) throws(CryptographyError) -> [UInt8] {
    guard sealed.count >= 16 else { throw .notAuthentic }
    do {
      return try unsafe lend(sealed, key, nonce, associated) { (sealed, key, nonce, associated) in
        let key = unsafe SymmetricKey(data: key.raw)
        let ciphertext = unsafe UnsafeRawBufferPointer(rebasing: sealed.raw.dropLast(16))
        let tag = unsafe UnsafeRawBufferPointer(rebasing: sealed.raw.suffix(16))
        switch self {
        case .aes128GCM, .aes256GCM:
          let box = try unsafe AES.GCM.SealedBox(
            nonce: AES.GCM.Nonce(data: nonce.raw), ciphertext: ciphertext, tag: tag)
          return try unsafe [UInt8](AES.GCM.open(box, using: key, authenticating: associated.raw))
        case .chaCha20Poly1305:
          let box = try unsafe ChaChaPoly.SealedBox(
            nonce: ChaChaPoly.Nonce(data: nonce.raw), ciphertext: ciphertext, tag: tag)
          return try unsafe [UInt8](ChaChaPoly.open(box, using: key, authenticating: associated.raw))
        }
      }
    } catch {
      throw .notAuthentic
    }
  }
}
