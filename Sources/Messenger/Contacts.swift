package import ChatProtocol
internal import Cryptography
package import Places
package import Wire

/// The pins of a profile, one file a peer (PROTOCOL 1.2, and "Pin commit" of 1.4).
///
/// Every change is compare-and-set under the profile's lock and on the disk before it returns. Another
/// process of the same user may change them at any time, so each call reads what stands. All calls block on
/// the disk: never on an event loop. A damaged pin is a failure, never an absent contact.
package final class Contacts: Sendable {
  private let profile: ProfilePath
  private let own: Profile
  private let fromUsersFile: [PeerName: ProvenProfile]

  /// The contacts of the profile whose own identity is `own`; `users` adds those that it gives an
  /// `identity`.
  package init(profile: ProfilePath, own: Profile, users: UsersFile?) {
    self.profile = profile
    self.own = own
    var identities: [PeerName: ProvenProfile] = [:]
    for entry in users?.entries ?? [] where entry.name != own.name {
      if let identity = entry.identity { identities[entry.name] = identity }
    }
    fromUsersFile = identities
  }

  // MARK: Look-up

  /// The contact of a name: the stored pin, else the identity that the users file gives.
  package func contact(named name: PeerName) throws(HomeFailure) -> Contact? {
    if let (pin, pairing) = try ContactsFile.read(profile.contact(name.text), of: name) {
      let other = fromUsersFile[name]
      return Contact(
        pin: pin, origin: .stored(pairing),
        differsFromUsersFile: other.map { !$0.isSameIdentity(as: pin.profile) } ?? false)
    }
    guard let identity = fromUsersFile[name] else { return nil }
    return try contact(fromUsersFile: identity)
  }

  /// The contact whose `ik_dh` this is.
  package func contact(agreementKey: [UInt8]) throws(HomeFailure) -> Contact? {
    var failure: HomeFailure?
    let stored = try storedNames()
    for name in stored {
      do throws(HomeFailure) {
        guard let outline = try ContactsFile.outline(profile.contact(name.text), of: name),
          outline.profile.ikDH == agreementKey
        else { continue }
        return try contact(named: name)
      } catch {
        failure = error
      }
    }
    // The key may be that of the pin which cannot be read.
    if let failure { throw failure }
    let names = Set(stored)
    for (name, identity) in fromUsersFile where !names.contains(name) {
      if identity.profile.ikDH == agreementKey { return try contact(fromUsersFile: identity) }
    }
    return nil
  }

  /// All contacts, in the order of their names.
  package func all() throws(HomeFailure) -> [Contact] {
    var contacts: [Contact] = []
    for name in Set(try storedNames()).union(fromUsersFile.keys) {
      if let contact = try contact(named: name) { contacts.append(contact) }
    }
    return contacts.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  /// What stands for a name now: a run that may store a pin takes it when it begins.
  package func state(of name: PeerName) throws(HomeFailure) -> PinState {
    PinState(pairing: try ContactsFile.outline(profile.contact(name.text), of: name)?.pairing)
  }

  /// What stands for a name that a stranger claims; nil stands for a claim that is no name.
  ///
  /// A claim that finds a file and one that finds none do the same work (M-09), so that the time of the
  /// answer tells nobody who is known here.
  package func claimed(_ name: PeerName?) throws(HomeFailure) -> ClaimedContact {
    let path = profile.contact((name ?? own.name).text)
    guard let name, let marks = try ContactsFile.marks(path, of: name) else {
      ContactsFile.readDecoy(profile.identity)
      let isListed = name.map { fromUsersFile[$0] != nil } ?? false
      return ClaimedContact(state: .absent, floor: nil, isConfirmed: isListed)
    }
    return ClaimedContact(
      state: PinState(pairing: marks.pairing), floor: marks.floor, isConfirmed: marks.standing == .confirmed)
  }

  /// Who else has one of the two keys of a profile: oneself, a contact of another name, or nobody.
  package func conflict(with new: Profile) throws(HomeFailure) -> ContactRefusal? {
    func shares(_ other: Profile) -> Bool { other.ikDH == new.ikDH || other.ikSig == new.ikSig }
    if shares(own) { return .ownKey }
    let stored = try storedNames()
    for name in stored where name != new.name {
      if let outline = try ContactsFile.outline(profile.contact(name.text), of: name), shares(outline.profile)
      {
        return .keyOfAnother(name)
      }
    }
    for (name, identity) in fromUsersFile where name != new.name && shares(identity.profile) {
      return .keyOfAnother(name)
    }
    return nil
  }

  // MARK: Changes

  /// Stores the pin of a first contact, against what stood when its run began.
  ///
  /// A confirmed contact refuses; a provisional one is replaced.
  package func store(
    _ new: NewPin, expecting: PinState, at now: UnixTime
  ) throws(HomeFailure) -> ContactChange {
    try change(new.profile.name) { (current) throws(HomeFailure) in
      guard current?.state.pairing == expecting.pairing else { return .refused(.changedMeanwhile) }
      if let current, current.pin.standing == .confirmed { return .refused(.alreadyConfirmed) }
      return try self.write(new, standing: new.standing, verifiedAt: nil, at: now)
    }
  }

  /// Puts the pin that `verify NAME` brought in the place of the old one, after the user's yes.
  ///
  /// The only way by which a confirmed contact changes its key. `verified`: the user compared the new words
  /// by another channel.
  package func replace(
    with new: NewPin, expecting: PinState, verified: Bool, at now: UnixTime
  ) throws(HomeFailure) -> ContactChange {
    try change(new.profile.name) { (current) throws(HomeFailure) in
      guard current?.state.pairing == expecting.pairing else { return .refused(.changedMeanwhile) }
      return try self.write(new, standing: .confirmed, verifiedAt: verified ? now : nil, at: now)
    }
  }

  /// Notes that the peer stored its pin, too, and raises the floor, in one write; nothing is written where
  /// nothing changes.
  ///
  /// The peer has shown that it holds this pin, so a provisional one of another run, which the peer does not
  /// hold, gives way to it; a confirmed one of another run refuses.
  package func confirm(
    _ contact: Contact, floor: KeyAgreementGroup, at now: UnixTime
  ) throws(HomeFailure) -> ContactChange {
    func mark(_ pin: inout Pin) {
      pin.standing = .confirmed
      if floor.strength > pin.floor.strength { pin.floor = floor }
    }
    return try change(contact.name) { (current) throws(HomeFailure) in
      guard let current, case .stored(let pairing) = contact.origin, current.origin != contact.origin,
        current.pin.standing == .provisional
      else { return try self.update(current, knownAs: contact, at: now, mark) }
      if let conflict = try self.conflict(with: contact.pin.profile.profile) { return .refused(conflict) }
      var pin = contact.pin
      mark(&pin)
      return try self.write(pin, pairing)
    }
  }

  /// Raises the floor of a contact; a weaker group changes nothing.
  package func raiseFloor(
    _ contact: Contact, to floor: KeyAgreementGroup, at now: UnixTime
  ) throws(HomeFailure) -> ContactChange {
    try update(contact, at: now) { pin in
      if floor.strength > pin.floor.strength { pin.floor = floor }
    }
  }

  /// Forgets which groups were completed with a contact (`--allow-downgrade NAME`): the next session sets the
  /// floor anew.
  package func lowerFloor(_ contact: Contact, at now: UnixTime) throws(HomeFailure) -> ContactChange {
    guard contact.pin.floor != .weakest else { return .stored(contact) }
    return try update(contact, at: now) { $0.floor = .weakest }
  }

  /// Notes that the user compared the contact's words by another channel and found them the same.
  package func markVerified(_ contact: Contact, at now: UnixTime) throws(HomeFailure) -> ContactChange {
    try update(contact, at: now) { pin in
      guard !pin.isVerified else { return }
      pin.isVerified = true
      pin.verifiedAt = now
    }
  }

  /// Takes a confirmation back: the session that confirmed this pin turned out to be the other side's
  /// `verify`, which stores nothing before its user's yes, so that the pin must still accept P.
  package func doubt(_ contact: Contact, at now: UnixTime) throws(HomeFailure) -> ContactChange {
    try update(contact, at: now) { pin in pin.standing = .provisional }
  }

  // MARK: Inside

  func change(
    _ name: PeerName, _ body: (Contact?) throws(HomeFailure) -> ContactChange
  ) throws(HomeFailure) -> ContactChange {
    try ProfileLock.hold(profile) { () throws(HomeFailure) in
      try body(try contact(named: name))
    }
  }

  /// Changes a pin that this process knows, unless another pairing stands by now.
  private func update(
    _ known: Contact, at now: UnixTime, _ change: (inout Pin) -> Void
  ) throws(HomeFailure) -> ContactChange {
    try self.change(known.name) { (current) throws(HomeFailure) in
      try self.update(current, knownAs: known, at: now, change)
    }
  }

  private func update(
    _ current: Contact?, knownAs known: Contact, at now: UnixTime, _ change: (inout Pin) -> Void
  ) throws(HomeFailure) -> ContactChange {
    // A contact of the users file may have been stored meanwhile, by another session with the same key.
    guard let current, current.origin == known.origin || known.origin == .usersFile,
      current.pin.profile.isSameIdentity(as: known.pin.profile)
    else { return .refused(.changedMeanwhile) }
    var pin = current.pin
    change(&pin)
    let pairing: PairingID
    switch current.origin {
    case .stored(let stored):
      if pin.hasSameMarks(as: current.pin) { return .stored(current) }
      pairing = stored
    case .usersFile:
      if let conflict = try conflict(with: pin.profile.profile) { return .refused(conflict) }
      pin.pairedAt = now
      pairing = newPairing()
    }
    return try write(pin, pairing)
  }

  func write(
    _ new: NewPin, standing: Pin.Standing, verifiedAt: UnixTime?, at now: UnixTime
  ) throws(HomeFailure) -> ContactChange {
    if let conflict = try conflict(with: new.profile.profile) { return .refused(conflict) }
    let pin = Pin(
      profile: new.profile, secret: new.secret, floor: new.floor, standing: standing,
      isVerified: verifiedAt != nil, pairedAt: now, verifiedAt: verifiedAt)
    return try write(pin, newPairing())
  }

  private func write(_ pin: Pin, _ pairing: PairingID) throws(HomeFailure) -> ContactChange {
    try ContactsFile.write(pin, pairing, to: profile.contact(pin.name.text))
    let other = fromUsersFile[pin.name]
    return .stored(
      Contact(
        pin: pin, origin: .stored(pairing),
        differsFromUsersFile: other.map { !$0.isSameIdentity(as: pin.profile) } ?? false))
  }

  private func newPairing() -> PairingID {
    PairingID(bytes: SystemEntropy.shared.publicBytes(count: PairingID.byteCount))
  }

  private func contact(fromUsersFile identity: ProvenProfile) throws(HomeFailure) -> Contact {
    let secret = try HomeFailure.ofMemory { () throws(CryptographyError) in try PairSecret.absent() }
    let pin = Pin(
      profile: identity, secret: secret, floor: .weakest, standing: .confirmed, isVerified: false,
      pairedAt: UnixTime(milliseconds: 0), verifiedAt: nil)
    return Contact(pin: pin, origin: .usersFile, differsFromUsersFile: false)
  }

  /// The names that have a file; files of other names are not this program's.
  private func storedNames() throws(HomeFailure) -> [PeerName] {
    let entries: [Folder.Entry]
    do throws(PlaceError) {
      entries = try Folder.entries(profile.contacts)
    } catch {
      if error.fault == .notFound { return [] }
      throw HomeFailure(error)
    }
    return entries.compactMap { entry in
      guard !entry.name.hasPrefix("."), let text = PathName.decoded(entry.name) else { return nil }
      return try? PeerName(text)
    }
  }
}

extension Pin {
  /// True where none of what changes under one pairing differs.
  fileprivate func hasSameMarks(as other: Pin) -> Bool {
    standing == other.standing && floor == other.floor && isVerified == other.isVerified
      && verifiedAt == other.verifiedAt
  }
}
