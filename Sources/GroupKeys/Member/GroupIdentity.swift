internal import Cryptography
package import Wire

/// Whose member a `GroupMember` is: a profile, and a way to sign with its ik_sig, which this room never holds.
package struct GroupIdentity: Sendable {
  package let profile: Profile
  /// Ed25519 by the profile's ik_sig, 64 bytes; throws where this side's memory or libraries fail.
  package let sign: @Sendable ([UInt8]) throws -> [UInt8]

  package init(
    profile: Profile, sign: @escaping @Sendable ([UInt8]) throws -> [UInt8]
  ) {
    self.profile = profile
    self.sign = sign
  }

  func signature(of message: [UInt8]) throws(GroupError) -> [UInt8] {
    do {
      return try sign(message)
    } catch {
      throw .placeFailed
    }
  }
}

extension Profile {
  /// The name of a profile in 32 bytes: SHA-256 of the 129 bytes that it signs.
  package var groupID: [UInt8] { SHA256Hash.hash(signedBytes.span) }

  /// Throws unless the owner of its ik_sig put it together (PROTOCOL 1.2).
  func verifyOwnSignature() throws(GroupError) {
    let message = Array("secure_chat/1 profile".utf8) + signedBytes
    try cryptography { () throws(CryptographyError) in
      try Ed25519.verify(signature.span, of: message.span, publicKey: ikSig.span)
    }
  }

  /// Throws unless the owner of its ik_sig signed `message`.
  func verify(_ signature: [UInt8], of message: [UInt8]) throws(GroupError) {
    try cryptography { () throws(CryptographyError) in
      try Ed25519.verify(signature.span, of: message.span, publicKey: ikSig.span)
    }
  }
}

/// How what a member says is proven to the others.
///
/// A pair's conversation (GROUPS, G1) is to have scheme 0: a MAC on the certificate and nothing on envelopes. It is
/// read and refused until groups of two exist.
package enum GroupScheme: UInt8, Hashable, Sendable {
  case pair = 0
  /// A detached Ed25519 signature by ik_sig.
  case ed25519 = 1

  /// Bytes of the proof at the end of a certificate.
  var certificateProofByteCount: Int {
    switch self {
    case .pair: 32
    case .ed25519: 64
    }
  }

  /// Bytes of the proof at the end of an envelope.
  var envelopeProofByteCount: Int {
    switch self {
    case .pair: 0
    case .ed25519: 64
    }
  }
}

/// A proof, by its scheme.
package enum GroupAuthenticity: Hashable, Sendable {
  case signed([UInt8])
  case pair(tag: [UInt8])

  package var scheme: GroupScheme {
    switch self {
    case .signed: .ed25519
    case .pair: .pair
    }
  }

  var bytes: [UInt8] {
    switch self {
    case .signed(let signature): signature
    case .pair(let tag): tag
    }
  }

  init(_ scheme: GroupScheme, _ bytes: [UInt8]) {
    self =
      switch scheme {
      case .ed25519: .signed(bytes)
      case .pair: .pair(tag: bytes)
      }
  }
}
