package import Cryptography
package import Wire

/// I: KU1 is made; KU2 must come.
package struct RekeyOffer: ~Copyable {
  private let root: RekeyRoot
  private let ephemeral: Secret<EphemeralKey>
  private let keyPair: MLKEM768KeyPair
  /// KU1.
  package let message: RekeyMessage

  /// Draws e_I', then the seed of ek.
  package init(
    _ root: consuming RekeyRoot, from entropy: any EntropySource
  ) throws(ProtocolFailure) {
    do {
      let ephemeral = try Secret<EphemeralKey>.random(in: root.region, from: entropy)
      let keyPair = try MLKEM768KeyPair(in: root.region, from: entropy)
      message = .begin(
        epoch: root.nextEpoch, ephemeral: try X25519.publicKey(of: ephemeral),
        encapsulationKey: keyPair.publicKey)
      self.root = root
      self.ephemeral = ephemeral
      self.keyPair = keyPair
    } catch {
      throw ProtocolFailure(error, as: .state)
    }
  }

  /// Takes KU2: the new keys, once R's confirmation holds. E_KU for a wrong epoch or confirmation,
  /// E_DH for a zero X25519 result.
  package consuming func accept(
    epoch: UInt32, ephemeral peerShare: [UInt8], ciphertext: [UInt8], confirmation: [UInt8]
  ) throws(ProtocolFailure) -> RekeyedKeys {
    guard epoch == root.nextEpoch else { throw ProtocolFailure(.ku) }
    let facts = root.facts
    var agreement = try RekeyAgreement(in: root.region)
    try agreement.agree(.bothEphemerals, ephemeral, peerShare)
    try agreement.agree(.ephemeralOfInitiator, ephemeral, facts.peerKey)
    try agreement.agree(.ephemeralOfResponder, facts.identity.agreementKey, peerShare)
    try agreement.encapsulate { (secret) throws(CryptographyError) in
      try keyPair.decapsulate(ciphertext.span, into: &secret)
    }
    let digest = RekeyTranscript.digest(
      message, epoch: epoch, ephemeral: peerShare, ciphertext: ciphertext)
    let keys = try checking(as: .state) { () throws(CryptographyError) in
      try root.derive(from: agreement.input, digest: digest)
    }
    try keys.confirmation.require(confirmation, of: facts.role.other)
    return keys
  }
}

extension RekeyedKeys {
  /// I: KU3.
  package borrowing func finish() -> RekeyMessage {
    .finish(epoch: root.epoch, confirmation: confirmation.tag(of: root.facts.role))
  }
}

enum RekeyTranscript {
  /// `t = SHA-256(body of KU1 | body of KU2 without its last 32)`.
  static func digest(
    _ begin: RekeyMessage, epoch: UInt32, ephemeral: [UInt8], ciphertext: [UInt8]
  ) -> [UInt8] {
    let first = RecordBody.rekey(begin).bytes ?? []
    var second: [UInt8] = []
    second.append(bigEndian: epoch)
    second += ephemeral + ciphertext
    return SHA256Hash.hash(first.span, second.span)
  }
}
