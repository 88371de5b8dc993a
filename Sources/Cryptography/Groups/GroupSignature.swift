internal import CSodium
internal import Crypto

/// The signature schemes of the suites: Ed25519 by libsodium, ECDSA (DER, with the hash of the suite) by swift-crypto.
enum GroupSignature: Hashable, Sendable {
  case ed25519, p256, p384, p521

  var privateKeyByteCount: Int {
    switch self {
    case .ed25519, .p256: 32
    case .p384: 48
    case .p521: 66
    }
  }

  /// Ed25519 keys as in RFC 8032, the others as uncompressed points (RFC 9420, 5.1.1).
  func publicKey(of privateKey: GroupSecret) throws(CryptographyError) -> [UInt8] {
    guard privateKey.byteCount == privateKeyByteCount else { throw .wrongLength }
    if case .ed25519 = self { return try expanded(privateKey).publicKey }
    do {
      return try privateKey.withBytes { key in
        try unsafe lend(key) { key in
          switch self {
          case .ed25519: throw CryptographyError.underlyingLibraryFailed
          case .p256:
            try unsafe [UInt8](
              P256.Signing.PrivateKey(rawRepresentation: key.raw).publicKey.x963Representation)
          case .p384:
            try unsafe [UInt8](
              P384.Signing.PrivateKey(rawRepresentation: key.raw).publicKey.x963Representation)
          case .p521:
            try unsafe [UInt8](
              P521.Signing.PrivateKey(rawRepresentation: key.raw).publicKey.x963Representation)
          }
        }
      }
    } catch {
      throw .weakShare
    }
  }

  func sign(_ message: Span<UInt8>, privateKey: GroupSecret) throws(CryptographyError) -> [UInt8] {
    guard privateKey.byteCount == privateKeyByteCount else { throw .wrongLength }
    if case .ed25519 = self {
      let pair = try expanded(privateKey)
      return try pair.privateKey.withBytes { (key) throws(CryptographyError) -> [UInt8] in
        try unsafe publicBytes(count: 64) { (signature) throws(CryptographyError) in
          let status = unsafe lend(message, key) { (message, key) in
            unsafe crypto_sign_ed25519_detached(
              signature, nil, message.start, UInt64(message.count), key.start)
          }
          guard status == 0 else { throw .underlyingLibraryFailed }
        }
      }
    }
    do {
      return try privateKey.withBytes { key in
        try unsafe lend(key, message) { (key, message) in
          switch self {
          case .ed25519: throw CryptographyError.underlyingLibraryFailed
          case .p256:
            try unsafe [UInt8](
              P256.Signing.PrivateKey(rawRepresentation: key.raw).signature(for: message.raw)
                .derRepresentation)
          case .p384:
            try unsafe [UInt8](
              P384.Signing.PrivateKey(rawRepresentation: key.raw).signature(for: message.raw)
                .derRepresentation)
          case .p521:
            try unsafe [UInt8](
              P521.Signing.PrivateKey(rawRepresentation: key.raw).signature(for: message.raw)
                .derRepresentation)
          }
        }
      }
    } catch {
      throw .underlyingLibraryFailed
    }
  }

  func verify(
    _ signature: Span<UInt8>, of message: Span<UInt8>, publicKey: Span<UInt8>
  ) throws(CryptographyError) {
    if case .ed25519 = self { return try Ed25519.verify(signature, of: message, publicKey: publicKey) }
    let holds: Bool
    do {
      holds = try unsafe lend(signature, message, publicKey) { (signature, message, key) in
        switch self {
        case .ed25519: false
        case .p256:
          try unsafe P256.Signing.PublicKey(x963Representation: key.raw).isValidSignature(
            P256.Signing.ECDSASignature(derRepresentation: signature.raw), for: message.raw)
        case .p384:
          try unsafe P384.Signing.PublicKey(x963Representation: key.raw).isValidSignature(
            P384.Signing.ECDSASignature(derRepresentation: signature.raw), for: message.raw)
        case .p521:
          try unsafe P521.Signing.PublicKey(x963Representation: key.raw).isValidSignature(
            P521.Signing.ECDSASignature(derRepresentation: signature.raw), for: message.raw)
        }
      }
    } catch {
      throw .notAuthentic
    }
    guard holds else { throw .notAuthentic }
  }

  private struct Expanded: ~Copyable {
    var publicKey: [UInt8]
    var privateKey: GuardedSlot
  }

  /// libsodium signs with the seed and the public key joined.
  private func expanded(_ seed: GroupSecret) throws(CryptographyError) -> Expanded {
    try Libsodium.start()
    let privateKey = try seed.slab.take(64)
    let publicKey = try seed.withBytes { (seed) throws(CryptographyError) -> [UInt8] in
      try unsafe publicBytes(count: 32) { (output) throws(CryptographyError) in
        let status = unsafe lend(seed) {
          unsafe crypto_sign_ed25519_seed_keypair(output, privateKey.start, $0.start)
        }
        guard status == 0 else { throw .underlyingLibraryFailed }
      }
    }
    return Expanded(publicKey: publicKey, privateKey: privateKey)
  }
}
