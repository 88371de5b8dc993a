import ArgumentParser
import Messenger
import Wire

/// `secure_chat block NAME`: no conversation with NAME any more.
struct BlockCommand: RunnableCommand {
  static let configuration = CommandConfiguration(
    commandName: "block",
    abstract: "Send NAME away from now on; they are told that you do not accept conversations.",
    discussion: """
      A name can be blocked before you ever met it. A conversation that is up in another secure_chat of yours \
      goes on until it ends; /block NAME in that one ends it at once.
      """)

  @Argument(help: "Whom.")
  var name: String
  @OptionGroup var shared: SharedOptions

  func run(in surroundings: Surroundings) async throws(Failure) -> ExitCode {
    try await BlockList.change(name, shared, surroundings) {
      (messenger, name) async throws(MessengerFailure) in
      try await messenger.block(name) ? Sentences.blocked(name) : Sentences.blockedAlready(name)
    }
  }
}

/// `secure_chat unblock NAME`.
struct UnblockCommand: RunnableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unblock", abstract: "Let NAME in again.")

  @Argument(help: "Whom.")
  var name: String
  @OptionGroup var shared: SharedOptions

  func run(in surroundings: Surroundings) async throws(Failure) -> ExitCode {
    try await BlockList.change(name, shared, surroundings) {
      (messenger, name) async throws(MessengerFailure) in
      try await messenger.unblock(name) ? Sentences.unblocked(name) : Sentences.notBlocked(name)
    }
  }
}

private enum BlockList {
  static func change(
    _ text: String, _ shared: SharedOptions, _ surroundings: Surroundings,
    _ change: (Messenger, PeerName) async throws(MessengerFailure) -> String
  ) async throws(Failure) -> ExitCode {
    try await surroundings.withScreen { (screen) throws(Failure) in
      let name = try Target.peerName(text)
      let party = try await Party.find(shared, screen: screen, in: surroundings)
      let messenger = try await party.openMessenger(connection: nil, log: nil, verbose: false)
      await screen?.finish()
      do throws(MessengerFailure) {
        await surroundings.output.notice(try await change(messenger, name))
      } catch {
        throw Sentences.failure(error, me: party.me)
      }
      await messenger.shutDown()
      return .ok
    }
  }
}
