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
      try CBCHMACOpener(.aes256SHA256, in: region)
    })
}
