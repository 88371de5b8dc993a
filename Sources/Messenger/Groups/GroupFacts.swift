import GroupKeys
import Wire

/// What is kept of a group besides its keys.
struct GroupFacts: Hashable, Sendable {
  var name: GroupName
  var standing: GroupSummary.Standing
  /// The relay of its roster.
  var relay: RelayPlace
  /// Those that this user wants to invite and that could not be reached yet.
  var wanted: [PeerName] = []

  init(name: GroupName, standing: GroupSummary.Standing, relay: RelayPlace, wanted: [PeerName] = []) {
    self.name = name
    self.standing = standing
    self.relay = relay
    self.wanted = wanted
  }

  private static let version: UInt8 = 1

  init(parsing bytes: [UInt8]) throws(RowDamage) {
    var reader = RowReader(bytes)
    guard try reader.uint8() == Self.version else { throw RowDamage() }
    let text = try reader.text(limit: GroupName.maximumByteCount)
    guard let name = try? GroupName(text) else { throw RowDamage() }
    self.name = name
    switch try reader.uint8() {
    case 0: standing = .invited(by: try reader.name())
    case 1: standing = .member
    case 2: standing = .left
    case 3: standing = .removed(by: nil)
    case 4: standing = .removed(by: try reader.name())
    case 5: standing = .forked
    default: throw RowDamage()
    }
    relay = try RelayPlace(from: &reader)
    for _ in 0..<(try reader.uint16()) { wanted.append(try reader.name()) }
    try reader.finish()
  }

  var bytes: [UInt8] {
    var bytes = [Self.version]
    bytes.append(bigEndian: UInt16(name.utf8.count))
    bytes += name.utf8
    switch standing {
    case .invited(let by): bytes += [0] + by.field
    case .member: bytes.append(1)
    case .left: bytes.append(2)
    case .removed(nil): bytes.append(3)
    case .removed(let by?): bytes += [4] + by.field
    case .forked: bytes.append(5)
    }
    bytes += relay.bytes
    bytes.append(bigEndian: UInt16(clamping: wanted.count))
    for name in wanted.prefix(Int(UInt16.max)) { bytes += name.field }
    return bytes
  }

  /// Whether this user's part goes on: a link is held.
  var isLive: Bool {
    switch standing {
    case .member, .forked: true
    case .invited, .left, .removed: false
    }
  }
}

// The forms of what waits.

extension GroupOutboxRow {
  init(parsing bytes: [UInt8]) throws(RowDamage) {
    var reader = RowReader(bytes)
    let sequence = try reader.uint64()
    let id = try reader.messageID()
    let type = try reader.uint8()
    let sentAt = UnixTime(milliseconds: try reader.uint64())
    let f = try reader.bytes(32)
    var attempts: [GroupAttempt] = []
    for _ in 0..<(try reader.uint16()) {
      attempts.append(GroupAttempt(entry: try reader.bytes(32), envelope: try reader.bytes(32)))
    }
    self.init(
      senderSequence: sequence, id: id, type: type, body: reader.rest(), f: f, sentAt: sentAt,
      attempts: attempts)
  }

  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: senderSequence)
    bytes += id.bytes
    bytes.append(type)
    bytes.append(bigEndian: sentAt.milliseconds)
    bytes += f
    bytes.append(bigEndian: UInt16(clamping: attempts.count))
    for attempt in attempts { bytes += attempt.entry + attempt.envelope }
    return bytes + body
  }
}

extension GroupText {
  /// A text that was stored: it may have been shown before.
  init(parsing bytes: [UInt8]) throws(RowDamage) {
    var reader = RowReader(bytes)
    let (id, profile) = (try reader.messageID(), try reader.profile())
    let text = try reader.counted()
    let f = try reader.bytes(32)
    let sentAt = UnixTime(milliseconds: try reader.uint64())
    let (senderSequence, sequence) = (try reader.uint64(), try reader.uint64())
    try reader.finish()
    self.init(
      id: id, profile: profile, text: text, f: f, sentAt: sentAt, senderSequence: senderSequence,
      sequence: sequence, again: true)
  }

  var bytes: [UInt8] {
    var bytes = id.bytes + profile.bytes
    bytes.append(counted: text)
    bytes += f
    bytes.append(bigEndian: sentAt.milliseconds)
    bytes.append(bigEndian: senderSequence)
    bytes.append(bigEndian: sequence)
    return bytes
  }
}

extension GroupSentInvitation {
  init(parsing bytes: [UInt8]) throws(RowDamage) {
    var reader = RowReader(bytes)
    let profile = try reader.profile()
    let inbox = try reader.counted()
    self.init(profile: profile, inbox: inbox, sealed: reader.rest())
  }

  var bytes: [UInt8] {
    var bytes = profile.bytes
    bytes.append(counted: inbox)
    return bytes + sealed
  }
}
