package import Cryptography
package import Wire

/// What an inviter leaves in the invitee's inbox: a Welcome, and where the log stood when it won its place.
package struct GroupInvitation: Hashable, Sendable {
  package static let version: UInt8 = 1
  static let label = Array("secure_chat/1 invitation".utf8)

  /// Where the commit that adds the invitee stands in the relay's log.
  package let position: GroupPosition
  /// With its tree.
  package let welcome: Welcome

  package init(position: GroupPosition, welcome: Welcome) {
    self.position = position
    self.welcome = welcome
  }

  package init(parsing bytes: [UInt8]) throws(GroupError) {
    guard bytes.count <= RelayFrame.largestBody else { throw .malformed(.tooLarge) }
    var reader = TLSReader(bytes)
    guard try reader.uint8() == Self.version else { throw .member(.invitationVersion) }
    position = GroupPosition(
      term: try reader.uint64(), sequence: try reader.uint64(), chain: try reader.fixed(32))
    guard (1..<GroupMemberLimits.largestNumber).contains(position.sequence),
      case .welcome(let welcome) = try MLSMessage(parsing: reader.rest())
    else {
      throw .member(.invitationContent)
    }
    self.welcome = welcome
  }

  package var bytes: [UInt8] {
    var bytes = [Self.version]
    bytes.append(bigEndian: position.term)
    bytes.append(bigEndian: position.sequence)
    return bytes + position.chain + MLSMessage.welcome(welcome).encoded
  }

  /// Sealed to the invitee's ik_dh (HPKE, base mode). Who sealed it is not proven: the GroupInfo's signer invites.
  package func sealed(to invitee: Profile) throws(GroupError) -> [UInt8] {
    try cryptography { () throws(CryptographyError) in
      try HPKESealing.seal(
        bytes.span, to: invitee.ikDH.span, info: Self.label.span, authenticating: Span())
    }
  }

  /// Opens what `sealed` made, with the invitee's private ik_dh. Throws `notAuthentic` for anything else.
  package static func open<Key: SecretPurpose>(
    _ sealed: [UInt8], privateKey: borrowing Secret<Key>
  ) throws(GroupError) -> GroupInvitation {
    let count = sealed.count - HPKESealing.overheadByteCount
    guard count >= 0 else { throw .malformed(.truncated) }
    guard sealed.count <= RelayFrame.largestBody else { throw .malformed(.tooLarge) }
    var opened = [UInt8](repeating: 0, count: count)
    var output = opened.mutableSpan
    do throws(CryptographyError) {
      try HPKESealing.open(
        sealed.span, privateKey: privateKey, info: label.span, authenticating: Span(), into: &output)
    } catch {
      throw GroupError(error)
    }
    return try GroupInvitation(parsing: opened)
  }

  /// References of the key packages that it is for (RFC 9420, 5.2).
  package var references: [[UInt8]] { welcome.entries.map(\.newMember) }
}
