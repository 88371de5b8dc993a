import Cryptography
import Wire

extension GroupSuite {
  /// Group 2: X25519 alone. Nothing is sent for it, and nothing is mixed.
  static let x25519 = GroupSuite(
    group: .x25519,
    makeOffer: { (_, _) throws(CryptographyError) in NoShare() },
    answer: { (_, _, _, _) throws(CryptographyError) in GroupAnswer(share: [], secret: NoShare()) })
}

private final class NoShare: GroupOffer, GroupSecret {
  let share: [UInt8] = []

  func accept(_ answer: Span<UInt8>, into state: inout SymmetricState) throws(CryptographyError) {}
  func mix(into state: inout SymmetricState) throws(CryptographyError) {}
}
