internal import CSodium
internal import Crypto

/// HPKE (RFC 9180) in base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and ChaCha20-Poly1305, by swift-crypto.
///
/// One message a call. swift-crypto does not refuse an all-zero shared secret, so a public key of small order is
/// refused here, on both sides.
package enum HPKESealing {
  /// The encapsulated key and the tag: how much longer the sealed form is, in bytes.
  package static let overheadByteCount = encapsulatedKeyByteCount + 16
  package static let encapsulatedKeyByteCount = 32

  /// The encapsulated key of 32 bytes, then the ciphertext with its tag of 16.
  ///
  /// Throws `weakShare` for a public key of small order, `wrongLength` for one that has not 32 bytes. The library's
  /// own copies of the shared secret are zeroed by it as far as Swift lets it; the plaintext is read in place.
  package static func seal(
    _ plaintext: Span<UInt8>, to publicKey: Span<UInt8>, info: Span<UInt8>,
    authenticating associated: Span<UInt8>
  ) throws(CryptographyError) -> [UInt8] {
    try X25519.requireFullOrder(publicKey)
    do {
      return try unsafe lend(plaintext, publicKey, info, associated) {
        (plaintext, publicKey, info, associated) in
        let key = try unsafe Curve25519.KeyAgreement.PublicKey(
          rawRepresentation: publicKey.raw)
        var sender = try unsafe HPKE.Sender(recipientKey: key, ciphersuite: suite, info: bytes(info))
        let sealed = try unsafe sender.seal(
          plaintext.raw, authenticating: associated.raw)
        return [UInt8](sender.encapsulatedKey) + [UInt8](sealed)
      }
    } catch {
      throw .underlyingLibraryFailed
    }
  }

  /// Writes the plaintext of what `seal` made, 48 bytes less, into `output`.
  ///
  /// Throws `notAuthentic` when it was not sealed to this key with this info and associated data, `wrongLength`
  /// when a size does not fit. swift-crypto hands the plaintext out in ordinary memory that it does not zero.
  package static func open<Private: SecretPurpose>(
    _ sealed: Span<UInt8>, privateKey: borrowing Secret<Private>, info: Span<UInt8>,
    authenticating associated: Span<UInt8>, into output: inout MutableSpan<UInt8>
  ) throws(CryptographyError) {
    guard Private.byteCount == X25519.byteCount, sealed.count - overheadByteCount == output.count else {
      throw .wrongLength
    }
    let encapsulated = sealed.extracting(first: encapsulatedKeyByteCount)
    let ciphertext = sealed.extracting(encapsulatedKeyByteCount..<sealed.count)
    do throws(CryptographyError) {
      try X25519.requireFullOrder(encapsulated)
    } catch .weakShare {
      throw .notAuthentic
    }
    var opened: [UInt8]
    do {
      opened = try privateKey.withBytes { privateKey in
        try unsafe lend(privateKey, encapsulated, ciphertext, info) {
          (privateKey, encapsulated, ciphertext, info) in
          let key = try unsafe Curve25519.KeyAgreement.PrivateKey(
            rawRepresentation: privateKey.raw)
          var recipient = try unsafe HPKE.Recipient(
            privateKey: key, ciphersuite: suite, info: bytes(info), encapsulatedKey: bytes(encapsulated))
          return try unsafe lend(associated) {
            try unsafe [UInt8](
              recipient.open(ciphertext.raw, authenticating: $0.raw))
          }
        }
      }
    } catch {
      throw .notAuthentic
    }
    guard opened.count == output.count else { throw .underlyingLibraryFailed }
    output.copy(opened.span)
    unsafe opened.withUnsafeMutableBytes { unsafe sodium_memzero($0.baseAddress, $0.count) }
  }

  private static let suite = HPKE.Ciphersuite(
    kem: .Curve25519_HKDF_SHA256, kdf: .HKDF_SHA256, aead: .chaChaPoly)

  /// The byte collection that swift-crypto's signatures ask for (Foundation's), without importing it here.
  private static func bytes<Bytes: RangeReplaceableCollection>(_ bytes: LentBytes) -> Bytes
  where Bytes.Element == UInt8 {
    unsafe Bytes(bytes.raw)
  }
}
