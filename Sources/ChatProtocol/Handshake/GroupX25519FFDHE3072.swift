import Cryptography
import Wire

extension GroupSuite {
  /// Group 3: Diffie-Hellman in the finite field of ffdhe3072 (RFC 7919) beside X25519. Both send y, and never
  /// parameters.
  static let x25519FFDHE3072 = GroupSuite(
    group: .x25519FFDHE3072,
    makeOffer: { (region, entropy) throws(CryptographyError) in
      try FiniteFieldOffer(in: region, from: entropy)
    },
    answer: { (offer, region, entropy, _) throws(CryptographyError) in
      let own = try FiniteFieldOffer(in: region, from: entropy)
      return GroupAnswer(share: own.share, secret: try own.agree(with: offer, in: region))
    })
}

private enum FiniteFieldShared: SecretPurpose {
  static let byteCount = FFDHE3072.byteCount
}

private final class FiniteFieldOffer: GroupOffer {
  private let exponent: Secret<FFDHE3072Exponent>
  let share: [UInt8]

  init(in region: GuardedRegion, from entropy: any EntropySource) throws(CryptographyError) {
    let exponent = try Secret<FFDHE3072Exponent>.randomExponent(in: region, from: entropy)
    share = try FFDHE3072.publicValue(of: exponent)
    self.exponent = exponent
  }

  func agree(
    with other: Span<UInt8>, in region: GuardedRegion
  ) throws(CryptographyError) -> FiniteFieldSecret {
    var shared = try Secret<FiniteFieldShared>(in: region)
    try FFDHE3072.sharedSecret(private: exponent, public: other, into: &shared)
    return FiniteFieldSecret(shared)
  }

  func accept(_ answer: Span<UInt8>, into state: inout SymmetricState) throws(CryptographyError) {
    try agree(with: answer, in: state.region).mix(into: &state)
  }
}

private final class FiniteFieldSecret: GroupSecret {
  private let shared: Secret<FiniteFieldShared>

  init(_ shared: consuming Secret<FiniteFieldShared>) {
    self.shared = shared
  }

  func mix(into state: inout SymmetricState) throws(CryptographyError) {
    try state.mixKey(shared, as: .finiteField)
  }
}
