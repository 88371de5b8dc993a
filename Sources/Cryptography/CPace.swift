/// The part of CPace that two programs must agree on (draft-irtf-cfrg-cpace-21, CPACE-RISTR255-SHA512).
package enum CPace {
  package static let shareByteCount = 32
  /// The size of the session key ISK in bytes.
  package static let sessionKeyByteCount = 64

  /// Which side of the exchange one is; the transcript is ordered by it.
  package enum Role: Sendable {
    case initiator, responder
  }

  /// `lv_cat` of the draft: each part behind its length in LEB128, joined.
  package static func lengthValueJoined(_ parts: [[UInt8]]) -> [UInt8] {
    var joined: [UInt8] = []
    for part in parts {
      joined += lengthPrefix(part.count)
      joined += part
    }
    return joined
  }

  static let domain = [UInt8]("CPaceRistretto255".utf8)

  static func lengthPrefix(_ count: Int) -> [UInt8] {
    var prefix: [UInt8] = []
    var rest = count
    while rest >= 128 {
      prefix.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    prefix.append(UInt8(truncatingIfNeeded: rest))
    return prefix
  }
}

/// One side of one run of CPace: a scalar that serves once, and the share made with it.
///
/// The generator is as good as the password to someone who wants to guess it offline, so it lives in guarded
/// memory and only as long as the share takes to make.
package struct CPaceExchange: ~Copyable, Sendable {
  /// The public share, Ya or Yb, 32 bytes.
  package let share: [UInt8]
  private let scalar: GuardedSlot
  private let session: [UInt8]

  /// Draws a scalar and makes the share.
  ///
  /// `password` is PRS, `channel` is CI, which names both parties, `session` is sid. Slots are taken in `region`
  /// (about 800 bytes for the time of this call, 32 until the exchange goes).
  /// Throws `guardedMemoryExhausted` or `underlyingLibraryFailed`.
  package init<Password: SecretPurpose>(
    password: borrowing Secret<Password>, channel: [UInt8], session: [UInt8],
    in region: GuardedRegion, from entropy: any EntropySource
  ) throws(CryptographyError) {
    let generator = try CPaceExchange.generator(
      password: password, channel: channel, session: session, in: region)
    let scalar = try Ristretto255.randomScalar(in: region, from: entropy)
    var share = [UInt8](repeating: 0, count: CPace.shareByteCount)
    var output = share.mutableSpan
    try scalar.withBytes { (scalar) throws(CryptographyError) in
      try generator.withBytes { (generator) throws(CryptographyError) in
        try Ristretto255.multiply(scalar, generator, into: &output)
      }
    }
    self.share = share
    self.scalar = scalar
    self.session = session
  }

  /// The session key ISK, 64 bytes, in the exchange's region; the scalar has served then.
  ///
  /// Throws `weakShare` when the peer's share is no encoding of a point, or gives the identity; whether it is
  /// is what scalarmult returns (`is_valid_point` holds the identity for valid). Throws `wrongLength` when the
  /// purpose is not one of 64 bytes.
  package consuming func sessionKey<Key: SecretPurpose>(
    as role: CPace.Role, peerShare: [UInt8], ownData: [UInt8] = [], peerData: [UInt8] = []
  ) throws(CryptographyError) -> Secret<Key> {
    guard Key.byteCount == CPace.sessionKeyByteCount else { throw .wrongLength }
    var shared = try GuardedSlot(in: scalar.region, byteCount: CPace.shareByteCount)
    try shared.withMutableBytes { (shared) throws(CryptographyError) in
      try scalar.withBytes { (scalar) throws(CryptographyError) in
        try Ristretto255.multiply(scalar, peerShare.span, into: &shared)
      }
    }

    let own = CPace.lengthValueJoined([share, ownData])
    let peer = CPace.lengthValueJoined([peerShare, peerData])
    let transcript =
      switch role {
      case .initiator: own + peer
      case .responder: peer + own
      }
    var text = try GuardedText(
      in: scalar.region, byteCount: 200 + session.count + transcript.count)
    text.appendWithLength((CPace.domain + [UInt8]("_ISK".utf8)).span)
    text.appendWithLength(session.span)
    shared.withBytes { text.appendWithLength($0) }
    text.append(transcript.span)
    var key = try Secret<Key>(in: scalar.region)
    key.withMutableBytes { key in text.withBytes { SHA512Hash.hash($0, Span(), into: &key) } }
    return key
  }

  /// The map of SHA-512(lv_cat(DSI, PRS, zeros, CI, sid)) to a point.
  static func generator<Password: SecretPurpose>(
    password: borrowing Secret<Password>, channel: [UInt8], session: [UInt8], in region: GuardedRegion
  ) throws(CryptographyError) -> GuardedSlot {
    // Zeros fill the first block of the hash, so that its time says nothing about the password's length.
    let hashBlock = 128
    let domain = CPace.domain
    let used =
      CPace.lengthPrefix(domain.count).count + domain.count
      + CPace.lengthPrefix(Password.byteCount).count + Password.byteCount
    let padding = [UInt8](repeating: 0, count: max(0, hashBlock - 1 - used))

    var text = try GuardedText(
      in: region, byteCount: used + padding.count + channel.count + session.count + 16)
    text.appendWithLength(domain.span)
    password.withBytes { text.appendWithLength($0) }
    text.appendWithLength(padding.span)
    text.appendWithLength(channel.span)
    text.appendWithLength(session.span)

    var digest = try GuardedSlot(in: region, byteCount: SHA512Hash.byteCount)
    digest.withMutableBytes { digest in text.withBytes { SHA512Hash.hash($0, Span(), into: &digest) } }
    var point = try GuardedSlot(in: region, byteCount: Ristretto255.pointByteCount)
    try point.withMutableBytes { (point) throws(CryptographyError) in
      try digest.withBytes { (digest) throws(CryptographyError) in
        try Ristretto255.map(digest, into: &point)
      }
    }
    return point
  }
}

/// A text with secrets in it, written piece by piece into a slot.
private struct GuardedText: ~Copyable {
  private var slot: GuardedSlot
  private var count = 0

  init(in region: GuardedRegion, byteCount: Int) throws(CryptographyError) {
    slot = try GuardedSlot(in: region, byteCount: byteCount)
  }

  mutating func append(_ bytes: Span<UInt8>) {
    let offset = count
    slot.withMutableBytes { $0.copy(bytes, at: offset) }
    count += bytes.count
  }

  mutating func appendWithLength(_ bytes: Span<UInt8>) {
    append(CPace.lengthPrefix(bytes.count).span)
    append(bytes)
  }

  borrowing func withBytes<R, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
    let count = count
    return try slot.withBytes { (bytes) throws(E) -> R in try body(bytes.extracting(first: count)) }
  }
}
