package import Wire

/// Who a leaf's Ed25519 key speaks for: the identity of a basic credential (docs/GROUPS.md, "Certificate").
///
/// Only the form is known to be right; `verified` gives the proven profile.
package struct GroupCertificate: Hashable, Sendable {
  package static let version: UInt8 = 1
  /// A year: leaves live as long as their member stays in the group.
  package static let longestLifetime: UInt64 = 366 * 24 * 3600

  package let profile: Profile
  /// The leaf's Ed25519 key, 32 bytes.
  package let leafKey: [UInt8]
  /// Unix time, seconds.
  package let notBefore: UInt64
  package let notAfter: UInt64
  package let authenticity: GroupAuthenticity

  /// Signs a certificate of one's own for a leaf's key.
  package static func signed(
    by identity: GroupIdentity, leafKey: [UInt8], notBefore: UInt64, notAfter: UInt64
  ) throws(GroupError) -> GroupCertificate {
    let content = content(
      .ed25519, identity.profile, leafKey: leafKey, notBefore: notBefore, notAfter: notAfter)
    return GroupCertificate(
      profile: identity.profile, leafKey: leafKey, notBefore: notBefore, notAfter: notAfter,
      authenticity: .signed(try identity.signature(of: label + content)))
  }

  package init(
    profile: Profile, leafKey: [UInt8], notBefore: UInt64, notAfter: UInt64,
    authenticity: GroupAuthenticity
  ) {
    self.profile = profile
    self.leafKey = leafKey
    self.notBefore = notBefore
    self.notAfter = notAfter
    self.authenticity = authenticity
  }

  /// Reads all of `bytes`.
  package init(parsing bytes: [UInt8]) throws(GroupError) {
    var reader = TLSReader(bytes)
    guard try reader.uint8() == Self.version else { throw .member(.certificateVersion) }
    guard let scheme = GroupScheme(rawValue: try reader.uint8()) else { throw .member(.certificateScheme) }
    let profileBytes = try reader.fixed(Profile.byteCount)
    do throws(ProfileError) {
      profile = try Profile(parsing: profileBytes.span)
    } catch {
      throw .member(.certificateProfile)
    }
    leafKey = try reader.fixed(32)
    notBefore = try reader.uint64()
    notAfter = try reader.uint64()
    authenticity = GroupAuthenticity(scheme, try reader.fixed(scheme.certificateProofByteCount))
    try reader.finish()
    guard notBefore <= notAfter, notAfter - notBefore <= Self.longestLifetime else {
      throw .member(.certificateTimes)
    }
  }

  package var bytes: [UInt8] { signedContent + authenticity.bytes }

  /// The proven profile: throws unless the certificate is signed by the owner of a whole profile, for just this key.
  ///
  /// `now` in seconds since 1970; nil where the times do not count any more, because the leaf is in the group.
  package func verified(leafKey key: [UInt8], now: GroupTime?) throws(GroupError) -> Profile {
    switch authenticity {
    case .pair: throw .member(.certificatePairHere)
    case .signed(let signature):
      guard leafKey == key else { throw .member(.certificateKeyDiffers) }
      try GroupRules.check(memberName: profile.name)
      try profile.verifyOwnSignature()
      try profile.verify(signature, of: Self.label + signedContent)
    }
    if let now {
      let skew = GroupPolicy().clockSkew
      let (latest, overflow) = now.addingReportingOverflow(skew)
      guard overflow || notBefore <= latest else { throw .member(.certificateNotYetValid) }
      guard notAfter >= (now > skew ? now - skew : 0) else { throw .member(.certificateExpired) }
    }
    return profile
  }

  private var signedContent: [UInt8] {
    Self.content(authenticity.scheme, profile, leafKey: leafKey, notBefore: notBefore, notAfter: notAfter)
  }

  private static func content(
    _ scheme: GroupScheme, _ profile: Profile, leafKey: [UInt8], notBefore: UInt64, notAfter: UInt64
  ) -> [UInt8] {
    var bytes = [version, scheme.rawValue] + profile.bytes + leafKey
    bytes.append(bigEndian: notBefore)
    bytes.append(bigEndian: notAfter)
    return bytes
  }

  private static let label = Array("secure_chat/1 group leaf".utf8)
}

extension LeafNode {
  /// The certificate that its credential is.
  func certificate() throws(GroupError) -> GroupCertificate {
    guard case .basic(let identity) = credential else { throw .member(.credentialNotACertificate) }
    return try GroupCertificate(parsing: identity)
  }
}
