internal import CSodium
internal import Crypto

/// The KEMs of the suites (RFC 9180, 7.1): which curve, and its numbers.
enum GroupKeyAgreement: Hashable, Sendable {
  case x25519, p256, p384, p521

  var privateKeyByteCount: Int {
    switch self {
    case .x25519, .p256: 32
    case .p384: 48
    case .p521: 66
    }
  }

  /// RFC 9180, table 2.
  fileprivate var identifier: UInt16 {
    switch self {
    case .x25519: 0x0020
    case .p256: 0x0010
    case .p384: 0x0011
    case .p521: 0x0012
    }
  }

  fileprivate var publicKeyByteCount: Int {
    switch self {
    case .x25519: 32
    case .p256: 65
    case .p384: 97
    case .p521: 133
    }
  }

  /// The public key of a private one; `weakShare` for a scalar out of range.
  fileprivate func publicKey(of privateKey: Span<UInt8>) throws(CryptographyError) -> [UInt8] {
    guard privateKey.count == privateKeyByteCount else { throw .wrongLength }
    if case .x25519 = self {
      try Libsodium.start()
      return try unsafe publicBytes(count: 32) { (output) throws(CryptographyError) in
        let status = unsafe lend(privateKey) { unsafe crypto_scalarmult_curve25519_base(output, $0.start) }
        guard status == 0 else { throw .underlyingLibraryFailed }
      }
    }
    do {
      return try unsafe lend(privateKey) { key in
        switch self {
        case .x25519: throw CryptographyError.underlyingLibraryFailed
        case .p256:
          try unsafe [UInt8](
            P256.KeyAgreement.PrivateKey(rawRepresentation: key.raw).publicKey.x963Representation)
        case .p384:
          try unsafe [UInt8](
            P384.KeyAgreement.PrivateKey(rawRepresentation: key.raw).publicKey.x963Representation)
        case .p521:
          try unsafe [UInt8](
            P521.KeyAgreement.PrivateKey(rawRepresentation: key.raw).publicKey.x963Representation)
        }
      }
    } catch {
      throw .weakShare
    }
  }

  /// Throws `weakShare` unless these bytes are a public key of full order.
  fileprivate func require(publicKey: Span<UInt8>) throws(CryptographyError) {
    guard publicKey.count == publicKeyByteCount else { throw .weakShare }
    if case .x25519 = self { return try X25519.requireFullOrder(publicKey) }
    do {
      try unsafe lend(publicKey) { key in
        switch self {
        case .x25519: return
        case .p256: _ = try unsafe P256.KeyAgreement.PublicKey(x963Representation: key.raw)
        case .p384: _ = try unsafe P384.KeyAgreement.PublicKey(x963Representation: key.raw)
        case .p521: _ = try unsafe P521.KeyAgreement.PublicKey(x963Representation: key.raw)
        }
      }
    } catch {
      throw .weakShare
    }
  }
}

/// A key pair of a suite's KEM.
package struct GroupKeyPair: Sendable {
  package let privateKey: GroupSecret
  package let publicKey: [UInt8]
}

extension GroupSuite {
  /// Throws `weakShare` unless these bytes are a public key of this suite's KEM.
  package func requireKeyAgreementKey(_ publicKey: [UInt8]) throws(CryptographyError) {
    try keyAgreement.require(publicKey: publicKey.span)
  }

  /// The pair of a private key; `wrongLength` or `weakShare` for bytes that are none.
  package func keyPair(of privateKey: GroupSecret) throws(CryptographyError) -> GroupKeyPair {
    let publicKey = try privateKey.withBytes { (key) throws(CryptographyError) in
      try keyAgreement.publicKey(of: key)
    }
    return GroupKeyPair(privateKey: privateKey, publicKey: publicKey)
  }

  /// A fresh pair.
  package func freshKeyPair(
    in slab: SecretSlab, from entropy: any EntropySource
  ) throws(CryptographyError) -> GroupKeyPair {
    try deriveKeyPair(GroupSecret.random(byteCount: hashByteCount, in: slab, from: entropy))
  }

  /// DeriveKeyPair (RFC 9180, 7.1.3), which swift-crypto does not expose: HKDF with the RFC's labels.
  package func deriveKeyPair(_ inputKey: GroupSecret) throws(CryptographyError) -> GroupKeyPair {
    let suite =
      [UInt8]("KEM".utf8) + [UInt8(keyAgreement.identifier >> 8), UInt8(keyAgreement.identifier & 0xff)]
    let version = [UInt8]("HPKE-v1".utf8)
    let extractLabel = version + suite + [UInt8]("dkp_prk".utf8)
    let root = try GroupSecret(byteCount: hashByteCount, in: inputKey.slab) {
      (output) throws(CryptographyError) in
      inputKey.withBytes { hashFunction.authenticate(extractLabel.span, $0, key: Span(), into: &output) }
    }
    let size = keyAgreement.privateKeyByteCount
    func expandLabel(_ label: String, _ info: [UInt8]) -> [UInt8] {
      [UInt8(size >> 8), UInt8(size & 0xff)] + version + suite + [UInt8](label.utf8) + info
    }
    if case .x25519 = keyAgreement {
      return try keyPair(of: expand(root, info: expandLabel("sk", []), byteCount: size))
    }
    for counter in UInt8.min...UInt8.max {
      let info = expandLabel("candidate", [counter])
      let candidate = try GroupSecret(byteCount: size, in: inputKey.slab) {
        (output) throws(CryptographyError) in
        root.withBytes { hashFunction.expand($0, info: info.span, into: &output) }
        // The order of P-521 has 521 bits; the others fill their bytes.
        if case .p521 = keyAgreement { output[0] &= 1 }
      }
      do throws(CryptographyError) {
        return try keyPair(of: candidate)
      } catch .weakShare {
        continue
      }
    }
    throw .underlyingLibraryFailed
  }
}
