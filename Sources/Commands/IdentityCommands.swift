import ArgumentParser
import Messenger

/// `secure_chat id`: the own name, words and profile.
struct IDCommand: RunnableCommand {
  static let configuration = CommandConfiguration(
    commandName: "id",
    abstract: "Show your own six words, and the profile that others may put into their users file.")

  @OptionGroup var shared: SharedOptions

  func run(in surroundings: Surroundings) async throws(Failure) -> ExitCode {
    try await surroundings.withScreen { (screen) throws(Failure) in
      let party = try await Party.find(shared, screen: screen, in: surroundings)
      let messenger = try await party.openMessenger(connection: nil, log: nil, verbose: false)
      await screen?.finish()
      let identity = messenger.identity
      if identity.isNew { await surroundings.output.notice(Sentences.identityMade(identity, party.folders)) }
      if surroundings.output.isJSON {
        try await surroundings.output.payload(bytes: JSONEvents.identity(identity))
      } else {
        try await surroundings.output.payload(Sentences.identity(identity))
      }
      await messenger.shutDown()
      return .ok
    }
  }
}
