package import Cryptography
package import Wire

extension OwnKeyPackage {
  /// How long a key package is offered, in seconds; the policy's longest lifetime.
  package static let offeredFor: UInt64 = 90 * 24 * 3600

  /// A fresh key package of a user of the product: its credential is the user's certificate.
  package static func make(
    for identity: GroupIdentity, suite: GroupSuite = .x25519AES128, now: GroupTime,
    in surroundings: Group.Surroundings
  ) throws(GroupError) -> OwnKeyPackage {
    try GroupRules.check(memberName: identity.profile.name)
    let notBefore = now > 3600 ? now - 3600 : 0
    let signatureKey = try cryptography { () throws(CryptographyError) in
      try suite.freshSignatureKey(in: surroundings.slab, from: surroundings.entropy)
    }
    let leafKey = try cryptography { () throws(CryptographyError) in
      try suite.signaturePublicKey(of: signatureKey)
    }
    let certificate = try GroupCertificate.signed(
      by: identity, leafKey: leafKey, notBefore: notBefore,
      notAfter: now + GroupCertificate.longestLifetime - 3600)
    return try make(
      suite: suite, credential: .basic(identity: certificate.bytes),
      lifetime: Lifetime(notBefore: notBefore, notAfter: now + offeredFor),
      extensions: [GroupDescription.extensionType], signatureKey: signatureKey, in: surroundings)
  }

  /// KeyPackageRef (RFC 9420, 5.2): what an invitation names it by.
  package var reference: [UInt8] { keyPackage.reference(suite) }

  /// The key package on the wire, for whoever is to invite.
  package var published: [UInt8] { MLSMessage.keyPackage(keyPackage).encoded }

  /// For a store: public bytes, and the three private keys in guarded memory.
  package var stored: GroupSnapshot {
    var output = SnapshotWriter()
    output.writer.write(UInt16(1))
    output.writer.write(suite.identifier)
    output.writer.opaque(keyPackage.encoded)
    output.secret(initKey)
    output.secret(leafKey)
    output.secret(signatureKey)
    return GroupSnapshot(bytes: output.writer.bytes, secrets: output.secrets)
  }

  /// What `stored` gave; throws `misuse(.damagedState)` or `malformed` for anything else.
  package init(restoring snapshot: GroupSnapshot) throws(GroupError) {
    var input = SnapshotReader(snapshot)
    guard try input.reader.uint16() == 1, let suite = GroupSuite.numbered(try input.reader.uint16()) else {
      throw .misuse(.damagedState)
    }
    let keyPackage = try KeyPackage(parsing: try input.reader.opaque())
    self.init(
      suite: suite, keyPackage: keyPackage, initKey: try input.secret(), leafKey: try input.secret(),
      signatureKey: try input.secret())
    try input.finish()
  }
}

extension KeyPackage {
  /// A published key package, checked for use by the product's groups, and whose it is proven to be.
  ///
  /// `expected` is whom the caller has pinned; throws `member(.certificateProfileDiffers)` for anybody else.
  package static func checked(
    _ bytes: [UInt8], of expected: Profile, suite: GroupSuite, policy: GroupPolicy, now: GroupTime?
  ) throws(GroupError) -> KeyPackage {
    guard bytes.count <= GroupMemberLimits.keyPackageByteCount else { throw .member(.keyPackageTooLong) }
    guard case .keyPackage(let keyPackage) = try MLSMessage(parsing: bytes) else {
      throw .member(.keyPackageForm)
    }
    try keyPackage.validate(suite: suite, policy: policy, now: now)
    let leaf = keyPackage.leafNode
    guard leaf.capabilities.supports(extension: GroupDescription.extensionType) else {
      throw .member(.keyPackageNotOfThisGroup)
    }
    let profile = try leaf.certificate().verified(leafKey: leaf.signatureKey, now: now)
    guard profile.signedBytes == expected.signedBytes else { throw .member(.certificateProfileDiffers) }
    return keyPackage
  }
}
