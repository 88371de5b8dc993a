import ChatProtocol
import Cryptography
import GroupKeys
import Stores
import Transport
import Wire

/// The link to one's own inbox at one relay. It lives in the keeper.
final class InboxLink {
  let place: RelayPlace
  var task: Task<Void, Never>?
  var connection: RelayConnection?
  var requests: UInt32 = 0
  /// Own key packages whose putting is not answered yet, by request.
  var putting: [UInt32: [UInt8]] = [:]

  init(place: RelayPlace) { self.place = place }

  func stop() async {
    await connection?.close()
    task?.cancel()
    task = nil
  }
}

// The inbox: key packages for those who want to invite, and their invitations (docs/GROUPS.md, "Inbox").
extension GroupKeeper {
  /// Relays at which an inbox is held at most.
  static let relayLimit = 8
  /// Key packages of one's own at each relay, the last resort besides.
  private static let keyPackageCount = 20

  func startInbox(at place: RelayPlace) {
    guard inboxes[place] == nil, inboxes.count < Self.relayLimit, !isShuttingDown else { return }
    let inbox = InboxLink(place: place)
    inboxes[place] = inbox
    inbox.task = Task { await self.holdInbox(inbox) }
  }

  private func holdInbox(_ inbox: InboxLink) async {
    var wait = LinkBackOff()
    while !Task.isCancelled {
      if let connection = try? await RelayConnection.open(
        place: inbox.place, hello: vault.inboxHello, through: network)
      {
        inbox.connection = connection
        if Task.isCancelled { await connection.close() }
        for await event in connection.events {
          switch event {
          case .up:
            wait.reset()
            await putKeyPackages(inbox)
          case .frame(let answer): await received(answer, by: inbox)
          case .down: break
          }
        }
        inbox.connection = nil
        inbox.putting = [:]
      }
      let (_, milliseconds) = wait.next(from: network.handshake.entropy)
      guard (try? await Task.sleep(for: .milliseconds(milliseconds))) != nil else { return }
    }
  }

  private func received(_ answer: RelayAnswer, by inbox: InboxLink) async {
    switch answer {
    case .inboxItem(let item):
      guard await take(item.body) else { return }
      await inbox.connection?.send(.inboxAcknowledgement(item: item.item))
    case .accepted(let request):
      guard let reference = inbox.putting.removeValue(forKey: request) else { return }
      await changeRelay(inbox.place) { $0.references.append(reference) }
    case .refused(let refusal): inbox.putting[refusal.request] = nil
    case .welcome, .receipt, .conflict, .entry, .rangeEnd, .ephemeral, .linkDown, .linkUp, .keyPackage: break
    }
  }

  private func changeRelay(_ place: RelayPlace, _ change: (inout KnownRelay) -> Void) async {
    guard let store, let index = relays.firstIndex(where: { $0.place == place }) else { return }
    change(&relays[index])
    let relay = relays[index]
    try? await store.run { database, vault in try database.put(relay, vault) }
  }

  // MARK: Key packages

  private func putKeyPackages(_ inbox: InboxLink) async {
    guard let store, let relay = relays.first(where: { $0.place == inbox.place }) else { return }
    let needsLastResort = relay.references.isEmpty
    let count = Self.keyPackageCount + 1 - relay.references.count
    guard count > 0, inbox.putting.isEmpty else { return }
    var made: [OwnKeyPackage] = []
    for _ in 0..<count {
      guard let own = try? makeKeyPackage() else { return }
      made.append(own)
    }
    let rows = made
    guard (try? await store.run { database, vault in try database.put(rows, vault) }) != nil else { return }
    for (index, own) in made.enumerated() {
      guard let sealed = try? InboxPlace.seal(own.published, placeKey: vault.sharedPlaceKey) else { return }
      inbox.requests += 1
      inbox.putting[inbox.requests] = own.reference
      await inbox.connection?.send(
        .keyPackagePut(
          RelayKeyPackagePut(
            request: inbox.requests, isLastResort: needsLastResort && index == 0, body: sealed)))
    }
  }

  // MARK: Invitations

  /// Takes what lay in the inbox; false where it must stay there, since this side's own disk failed.
  private func take(_ sealed: [UInt8]) async -> Bool {
    guard let store,
      let invitation = try? GroupInvitation.open(sealed, privateKey: identity.keys.agreementKey)
    else { return self.store != nil }
    do throws(MessengerFailure) {
      let references = invitation.references
      guard
        let own = try await store.run({ database, vault in
          try database.keyPackage(among: references, vault)
        })
      else { return true }
      return try await take(invitation, own)
    } catch {
      return false
    }
  }

  /// False where it must stay in the inbox for now.
  private func take(
    _ invitation: GroupInvitation, _ own: OwnKeyPackage
  ) async throws(MessengerFailure) -> Bool {
    let member: GroupMember
    do throws(GroupError) {
      member = try GroupMember.join(invitation, with: own, as: groupIdentity, in: Group.Surroundings())
    } catch {
      tell(.invitationDropped(from: nil))
      return true
    }
    guard let inviter = member.inviter, let relay = member.relays.first,
      let address = try? RelayAddress(relay.address)
    else {
      tell(.invitationDropped(from: nil))
      return true
    }
    guard try await isWelcome(inviter) else {
      tell(.invitationDropped(from: inviter.name))
      return true
    }
    let id = GroupID(bytes: member.groupID)
    if let old = rooms[id] {
      if let known = old.member, known.position.sequence >= invitation.position.sequence, !old.isInvitation,
        old.ending == nil
      {
        // Older than what this side has of the group.
        return true
      }
      // Nobody's word takes the place of a group that this user is in and can follow: that it was removed from it
      // stands in the group's own log, and is read there first.
      if old.facts.standing == .member, !old.isBehindFloor, old.ending == nil { return false }
      if let ending = old.ending { await ending.value } else { await stop(old, why: .bye) }
    }
    let facts = GroupFacts(
      name: member.name, standing: .invited(by: inviter.name),
      relay: RelayPlace(address: address, profile: relay.profile))
    var change = SealedChange(group: id.bytes, facts: facts, change: member.firstChange())
    // A last resort stays of use.
    let isLastResort = relays.contains { $0.references.first == own.reference }
    if !isLastResort { change.usedKeyPackages = [own.reference] }
    let row = change
    try await opened().run { database, vault in
      try database.remove(group: row.group)
      try database.apply(try row.sealed(vault))
    }
    order.removeAll { $0 == id }
    order.append(id)
    rooms[id] = GroupRoom(id: id, facts: facts, member: member)
    if !isLastResort {
      for relay in relays where relay.references.contains(own.reference) {
        await changeRelay(relay.place) { $0.references.removeAll { $0 == own.reference } }
      }
    }
    tell(
      .invited(
        group: facts.name, id: id, by: inviter.name,
        members: member.members.map(\.name).filter { $0 != options.me }))
    return true
  }

  /// Whether an inviter is just the one that this user knows by the name, and is not blocked.
  private func isWelcome(_ inviter: Profile) async throws(MessengerFailure) -> Bool {
    let blocked = blocked
    let isBlocked = await disk.run { try? blocked.contains(inviter.name) }
    guard isBlocked == .some(false) else { return false }
    do throws(MessengerFailure) {
      return try await contact(inviter.name)?.signedBytes == inviter.signedBytes
    } catch .notVerified {
      return false
    }
  }
}
