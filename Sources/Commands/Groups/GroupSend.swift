import Messenger
import Terminal
import Wire

/// `send GROUP`: standard input to everybody in a group, done when the relay has receipted all of it.
struct GroupSend: Sendable {
  let messenger: Messenger
  let party: Party
  let surroundings: Surroundings
  /// How long to wait for the relay, in seconds.
  let timeout: Int

  /// The largest text of a group: its log's line, "NAME: text", fits 64 KiB (GROUPS 2.4).
  static let textLimit = 65_471
  private static let unconfirmedLimit = 64

  func run(_ first: [UInt8], _ input: InputMessages, to group: GroupName, relay: RelayAddress?)
    async throws(Failure) -> ExitCode
  {
    let follower = GroupFollower(
      messenger, EventTeller(output: surroundings.output, me: party.me), .surprises)
    await surroundings.signals.handle { signal in
      guard signal.endsProgram else { return }
      await messenger.shutDown()
      signal.endProgram()
    }
    return try await follower.carryOut { () async throws(Failure) in
      try await messenger.doing { (messenger) async throws(MessengerFailure) in
        try await messenger.openGroups(relay: relay)
      }
      try await GroupAccess.connect(group, follower, within: timeout)
      var input = input
      var message: [UInt8]? = first
      while let text = message {
        for part in MessageParts.cut(text, atMost: Self.textLimit) {
          try await follower.send(part, to: group)
          guard await follower.settled(to: Self.unconfirmedLimit, within: timeout) else {
            throw await unfinished(group, follower)
          }
        }
        message = try await input.next()
      }
      guard await follower.settled(to: 0, within: timeout) else { throw await unfinished(group, follower) }
      return .ok
    }
  }

  private func unfinished(_ group: GroupName, _ follower: GroupFollower) async -> Failure {
    if let failure = await follower.failure { return failure }
    if await follower.ended[group] != nil { return Sentences.failure(.group(.notMember(group))) }
    return Sentences.notOnTheRelay(
      group, count: await follower.unconfirmedCount, address: await follower.lastAddress[group],
      seconds: timeout)
  }
}
