internal import COpenSSL

/// SHA-512 (FIPS 180-4), by OpenSSL.
package enum SHA512Hash {
  /// The size of a digest in bytes.
  package static let byteCount = 64

  /// The digest of public bytes.
  package static func hash(_ bytes: Span<UInt8>) -> [UInt8] {
    unsafe publicBytes(count: byteCount) { digest in
      unsafe lend(bytes) { (bytes) in
        unsafe sc_sha512(bytes.start, bytes.count, nil, 0, digest)
      }
    }
  }

  /// The digest of two inputs, joined, written into 64 bytes; for secrets, since nothing of it stays behind.
  package static func hash(_ first: Span<UInt8>, _ second: Span<UInt8>, into digest: inout MutableSpan<UInt8>)
  {
    precondition(digest.count == byteCount, "a SHA-512 digest has 64 bytes")
    unsafe digest.lend { digest in
      unsafe lend(first, second) { (a, b) in
        unsafe sc_sha512(a.start, a.count, b.start, b.count, digest)
      }
    }
  }
}
