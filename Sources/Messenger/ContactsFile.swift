internal import ChatProtocol
internal import Cryptography
internal import Places
internal import Wire

/// The file of one pin, 0600, in the folder `contacts` of a profile:
///
///     contact 1
///     profile <base64url of the 193 bytes>
///     secret <hex of pair_psk>
///     pairing <hex>
///     floor x25519-mlkem768
///     standing provisional|confirmed
///     paired 2026-11-20T12:00:00.000Z
///     verified no|2026-11-21T08:30:00.000Z
///     check <SHA-256 of all before>
enum ContactsFile {
  private static let kind = "contact"
  private static let sizeLimit = 4096
  private static let keys = ["profile", "secret", "pairing", "floor", "standing", "paired", "verified"]

  /// What a file says without its secret: enough to compare keys.
  struct Outline {
    let profile: Profile
    let pairing: PairingID
  }

  /// The profile and the pairing of a stored pin; nil where there is no file.
  ///
  /// Throws `.damaged` also where the profile is of another name than the file.
  static func outline(_ path: String, of name: PeerName) throws(HomeFailure) -> Outline? {
    guard let text = try HomeText.read(path, kind: kind, limit: sizeLimit) else { return nil }
    return try outline(of: text, name)
  }

  /// What a claimed name needs of a stored pin, without its keys: standing and floor.
  struct Marks {
    let pairing: PairingID
    let standing: Pin.Standing
    let floor: KeyAgreementGroup
  }

  /// The marks of a stored pin; nil where there is no file.
  static func marks(_ path: String, of name: PeerName) throws(HomeFailure) -> Marks? {
    guard let text = try HomeText.read(path, kind: kind, limit: sizeLimit) else { return nil }
    return Marks(
      pairing: try outline(of: text, name).pairing,
      standing: try text.value(4) { Pin.Standing(word: $0) },
      floor: try text.value(3, KeyAgreementGroup.init(name:)))
  }

  /// Does the work of reading a pin and finds nothing.
  static func readDecoy(_ path: String) {
    _ = try? HomeText.read(path, kind: kind, limit: sizeLimit)
  }

  /// The whole stored pin; nil where there is no file.
  static func read(_ path: String, of name: PeerName) throws(HomeFailure) -> (Pin, PairingID)? {
    guard let text = try HomeText.read(path, kind: kind, limit: sizeLimit) else { return nil }
    let outline = try outline(of: text, name)
    let proven: ProvenProfile
    do throws(CryptographyError) {
      proven = try ProvenProfile(verifying: outline.profile)
    } catch {
      throw text.damaged
    }
    let region = try HomeFailure.ofMemory { () throws(CryptographyError) in
      try GuardedRegion(byteCount: 64)
    }
    try text.requireSecret(1, byteCount: PairPreSharedKey.byteCount)
    let secret: Secret<PairPreSharedKey> = try text.secret(1, in: region)
    let verified = text.text(6)
    let verifiedAt = UnixTime(rfc3339: verified)
    guard verified == "no" || verifiedAt != nil else { throw text.damaged }
    let pin = Pin(
      profile: proven, secret: PairSecret(secret),
      floor: try text.value(3, KeyAgreementGroup.init(name:)),
      standing: try text.value(4) { Pin.Standing(word: $0) },
      isVerified: verifiedAt != nil,
      pairedAt: try text.value(5, UnixTime.init(rfc3339:)),
      verifiedAt: verifiedAt)
    return (pin, outline.pairing)
  }

  /// Writes the pin whole: a new file, synced, renamed, the folder synced.
  static func write(_ pin: Pin, _ pairing: PairingID, to path: String) throws(HomeFailure) {
    var text = try HomeTextWriter(kind: kind, capacity: sizeLimit)
    try text.line("profile", IdentityText.encode(pin.profile.profile))
    try text.beginSecretLine("secret")
    try text.secret(pin.secret.key)
    try text.endSecretLine()
    try text.line("pairing", Hex.encode(pairing.bytes))
    try text.line("floor", pin.floor.name)
    try text.line("standing", pin.standing.word)
    try text.line("paired", pin.pairedAt.rfc3339)
    try text.line("verified", pin.isVerified ? (pin.verifiedAt ?? pin.pairedAt).rfc3339 : "no")
    try text.replace(path)
  }

  private static func outline(of text: borrowing HomeText, _ name: PeerName) throws(HomeFailure) -> Outline {
    try text.require(keys: keys)
    let profile = try text.value(0, IdentityText.profile)
    let pairing = try text.value(2) { (text: String) in
      Hex.decode(text).flatMap { $0.count == PairingID.byteCount ? PairingID(bytes: $0) : nil }
    }
    guard profile.name == name else { throw text.damaged }
    return Outline(profile: profile, pairing: pairing)
  }
}

extension Pin.Standing {
  fileprivate var word: String {
    switch self {
    case .provisional: "provisional"
    case .confirmed: "confirmed"
    }
  }

  fileprivate init?(word: String) {
    switch word {
    case "provisional": self = .provisional
    case "confirmed": self = .confirmed
    default: return nil
    }
  }
}
