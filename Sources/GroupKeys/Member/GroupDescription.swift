package import Wire

/// What a group is called, where its relays are and who its admins are: agreed by MLS, in a GroupContext extension.
package struct GroupDescription: Hashable, Sendable {
  /// Private use (RFC 9420, 17.3).
  package static let extensionType: UInt16 = 0xF5C1
  package static let version: UInt8 = 1

  /// A relay of the roster.
  package struct Relay: Hashable, Sendable {
    package let profile: Profile
    /// "HOST:PORT", ASCII without spaces.
    package let address: String

    package init(profile: Profile, address: String) {
      self.profile = profile
      self.address = address
    }
  }

  package var name: GroupName
  /// Whether every member may add others, or admins only.
  package var everybodyAdds: Bool
  /// The roster, in order; the first build has one.
  package var relays: [Relay]
  /// The mailbox at the relays, 32 bytes; zeros in epoch 0, whose relay key it is the hash of.
  package var pseudonym: [UInt8]
  /// `Profile.groupID` of each.
  package var admins: [[UInt8]]

  package init(
    name: GroupName, everybodyAdds: Bool = true, relays: [Relay],
    pseudonym: [UInt8] = [UInt8](repeating: 0, count: 32), admins: [[UInt8]]
  ) {
    self.name = name
    self.everybodyAdds = everybodyAdds
    self.relays = relays
    self.pseudonym = pseudonym
    self.admins = admins
  }

  package init(parsing bytes: [UInt8]) throws(GroupError) {
    guard bytes.count <= GroupMemberLimits.descriptionByteCount else { throw .member(.descriptionTooLong) }
    var reader = TLSReader(bytes)
    guard try reader.uint8() == Self.version else { throw .member(.descriptionVersion) }
    let nameBytes = try reader.fixed(Int(try reader.uint8()))
    do throws(NameError) {
      name = try GroupName(utf8: nameBytes.span)
    } catch {
      throw .member(.descriptionName)
    }
    let flags = try reader.uint8()
    guard flags <= 1 else { throw .member(.descriptionFlags) }
    everybodyAdds = flags & 1 == 1
    let relayCount = Int(try reader.uint8())
    guard relayCount > 0, relayCount <= GroupMemberLimits.relayCount else {
      throw .member(.descriptionRelays)
    }
    relays = []
    for _ in 0..<relayCount { relays.append(try Self.relay(&reader)) }
    guard Set(relays.map(\.profile.ikSig)).count == relayCount else { throw .member(.descriptionRelays) }
    pseudonym = try reader.fixed(32)
    let adminCount = Int(try reader.uint16())
    guard adminCount <= GroupMemberLimits.adminCount else { throw .member(.descriptionAdmins) }
    admins = []
    for _ in 0..<adminCount { admins.append(try reader.fixed(32)) }
    guard Set(admins).count == adminCount else { throw .member(.descriptionAdmins) }
    try reader.finish()
  }

  private static func relay(_ reader: inout TLSReader) throws(GroupError) -> Relay {
    let profileBytes = try reader.fixed(Profile.byteCount)
    let address = try reader.fixed(Int(try reader.uint16()))
    let profile: Profile
    do throws(ProfileError) {
      profile = try Profile(parsing: profileBytes.span)
    } catch {
      throw .member(.descriptionRelays)
    }
    guard !address.isEmpty, address.count <= GroupMemberLimits.addressByteCount,
      address.allSatisfy({ (0x21...0x7e).contains($0) })
    else { throw .member(.descriptionAddress) }
    return Relay(profile: profile, address: String(decoding: address, as: UTF8.self))
  }

  package var bytes: [UInt8] {
    var bytes = [Self.version, UInt8(name.utf8.count)] + name.utf8
    bytes.append(everybodyAdds ? 1 : 0)
    bytes.append(UInt8(clamping: relays.count))
    for relay in relays {
      bytes += relay.profile.bytes
      bytes.append(bigEndian: UInt16(clamping: relay.address.utf8.count))
      bytes += relay.address.utf8
    }
    bytes += pseudonym
    bytes.append(bigEndian: UInt16(clamping: admins.count))
    for admin in admins { bytes += admin }
    return bytes
  }

  var asExtension: Extension { Extension(type: Self.extensionType, content: bytes) }

  /// The description in a group's context; every relay's profile is proven to be one.
  init(of context: GroupContext) throws(GroupError) {
    guard let content = context.extensions.content(Self.extensionType) else {
      throw .member(.descriptionMissing)
    }
    try self.init(parsing: content)
    for relay in relays {
      do throws(GroupError) {
        try relay.profile.verifyOwnSignature()
      } catch {
        throw .member(.descriptionRelays)
      }
    }
  }
}
