package import Places
package import Wire

/// The names that this user does not talk with (PROTOCOL 1.11), in one file of the profile, 0600:
///
///     blocked 1
///     name <hex of its UTF-8> 2026-11-21T08:30:00.000Z
///     check <SHA-256 of all before>
///
/// A name need not be a contact. Another process of the same user may change the file at any time, so each
/// call reads what stands; a damaged file is a failure, never an empty list. All calls block on the disk.
package final class BlockedNames: Sendable {
  /// The most names that can be blocked.
  package static let limit = 1024
  private static let kind = "blocked"
  private static let sizeLimit = 256 + limit * 192

  private let profile: ProfilePath

  package init(profile: ProfilePath) {
    self.profile = profile
  }

  /// When each name was blocked.
  package func all() throws(HomeFailure) -> [PeerName: UnixTime] {
    guard let text = try HomeText.read(path, kind: BlockedNames.kind, limit: BlockedNames.sizeLimit) else {
      return [:]
    }
    var names: [PeerName: UnixTime] = [:]
    for line in 0..<text.count {
      guard text.keys[line] == "name" else { throw text.damaged }
      let (name, since) = try text.value(line, BlockedNames.entry)
      names[name] = since
    }
    return names
  }

  /// Whether a name is blocked; a claim that is no name does the same work and is not.
  package func contains(_ name: PeerName?) throws(HomeFailure) -> Bool {
    let names = try all()
    return name.map { names[$0] != nil } ?? false
  }

  /// Blocks a name durably; false where it was blocked already.
  package func block(_ name: PeerName, at now: UnixTime) throws(HomeFailure) -> Bool {
    try change { (names) throws(HomeFailure) in
      guard names[name] == nil else { return false }
      guard names.count < BlockedNames.limit else {
        throw .failed(path: path, message: "\(BlockedNames.limit) names are blocked, and no more fit")
      }
      names[name] = now
      return true
    }
  }

  /// Lets a name in again, durably; false where it was not blocked.
  package func unblock(_ name: PeerName) throws(HomeFailure) -> Bool {
    try change { (names) throws(HomeFailure) in names.removeValue(forKey: name) != nil }
  }

  private var path: String { profile.folder + "/blocked" }

  private func change(
    _ body: (inout [PeerName: UnixTime]) throws(HomeFailure) -> Bool
  ) throws(HomeFailure) -> Bool {
    try ProfileLock.hold(profile) { () throws(HomeFailure) in
      var names = try all()
      guard try body(&names) else { return false }
      try write(names)
      return true
    }
  }

  private func write(_ names: [PeerName: UnixTime]) throws(HomeFailure) {
    var text = try HomeTextWriter(kind: BlockedNames.kind, capacity: BlockedNames.sizeLimit)
    for (name, since) in names.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
      try text.line("name", "\(Hex.encode(Array(name.utf8))) \(since.rfc3339)")
    }
    try text.replace(path)
  }

  private static func entry(_ text: String) -> (PeerName, UnixTime)? {
    let parts = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, let bytes = Hex.decode(parts[0]),
      let spelled = String(validating: bytes, as: UTF8.self), let name = try? PeerName(spelled),
      let since = UnixTime(rfc3339: parts[1])
    else { return nil }
    return (name, since)
  }
}
