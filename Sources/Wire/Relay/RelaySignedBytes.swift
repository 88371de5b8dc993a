/// The bytes that signatures and hashes of the relay link cover (docs/RELAY.md).
///
/// Every part has a fixed length, so that no two contents have the same bytes. This room has no hash: where one
/// goes in, the caller has made it.
package enum RelaySignedBytes {
  /// What a member signs with the epoch's key in HELLO: `th` names the link, and nobody else's.
  package static func authentication(th: [UInt8], pseudonym: [UInt8]) -> [UInt8] {
    label("secure_chat/1 relay auth") + th + pseudonym
  }

  /// What a committer signs with the key of the epoch that it ends.
  package static func epoch(pseudonym: [UInt8], slot: UInt64, nextKey: [UInt8], bodyHash: [UInt8]) -> [UInt8]
  {
    var bytes = label("secure_chat/1 relay epoch") + pseudonym
    bytes.append(bigEndian: slot)
    return bytes + nextKey + bodyHash
  }

  /// What the relay signs with its ik_sig for an entry.
  package static func receipt(
    pseudonym: [UInt8], term: UInt64, sequence: UInt64, chain: [UInt8], level: RelayLevel, kind: RelayKind,
    slot: UInt64
  ) -> [UInt8] {
    var bytes = label("secure_chat/1 relay receipt") + pseudonym
    bytes.append(bigEndian: term)
    bytes.append(bigEndian: sequence)
    bytes += chain
    bytes.append(level.rawValue)
    bytes.append(kind.rawValue)
    bytes.append(bigEndian: slot)
    return bytes
  }

  /// What is hashed to the chain's next value; the first one follows on `chainStart`.
  package static func chain(after previous: [UInt8], sequence: UInt64, bodyHash: [UInt8]) -> [UInt8] {
    var bytes = previous
    bytes.append(bigEndian: sequence)
    return bytes + bodyHash
  }

  /// The chain before the first entry.
  package static let chainStart = [UInt8](repeating: 0, count: RelaySize.hash)

  private static func label(_ text: String) -> [UInt8] { Array(text.utf8) }
}

/// What a stranger does before it may put something into an inbox: about 2^18 hashes.
package enum RelayPuzzle {
  package static let zeroBits = 18

  /// The bytes whose SHA-256 must begin with `zeroBits` zero bits.
  package static func bytes(pseudonym: [UInt8], bodyHash: [UInt8], nonce: UInt64) -> [UInt8] {
    var bytes = Array("secure_chat/1 relay puzzle".utf8) + pseudonym + bodyHash
    bytes.append(bigEndian: nonce)
    return bytes
  }

  /// Whether `digest`, the SHA-256 of those bytes, solves it.
  package static func isSolved(by digest: [UInt8]) -> Bool {
    var zeros = 0
    for byte in digest {
      zeros += byte.leadingZeroBitCount
      if byte != 0 { break }
    }
    return zeros >= zeroBits
  }
}
