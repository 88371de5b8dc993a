internal import Cryptography

/// S_n: from it follow the keys of record n and of every later record, and of none before it.
enum ChainState: SecretPurpose {
  static var byteCount: Int { 32 }
}

/// M_n: the key of the tag of record n.
enum RecordTagKey: SecretPurpose {
  static var byteCount: Int { 32 }
}

/// E_n: the key that seals the text of record n.
enum RecordSealKey: SecretPurpose {
  static var byteCount: Int { 32 }
}

/// The moving keys of one segment (docs/LOG_FORMAT.md, "Keys and chain"), all in one guarded region.
struct ChainKeys: ~Copyable {
  /// What a region needs to hold these keys, in bytes.
  static let byteCount = 512

  private var state: Secret<ChainState>
  private var next: Secret<ChainState>
  private var tagKey: Secret<RecordTagKey>
  private var sealKey: Secret<RecordSealKey>
  private var mac: HMACSHA256
  /// The record whose keys these are.
  private(set) var number = 0

  private static let stateLabel = Array("S".utf8)
  private static let tagLabel = Array("M".utf8)
  private static let sealLabel = Array("E".utf8)
  private static let info = Array("secure_chat log v1 state".utf8)

  /// S_0 = HKDF-SHA256(R0, salt SHA-256(covered bytes of line 0), info "secure_chat log v1 state").
  init(
    root: borrowing Secret<ChainRoot>, header covered: Span<UInt8>, in region: GuardedRegion
  ) throws(CryptographyError) {
    let salt = SHA256Hash.hash(covered)
    var state = try Secret<ChainState>(in: region)
    let next = try Secret<ChainState>(in: region)
    let tagKey = try Secret<RecordTagKey>(in: region)
    let sealKey = try Secret<RecordSealKey>(in: region)
    let mac = try HMACSHA256(in: region)
    Self.derive(root, salt: salt, into: &state)
    self.state = state
    self.next = next
    self.tagKey = tagKey
    self.sealKey = sealKey
    self.mac = mac
  }

  private static func derive(
    _ root: borrowing Secret<ChainRoot>, salt: [UInt8], into state: inout Secret<ChainState>
  ) {
    root.withBytes { root in
      state.withMutableBytes { state in
        HKDF.derive(salt: salt.span, inputKey: root, info: info.span, into: &state)
      }
    }
  }

  /// Moves on to the next record; the old state is wiped.
  mutating func advance() {
    SHA256Hash.hash(Self.stateLabel.span, state, into: &next)
    swap(&state, &next)
    next.wipe()
    number += 1
  }

  /// Lends S_n to be kept, or takes one that was kept: for a checker that goes back.
  borrowing func withState<R>(_ body: (Span<UInt8>) -> R) -> R { state.withBytes(body) }

  mutating func restore(_ kept: Span<UInt8>, number: Int) {
    state.withMutableBytes { $0.copy(kept) }
    self.number = number
  }

  /// Readies M_n of the present record for `tag`.
  mutating func prepareTagKey() {
    SHA256Hash.hash(Self.tagLabel.span, state, into: &tagKey)
    mac.setKey(tagKey)
  }

  /// h_n = HMAC-SHA256(M_n, h_n-1 | leaf_n); `prepareTagKey` first.
  mutating func tag(of leaf: [UInt8], after previous: [UInt8], into tag: inout [UInt8]) {
    mac.update(previous.span)
    mac.update(leaf.span)
    var span = tag.mutableSpan
    mac.finish(into: &span)
  }

  /// Seals or opens under E_n, which is wiped afterwards.
  mutating func withSealKey<R>(
    _ body: (borrowing Secret<RecordSealKey>) throws(CryptographyError) -> R
  ) throws(CryptographyError) -> R {
    SHA256Hash.hash(Self.sealLabel.span, state, into: &sealKey)
    defer { sealKey.wipe() }
    return try body(sealKey)
  }

  /// Forgets the tag key of the present record, so that nothing in memory can tag it anew.
  mutating func wipeTagKey() {
    tagKey.wipe()
    mac.wipe()
  }
}

/// leaf_n = SHA-256(0x00 | covered bytes of line n), the leaf of RFC 6962.
enum LeafHash {
  private static let label: [UInt8] = [0]

  static func compute(_ covered: Span<UInt8>, into leaf: inout [UInt8]) {
    var span = leaf.mutableSpan
    SHA256Hash.hash(label.span, covered, into: &span)
  }
}

extension [UInt8] {
  /// The room of a digest.
  static var digest: [UInt8] { [UInt8](repeating: 0, count: 32) }
}
