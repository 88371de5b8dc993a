import Cryptography
package import Wire

/// The six words of an identity, for two people to compare aloud; PROTOCOL 1.6.
package enum KeyWords {
  /// How often W is hashed again, so that forging 66 bits costs 2^82.
  private static let rounds = 65_535

  /// The words of both keys of a profile; takes some tens of milliseconds, on purpose.
  package static func words(of profile: Profile) -> [String] {
    WordList.words(of: digest(ikDH: profile.ikDH, ikSig: profile.ikSig).span) ?? []
  }

  /// W: SHA-256("words" | ik_dh | ik_sig), hashed 65,535 times more.
  package static func digest(ikDH: [UInt8], ikSig: [UInt8]) -> [UInt8] {
    var digest = SHA256Hash.hash((Label.bytes("words") + ikDH + ikSig).span)
    var context = SHA256Context()
    for _ in 0..<rounds {
      context.update(digest.span)
      var output = digest.mutableSpan
      context.finish(into: &output)
    }
    return digest
  }
}
