import ChatProtocol
import Cryptography
import Places
import Transport
package import Wire

// Groups, as the commands see them.
extension Messenger {
  /// Connects every group that this user is a member of, and the inbox; returns when that has begun.
  ///
  /// `relay` becomes the one that new groups of this profile use. Without a group, an invitation or a relay
  /// nothing is made on the disk and nothing is dialled.
  package func openGroups(relay: RelayAddress?) async throws(MessengerFailure) {
    try await keeper().open(relay: relay)
  }

  /// Makes a group at the profile's relay and invites; returns when the relay has stored it.
  package func createGroup(
    _ name: GroupName, inviting names: [PeerName]
  ) async throws(MessengerFailure) -> GroupInvited {
    try await keeper(ifUsed: .group(.relayNeeded)).create(name, inviting: names)
  }

  /// All groups and invitations of this user, by name; also before ``openGroups(relay:)``, and while another program
  /// of this profile has them open: nobody is online then.
  package func groups() async throws(MessengerFailure) -> [GroupSummary] {
    guard hasGroups else { return [] }
    let keeper = try keeper()
    do throws(MessengerFailure) {
      _ = try await keeper.opened()
    } catch {
      guard case .group(.inUse) = error else { throw error }
      return try await keeper.glance()
    }
    return await keeper.summaries()
  }

  /// Adds members; returns when the relay has stored it.
  package func invite(
    _ names: [PeerName], to group: GroupName
  ) async throws(MessengerFailure) -> GroupInvited {
    try await keeper(ifUsed: .group(.noSuchGroup(group))).invite(names, to: group)
  }

  /// Removes a member; returns when the relay has stored it.
  package func kick(_ name: PeerName, from group: GroupName) async throws(MessengerFailure) {
    try await keeper(ifUsed: .group(.noSuchGroup(group))).kick(name, from: group)
  }

  /// Says goodbye; returns when the relay has stored it. An invitation that is left is forgotten.
  package func leave(_ group: GroupName) async throws(MessengerFailure) {
    try await keeper(ifUsed: .group(.noSuchGroup(group))).leave(group)
  }

  /// Takes an invitation up, the only one where `group` is nil; returns when the group is connected.
  package func join(_ group: GroupName?) async throws(MessengerFailure) -> GroupSummary {
    try await keeper(ifUsed: .group(.notInvited(group))).join(group)
  }

  /// Takes a text of at most 65,471 bytes of UTF-8 and returns when it is stored here; `accepted` follows.
  package func send(
    _ text: [UInt8], toGroup group: GroupName
  ) async throws(MessengerFailure) -> OutgoingID {
    try await keeper(ifUsed: .group(.noSuchGroup(group))).send(text, to: group)
  }

  /// Whether somebody is online in any common group; nil where there is none.
  package func presence(of name: PeerName) async -> Bool? {
    await groupKeeper?.presence(of: name)
  }

  // MARK: The keeper

  private var hasGroups: Bool {
    FileStatus.exists(GroupStore.path(of: core.folders.profile(core.options.me)))
  }

  /// The keeper with its store open; throws `failure` where this user never had a group or a relay.
  private func keeper(ifUsed failure: MessengerFailure) async throws(MessengerFailure) -> GroupKeeper {
    guard hasGroups else { throw failure }
    let keeper = try keeper()
    _ = try await keeper.opened()
    return keeper
  }

  /// The keeper, made on first use; it makes nothing on the disk by itself.
  private func keeper() throws(MessengerFailure) -> GroupKeeper {
    if let groupKeeper { return groupKeeper }
    let direct = DirectSessions(core) { [weak self] (target) async throws(MessengerFailure) -> SessionID in
      guard let self else { throw .stopped }
      return try await self.dial(target, password: .fromUsersFile)
    }
    do throws(CryptographyError) {
      let keeper = try GroupKeeper(
        LoopBound(core, on: loopExecutor), direct: direct, group: group)
      groupKeeper = keeper
      return keeper
    } catch {
      throw .state(HomeFailure(error).problem)
    }
  }

  /// From now on contacts are heard that speak of groups, and are told of when they come.
  func listenForGroups() {
    core.takeGroupRecord = { [weak self] record, peer in
      guard let self else { return }
      Task { await self.received(record, from: peer) }
    }
    core.sessionIsUp = { [weak self] name in
      guard let self else { return }
      Task { await self.groupKeeper?.sessionIsUp(with: name) }
    }
  }

  private func received(_ record: GroupRecord, from peer: DirectSessions.Peer) async {
    guard let keeper = try? keeper() else { return }
    await keeper.received(record, from: peer)
  }
}
