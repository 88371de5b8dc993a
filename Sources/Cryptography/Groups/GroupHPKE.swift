internal import CSodium
internal import Crypto

/// What HPKE made for one receiver: the KEM's output and the ciphertext with its tag.
package struct GroupSealed: Hashable, Sendable {
  package let kemOutput: [UInt8]
  package let ciphertext: [UInt8]

  package init(kemOutput: [UInt8], ciphertext: [UInt8]) {
    self.kemOutput = kemOutput
    self.ciphertext = ciphertext
  }
}

/// Who seals to a public key. A parameter, since swift-crypto's HPKE takes randomness of its own: known answers
/// and replays put theirs in this place.
package protocol GroupSealing: AnyObject, Sendable {
  /// Seals in base mode without associated data; throws `weakShare` for a key that is none.
  func seal(
    _ plaintext: GroupSecret, to publicKey: [UInt8], info: [UInt8], suite: GroupSuite
  ) throws(CryptographyError) -> GroupSealed
}

/// HPKE (RFC 9180) in base mode by swift-crypto, one message a call.
package final class GroupHPKE: GroupSealing {
  package static let shared = GroupHPKE()
  private init() {}

  package func seal(
    _ plaintext: GroupSecret, to publicKey: [UInt8], info: [UInt8], suite: GroupSuite
  ) throws(CryptographyError) -> GroupSealed {
    try suite.requireKeyAgreementKey(publicKey)
    do {
      return try plaintext.withBytes { plaintext in
        try unsafe lend(plaintext, publicKey.span, info.span) { (plaintext, key, info) in
          switch suite.keyAgreement {
          case .x25519:
            try unsafe GroupHPKE.seal(
              plaintext, to: Curve25519.KeyAgreement.PublicKey(rawRepresentation: key.raw), info, suite)
          case .p256:
            try unsafe GroupHPKE.seal(
              plaintext, to: P256.KeyAgreement.PublicKey(x963Representation: key.raw), info, suite)
          case .p384:
            try unsafe GroupHPKE.seal(
              plaintext, to: P384.KeyAgreement.PublicKey(x963Representation: key.raw), info, suite)
          case .p521:
            try unsafe GroupHPKE.seal(
              plaintext, to: P521.KeyAgreement.PublicKey(x963Representation: key.raw), info, suite)
          }
        }
      }
    } catch {
      throw .underlyingLibraryFailed
    }
  }

  /// Opens what `seal` made. Throws `notAuthentic` for anything else.
  package static func open(
    _ sealed: GroupSealed, privateKey: GroupSecret, info: [UInt8], suite: GroupSuite
  ) throws(CryptographyError) -> GroupSecret {
    var opened = try receive(sealed.kemOutput, privateKey, info, suite) { recipient in
      unsafe try lend(sealed.ciphertext.span) {
        try unsafe recipient.open($0)
      }
    }
    defer { unsafe opened.withUnsafeMutableBytes { unsafe sodium_memzero($0.baseAddress, $0.count) } }
    return try GroupSecret(copying: opened.span, in: privateKey.slab)
  }

  /// The secret that SetupBaseR exports (RFC 9180, 5.3), as external commits use it (RFC 9420, 8.3).
  package static func exportSecret(
    kemOutput: [UInt8], privateKey: GroupSecret, context: [UInt8], byteCount: Int, suite: GroupSuite
  ) throws(CryptographyError) -> GroupSecret {
    var exported = try receive(kemOutput, privateKey, [], suite) { recipient in
      unsafe try lend(context.span) { try unsafe recipient.export($0, byteCount: byteCount) }
    }
    defer { unsafe exported.withUnsafeMutableBytes { unsafe sodium_memzero($0.baseAddress, $0.count) } }
    return try GroupSecret(copying: exported.span, in: privateKey.slab)
  }

  /// One that joins by an external commit: the KEM's output and the secret that SetupBaseS exports.
  package static func exportSecret(
    to publicKey: [UInt8], context: [UInt8], byteCount: Int, suite: GroupSuite, in slab: SecretSlab
  ) throws(CryptographyError) -> (kemOutput: [UInt8], secret: GroupSecret) {
    try suite.requireKeyAgreementKey(publicKey)
    guard case .x25519 = suite.keyAgreement else { throw .underlyingLibraryFailed }
    var kemOutput: [UInt8] = []
    var exported: [UInt8]
    do {
      exported = try unsafe lend(publicKey.span, context.span) { (key, context) in
        let sender = try unsafe HPKE.Sender(
          recipientKey: Curve25519.KeyAgreement.PublicKey(rawRepresentation: key.raw),
          ciphersuite: suite.hpke, info: bytes([]))
        kemOutput = [UInt8](sender.encapsulatedKey)
        return try unsafe sender.exportSecret(context: context.raw, outputByteCount: byteCount)
          .withUnsafeBytes { unsafe [UInt8]($0) }
      }
    } catch {
      throw .underlyingLibraryFailed
    }
    defer { unsafe exported.withUnsafeMutableBytes { unsafe sodium_memzero($0.baseAddress, $0.count) } }
    return (kemOutput, try GroupSecret(copying: exported.span, in: slab))
  }

  private struct Recipient {
    var context: HPKE.Recipient

    mutating func open(_ ciphertext: LentBytes) throws -> [UInt8] {
      try unsafe [UInt8](context.open(ciphertext.raw))
    }

    func export(_ label: LentBytes, byteCount: Int) throws -> [UInt8] {
      try unsafe context.exportSecret(context: label.raw, outputByteCount: byteCount)
        .withUnsafeBytes { unsafe [UInt8]($0) }
    }
  }

  private static func receive(
    _ kemOutput: [UInt8], _ privateKey: GroupSecret, _ info: [UInt8], _ suite: GroupSuite,
    _ body: (inout Recipient) throws -> [UInt8]
  ) throws(CryptographyError) -> [UInt8] {
    guard privateKey.byteCount == suite.privateKeyByteCount else { throw .wrongLength }
    do throws(CryptographyError) {
      try suite.requireKeyAgreementKey(kemOutput)
    } catch .weakShare {
      throw .notAuthentic
    }
    do {
      var recipient = try privateKey.withBytes { key in
        try unsafe lend(key) { key in
          let context =
            switch suite.keyAgreement {
            case .x25519:
              try unsafe HPKE.Recipient(
                privateKey: Curve25519.KeyAgreement.PrivateKey(rawRepresentation: key.raw),
                ciphersuite: suite.hpke, info: bytes(info), encapsulatedKey: bytes(kemOutput))
            case .p256:
              try unsafe HPKE.Recipient(
                privateKey: P256.KeyAgreement.PrivateKey(rawRepresentation: key.raw),
                ciphersuite: suite.hpke, info: bytes(info), encapsulatedKey: bytes(kemOutput))
            case .p384:
              try unsafe HPKE.Recipient(
                privateKey: P384.KeyAgreement.PrivateKey(rawRepresentation: key.raw),
                ciphersuite: suite.hpke, info: bytes(info), encapsulatedKey: bytes(kemOutput))
            case .p521:
              try unsafe HPKE.Recipient(
                privateKey: P521.KeyAgreement.PrivateKey(rawRepresentation: key.raw),
                ciphersuite: suite.hpke, info: bytes(info), encapsulatedKey: bytes(kemOutput))
            }
          return Recipient(context: context)
        }
      }
      return try body(&recipient)
    } catch {
      throw .notAuthentic
    }
  }

  private static func seal<Key: HPKEDiffieHellmanPublicKey>(
    _ plaintext: LentBytes, to key: Key, _ info: LentBytes, _ suite: GroupSuite
  ) throws -> GroupSealed {
    var sender = try unsafe HPKE.Sender(
      recipientKey: key, ciphersuite: suite.hpke, info: bytes([UInt8](info.raw)))
    let sealed = try unsafe sender.seal(plaintext.raw)
    return GroupSealed(kemOutput: [UInt8](sender.encapsulatedKey), ciphertext: [UInt8](sealed))
  }

  /// The byte collection that swift-crypto's signatures ask for (Foundation's), without importing it here.
  private static func bytes<Bytes: RangeReplaceableCollection>(_ bytes: [UInt8]) -> Bytes
  where Bytes.Element == UInt8 {
    Bytes(bytes)
  }
}

extension GroupSuite {
  fileprivate var hpke: HPKE.Ciphersuite {
    let kem: HPKE.KEM =
      switch keyAgreement {
      case .x25519: .Curve25519_HKDF_SHA256
      case .p256: .P256_HKDF_SHA256
      case .p384: .P384_HKDF_SHA384
      case .p521: .P521_HKDF_SHA512
      }
    let kdf: HPKE.KDF =
      switch hashFunction {
      case .sha256: .HKDF_SHA256
      case .sha384: .HKDF_SHA384
      case .sha512: .HKDF_SHA512
      }
    let aead: HPKE.AEAD =
      switch cipher {
      case .aes128GCM: .AES_GCM_128
      case .aes256GCM: .AES_GCM_256
      case .chaCha20Poly1305: .chaChaPoly
      }
    return HPKE.Ciphersuite(kem: kem, kdf: kdf, aead: aead)
  }
}
