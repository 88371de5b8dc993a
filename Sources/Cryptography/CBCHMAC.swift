internal import COpenSSL
internal import CSodium

/// Seals with AES-CBC (PKCS#7), then HMAC. One context, re-keyed for each message; see `CBCHMACSuite`.
///
/// Not Sendable: it belongs to whatever drives it.
package final class CBCHMACSealer: RecordSealer {
  package let suite: CBCHMACSuite
  private let cipher: CipherContext
  private var mac: CBCTag

  /// Throws `guardedMemoryExhausted` where the region has not about 1 kB left, `underlyingLibraryFailed` without AES-CBC.
  package init(_ suite: CBCHMACSuite, in region: GuardedRegion) throws(CryptographyError) {
    self.suite = suite
    cipher = try CipherContext(suite, .encrypt)
    mac = try CBCTag(suite.hash, in: region)
  }

  package func seal(
    _ record: inout MutableSpan<UInt8>, plaintextByteCount: Int, keyMaterial: Span<UInt8>,
    authenticating associated: Span<UInt8>
  ) throws(CryptographyError) {
    guard plaintextByteCount >= 0, plaintextByteCount <= 1 << 30,
      record.count == suite.sealedByteCount(of: plaintextByteCount),
      keyMaterial.count == suite.keyMaterialByteCount
    else { throw .wrongLength }
    let initialisationVector = keyMaterial.extracting(suite.initialisationVector)
    let ciphertextByteCount = suite.ciphertextByteCount(of: plaintextByteCount)
    let tagByteCount = suite.tagByteCount

    defer { cipher.forgetKey() }
    try cipher.setKey(keyMaterial.extracting(suite.encryptionKey), initialisationVector)
    try unsafe record.lend { (start) throws(CryptographyError) in
      try unsafe cipher.encryptInPlace(start, plaintextByteCount, expecting: ciphertextByteCount)
      let ciphertext = unsafe UnsafeBufferPointer(start: start, count: ciphertextByteCount)
      let tag = unsafe mac.tag(
        key: keyMaterial.extracting(suite.authenticationKey), associated, initialisationVector,
        ciphertext.span)
      unsafe (start + ciphertextByteCount).update(from: tag, count: tagByteCount)
    }
  }

  /// The sealed form of `plaintext`, as a new public value.
  package func seal(
    _ plaintext: Span<UInt8>, keyMaterial: Span<UInt8>, authenticating associated: Span<UInt8>
  ) throws(CryptographyError) -> [UInt8] {
    guard plaintext.count <= 1 << 30 else { throw .wrongLength }
    var sealed = [UInt8](repeating: 0, count: suite.sealedByteCount(of: plaintext.count))
    var record = sealed.mutableSpan
    record.copy(plaintext)
    try seal(
      &record, plaintextByteCount: plaintext.count, keyMaterial: keyMaterial, authenticating: associated)
    return sealed
  }
}

/// Opens what `CBCHMACSealer` sealed. The tag is compared, in constant time, before anything is decrypted.
package final class CBCHMACOpener: RecordOpener {
  package let suite: CBCHMACSuite
  private let cipher: CipherContext
  private var mac: CBCTag

  /// Throws `guardedMemoryExhausted` where the region has not about 1 kB left, `underlyingLibraryFailed` without AES-CBC.
  package init(_ suite: CBCHMACSuite, in region: GuardedRegion) throws(CryptographyError) {
    self.suite = suite
    cipher = try CipherContext(suite, .decrypt)
    mac = try CBCTag(suite.hash, in: region)
  }

  package func open(
    _ sealed: Span<UInt8>, keyMaterial: Span<UInt8>, authenticating associated: Span<UInt8>,
    into output: inout MutableSpan<UInt8>
  ) throws(CryptographyError) -> Int {
    let block = CBCHMACSuite.blockByteCount
    let count = sealed.count - suite.tagByteCount
    // OpenSSL without padding does not refuse a cut block by itself: the length is checked here.
    guard count > 0, count.isMultiple(of: block), count <= 1 << 30 else { throw .notAuthentic }
    guard keyMaterial.count == suite.keyMaterialByteCount, output.count >= count else { throw .wrongLength }
    let ciphertext = sealed.extracting(0..<count)
    let initialisationVector = keyMaterial.extracting(suite.initialisationVector)

    let tag = unsafe mac.tag(
      key: keyMaterial.extracting(suite.authenticationKey), associated, initialisationVector, ciphertext)
    let difference = unsafe lend(sealed.extracting(count..<sealed.count)) {
      unsafe sodium_memcmp(tag, $0.start, $0.count)
    }
    guard difference == 0 else { throw .notAuthentic }

    defer { cipher.forgetKey() }
    try cipher.setKey(keyMaterial.extracting(suite.encryptionKey), initialisationVector)
    return try unsafe output.lend { (start) throws(CryptographyError) -> Int in
      do throws(CryptographyError) {
        try unsafe cipher.decrypt(ciphertext, into: start)
        return try unsafe count - CBCHMACOpener.padding(UnsafeBufferPointer(start: start, count: count).span)
      } catch {
        unsafe sodium_memzero(start, count)
        throw error
      }
    }
  }

  /// How many bytes of PKCS#7 padding stand at the end; every byte of the last block is looked at each time.
  private static func padding(_ plaintext: Span<UInt8>) throws(CryptographyError) -> Int {
    let block = CBCHMACSuite.blockByteCount
    let padding = Int(plaintext[plaintext.count - 1])
    var wrong = padding == 0 || padding > block ? 1 : 0
    for distance in 1...block {
      let isPadding = distance <= padding ? 1 : 0
      let differs = Int(plaintext[plaintext.count - distance]) == padding ? 0 : 1
      wrong |= isPadding & differs
    }
    guard wrong == 0 else { throw .damagedAfterAuthentication }
    return padding
  }
}

extension CipherContext {
  /// A context of AES-CBC with the key size of `suite`.
  fileprivate convenience init(_ suite: CBCHMACSuite, _ direction: Direction) throws(CryptographyError) {
    try self.init(suite.encryptionKeyByteCount == 16 ? .aes128CBC : .aes256CBC, direction)
    // Padding off when opening: it is judged here, after the tag, and told apart from a wrong tag.
    if direction == .decrypt, unsafe EVP_CIPHER_CTX_set_padding(context, 0) != 1 {
      throw .underlyingLibraryFailed
    }
  }

  fileprivate func encryptInPlace(
    _ start: UnsafeMutablePointer<UInt8>, _ count: Int, expecting ciphertextByteCount: Int
  ) throws(CryptographyError) {
    var written: CInt = 0
    var last: CInt = 0
    guard unsafe EVP_EncryptUpdate(context, start, &written, start, CInt(count)) == 1,
      unsafe EVP_EncryptFinal_ex(context, start + Int(written), &last) == 1,
      Int(written) + Int(last) == ciphertextByteCount
    else { throw .underlyingLibraryFailed }
  }

  fileprivate func decrypt(
    _ ciphertext: Span<UInt8>, into start: UnsafeMutablePointer<UInt8>
  ) throws(CryptographyError) {
    var written: CInt = 0
    let status = unsafe lend(ciphertext) {
      unsafe EVP_DecryptUpdate(context, start, &written, $0.start, CInt($0.count))
    }
    guard status == 1, Int(written) == ciphertext.count else { throw .underlyingLibraryFailed }
  }
}

/// The tag of RFC 7518's layout; its keyed state and the tags that it makes lie in guarded memory.
private struct CBCTag: ~Copyable {
  private let hash: CBCHMACSuite.Hash
  private let slot: GuardedSlot
  private let stateByteCount: Int

  init(_ hash: CBCHMACSuite.Hash, in region: GuardedRegion) throws(CryptographyError) {
    self.hash = hash
    switch hash {
    case .sha256: stateByteCount = MemoryLayout<sc_hmac_sha256>.size
    case .sha512: stateByteCount = MemoryLayout<sc_hmac_sha512>.size
    }
    slot = try GuardedSlot(in: region, byteCount: stateByteCount + SHA512Hash.byteCount)
  }

  /// The tag, uncut, in this slot: valid until the next call, and never public before it has been compared.
  mutating func tag(
    key: Span<UInt8>, _ associated: Span<UInt8>, _ initialisationVector: Span<UInt8>,
    _ ciphertext: Span<UInt8>
  ) -> UnsafeMutablePointer<UInt8> {
    let tag = unsafe slot.start + stateByteCount
    var bits = UInt64(associated.count * 8).bigEndian
    unsafe withUnsafeBytes(of: &bits) { bits in
      let bits = unsafe LentBytes(bits.bindMemory(to: UInt8.self))
      unsafe lend(key, associated, initialisationVector, ciphertext) {
        (key, associated, vector, ciphertext) in
        let state = unsafe UnsafeMutableRawPointer(slot.start)
        switch hash {
        case .sha256:
          let state = unsafe state.assumingMemoryBound(to: sc_hmac_sha256.self)
          unsafe sc_hmac_sha256_set_key(state, key.start, key.count)
          unsafe sc_hmac_sha256_update(state, associated.start, associated.count)
          unsafe sc_hmac_sha256_update(state, vector.start, vector.count)
          unsafe sc_hmac_sha256_update(state, ciphertext.start, ciphertext.count)
          unsafe sc_hmac_sha256_update(state, bits.start, bits.count)
          unsafe sc_hmac_sha256_finish(state, tag)
        case .sha512:
          let state = unsafe state.assumingMemoryBound(to: sc_hmac_sha512.self)
          unsafe sc_hmac_sha512_set_key(state, key.start, key.count)
          unsafe sc_hmac_sha512_update(state, associated.start, associated.count)
          unsafe sc_hmac_sha512_update(state, vector.start, vector.count)
          unsafe sc_hmac_sha512_update(state, ciphertext.start, ciphertext.count)
          unsafe sc_hmac_sha512_update(state, bits.start, bits.count)
          unsafe sc_hmac_sha512_finish(state, tag)
        }
      }
    }
    return unsafe tag
  }
}
