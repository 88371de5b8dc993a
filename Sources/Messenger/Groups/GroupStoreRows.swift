import Cryptography
import GroupKeys
import Stores
import Wire

// What the store keeps, as values: sealed on the way in, opened on the way out.

/// A group as it was stored.
struct LoadedGroup: Sendable {
  let id: [UInt8]
  let facts: GroupFacts
  let state: GroupSnapshot?
  let recent: GroupSnapshot?
  let outbox: [GroupOutboxRow]
  /// Texts that the user may not have seen.
  let received: [GroupText]
}

/// A relay that was used.
struct KnownRelay: Hashable, Sendable {
  let place: RelayPlace
  /// New groups of this profile are made there.
  var isDefault: Bool
  /// Key packages of one's own that were put there, of which the last resort is one.
  var references: [[UInt8]] = []

  var id: [UInt8] { SHA256Hash.hash(place.bytes.span) }

  init(place: RelayPlace, isDefault: Bool) {
    self.place = place
    self.isDefault = isDefault
  }

  init(parsing bytes: [UInt8]) throws(RowDamage) {
    var reader = RowReader(bytes)
    isDefault = try reader.uint8() == 1
    place = try RelayPlace(from: &reader)
    for _ in 0..<(try reader.uint16()) { references.append(try reader.counted()) }
    try reader.finish()
  }

  var bytes: [UInt8] {
    var bytes: [UInt8] = [isDefault ? 1 : 0]
    bytes += place.bytes
    bytes.append(bigEndian: UInt16(clamping: references.count))
    for reference in references { bytes.append(counted: reference) }
    return bytes
  }
}

/// What changes in a group, before it is sealed.
struct SealedChange: Sendable {
  let group: [UInt8]
  var facts: GroupFacts?
  var change: GroupChange?
  /// What else goes with it in the transaction.
  var usedKeyPackages: [[UInt8]] = []

  /// Seals all of it. It costs time by the size of the state, so it belongs on the store's thread.
  func sealed(_ vault: GroupVault) throws(CryptographyError) -> StoredGroupChange {
    var stored = StoredGroupChange(group: group)
    stored.usedKeyPackages = usedKeyPackages
    if let facts { stored.facts = try vault.seal(facts.bytes, as: RowName.facts(group)) }
    guard let change else { return stored }
    if let state = change.state { stored.state = try vault.seal(state, as: RowName.state(group)) }
    if let recent = change.recent { stored.recent = try vault.seal(recent, as: RowName.recent(group)) }
    for row in change.outbox {
      let id = row.id.bytes
      stored.outbox.append(
        StoredMessage(
          number: row.senderSequence, id: id,
          content: try vault.seal(row.bytes, as: RowName.outbox(group, id))))
    }
    stored.sent = change.sent.map(\.bytes)
    for text in change.received {
      let id = text.id.bytes
      stored.received.append(
        StoredMessage(
          number: text.sequence, id: id,
          content: try vault.seal(text.bytes, as: RowName.received(group, id))))
    }
    for invitation in change.invitations {
      let id = invitation.id
      stored.sentInvitations.append(
        StoredItem(
          id: id, content: try vault.seal(invitation.bytes, as: RowName.sentInvitation(id))))
    }
    return stored
  }
}

extension GroupSentInvitation {
  /// What its row is found by, 32 bytes.
  var id: [UInt8] { SHA256Hash.hash(sealed.span) }
}

extension GroupDatabase {
  func loadGroups(_ vault: GroupVault) throws -> [LoadedGroup] {
    try groups().map { stored in
      let slab = SecretSlab()
      let id = stored.id
      func part(_ sealed: [UInt8]?, _ name: [UInt8]) throws -> GroupSnapshot? {
        guard let sealed else { return nil }
        return try vault.open(sealed, as: name, secretsIn: slab)
      }
      return LoadedGroup(
        id: id, facts: try GroupFacts(parsing: try vault.open(stored.facts, as: RowName.facts(id))),
        state: try part(stored.state, RowName.state(id)),
        recent: try part(stored.recent, RowName.recent(id)),
        outbox: try outbox(of: id).map {
          try GroupOutboxRow(parsing: try vault.open($0.content, as: RowName.outbox(id, $0.id)))
        },
        received: try received(of: id).map {
          try GroupText(parsing: try vault.open($0.content, as: RowName.received(id, $0.id)))
        })
    }
  }

  func loadRelays(_ vault: GroupVault) throws -> [KnownRelay] {
    try relays().map { try KnownRelay(parsing: try vault.open($0.content, as: RowName.relay($0.id))) }
  }

  func put(_ relay: KnownRelay, _ vault: GroupVault) throws {
    let id = relay.id
    try put(relay: StoredItem(id: id, content: try vault.seal(relay.bytes, as: RowName.relay(id))))
  }

  func loadSentInvitations(_ vault: GroupVault) throws -> [GroupSentInvitation] {
    var invitations: [GroupSentInvitation] = []
    for item in try sentInvitations() {
      let bytes = try vault.open(item.content, as: RowName.sentInvitation(item.id))
      invitations.append(try GroupSentInvitation(parsing: bytes))
    }
    return invitations
  }

  func put(_ keyPackages: [OwnKeyPackage], _ vault: GroupVault) throws {
    try put(
      keyPackages: try keyPackages.map { own in
        let reference = own.reference
        return StoredItem(
          id: reference, content: try vault.seal(own.stored, as: RowName.keyPackage(reference)))
      })
  }

  /// The own key package that one of these references names; nil where none does.
  func keyPackage(
    among references: [[UInt8]], _ vault: GroupVault
  ) throws -> OwnKeyPackage? {
    for item in try keyPackages() where references.contains(item.id) {
      let snapshot = try vault.open(
        item.content, as: RowName.keyPackage(item.id), secretsIn: SecretSlab())
      return try OwnKeyPackage(restoring: snapshot)
    }
    return nil
  }

  func put(_ place: InboxPlace, of profile: Profile, _ vault: GroupVault) throws {
    let id = profile.groupID
    try put(place: StoredItem(id: id, content: try vault.seal(place.bytes, as: RowName.place(id))))
  }

  func place(of profile: Profile, _ vault: GroupVault) throws -> InboxPlace? {
    let id = profile.groupID
    guard let item = try places().first(where: { $0.id == id }) else { return nil }
    var reader = RowReader(try vault.open(item.content, as: RowName.place(id)))
    return try InboxPlace(from: &reader)
  }
}
