internal import CSodium

/// Argon2id 1.3 (RFC 9106) with one lane, by libsodium: from a password to a key.
///
/// Takes tens of milliseconds and much memory on purpose; never call it on an event loop.
package enum Argon2id {
  /// The size of a salt in bytes.
  package static let saltByteCount = 16

  /// How much work a derivation is.
  package struct Cost: Sendable, Hashable {
    package let passes: Int
    package let memoryByteCount: Int

    package init(passes: Int, memoryByteCount: Int) {
      self.passes = passes
      self.memoryByteCount = memoryByteCount
    }

    /// 3 passes over 64 MiB (PROTOCOL 1.2, PRS).
    package static let password = Cost(passes: 3, memoryByteCount: 64 << 20)
  }

  /// Writes the key of `password` into `output`, whose size its purpose says (16 bytes or more).
  ///
  /// Throws `wrongLength` for a salt that has not 16 bytes, `underlyingLibraryFailed` where there is not memory enough or
  /// the cost is out of libsodium's range.
  package static func derive<Output: SecretPurpose>(
    password: Span<UInt8>, salt: Span<UInt8>, cost: Cost, into output: inout Secret<Output>
  ) throws(CryptographyError) {
    try Libsodium.start()
    guard salt.count == saltByteCount, Output.byteCount >= 16 else { throw .wrongLength }
    guard cost.passes > 0, cost.memoryByteCount > 0 else { throw .underlyingLibraryFailed }
    let status = output.withMutableBytes { output in
      unsafe output.lend { output in
        unsafe lend(password, salt) { (password, salt) in
          unsafe password.start.withMemoryRebound(to: CChar.self, capacity: password.count) { characters in
            unsafe crypto_pwhash(
              output, UInt64(Output.byteCount), characters, UInt64(password.count),
              salt.start, UInt64(cost.passes), cost.memoryByteCount, crypto_pwhash_ALG_ARGON2ID13)
          }
        }
      }
    }
    guard status == 0 else { throw .underlyingLibraryFailed }
  }
}
