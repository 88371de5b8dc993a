internal import Crypto

/// The hash functions of the suites, with the HMAC and HKDF on them: SHA-256 by OpenSSL, the others by swift-crypto.
enum GroupHash: Hashable, Sendable {
  case sha256, sha384, sha512

  var byteCount: Int {
    switch self {
    case .sha256: 32
    case .sha384: 48
    case .sha512: 64
    }
  }

  func hash(_ bytes: Span<UInt8>) -> [UInt8] {
    switch self {
    case .sha256: SHA256Hash.hash(bytes)
    case .sha384: unsafe lend(bytes) { unsafe [UInt8](Crypto.SHA384.hash(data: $0.raw)) }
    case .sha512: unsafe lend(bytes) { unsafe [UInt8](Crypto.SHA512.hash(data: $0.raw)) }
    }
  }

  /// HMAC of two joined inputs, written into one hash's worth of bytes.
  func authenticate(
    _ first: Span<UInt8>, _ second: Span<UInt8>, key: Span<UInt8>, into tag: inout MutableSpan<UInt8>
  ) {
    switch self {
    case .sha256 where second.isEmpty: HMACSHA256.authenticate(first, key: key, into: &tag)
    case .sha256: GroupHash.authenticate(Crypto.SHA256.self, first, second, key: key, into: &tag)
    case .sha384: GroupHash.authenticate(Crypto.SHA384.self, first, second, key: key, into: &tag)
    case .sha512: GroupHash.authenticate(Crypto.SHA512.self, first, second, key: key, into: &tag)
    }
  }

  /// HKDF-Expand; the output has at most 255 hashes' worth of bytes.
  func expand(_ key: Span<UInt8>, info: Span<UInt8>, into output: inout MutableSpan<UInt8>) {
    switch self {
    case .sha256: Cryptography.HKDF.expand(key, info: info, into: &output)
    case .sha384: GroupHash.expand(Crypto.SHA384.self, key, info: info, into: &output)
    case .sha512: GroupHash.expand(Crypto.SHA512.self, key, info: info, into: &output)
    }
  }

  // What swift-crypto holds meanwhile it zeroes itself (SymmetricKey, HMAC's state).
  private static func authenticate<Hash: Crypto.HashFunction>(
    _: Hash.Type, _ first: Span<UInt8>, _ second: Span<UInt8>, key: Span<UInt8>,
    into tag: inout MutableSpan<UInt8>
  ) {
    unsafe lend(first, second, key) { (first, second, key) in
      var context = unsafe Crypto.HMAC<Hash>(key: SymmetricKey(data: key.raw))
      unsafe context.update(data: first.raw)
      unsafe context.update(data: second.raw)
      unsafe context.finalize().withUnsafeBytes { unsafe tag.copy(raw: $0) }
    }
  }

  private static func expand<Hash: Crypto.HashFunction>(
    _: Hash.Type, _ key: Span<UInt8>, info: Span<UInt8>, into output: inout MutableSpan<UInt8>
  ) {
    let count = output.count
    unsafe lend(key, info) { (key, info) in
      let expanded = unsafe Crypto.HKDF<Hash>.expand(
        pseudoRandomKey: key.raw, info: info.raw, outputByteCount: count)
      unsafe expanded.withUnsafeBytes { unsafe output.copy(raw: $0) }
    }
  }
}

extension MutableSpan<UInt8> {
  /// Copies bytes that a library lends, which fit.
  mutating func copy(raw source: UnsafeRawBufferPointer) {
    precondition(source.count <= count, "a copy larger than its place")
    guard let start = source.baseAddress else { return }
    unsafe lend { target in
      unsafe target.update(from: start.assumingMemoryBound(to: UInt8.self), count: source.count)
    }
  }
}
