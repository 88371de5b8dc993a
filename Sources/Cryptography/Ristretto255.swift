internal import CSodium

/// The group ristretto255 (RFC 9496), by libsodium: what CPace needs of it.
package enum Ristretto255 {
  package static let pointByteCount = 32
  package static let scalarByteCount = 32
  package static let uniformByteCount = 64

  /// Writes the point that 64 uniform bytes map to; `output` has 32 bytes.
  package static func map(
    _ uniform: Span<UInt8>, into output: inout MutableSpan<UInt8>
  ) throws(CryptographyError) {
    try Libsodium.start()
    guard uniform.count == uniformByteCount, output.count == pointByteCount else { throw .wrongLength }
    let status = unsafe output.lend { output in
      unsafe lend(uniform) { unsafe crypto_core_ristretto255_from_hash(output, $0.start) }
    }
    guard status == 0 else { throw .underlyingLibraryFailed }
  }

  /// Writes scalar times point; `output` has 32 bytes and is zeros when this throws.
  ///
  /// Throws `weakShare` when the point is no encoding, or the product is the identity. This return code is the
  /// check: libsodium's `is_valid_point` holds the identity for valid.
  package static func multiply(
    _ scalar: Span<UInt8>, _ point: Span<UInt8>, into output: inout MutableSpan<UInt8>
  ) throws(CryptographyError) {
    try Libsodium.start()
    guard scalar.count == scalarByteCount, output.count == pointByteCount else { throw .wrongLength }
    guard point.count == pointByteCount else { throw .weakShare }
    try unsafe output.lend { (output) throws(CryptographyError) in
      let status = unsafe lend(scalar, point) { (scalar, point) in
        unsafe crypto_scalarmult_ristretto255(output, scalar.start, point.start)
      }
      guard status == 0 else {
        unsafe sodium_memzero(output, pointByteCount)
        throw .weakShare
      }
    }
  }

  /// A scalar below the group's order and not zero, each as likely as another, in a new slot.
  ///
  /// It tries again rather than reduces, so that entropy which is such a scalar comes out as it went in.
  static func randomScalar(
    in region: GuardedRegion, from entropy: any EntropySource
  ) throws(CryptographyError) -> GuardedSlot {
    try Libsodium.start()
    var candidate = try GuardedSlot(in: region, byteCount: scalarByteCount)
    let wide = try GuardedSlot(in: region, byteCount: uniformByteCount)
    let reduced = try GuardedSlot(in: region, byteCount: scalarByteCount)
    // A candidate of 253 bits is below the order with a probability of one half: 256 failures do not happen.
    for _ in 0..<256 {
      candidate.withMutableBytes { bytes in
        entropy.fill(&bytes)
        bytes[31] &= 0x1f
      }
      unsafe wide.start.update(from: candidate.start, count: scalarByteCount)
      unsafe crypto_core_ristretto255_scalar_reduce(reduced.start, wide.start)
      let isReduced = unsafe sodium_memcmp(reduced.start, candidate.start, scalarByteCount) == 0
      let isZero = unsafe sodium_is_zero(candidate.start, scalarByteCount) == 1
      if isReduced && !isZero { return candidate }
    }
    throw .underlyingLibraryFailed
  }
}
