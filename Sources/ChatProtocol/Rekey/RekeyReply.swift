package import Cryptography
package import Wire

/// R: KU2 is made, and what follows from it: the sending chain switches right after it.
package struct RekeyReply: ~Copyable {
  /// KU2.
  package let message: RekeyMessage
  package let sendingKey: Secret<SendingChainKey>
  /// The rest waits for KU3.
  let awaiting: AwaitingRekeyFinish

  /// Answers KU1: draws e_R', then encapsulates. E_KU for a wrong epoch, E_DH for a zero X25519 result
  /// or a key that FIPS 203 refuses. The old root is gone with it: nothing could use it again.
  package init(
    _ root: consuming RekeyRoot, epoch: UInt32, ephemeral peerShare: [UInt8],
    encapsulationKey: [UInt8], from entropy: any EntropySource,
    encapsulation: any KeyEncapsulation
  ) throws(ProtocolFailure) {
    guard epoch == root.nextEpoch else { throw ProtocolFailure(.ku) }
    let (facts, region) = (root.facts, root.region)
    let ephemeral = try checking(as: .state) { () throws(CryptographyError) in
      try Secret<EphemeralKey>.random(in: region, from: entropy)
    }
    let share = try checking(as: .state) { () throws(CryptographyError) in
      try X25519.publicKey(of: ephemeral)
    }
    var agreement = try RekeyAgreement(in: region)
    try agreement.agree(.bothEphemerals, ephemeral, peerShare)
    try agreement.agree(.ephemeralOfInitiator, facts.identity.agreementKey, peerShare)
    try agreement.agree(.ephemeralOfResponder, ephemeral, facts.peerKey)
    let ciphertext = try agreement.encapsulate { (secret) throws(CryptographyError) in
      try encapsulation.encapsulate(to: encapsulationKey.span, into: &secret)
    }
    let begin = RekeyMessage.begin(
      epoch: epoch, ephemeral: peerShare, encapsulationKey: encapsulationKey)
    let digest = RekeyTranscript.digest(
      begin, epoch: epoch, ephemeral: share, ciphertext: ciphertext)
    let keys = try checking(as: .state) { () throws(CryptographyError) in
      try root.derive(from: agreement.input, digest: digest)
    }
    message = .answer(
      epoch: epoch, ephemeral: share, ciphertext: ciphertext,
      confirmation: keys.confirmation.tag(of: facts.role))
    sendingKey = keys.sendingKey
    awaiting = AwaitingRekeyFinish(
      root: keys.root, receivingKey: keys.receivingKey, confirmation: keys.confirmation)
  }

  /// Who has no more use for the sending key goes on with the rest.
  package consuming func sent() -> AwaitingRekeyFinish { awaiting }
}

/// R: KU2 is sent; KU3 must come.
package struct AwaitingRekeyFinish: ~Copyable {
  fileprivate let root: RekeyRoot
  fileprivate let receivingKey: Secret<ReceivingChainKey>
  fileprivate let confirmation: RekeyConfirmation

  /// Takes KU3: R takes RK' when I has confirmed it. E_KU for a wrong epoch or confirmation.
  package consuming func accept(
    epoch: UInt32, confirmation tag: [UInt8]
  ) throws(ProtocolFailure) -> CompletedRekey {
    guard epoch == root.epoch else { throw ProtocolFailure(.ku) }
    try confirmation.require(tag, of: root.facts.role.other)
    return CompletedRekey(root: root, receivingKey: receivingKey)
  }
}

/// R: both sides have confirmed; the receiving chain switches.
package struct CompletedRekey: ~Copyable {
  package let root: RekeyRoot
  package let receivingKey: Secret<ReceivingChainKey>
}
