internal import COpenSSL

/// HKDF-SHA256 (RFC 5869); the output goes straight into guarded memory.
package enum HKDF {
  /// The most that one expansion gives, in bytes.
  package static let byteCountLimit = 255 * 32

  /// HKDF-Extract: the pseudorandom key of 32 bytes.
  package static func extract(
    salt: Span<UInt8>, inputKey: Span<UInt8>, into pseudorandomKey: inout MutableSpan<UInt8>
  ) {
    HMACSHA256.authenticate(inputKey, key: salt, into: &pseudorandomKey)
  }

  /// HKDF-Expand from bytes that the caller borrows.
  package static func expand(
    _ pseudorandomKey: Span<UInt8>, info: Span<UInt8>, into output: inout MutableSpan<UInt8>
  ) {
    precondition(output.count <= byteCountLimit, "HKDF-SHA256 gives at most 8160 bytes")
    let count = output.count
    unsafe output.lend { output in
      unsafe lend(pseudorandomKey, info) { (key, info) in
        unsafe sc_hkdf_sha256_expand_once(
          key.start, key.count, info.start, info.count, output, count)
      }
    }
  }

  /// HKDF-Expand from one secret into another.
  package static func expand<Source: SecretPurpose, Target: SecretPurpose>(
    _ pseudorandomKey: borrowing Secret<Source>, info: Span<UInt8>, into output: inout Secret<Target>
  ) {
    pseudorandomKey.withBytes { key in
      output.withMutableBytes { expand(key, info: info, into: &$0) }
    }
  }

  /// HKDF whole: extract, then expand.
  package static func derive(
    salt: Span<UInt8>, inputKey: Span<UInt8>, info: Span<UInt8>, into output: inout MutableSpan<UInt8>
  ) {
    precondition(output.count <= byteCountLimit, "HKDF-SHA256 gives at most 8160 bytes")
    let count = output.count
    unsafe output.lend { output in
      unsafe lend(salt, inputKey, info) { (salt, key, info) in
        unsafe sc_hkdf_sha256_once(
          salt.start, salt.count, key.start, key.count, info.start, info.count, output, count)
      }
    }
  }
}
