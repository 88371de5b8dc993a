package import Places
package import Wire

/// The relays that this user has met, each with the profile that it first showed (GROUPS 3.5 L5), in one file of the
/// profile, 0600:
///
///     relays 1
///     relay <hex of the address> <base64url of the 193 bytes> 2026-11-21T08:30:00.000Z
///     check <SHA-256 of all before>
///
/// Another process of the same user may change the file at any time, so each call reads what stands; a damaged
/// file is a failure, never an empty list. All calls block on the disk.
package final class RelayPins: Sendable {
  /// The most relays that are remembered; the oldest goes.
  package static let limit = 256
  private static let kind = "relays"
  private static let sizeLimit = 256 + limit * 1024

  private let profile: ProfilePath

  package init(profile: ProfilePath) {
    self.profile = profile
  }

  /// The profile that is pinned for an address; nil for one that was never met.
  package func pinned(_ address: RelayAddress) throws(HomeFailure) -> Profile? {
    try all().last { $0.address == address.text }?.profile
  }

  /// Pins a relay durably, in place of what stood for this address.
  package func pin(_ place: RelayPlace, at now: UnixTime) throws(HomeFailure) {
    try ProfileLock.hold(profile) { () throws(HomeFailure) in
      var pins = try all().filter { $0.address != place.address.text }
      pins.append(Pinned(address: place.address.text, profile: place.profile, since: now))
      try write(pins.suffix(Self.limit))
    }
  }

  private struct Pinned {
    let address: String
    let profile: Profile
    let since: UnixTime
  }

  private var path: String { profile.folder + "/relays" }

  private func all() throws(HomeFailure) -> [Pinned] {
    guard let text = try HomeText.read(path, kind: Self.kind, limit: Self.sizeLimit) else { return [] }
    var pins: [Pinned] = []
    for line in 0..<text.count {
      guard text.keys[line] == "relay" else { throw text.damaged }
      pins.append(try text.value(line, Self.entry))
    }
    return pins
  }

  private func write(_ pins: some Sequence<Pinned>) throws(HomeFailure) {
    var text = try HomeTextWriter(kind: Self.kind, capacity: Self.sizeLimit)
    for pin in pins {
      let address = Hex.encode(Array(pin.address.utf8))
      try text.line("relay", "\(address) \(IdentityText.encode(pin.profile)) \(pin.since.rfc3339)")
    }
    try text.replace(path)
  }

  private static func entry(_ text: String) -> Pinned? {
    let parts = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, let bytes = Hex.decode(parts[0]),
      let address = String(validating: bytes, as: UTF8.self), let profile = IdentityText.profile(parts[1]),
      let since = UnixTime(rfc3339: parts[2])
    else { return nil }
    return Pinned(address: address, profile: profile, since: since)
  }
}
