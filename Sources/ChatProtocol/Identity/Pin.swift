package import Cryptography
package import Wire

/// The secret of a pair of contacts, lent by reference so that a `Pin` can be a plain value.
package final class PairSecret: Sendable {
  package let key: Secret<PairPreSharedKey>

  package init(_ key: consuming Secret<PairPreSharedKey>) {
    self.key = key
  }

  /// 32 zero bytes: the pair secret of a contact that came from an `identity` in a users file.
  ///
  /// Such a contact has no post-quantum authentication; `es` and `se` authenticate it.
  package static func absent() throws(CryptographyError) -> PairSecret {
    let region = try GuardedRegion(byteCount: PairPreSharedKey.byteCount)
    return PairSecret(try Secret(in: region))
  }
}

/// What one side remembers of a contact; PROTOCOL 1.2 and "Pin commit" of 1.4.
///
/// Every change is compare-and-set under the contact's lock and durable before the event that
/// answers the action which asked for it.
package struct Pin: Sendable {
  /// Whether the other side has shown that it stored its pin, too.
  package enum Standing: UInt8, Sendable {
    /// Stored by R before FIN: this name may come back with K and with P.
    case provisional = 0
    /// P is refused until the user runs `verify NAME`.
    case confirmed = 1
  }

  package var profile: ProvenProfile
  package var secret: PairSecret
  /// The strongest group ever completed with this contact.
  package var floor: KeyAgreementGroup
  package var standing: Standing
  /// The user compared the words by another channel.
  package var isVerified: Bool
  package var pairedAt: UnixTime
  package var verifiedAt: UnixTime?

  package init(
    profile: ProvenProfile, secret: PairSecret, floor: KeyAgreementGroup, standing: Standing,
    isVerified: Bool, pairedAt: UnixTime, verifiedAt: UnixTime?
  ) {
    self.profile = profile
    self.secret = secret
    self.floor = floor
    self.standing = standing
    self.isVerified = isVerified
    self.pairedAt = pairedAt
    self.verifiedAt = verifiedAt
  }

  package var name: PeerName { profile.name }
}

/// A pin that a first contact has just made: the driver adds the dates when it stores it.
package struct NewPin: Sendable {
  package let profile: ProvenProfile
  package let secret: PairSecret
  package let floor: KeyAgreementGroup
  package let standing: Pin.Standing

  package init(
    profile: ProvenProfile, secret: PairSecret, floor: KeyAgreementGroup, standing: Pin.Standing
  ) {
    self.profile = profile
    self.secret = secret
    self.floor = floor
    self.standing = standing
  }
}
