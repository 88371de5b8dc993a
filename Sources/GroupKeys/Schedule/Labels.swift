package import Cryptography
internal import Wire

/// The labelled functions of RFC 9420, 5.1, 5.2 and 8, on the primitives of a suite.
extension GroupSuite {
  /// ExpandWithLabel (8).
  package func expand(
    _ secret: GroupSecret, label: String, context: [UInt8] = [], byteCount: Int
  ) throws(GroupError) -> GroupSecret {
    guard let short = UInt16(exactly: byteCount) else { throw .misuse(.tooManyBytes) }
    var info = TLSWriter()
    info.write(short)
    info.opaque(GroupSuite.prefixed(label))
    info.opaque(context)
    let bytes = info.bytes
    return try cryptography { () throws(CryptographyError) in
      try expand(secret, info: bytes, byteCount: byteCount)
    }
  }

  /// DeriveSecret (8).
  package func derive(_ secret: GroupSecret, label: String) throws(GroupError) -> GroupSecret {
    try expand(secret, label: label, byteCount: hashByteCount)
  }

  /// DeriveTreeSecret (9).
  package func derive(
    _ secret: GroupSecret, label: String, generation: UInt32, byteCount: Int
  ) throws(GroupError) -> GroupSecret {
    try expand(secret, label: label, context: generation.encoded, byteCount: byteCount)
  }

  /// HKDF-Extract, with this room's errors.
  package func extracted(salt: GroupSecret, inputKey: GroupSecret) throws(GroupError) -> GroupSecret {
    try cryptography { () throws(CryptographyError) in try extract(salt: salt, inputKey: inputKey) }
  }

  /// The pair that a node's or an epoch's secret derives.
  package func derivedKeyPair(_ secret: GroupSecret) throws(GroupError) -> GroupKeyPair {
    try cryptography { () throws(CryptographyError) in try deriveKeyPair(secret) }
  }

  /// RefHash (5.2).
  package func reference(label: String, _ value: [UInt8]) -> [UInt8] {
    var writer = TLSWriter(reserving: value.count + 64)
    writer.opaque([UInt8](label.utf8))
    writer.opaque(value)
    return hash(writer.bytes)
  }

  /// SignWithLabel (5.1.2).
  package func sign(label: String, _ content: [UInt8], privateKey: GroupSecret) throws(GroupError) -> [UInt8]
  {
    let message = GroupSuite.labelled(label, content)
    return try cryptography { () throws(CryptographyError) in try sign(message, privateKey: privateKey) }
  }

  /// VerifyWithLabel (5.1.2). Throws `notAuthentic`.
  package func verify(
    _ signature: [UInt8], label: String, _ content: [UInt8], publicKey: [UInt8]
  ) throws(GroupError) {
    let message = GroupSuite.labelled(label, content)
    try cryptography { () throws(CryptographyError) in
      try verify(signature: signature, of: message, publicKey: publicKey)
    }
  }

  /// EncryptWithLabel (5.1.3).
  package func seal(
    _ plaintext: GroupSecret, to publicKey: [UInt8], label: String, context: [UInt8],
    by sealing: any GroupSealing
  ) throws(GroupError) -> GroupSealed {
    let info = GroupSuite.labelled(label, context)
    return try cryptography { () throws(CryptographyError) in
      try sealing.seal(plaintext, to: publicKey, info: info, suite: self)
    }
  }

  /// DecryptWithLabel (5.1.3). Throws `notAuthentic`.
  package func open(
    _ sealed: GroupSealed, privateKey: GroupSecret, label: String, context: [UInt8]
  ) throws(GroupError) -> GroupSecret {
    let info = GroupSuite.labelled(label, context)
    return try cryptography { () throws(CryptographyError) in
      try GroupHPKE.open(sealed, privateKey: privateKey, info: info, suite: self)
    }
  }

  /// Opens what an AEAD sealed. Throws `notAuthentic`.
  package func opened(
    _ sealed: [UInt8], key: GroupSecret, nonce: [UInt8], authenticating associated: [UInt8]
  ) throws(GroupError) -> [UInt8] {
    try cryptography { () throws(CryptographyError) in
      try open(sealed, key: key, nonce: nonce, authenticating: associated)
    }
  }

  /// Seals with an AEAD.
  package func sealed(
    _ plaintext: [UInt8], key: GroupSecret, nonce: [UInt8], authenticating associated: [UInt8]
  ) throws(GroupError) -> [UInt8] {
    try cryptography { () throws(CryptographyError) in
      try seal(plaintext, key: key, nonce: nonce, authenticating: associated)
    }
  }

  /// Throws `notAuthentic` unless `tag` is the MAC of `message`.
  package func verify(tag: [UInt8], of message: [UInt8], key: GroupSecret) throws(GroupError) {
    try cryptography { () throws(CryptographyError) in try verify(tag, of: message, key: key) }
  }

  private static func prefixed(_ label: String) -> [UInt8] { [UInt8]("MLS 1.0 \(label)".utf8) }

  /// SignContent and EncryptContext have one form.
  private static func labelled(_ label: String, _ content: [UInt8]) -> [UInt8] {
    var writer = TLSWriter(reserving: content.count + 64)
    writer.opaque(prefixed(label))
    writer.opaque(content)
    return writer.bytes
  }
}

extension GroupSecret {
  /// The bytes, for what is public after all: authenticators, nonces, exported public values.
  package var publicBytes: [UInt8] {
    withBytes { [UInt8](copying: $0) }
  }
}
