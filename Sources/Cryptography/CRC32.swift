internal import CZlib

/// CRC-32/ISO-HDLC, by zlib: finds damage, proves nothing.
package enum CRC32 {
  /// The checksum; that of "123456789" is 0xcbf43926.
  package static func checksum(_ bytes: Span<UInt8>) -> UInt32 {
    // zlib takes a null pointer as the wish for the start value, which is also the checksum of nothing.
    unsafe lend(bytes) { bytes in
      UInt32(truncatingIfNeeded: unsafe crc32_z(0, bytes.start, bytes.count))
    }
  }
}
