import ArgumentParser
import Messenger
import Wire

/// `secure_chat contacts list|import|export`: whom one knows, by which keys.
struct ContactsCommand: RunnableCommand {
  enum Action: String, ExpressibleByArgument, CaseIterable, Sendable { case list, `import`, export }

  static let configuration = CommandConfiguration(
    commandName: "contacts",
    abstract: "List whom you know, or give and take public keys as a text file.",
    discussion: """
      export writes the profiles of your contacts, never a secret, one a line as `secure_chat id` prints \
      them; import pins the profiles of such a file without a password, as `identity` in a users file does: both \
      sides must have the other's. A key that you know already stays; a file that contradicts what you know \
      changes nothing (exit 4). What was imported is not verified.
      """)

  @Argument(help: ArgumentHelp("list, import or export.", valueName: "list|import|export"))
  var action: Action
  @Argument(help: ArgumentHelp("import: the file.", valueName: "file"))
  var file: String?
  @OptionGroup var shared: SharedOptions

  func validate() throws {
    switch action {
    case .import:
      if file == nil { throw ValidationError("contacts import wants a file.") }
    case .list, .export:
      if file != nil { throw ValidationError("contacts \(action.rawValue) takes no file.") }
    }
  }

  func run(in surroundings: Surroundings) async throws(Failure) -> ExitCode {
    try await surroundings.withScreen { (screen) throws(Failure) in
      let party = try await Party.find(shared, screen: screen, in: surroundings)
      let messenger = try await party.openMessenger(connection: nil, log: nil, verbose: false)
      switch action {
      case .list: try await list(messenger, screen, surroundings)
      case .export: try await export(messenger, screen, surroundings)
      case .import: try await take(file ?? "", messenger, screen, surroundings)
      }
      await messenger.shutDown()
      return .ok
    }
  }

  // MARK: list and export

  private func list(
    _ messenger: Messenger, _ screen: Screen?, _ surroundings: Surroundings
  ) async throws(Failure) {
    let contacts: [ContactSummary]
    var blocked: [PeerName: UnixTime]
    do throws(MessengerFailure) {
      contacts = try await messenger.contacts()
      blocked = try await messenger.blockedNames()
    } catch {
      throw Sentences.failure(error)
    }
    await screen?.finish()
    let output = surroundings.output
    if contacts.isEmpty, blocked.isEmpty { await output.notice(Sentences.noContacts) }
    for contact in contacts {
      let since = blocked.removeValue(forKey: contact.name)
      if output.isJSON {
        try await output.payload(bytes: JSONEvents.contact(contact, blocked: since))
      } else {
        try await output.payload(Sentences.contact(contact, blocked: since))
      }
    }
    for (name, since) in blocked.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
      if output.isJSON {
        try await output.payload(bytes: JSONEvents.blocked(name, since: since))
      } else {
        try await output.payload(Sentences.blockedStranger(name, since: since))
      }
    }
  }

  private func export(
    _ messenger: Messenger, _ screen: Screen?, _ surroundings: Surroundings
  ) async throws(Failure) {
    let contacts: [ContactSummary]
    do throws(MessengerFailure) {
      contacts = try await messenger.contacts()
    } catch {
      throw Sentences.failure(error)
    }
    await screen?.finish()
    if contacts.isEmpty { return await surroundings.output.notice(Sentences.noContacts) }
    if surroundings.output.isJSON {
      for contact in contacts {
        try await surroundings.output.payload(bytes: JSONEvents.profile(contact))
      }
    } else {
      try await surroundings.output.payload(bytes: Array(ProfileList.text(contacts).utf8))
    }
  }

  // MARK: import

  private func take(
    _ path: String, _ messenger: Messenger, _ screen: Screen?, _ surroundings: Surroundings
  ) async throws(Failure) {
    let list: ProfileList
    do throws(ProfileListProblem) {
      list = try ProfileList(file: path)
    } catch {
      throw Sentences.profileList(path, error)
    }
    let outlooks: [ImportOutlook]
    do throws(MessengerFailure) {
      outlooks = try await messenger.outlook(of: list)
    } catch {
      throw Sentences.failure(error)
    }
    // All or nothing: a file that contradicts what is known is not to be trusted in part.
    for found in outlooks {
      if let failure = Sentences.importRefused(found) { throw failure }
    }
    for found in outlooks { await tell(Sentences.importing(found), screen, surroundings) }
    let count = outlooks.count { $0.kind == .new }
    guard count > 0 else { return await tell(Sentences.nothingToImport, screen, surroundings) }
    guard try await isWanted(count, screen) else {
      return await tell(Sentences.nothingChanged, screen, surroundings)
    }
    do throws(MessengerFailure) {
      try await messenger.takeContacts(of: list)
    } catch {
      throw Sentences.failure(error)
    }
    await tell(Sentences.imported(count), screen, surroundings)
  }

  private func isWanted(_ count: Int, _ screen: Screen?) async throws(Failure) -> Bool {
    if shared.yes { return true }
    guard let screen else { throw Sentences.importNeedsYes }
    return try await YesOrNo.ask(Sentences.askImport(count), on: screen)
  }

  private func tell(_ text: String, _ screen: Screen?, _ surroundings: Surroundings) async {
    if let screen { await screen.say(text) } else { await surroundings.output.notice(text) }
  }
}
