internal import Cryptography
package import Wire

/// What an application message of a group holds: a content, and what proves its author and its place.
///
/// Signed, then encrypted, with the group, the epoch and the sender inside: it cannot be carried into another group,
/// and an insider cannot send it again in another's name (GROUPS 2.3; docs/GROUPS.md, "Envelope").
package struct GroupEnvelope: Hashable, Sendable {
  package static let version: UInt8 = 1

  /// What the sender had read of a relay's log when it sent.
  package struct Seen: Hashable, Sendable {
    /// The relay's `Profile.groupID`.
    package var relay: [UInt8]
    package var position: GroupPosition

    package init(relay: [UInt8], position: GroupPosition) {
      self.relay = relay
      self.position = position
    }
  }

  package var groupID: [UInt8]
  package var epoch: UInt64
  /// The first 16 bytes of the epoch's authenticator.
  package var authenticator: [UInt8]
  package var sender: LeafIndex
  package var id: MessageID
  /// From 1 for each leaf, without gaps.
  package var senderSequence: UInt64
  /// SHA-256 of the sender's last envelope, 32 bytes; zeros before the first.
  package var previous: [UInt8]
  /// One more than the highest that the sender has seen.
  package var lamport: UInt64
  package var seen: Seen
  package var sentAt: UnixTime
  /// The log's commitment key, 32 bytes.
  package var f: [UInt8]
  package var content: GroupContent

  package init(
    groupID: [UInt8], epoch: UInt64, authenticator: [UInt8], sender: LeafIndex, id: MessageID,
    senderSequence: UInt64, previous: [UInt8], lamport: UInt64, seen: Seen, sentAt: UnixTime, f: [UInt8],
    content: GroupContent
  ) {
    self.groupID = groupID
    self.epoch = epoch
    self.authenticator = authenticator
    self.sender = sender
    self.id = id
    self.senderSequence = senderSequence
    self.previous = previous
    self.lamport = lamport
    self.seen = seen
    self.sentAt = sentAt
    self.f = f
    self.content = content
  }

  /// Bytes before the body.
  static let headByteCount = 251
  /// What an envelope may be padded to; 68 KiB hold the longest text.
  package static let paddedByteCounts = [512, 1 << 10, 4 << 10, 16 << 10, 68 << 10]
  static let label = Array("secure_chat group message v1".utf8)

  func signedBytes(scheme: GroupScheme) -> [UInt8] {
    let body = content.body
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.headByteCount + body.count + 64)
    bytes.append(Self.version)
    bytes += groupID
    bytes.append(bigEndian: epoch)
    bytes += authenticator
    bytes.append(bigEndian: sender.rawValue)
    bytes.append(scheme.rawValue)
    bytes += id.bytes
    bytes.append(bigEndian: senderSequence)
    bytes += previous
    bytes.append(bigEndian: lamport)
    bytes += seen.relay
    bytes.append(bigEndian: seen.position.term)
    bytes.append(bigEndian: seen.position.sequence)
    bytes += seen.position.chain
    bytes.append(bigEndian: sentAt.milliseconds)
    bytes += f
    bytes.append(content.type)
    bytes.append(bigEndian: UInt32(clamping: body.count))
    return bytes + body
  }

  /// Signed by its author.
  package func signed(by identity: GroupIdentity) throws(GroupError) -> SignedEnvelope {
    let bytes = signedBytes(scheme: .ed25519)
    return SignedEnvelope(
      claimed: self, authenticity: .signed(try identity.signature(of: Self.label + bytes)))
  }
}

/// An envelope as it travels. What it says is claimed until `verified` has held it against who sent it.
package struct SignedEnvelope: Hashable, Sendable {
  package let claimed: GroupEnvelope
  package let authenticity: GroupAuthenticity

  package init(claimed: GroupEnvelope, authenticity: GroupAuthenticity) {
    self.claimed = claimed
    self.authenticity = authenticity
  }

  /// Reads all of `bytes`, which have one of the padded sizes.
  package init(parsing bytes: [UInt8]) throws(GroupError) {
    guard GroupEnvelope.paddedByteCounts.contains(bytes.count) else { throw .member(.envelopeSize) }
    var reader = TLSReader(bytes)
    guard try reader.uint8() == GroupEnvelope.version else { throw .member(.envelopeVersion) }
    let groupID = try reader.fixed(32)
    let epoch = try reader.uint64()
    let authenticator = try reader.fixed(16)
    let sender = LeafIndex(rawValue: try reader.uint32())
    guard let scheme = GroupScheme(rawValue: try reader.uint8()) else { throw .member(.envelopeScheme) }
    let id = MessageID(stream: try reader.uint64(), number: try reader.uint64())
    let senderSequence = try reader.uint64()
    let previous = try reader.fixed(32)
    let lamport = try reader.uint64()
    let seen = GroupEnvelope.Seen(
      relay: try reader.fixed(32),
      position: GroupPosition(
        term: try reader.uint64(), sequence: try reader.uint64(), chain: try reader.fixed(32)))
    let sentAt = UnixTime(milliseconds: try reader.uint64())
    let f = try reader.fixed(32)
    let type = try reader.uint8()
    let body = try reader.fixed(Int(try reader.uint32()))
    guard senderSequence > 0 else { throw .member(.envelopeNumber) }
    claimed = GroupEnvelope(
      groupID: groupID, epoch: epoch, authenticator: authenticator, sender: sender, id: id,
      senderSequence: senderSequence, previous: previous, lamport: lamport, seen: seen, sentAt: sentAt, f: f,
      content: try GroupContent(type: type, body: body))
    authenticity = GroupAuthenticity(scheme, try reader.fixed(scheme.envelopeProofByteCount))
    let used = bytes.count - reader.remaining
    guard reader.rest().span.isAllZero else { throw .member(.envelopePadding) }
    guard GroupEnvelope.paddedByteCounts.first(where: { $0 >= used }) == bytes.count else {
      throw .member(.envelopeSize)
    }
  }

  /// Padded with zeros to the smallest of the sizes that holds it.
  package func encoded() throws(GroupError) -> [UInt8] {
    var bytes = claimed.signedBytes(scheme: authenticity.scheme) + authenticity.bytes
    guard let size = GroupEnvelope.paddedByteCounts.first(where: { $0 >= bytes.count }) else {
      throw .member(.envelopeSize)
    }
    bytes += [UInt8](repeating: 0, count: size - bytes.count)
    return bytes
  }

  /// What the sender's next envelope names as `previous`: SHA-256 of what is signed and of the proof, without padding.
  var hash: [UInt8] {
    let bytes = claimed.signedBytes(scheme: authenticity.scheme) + authenticity.bytes
    return SHA256Hash.hash(bytes.span)
  }

  /// The envelope, proven to be its author's, in this epoch of this group, from this leaf.
  func verified(
    author: Profile, groupID: [UInt8], epoch: EntryKey, sender: LeafIndex
  ) throws(GroupError) -> GroupEnvelope {
    guard claimed.groupID == groupID else { throw .member(.envelopeGroup) }
    guard claimed.epoch == epoch.epoch else { throw .member(.envelopeEpoch) }
    guard claimed.authenticator == epoch.authenticator else { throw .member(.envelopeAuthenticator) }
    guard claimed.sender == sender else { throw .member(.envelopeSender) }
    switch authenticity {
    case .pair: throw .member(.envelopeScheme)
    case .signed(let signature):
      try author.verify(
        signature, of: GroupEnvelope.label + claimed.signedBytes(scheme: authenticity.scheme))
    }
    return claimed
  }
}

/// What an envelope is about.
package enum GroupContent: Hashable, Sendable {
  /// UTF-8, at most `GroupMemberLimits.textByteCount` bytes.
  case text([UInt8])
  /// The sender was added, and is here.
  case joined
  /// The sender could not reach these; they are invited when they come.
  case offline([PeerName])
  /// The sender is going to leave.
  case leaving
  /// The sender could not apply the commit in this slot, whose entry's body has this SHA-256.
  case badCommit(slot: UInt64, bodyHash: [UInt8], reason: UInt8)

  package var type: UInt8 {
    switch self {
    case .text: 1
    case .joined: 2
    case .offline: 3
    case .leaving: 4
    case .badCommit: 5
    }
  }

  package var body: [UInt8] {
    switch self {
    case .text(let text): return text
    case .joined, .leaving: return []
    case .offline(let names):
      var bytes: [UInt8] = []
      bytes.append(bigEndian: UInt16(clamping: names.count))
      for name in names { bytes += [UInt8(name.utf8.count)] + name.utf8 }
      return bytes
    case .badCommit(let slot, let hash, let reason):
      var bytes: [UInt8] = []
      bytes.append(bigEndian: slot)
      return bytes + hash + [reason]
    }
  }

  package init(type: UInt8, body: [UInt8]) throws(GroupError) {
    switch type {
    case 1:
      guard body.count <= GroupMemberLimits.textByteCount, body.span.isValidUTF8 else {
        throw .member(.envelopeBody)
      }
      self = .text(body)
    case 2, 4:
      guard body.isEmpty else { throw .member(.envelopeBody) }
      self = type == 2 ? .joined : .leaving
    case 3: self = .offline(try Self.names(body))
    case 5:
      guard body.count == 41 else { throw .member(.envelopeBody) }
      self = .badCommit(
        slot: body.span.bigEndianUInt64(at: 0), bodyHash: Array(body[8..<40]), reason: body[40])
    default: throw .member(.envelopeType)
    }
  }

  private static func names(_ body: [UInt8]) throws(GroupError) -> [PeerName] {
    var reader = TLSReader(body)
    let count = Int(try reader.uint16())
    guard count > 0, count <= GroupMemberLimits.namesOfANotice else { throw .member(.envelopeBody) }
    var names: [PeerName] = []
    for _ in 0..<count {
      let bytes = try reader.fixed(Int(try reader.uint8()))
      do throws(NameError) {
        names.append(try PeerName(utf8: bytes.span))
      } catch {
        throw .member(.envelopeBody)
      }
    }
    try reader.finish()
    return names
  }
}
