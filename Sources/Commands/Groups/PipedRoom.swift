import Messenger
import Terminal
import Wire

/// `join` without a person at a terminal: what comes goes out as it comes, until a signal, the end of the
/// group, or the end of the input with `--lines`.
struct PipedRoom: Sendable {
  let messenger: Messenger
  let party: Party
  let surroundings: Surroundings
  let commands: ArrivalCommands
  /// How long to wait for the relay, in seconds.
  let timeout: Int
  let readsLines: Bool

  /// Texts without a receipt, above which the input waits.
  private static let unconfirmedLimit = 64

  func run(_ group: GroupName?, relay: RelayAddress?) async throws(Failure) -> ExitCode {
    let follower = GroupFollower(
      messenger, EventTeller(output: surroundings.output, me: party.me), .all, commands: commands)
    let ending = ProgramEnding()
    await surroundings.signals.handle { signal in
      guard signal.endsProgram else { return }
      await ending.set(signal == .interrupt ? .interrupted : .ok)
      await messenger.shutDown()
      // Events that nobody reads from the pipe must not keep the program.
      try? await Pause.seconds(2)
      await commands.stop()
      ProgramSurroundings.end((await ending.code ?? .ok).rawValue)
    }
    do throws(Failure) {
      return try await follower.carryOut { () async throws(Failure) in
        try await stay(group, relay: relay, follower, ending)
      }
    } catch {
      if let code = await ending.code { return code }
      throw error
    }
  }

  private func stay(
    _ group: GroupName?, relay: RelayAddress?, _ follower: GroupFollower, _ ending: ProgramEnding
  ) async throws(Failure) -> ExitCode {
    try await messenger.doing { (messenger) async throws(MessengerFailure) in
      try await messenger.openGroups(relay: relay)
    }
    let summary = try await GroupAccess.enter(group, follower, within: timeout)
    // It reads beside the group: whose part there is over ends, whatever the input does.
    let reading =
      readsLines
      ? Task { await follower.inputEnded(await said(to: summary.name, follower, ending)) } : nil
    defer { reading?.cancel() }
    let standing = await follower.end(of: summary.name)
    if let end = await follower.inputEnd { return try end.get() }
    switch standing {
    case .removed: return .refused
    case .forked: return .failed
    case .left, .member, .invited, nil:
      if let failure = await follower.failure { throw failure }
      return await ending.code ?? .ok
    }
  }

  private func said(
    to group: GroupName, _ follower: GroupFollower, _ ending: ProgramEnding
  ) async -> Result<ExitCode, Failure> {
    do throws(Failure) {
      return .success(try await sendLines(to: group, follower, ending))
    } catch {
      return .failure(error)
    }
  }

  private func sendLines(
    to group: GroupName, _ follower: GroupFollower, _ ending: ProgramEnding
  ) async throws(Failure) -> ExitCode {
    var input = try InputMessages(byLine: true)
    while let text = try await input.next() {
      for part in MessageParts.cut(text, atMost: GroupSend.textLimit) {
        try await follower.send(part, to: group)
      }
      // A relay that is away holds the input up, and it goes on when the relay is back.
      while await follower.unconfirmedCount > Self.unconfirmedLimit {
        guard await follower.settled(to: Self.unconfirmedLimit, within: timeout) else {
          if let failure = await follower.failure { throw failure }
          if let code = await ending.code { return code }
          continue
        }
      }
    }
    guard await follower.settled(to: 0, within: timeout) else {
      if let failure = await follower.failure { throw failure }
      if let code = await ending.code { return code }
      throw Sentences.notOnTheRelay(
        group, count: await follower.unconfirmedCount, address: await follower.lastAddress[group],
        seconds: timeout)
    }
    return .ok
  }
}

/// How a program that stays is to end, once something decided it.
actor ProgramEnding {
  private(set) var code: ExitCode?

  func set(_ code: ExitCode) { self.code = self.code ?? code }
}
