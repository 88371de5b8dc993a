package import Cryptography

/// The secrets of an epoch (RFC 9420, 8).
package struct EpochSecrets: Sendable {
  package let senderData: GroupSecret
  /// The root of the secret tree; let go as soon as that has it, since every message key follows from it.
  package internal(set) var encryption: GroupSecret?
  package let exporter: GroupSecret
  package let external: GroupSecret
  package let confirmation: GroupSecret
  package let membership: GroupSecret
  package let resumption: GroupSecret
  package let initial: GroupSecret
  /// Public among the members: what they compare (8.7).
  package let authenticator: [UInt8]

  /// For restoring what was stored.
  init(restoring secrets: [GroupSecret], authenticator: [UInt8]) throws(GroupError) {
    guard secrets.count == EpochSecrets.storedCount else { throw .misuse(.damagedState) }
    senderData = secrets[0]
    exporter = secrets[1]
    external = secrets[2]
    confirmation = secrets[3]
    membership = secrets[4]
    resumption = secrets[5]
    initial = secrets[6]
    self.authenticator = authenticator
  }

  static let storedCount = 7
  var stored: [GroupSecret] {
    [senderData, exporter, external, confirmation, membership, resumption, initial]
  }

  /// Derives everything from epoch_secret.
  package init(epoch: GroupSecret, suite: GroupSuite) throws(GroupError) {
    senderData = try suite.derive(epoch, label: "sender data")
    encryption = try suite.derive(epoch, label: "encryption")
    exporter = try suite.derive(epoch, label: "exporter")
    external = try suite.derive(epoch, label: "external")
    confirmation = try suite.derive(epoch, label: "confirm")
    membership = try suite.derive(epoch, label: "membership")
    resumption = try suite.derive(epoch, label: "resumption")
    initial = try suite.derive(epoch, label: "init")
    authenticator = try suite.derive(epoch, label: "authentication").publicBytes
  }

  /// MLS-Exporter (8.5).
  package func export(
    label: String, context: [UInt8], byteCount: Int, suite: GroupSuite
  ) throws(GroupError) -> GroupSecret {
    let derived = try suite.derive(exporter, label: label)
    return try suite.expand(derived, label: "exported", context: suite.hash(context), byteCount: byteCount)
  }
}

/// What stands between a commit and its epoch's secrets: joiner_secret, and what it becomes with the PSKs.
package struct JoinerSecrets: Sendable {
  package let joiner: GroupSecret
  package let welcome: GroupSecret
  private let member: GroupSecret
  private let suite: GroupSuite

  /// From joiner_secret, as a Welcome brings it.
  package init(joiner: GroupSecret, psk: GroupSecret, suite: GroupSuite) throws(GroupError) {
    self.joiner = joiner
    self.suite = suite
    member = try suite.extracted(salt: joiner, inputKey: psk)
    welcome = try suite.derive(member, label: "welcome")
  }

  /// From the last epoch's init_secret and the commit's secret.
  package init(
    initial: GroupSecret, commit: GroupSecret, psk: GroupSecret, context: [UInt8], suite: GroupSuite
  ) throws(GroupError) {
    let extracted = try suite.extracted(salt: initial, inputKey: commit)
    let joiner = try suite.expand(
      extracted, label: "joiner", context: context, byteCount: suite.hashByteCount)
    try self.init(joiner: joiner, psk: psk, suite: suite)
  }

  package func epochSecrets(context: [UInt8]) throws(GroupError) -> EpochSecrets {
    let epoch = try suite.expand(member, label: "epoch", context: context, byteCount: suite.hashByteCount)
    return try EpochSecrets(epoch: epoch, suite: suite)
  }

  /// Key and nonce of the Welcome's GroupInfo (12.4.3.1).
  package func welcomeKey() throws(GroupError) -> MessageKey {
    MessageKey(
      key: try suite.expand(welcome, label: "key", byteCount: suite.keyByteCount),
      nonce: try suite.expand(welcome, label: "nonce", byteCount: suite.nonceByteCount))
  }
}

extension GroupSuite {
  /// psk_secret of the PSKs in their order (8.4).
  package func pskSecret(
    _ keys: [(id: PreSharedKeyID, secret: GroupSecret)], in slab: SecretSlab
  ) throws(GroupError) -> GroupSecret {
    let suite = self
    let zeros = try cryptography { () throws(CryptographyError) in
      try GroupSecret(zeros: suite.hashByteCount, in: slab)
    }
    var result = zeros
    for (index, key) in keys.enumerated() {
      var label = TLSWriter()
      label.write(key.id)
      label.write(UInt16(truncatingIfNeeded: index))
      label.write(UInt16(truncatingIfNeeded: keys.count))
      let extracted = try extracted(salt: zeros, inputKey: key.secret)
      let input = try expand(extracted, label: "derived psk", context: label.bytes, byteCount: hashByteCount)
      result = try self.extracted(salt: input, inputKey: result)
    }
    return result
  }

  /// The confirmed transcript hash after a commit (8.2).
  package func confirmedTranscriptHash(_ interim: [UInt8], _ commit: AuthenticatedContent) -> [UInt8] {
    var writer = TLSWriter()
    writer.fixed(interim)
    writer.write(commit.wireFormat.rawValue)
    writer.write(commit.content)
    writer.opaque(commit.signature)
    return hash(writer.bytes)
  }

  /// The interim transcript hash after it (8.2).
  package func interimTranscriptHash(_ confirmed: [UInt8], confirmationTag: [UInt8]) -> [UInt8] {
    var writer = TLSWriter()
    writer.fixed(confirmed)
    writer.opaque(confirmationTag)
    return hash(writer.bytes)
  }
}
