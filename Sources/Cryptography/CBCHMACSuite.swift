/// The parameters of AES-CBC with HMAC in the layout of RFC 7518, 5.2.2: the tag is HMAC over
/// associated data | IV | ciphertext | u64 bits of the associated data, cut to its size.
///
/// Key material is always encryption key | authentication key | IV.
package struct CBCHMACSuite: Sendable, Hashable {
  package enum Hash: Sendable, Hashable {
    case sha256, sha512
  }

  package let encryptionKeyByteCount: Int
  package let authenticationKeyByteCount: Int
  package let hash: Hash
  package let tagByteCount: Int

  package static let blockByteCount = 16

  /// That of this product: AES-256, HMAC-SHA256 under a key of 32 bytes, the tag whole.
  package static let aes256SHA256 = CBCHMACSuite(
    encryptionKeyByteCount: 32, authenticationKeyByteCount: 32, hash: .sha256, tagByteCount: 32)
  /// A128CBC-HS256 of RFC 7518: not used on the wire; public test values prove the shared code with it.
  package static let aes128SHA256Half = CBCHMACSuite(
    encryptionKeyByteCount: 16, authenticationKeyByteCount: 16, hash: .sha256, tagByteCount: 16)
  /// A256CBC-HS512 of RFC 7518: not used on the wire; public test values prove the shared code with it.
  package static let aes256SHA512Half = CBCHMACSuite(
    encryptionKeyByteCount: 32, authenticationKeyByteCount: 32, hash: .sha512, tagByteCount: 32)

  package var keyMaterialByteCount: Int {
    encryptionKeyByteCount + authenticationKeyByteCount + CBCHMACSuite.blockByteCount
  }

  /// The size of the ciphertext, padding included and tag not, of a plaintext of `count` bytes.
  package func ciphertextByteCount(of count: Int) -> Int {
    (count / CBCHMACSuite.blockByteCount + 1) * CBCHMACSuite.blockByteCount
  }

  /// The size of ciphertext and tag of a plaintext of `count` bytes.
  package func sealedByteCount(of count: Int) -> Int {
    ciphertextByteCount(of: count) + tagByteCount
  }

  var encryptionKey: Range<Int> { 0..<encryptionKeyByteCount }
  var authenticationKey: Range<Int> {
    encryptionKeyByteCount..<(encryptionKeyByteCount + authenticationKeyByteCount)
  }
  var initialisationVector: Range<Int> {
    (encryptionKeyByteCount + authenticationKeyByteCount)..<keyMaterialByteCount
  }
}
