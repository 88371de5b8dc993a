internal import Places
internal import Wire

/// A count of guesses under one key.
struct GuessEntry: Hashable {
  /// 32 bytes: what is counted under, never a name.
  let key: [UInt8]
  /// 32 bytes: what a second reset works on; the same as `key` where there is only one.
  let group: [UInt8]
  /// Drawn anew whenever the count begins anew, so that a late give-back cannot reach a later count.
  var generation: UInt64
  var count: Int
  /// The key belonged to somebody of the users file when it was last counted.
  var isKnown: Bool
}

/// A small file of guess counts, 0600, at most `limit` entries, the one counted longest ago first.
///
///     guesses 1
///     entry <key hex> <group hex> <generation hex> <count> known|unknown
///     check <SHA-256 of all before>
enum GuessesFile {
  /// The most entries (PROTOCOL 1.4, "Guesses").
  static let limit = 1024
  private static let kind = "guesses"
  private static let lineByteCount = 192
  private static let sizeLimit = 256 + limit * lineByteCount

  /// The entries, or none where there is no file yet.
  static func read(_ path: String) throws(HomeFailure) -> [GuessEntry] {
    guard let text = try HomeText.read(path, kind: kind, limit: sizeLimit) else { return [] }
    guard text.keys.allSatisfy({ $0 == "entry" }), text.count <= limit else { throw text.damaged }
    var entries: [GuessEntry] = []
    entries.reserveCapacity(text.count + 1)
    for line in 0..<text.count { entries.append(try text.value(line, entry)) }
    return entries
  }

  /// Writes the entries durably, as a whole; where there are too many, unknown ones go first, and of these
  /// the one counted longest ago.
  static func write(_ entries: [GuessEntry], to path: String) throws(HomeFailure) {
    var entries = entries
    while entries.count > limit { entries.remove(at: entries.firstIndex { !$0.isKnown } ?? 0) }
    var text = try HomeTextWriter(kind: kind, capacity: sizeLimit)
    for entry in entries {
      let numbers = "\(String(entry.generation, radix: 16)) \(entry.count)"
      let known = entry.isKnown ? "known" : "unknown"
      try text.line("entry", "\(Hex.encode(entry.key)) \(Hex.encode(entry.group)) \(numbers) \(known)")
    }
    try text.replace(path)
  }

  private static func entry(_ text: String) -> GuessEntry? {
    let parts = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 5, let key = Hex.decode(parts[0]), let group = Hex.decode(parts[1]),
      key.count == 32, group.count == 32, let generation = UInt64(parts[2], radix: 16),
      let count = Int(parts[3]), (0...255).contains(count), parts[4] == "known" || parts[4] == "unknown"
    else { return nil }
    return GuessEntry(
      key: key, group: group, generation: generation, count: count, isKnown: parts[4] == "known")
  }
}
