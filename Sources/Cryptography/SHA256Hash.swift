internal import COpenSSL

/// SHA-256 (FIPS 180-4), by OpenSSL.
package enum SHA256Hash {
  /// The size of a digest in bytes.
  package static let byteCount = 32

  /// The digest of public bytes.
  package static func hash(_ bytes: Span<UInt8>) -> [UInt8] {
    hash(bytes, Span())
  }

  /// The digest of two public inputs, joined.
  package static func hash(_ first: Span<UInt8>, _ second: Span<UInt8>) -> [UInt8] {
    unsafe publicBytes(count: byteCount) { digest in
      unsafe lend(first, second) { (a, b) in
        unsafe sc_sha256(a.start, a.count, b.start, b.count, digest)
      }
    }
  }

  /// The digest of two inputs, joined, written into 32 bytes; for secrets, since nothing of it stays behind.
  package static func hash(_ first: Span<UInt8>, _ second: Span<UInt8>, into digest: inout MutableSpan<UInt8>)
  {
    precondition(digest.count == byteCount, "a SHA-256 digest has 32 bytes")
    unsafe digest.lend { digest in
      unsafe lend(first, second) { (a, b) in
        unsafe sc_sha256(a.start, a.count, b.start, b.count, digest)
      }
    }
  }

  /// The digest of an input and a secret, joined, written into a secret: how a chain of states moves on.
  package static func hash<Source: SecretPurpose, Target: SecretPurpose>(
    _ first: Span<UInt8>, _ second: borrowing Secret<Source>, into digest: inout Secret<Target>
  ) {
    second.withBytes { second in digest.withMutableBytes { hash(first, second, into: &$0) } }
  }
}

/// SHA-256 over pieces of **public** bytes; for secrets there is `SHA256Hash.hash(_:_:into:)`.
package struct SHA256Context: ~Copyable {
  private var context = SHA256_CTX()

  /// Starts a digest.
  package init() {
    reset()
  }

  /// Takes the next bytes in.
  package mutating func update(_ bytes: Span<UInt8>) {
    unsafe lend(bytes) { bytes in
      _ = unsafe SHA256_Update(&context, bytes.start, bytes.count)
    }
  }

  /// The digest of everything since the start; the context starts anew.
  package mutating func finish() -> [UInt8] {
    let digest = unsafe publicBytes(count: SHA256Hash.byteCount) { digest in
      _ = unsafe SHA256_Final(digest, &context)
    }
    reset()
    return digest
  }

  /// Writes the digest into 32 bytes; the context starts anew.
  package mutating func finish(into digest: inout MutableSpan<UInt8>) {
    precondition(digest.count == SHA256Hash.byteCount, "a SHA-256 digest has 32 bytes")
    unsafe digest.lend { digest in _ = unsafe SHA256_Final(digest, &context) }
    reset()
  }

  private mutating func reset() {
    _ = unsafe SHA256_Init(&context)
  }
}
