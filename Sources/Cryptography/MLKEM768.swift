internal import Crypto

/// The sizes of ML-KEM-768 (FIPS 203), in bytes.
package enum MLKEM768 {
  package static let publicKeyByteCount = 1184
  package static let ciphertextByteCount = 1088
  package static let sharedSecretByteCount = 32
  package static let seedByteCount = 64
}

/// A seed of ML-KEM-768: d, then z, of FIPS 203.
package enum MLKEM768Seed: SecretPurpose {
  package static var byteCount: Int { MLKEM768.seedByteCount }
}

/// A key pair of ML-KEM-768 that is kept as its seed, in guarded memory.
///
/// The private key is made again from the seed for the one decapsulation that it serves. What cannot be wiped
/// from here: swift-crypto copies the seed and the private key into ordinary memory while it works, and releases
/// that without zeroing it; its copy of the shared secret it zeroes in part. These copies live for the length of
/// one call, not of the handshake.
package struct MLKEM768KeyPair: ~Copyable, Sendable {
  /// The encapsulation key, 1,184 bytes.
  package let publicKey: [UInt8]
  private let seed: Secret<MLKEM768Seed>

  /// A fresh pair.
  package init(in region: GuardedRegion, from entropy: any EntropySource) throws(CryptographyError) {
    try self.init(seed: try Secret<MLKEM768Seed>.random(in: region, from: entropy))
  }

  /// The pair of a seed.
  package init(seed: consuming Secret<MLKEM768Seed>) throws(CryptographyError) {
    publicKey = try [UInt8](MLKEM768KeyPair.privateKey(of: seed).publicKey.rawRepresentation)
    self.seed = seed
  }

  /// Writes the secret of `ciphertext` into 32 bytes.
  ///
  /// A ciphertext that was altered gives another secret and no error (implicit rejection): only the next tag
  /// shows it. Throws `wrongLength` unless it has 1,088 bytes and the output 32.
  package borrowing func decapsulate(
    _ ciphertext: Span<UInt8>, into secret: inout MutableSpan<UInt8>
  ) throws(CryptographyError) {
    guard ciphertext.count == MLKEM768.ciphertextByteCount, secret.count == MLKEM768.sharedSecretByteCount
    else { throw .wrongLength }
    let key = try MLKEM768KeyPair.privateKey(of: seed)
    let shared: SymmetricKey
    do {
      shared = try unsafe lend(ciphertext) { try unsafe key.decapsulate($0.raw) }
    } catch {
      throw .underlyingLibraryFailed
    }
    try secret.take(shared)
  }

  /// Writes the secret of `ciphertext` into a secret of 32 bytes; throws as the other form does.
  package borrowing func decapsulate<Shared: SecretPurpose>(
    _ ciphertext: Span<UInt8>, into secret: inout Secret<Shared>
  ) throws(CryptographyError) {
    try secret.withMutableBytes { (secret) throws(CryptographyError) in
      try decapsulate(ciphertext, into: &secret)
    }
  }

  private static func privateKey(
    of seed: borrowing Secret<MLKEM768Seed>
  ) throws(CryptographyError) -> Crypto.MLKEM768.PrivateKey {
    do {
      return try seed.withBytes { seed in
        try unsafe lend(seed) {
          try unsafe Crypto.MLKEM768.PrivateKey(
            seedRepresentation: $0.raw, publicKey: nil)
        }
      }
    } catch {
      throw .underlyingLibraryFailed
    }
  }
}

/// Encapsulation by swift-crypto, with randomness of its own.
package final class MLKEM768Encapsulation: KeyEncapsulation {
  package init() {}

  package func encapsulate(
    to publicKey: Span<UInt8>, into secret: inout MutableSpan<UInt8>
  ) throws(CryptographyError) -> [UInt8] {
    guard publicKey.count == MLKEM768.publicKeyByteCount, secret.count == MLKEM768.sharedSecretByteCount
    else { throw .wrongLength }
    let key: Crypto.MLKEM768.PublicKey
    do {
      key = try unsafe lend(publicKey) {
        try unsafe Crypto.MLKEM768.PublicKey(rawRepresentation: $0.raw)
      }
    } catch {
      throw .weakShare
    }
    let result: KEM.EncapsulationResult
    do {
      result = try key.encapsulate()
    } catch {
      throw .underlyingLibraryFailed
    }
    try secret.take(result.sharedSecret)
    return [UInt8](result.encapsulated)
  }
}

extension MutableSpan<UInt8> {
  /// Copies a key of swift-crypto, which zeroes its own copy when it goes.
  fileprivate mutating func take(_ key: SymmetricKey) throws(CryptographyError) {
    let count = count
    let copied = unsafe lend { target in
      unsafe key.withUnsafeBytes { source in
        guard let start = source.baseAddress, source.count == count else {
          return false
        }
        unsafe target.update(from: start.assumingMemoryBound(to: UInt8.self), count: count)
        return true
      }
    }
    guard copied else { throw .underlyingLibraryFailed }
  }
}
