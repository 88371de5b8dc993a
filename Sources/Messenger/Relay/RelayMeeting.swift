import ChatProtocol
package import Transport
import Wire

/// Finds out who must answer at a relay's address: whoever was pinned there, or whoever answers first.
///
/// For the members of a group the roster decides instead; it carries whole profiles.
package struct RelayMeeting: Sendable {
  let pins: RelayPins
  let network: RelayNetwork
  /// Where the pins' file is read and written.
  let disk: BlockingThreads

  package init(pins: RelayPins, network: RelayNetwork, disk: BlockingThreads) {
    self.pins = pins
    self.network = network
    self.disk = disk
  }

  /// The relay at an address, and whether it was met for the first time, so that its words are to be shown.
  ///
  /// A first one is asked for its profile, which is pinned. Throws `.relay` and `.state`.
  package func place(
    at address: RelayAddress
  ) async throws(MessengerFailure) -> (place: RelayPlace, isNew: Bool) {
    let pins = pins
    if let known = try await disk.attempt({ () throws(HomeFailure) in try pins.pinned(address) }) {
      return (RelayPlace(address: address, profile: known), false)
    }
    let place = RelayPlace(
      address: address, profile: try await RelayConnection.askProfile(address, through: network))
    try await disk.attempt { () throws(HomeFailure) in try pins.pin(place, at: .now) }
    return (place, true)
  }

  /// What to tell of a relay that did not prove its key: the words of both, where it says that it has another.
  package func explain(_ failure: MessengerFailure, at place: RelayPlace) async -> MessengerFailure {
    guard case .relay(let facts) = failure, case .notProven = facts.cause,
      let shown = try? await RelayConnection.askProfile(place.address, through: network),
      shown.signedBytes != place.profile.signedBytes
    else { return failure }
    let known = place.profile
    let words = await disk.run { (KeyWords.text(of: known), KeyWords.text(of: shown)) }
    guard let words else { return failure }
    return .relay(
      RelayFailure(address: facts.address, cause: .otherKey(pinnedWords: words.0, shownWords: words.1)))
  }
}
