import Cryptography
import Wire

/// What a group adds to X25519, which is in every group: one file a group, one line in `builtIn`.
///
/// An offer travels in INIT and an answer in RESP. The secret that both then have is mixed after
/// `ee`; the answer is part of what is hashed before it, so that answering and mixing are two steps.
struct GroupSuite: Sendable {
  let group: KeyAgreementGroup
  /// I: makes a share and keeps its private half in the region.
  let makeOffer: @Sendable (GuardedRegion, any EntropySource) throws(CryptographyError) -> any GroupOffer
  /// R: answers an offer. Throws `.weakShare` for one that no honest side makes.
  let answer:
    @Sendable (_ offer: Span<UInt8>, GuardedRegion, any EntropySource, any KeyEncapsulation)
      throws(CryptographyError) -> GroupAnswer

  /// Every group of this build.
  static let builtIn: [GroupSuite] = [
    .x25519MLKEM768,
    .x25519,
    .x25519FFDHE3072,
  ]

  static func of(_ group: KeyAgreementGroup) -> GroupSuite? {
    builtIn.first { $0.group == group }
  }
}

/// I's half of a group until RESP is here.
protocol GroupOffer: AnyObject {
  /// What stands in INIT.
  var share: [UInt8] { get }

  /// Mixes the secret that R's answer gives. Throws `.weakShare` for an answer that no honest side
  /// makes.
  func accept(_ answer: Span<UInt8>, into state: inout SymmetricState) throws(CryptographyError)
}

/// R's half of a group between its answer and the mixing.
protocol GroupSecret: AnyObject {
  func mix(into state: inout SymmetricState) throws(CryptographyError)
}

/// R's share for RESP, and the secret to mix once RESP is hashed.
struct GroupAnswer {
  let share: [UInt8]
  let secret: any GroupSecret
}
