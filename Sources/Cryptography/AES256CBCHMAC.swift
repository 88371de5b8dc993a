extension RecordCipher {
  /// Suite 1, `aes256-cbc-hmac-crc32`: AES-256-CBC, then HMAC-SHA256 with the whole tag of 32 bytes beside it.
  ///
  /// The CRC-32 is part of the plaintext that the protocol makes; key material is ek 32 | ak 32 | iv 16.
  package static let aes256CBCHMACCRC32 = RecordCipher(
    identifier: 1,
    name: "aes256-cbc-hmac-crc32",
    keyLabel: "rec cbc",
    keyMaterialByteCount: CBCHMACSuite.aes256SHA256.keyMaterialByteCount,
    overheadByteCount: CBCHMACSuite.blockByteCount + CBCHMACSuite.aes256SHA256.tagByteCount,
    makeSealer: { (region) throws(CryptographyError) in
      try CBCHMACSealer(.aes256SHA256, in: region)
    },
    makeOpener: { (region) throws(CryptographyError) in
      try WholeBlockPaddingOpener(.aes256SHA256, in: region)
    })
}

/// Opens records whose plaintext fills whole blocks, so that exactly one block of padding follows it.
///
/// A shorter padding is valid PKCS#7 and still nothing that an honest sender makes (PROTOCOL 1.7).
private final class WholeBlockPaddingOpener: RecordOpener {
  private let opener: CBCHMACOpener

  init(_ suite: CBCHMACSuite, in region: GuardedRegion) throws(CryptographyError) {
    opener = try CBCHMACOpener(suite, in: region)
  }

  func open(
    _ sealed: Span<UInt8>, keyMaterial: Span<UInt8>, authenticating associated: Span<UInt8>,
    into output: inout MutableSpan<UInt8>
  ) throws(CryptographyError) -> Int {
    let count = try opener.open(
      sealed, keyMaterial: keyMaterial, authenticating: associated, into: &output)
    guard count == sealed.count - RecordCipher.aes256CBCHMACCRC32.overheadByteCount else {
      output.wipe(first: count)
      throw .damagedAfterAuthentication
    }
    return count
  }
}
