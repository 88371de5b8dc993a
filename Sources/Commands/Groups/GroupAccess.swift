import Messenger
import Wire

/// What every command on a group needs first: its name, and its link.
enum GroupAccess {
  /// What stands before a group's name where a user is called the same.
  static let prefix = "group:"

  static func name(_ text: String) throws(Failure) -> GroupName {
    do throws(NameError) {
      return try GroupName(text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text)
    } catch {
      throw Sentences.badGroupName(text, error)
    }
  }

  /// The group of this name, whatever this user's part in it is.
  static func summary(of group: GroupName, _ messenger: Messenger) async throws(Failure) -> GroupSummary {
    let groups = try await messenger.doing { (messenger) async throws(MessengerFailure) in
      try await messenger.groups()
    }
    guard let summary = groups.first(where: { $0.name == group }) else {
      throw Sentences.failure(.group(.noSuchGroup(group)))
    }
    return summary
  }

  /// Waits until the link of a group that this user is a member of stands.
  static func connect(
    _ group: GroupName, _ follower: GroupFollower, within seconds: Int
  ) async throws(Failure) {
    let summary = try await summary(of: group, follower.messenger)
    switch summary.standing {
    case .member: break
    case .invited, .left, .removed: throw Sentences.failure(.group(.notMember(group)))
    case .forked: throw Sentences.failure(.group(.forked(group)))
    }
    if summary.isConnected { return }
    guard await follower.isConnected(group, within: seconds) else {
      if let failure = await follower.failure { throw failure }
      throw Sentences.groupNotConnected(group, address: summary.relay, seconds: seconds)
    }
  }

  /// Goes into a group: one that this user is in, else one that it is invited to, by an invitation that may
  /// still come out of the inbox for so many seconds.
  ///
  /// `group` nil: the only invitation, else the only group.
  static func enter(
    _ group: GroupName?, _ follower: GroupFollower, within seconds: Int
  ) async throws(Failure) -> GroupSummary {
    let messenger = follower.messenger
    let deadline = ContinuousClock.now + .seconds(seconds)
    while true {
      let seen = await follower.invitations
      let groups = try await messenger.doing { (messenger) async throws(MessengerFailure) in
        try await messenger.groups()
      }
      if let found = try choice(group, of: groups) {
        guard case .invited = found.standing else { return found }
        return try await messenger.doing { (messenger) async throws(MessengerFailure) in
          try await messenger.join(found.name)
        }
      }
      let left = Int((deadline - .now).components.seconds)
      guard left > 0, await follower.isInvited(since: seen, within: left) else {
        if let failure = await follower.failure { throw failure }
        throw Sentences.failure(.group(.notInvited(group)))
      }
    }
  }

  /// Which of the groups `join` means; nil where none of them is.
  static func choice(_ group: GroupName?, of groups: [GroupSummary]) throws(Failure) -> GroupSummary? {
    if let group {
      return groups.first { $0.name == group && ($0.standing == .member || $0.isInvitation) }
    }
    let invitations = groups.filter(\.isInvitation)
    let mine = groups.filter { $0.standing == .member }
    if invitations.count > 1 { throw Sentences.failure(.group(.severalInvitations(invitations.map(\.name)))) }
    if let only = invitations.first { return only }
    if mine.count > 1 { throw Sentences.severalGroups(mine.map(\.name)) }
    return mine.first
  }
}

extension GroupSummary {
  /// Whether an invitation waits for `join`.
  var isInvitation: Bool {
    if case .invited = standing { return true }
    return false
  }
}

extension Messenger {
  /// Runs a call; its failure in words.
  nonisolated func doing<Answer: Sendable>(
    _ call: (Messenger) async throws(MessengerFailure) -> Answer
  ) async throws(Failure) -> Answer {
    do throws(MessengerFailure) {
      return try await call(self)
    } catch {
      throw Sentences.failure(error, me: identity.name)
    }
  }
}
