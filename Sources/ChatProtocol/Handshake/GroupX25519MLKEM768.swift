import Cryptography
import Wire

extension GroupSuite {
  /// Group 1: ML-KEM-768 (FIPS 203) beside X25519. I sends the encapsulation key, R the ciphertext.
  static let x25519MLKEM768 = GroupSuite(
    group: .x25519MLKEM768,
    makeOffer: { (region, entropy) throws(CryptographyError) in
      MLKEMOffer(try MLKEM768KeyPair(in: region, from: entropy))
    },
    answer: { (offer, region, _, encapsulation) throws(CryptographyError) in
      var secret = try Secret<EncapsulatedSecret>(in: region)
      let ciphertext = try secret.withMutableBytes { (secret) throws(CryptographyError) in
        try encapsulation.encapsulate(to: offer, into: &secret)
      }
      return GroupAnswer(share: ciphertext, secret: MLKEMSecret(secret))
    })
}

private enum EncapsulatedSecret: SecretPurpose {
  static let byteCount = MLKEM768.sharedSecretByteCount
}

private final class MLKEMOffer: GroupOffer {
  private let keyPair: MLKEM768KeyPair

  init(_ keyPair: consuming MLKEM768KeyPair) {
    self.keyPair = keyPair
  }

  var share: [UInt8] { keyPair.publicKey }

  // A ciphertext that was changed gives another secret, never an error: the next tag shows it.
  func accept(_ answer: Span<UInt8>, into state: inout SymmetricState) throws(CryptographyError) {
    var secret = try Secret<EncapsulatedSecret>(in: state.region)
    try keyPair.decapsulate(answer, into: &secret)
    try state.mixKey(secret, as: .encapsulated)
  }
}

private final class MLKEMSecret: GroupSecret {
  private let secret: Secret<EncapsulatedSecret>

  init(_ secret: consuming Secret<EncapsulatedSecret>) {
    self.secret = secret
  }

  func mix(into state: inout SymmetricState) throws(CryptographyError) {
    try state.mixKey(secret, as: .encapsulated)
  }
}
