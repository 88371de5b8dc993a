internal import COpenSSL
internal import CSodium

/// Diffie-Hellman in the finite field of ffdhe3072 (RFC 7919), by OpenSSL's named group.
package enum FFDHE3072 {
  /// The size of a public value and of a shared secret, in bytes: that of p, zeros in front.
  package static let byteCount = 384

  /// Writes the public value of `exponent`, 2^x mod p.
  ///
  /// Throws `underlyingLibraryFailed` where OpenSSL has no memory.
  package static func publicValue(
    of exponent: borrowing Secret<FFDHE3072Exponent>
  ) throws(CryptographyError) -> [UInt8] {
    try exponent.withBytes { (exponent) throws(CryptographyError) -> [UInt8] in
      try unsafe publicBytes(count: byteCount) { (output) throws(CryptographyError) in
        let status = unsafe lend(exponent) { unsafe sc_ffdhe3072_public($0.start, $0.count, output) }
        guard status == 1 else { throw .underlyingLibraryFailed }
      }
    }
  }

  /// Writes the shared secret, its leading zeros included, into a secret of 384 bytes.
  ///
  /// Throws `weakShare` for a public value outside 2...p-2 or outside the subgroup of prime order, `wrongLength`
  /// unless it and the output have 384 bytes, `underlyingLibraryFailed` where OpenSSL has no memory. When it throws, the
  /// output is zeros.
  package static func sharedSecret<Shared: SecretPurpose>(
    private exponent: borrowing Secret<FFDHE3072Exponent>, public publicValue: Span<UInt8>,
    into output: inout Secret<Shared>
  ) throws(CryptographyError) {
    guard publicValue.count == byteCount, Shared.byteCount == byteCount else { throw .wrongLength }
    let status = exponent.withBytes { exponent in
      output.withMutableBytes { output in
        unsafe output.lend { output in
          unsafe lend(exponent, publicValue) { (exponent, peer) in
            unsafe sc_ffdhe3072_shared(exponent.start, exponent.count, peer.start, output)
          }
        }
      }
    }
    guard status == 1 else {
      output.wipe()
      throw status == 0 ? .weakShare : .underlyingLibraryFailed
    }
  }
}

/// A private exponent of ffdhe3072, big endian: 275 bits, the size that RFC 7919, 5.2, holds for enough.
package enum FFDHE3072Exponent: SecretPurpose {
  package static let byteCount = 35
}

extension Secret<FFDHE3072Exponent> {
  /// A fresh exponent: 274 random bits below a bit that is always set.
  package static func randomExponent(
    in region: GuardedRegion, from entropy: any EntropySource
  ) throws(CryptographyError) -> Secret {
    try Secret(in: region) { (bytes) throws(CryptographyError) in
      entropy.fill(&bytes)
      bytes[0] = bytes[0] & 0b11 | 0b100
    }
  }
}
