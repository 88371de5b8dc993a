import Cryptography
package import Wire

/// The six words of a key, which two people compare aloud (PROTOCOL 1.6).
package enum KeyWords {
  /// Hashing so often makes a key with the same words cost 2^82 to find.
  package static let rounds = 65_536

  /// The words of a profile's two keys: SHA-256("words" | ik_dh | ik_sig), hashed 65,535 times more.
  ///
  /// It takes some hundredth of a second: not on an event loop.
  package static func words(of profile: Profile) -> [String] {
    words(ikDH: profile.ikDH, ikSig: profile.ikSig)
  }

  package static func words(ikDH: [UInt8], ikSig: [UInt8]) -> [String] {
    let start = Label.bytes("words") + ikDH + ikSig
    var digest = SHA256Hash.hash(start.span)
    for _ in 1..<rounds { digest = SHA256Hash.hash(digest.span) }
    // 32 bytes are more than six words need.
    return WordList.words(of: digest.span) ?? []
  }
}
