internal import Wire

/// All that writing a log needs: whom to seal the chain's root to.
///
/// It is public. Who holds only this can write logs and read none.
package struct LogPublicKey: Hashable, Sendable {
  /// X25519, 32 bytes.
  package let bytes: [UInt8]
  /// The 193 bytes of the profile that the key was made with.
  package let profile: [UInt8]

  package init?(bytes: [UInt8], profile: [UInt8]) {
    guard bytes.count == 32, profile.count == Profile.byteCount else { return nil }
    self.bytes = bytes
    self.profile = profile
  }
}
