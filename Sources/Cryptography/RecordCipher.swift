/// Seals records. A sealer keeps contexts, not keys: each record brings its own key material.
package protocol RecordSealer: AnyObject {
  /// Seals in place: the first `plaintextByteCount` bytes of `record` are the plaintext, and the whole of it
  /// becomes ciphertext and tag.
  ///
  /// Throws `wrongLength` unless `record` has exactly the sealed size, and the key material its own.
  func seal(
    _ record: inout MutableSpan<UInt8>, plaintextByteCount: Int, keyMaterial: Span<UInt8>,
    authenticating associated: Span<UInt8>
  ) throws(CryptographyError)
}

/// Opens records; see `RecordSealer`.
package protocol RecordOpener: AnyObject {
  /// Checks the tag of `sealed` and writes the plaintext at the front of `output`; returns its size in bytes.
  ///
  /// `output` needs room for `sealed.count` less the bytes beside the ciphertext; the whole size of `sealed` is
  /// always enough. Throws `notAuthentic`, also for a size that nothing honest has; `damagedAfterAuthentication`
  /// when the tag holds and the padding is wrong; `wrongLength` for an `output` or key material of a wrong size.
  /// When it throws, nothing of the plaintext is in `output`.
  func open(
    _ sealed: Span<UInt8>, keyMaterial: Span<UInt8>, authenticating associated: Span<UInt8>,
    into output: inout MutableSpan<UInt8>
  ) throws(CryptographyError) -> Int
}

/// A cipher suite of the record layer (PROTOCOL 1.5, 1.7): one file a suite, and one line in `builtIn`.
package struct RecordCipher: Sendable {
  /// The number that stands for it on the wire.
  package let identifier: UInt8
  package let name: String
  /// The label, without the protocol's prefix, under which a record's key material is expanded.
  package let keyLabel: String
  /// Key, nonce or IV, and what else one record needs, in bytes.
  package let keyMaterialByteCount: Int
  /// How many bytes a record is longer than its plaintext, when the plaintext fills whole blocks.
  package let overheadByteCount: Int
  /// Makes a sealer whose keyed state lives in the region.
  package let makeSealer: @Sendable (GuardedRegion) throws(CryptographyError) -> any RecordSealer
  /// Makes an opener whose keyed state lives in the region.
  package let makeOpener: @Sendable (GuardedRegion) throws(CryptographyError) -> any RecordOpener

  /// Every suite of this build.
  package static let builtIn: [RecordCipher] = [
    .aes256CBCHMACCRC32,
    .aes256GCM,
    .xchacha20Poly1305,
  ]

  /// The suite with this number, where this build has it.
  package static func withIdentifier(_ identifier: UInt8) -> RecordCipher? {
    builtIn.first { $0.identifier == identifier }
  }
}
