import ArgumentParser
import Messenger

/// `secure_chat init`: makes the own identity, and gives it a passphrase or another one.
struct InitCommand: RunnableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Make your identity now, or give it a passphrase; otherwise the first conversation makes it.",
    discussion: """
      With --passphrase the identity and the log key are locked; every later start asks for it. A profile that has \
      a passphrase gets another one: --passphrase-file then names the one it has, --new-passphrase-file the new one. \
      There is no way back to your keys without it.
      """)

  @Flag(name: .customLong("passphrase"), help: "Lock the profile with a passphrase, or with another one.")
  var passphrase = false
  @Option(
    name: .customLong("new-passphrase-file"),
    help: ArgumentHelp(
      "With --passphrase: the new one, in a file that only you can read.", valueName: "file"))
  var newPassphraseFile: String?
  @Option(
    name: .customLong("new-passphrase-fd"),
    help: ArgumentHelp("With --passphrase: the new one, read from this descriptor.", valueName: "n"))
  var newPassphraseDescriptor: Int32?
  @OptionGroup var shared: SharedOptions

  func validate() throws {
    if newPassphraseFile != nil, newPassphraseDescriptor != nil {
      throw ValidationError("Give --new-passphrase-file or --new-passphrase-fd, not both.")
    }
    if !passphrase, newPassphraseFile != nil || newPassphraseDescriptor != nil {
      throw ValidationError("A new passphrase is set with --passphrase.")
    }
  }

  func run(in surroundings: Surroundings) async throws(Failure) -> ExitCode {
    try await surroundings.withScreen { (screen) throws(Failure) in
      let party = try await Party.find(shared, screen: screen, in: surroundings)
      let messenger: Messenger
      var locking: PassphraseSetting.Outcome?
      if passphrase {
        let setting = PassphraseSetting(
          party: party, screen: screen,
          new: Unlocking(file: newPassphraseFile, descriptor: newPassphraseDescriptor, screen: screen))
        let outcome = try await setting.run()
        messenger = try await party.openMessenger(with: outcome.passphrase)
        locking = outcome
      } else {
        messenger = try await party.openMessenger(connection: nil, log: nil, verbose: false)
      }
      await screen?.finish()
      let identity = messenger.identity
      let isNew = locking?.isNewProfile ?? identity.isNew
      await surroundings.output.notice(
        isNew
          ? Sentences.identityMade(identity, party.folders)
          : Sentences.identityThere(identity, party.folders))
      if let locking { await surroundings.output.notice(Sentences.passphraseSet(party.me, locking)) }
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

/// Gives a profile a passphrase: asks for what the options lack, and locks the files.
struct PassphraseSetting {
  let party: Party
  let screen: Screen?
  /// Where the new one comes from, if an option says so.
  let new: Unlocking

  struct Outcome {
    let passphrase: OwnPassphrase
    /// The profile was made by this very call.
    let isNewProfile: Bool
    /// The profile had a passphrase before.
    let isChange: Bool
    /// False where the log key was moved out of the profile; it keeps the lock that it has.
    let isLogKeyLocked: Bool
  }

  func run() async throws(Failure) -> Outcome {
    let locking = ProfileLocking(folders: party.folders, name: party.me)
    let isLocked: Bool?
    do throws(MessengerFailure) {
      isLocked = try locking.isLocked()
    } catch {
      throw Sentences.failure(error)
    }
    switch isLocked {
    case nil:
      // The messenger makes the profile, and locks it as it is made.
      return Outcome(
        passphrase: try await firstPassphrase(), isNewProfile: true, isChange: false, isLogKeyLocked: true)
    case false?:
      return try await change(locking, from: nil, to: try await firstPassphrase())
    case true?:
      let current = try await party.unlocking.run(party.me) {
        (passphrase) async throws(MessengerFailure) -> OwnPassphrase in
        guard let passphrase else { throw .passphraseNeeded(party.me) }
        try await locking.check(passphrase)
        return passphrase
      }
      guard let new = try await newPassphrase() else { throw Sentences.newPassphraseNeeded(party.me) }
      return try await change(locking, from: current, to: new)
    }
  }

  /// A profile without one takes the new passphrase from either option.
  private func firstPassphrase() async throws(Failure) -> OwnPassphrase {
    if let given = try new.given() { return given }
    if let given = try party.unlocking.given() { return given }
    guard let screen else { throw Sentences.firstPassphraseNeeded(party.me) }
    return try await Unlocking.askNew(party.me, screen)
  }

  private func newPassphrase() async throws(Failure) -> OwnPassphrase? {
    if let given = try new.given() { return given }
    guard let screen else { return nil }
    return try await Unlocking.askNew(party.me, screen)
  }

  private func change(
    _ locking: ProfileLocking, from current: OwnPassphrase?, to new: OwnPassphrase
  ) async throws(Failure) -> Outcome {
    do throws(MessengerFailure) {
      let isLogKeyLocked = try await locking.change(from: current, to: new)
      return Outcome(
        passphrase: new, isNewProfile: false, isChange: current != nil, isLogKeyLocked: isLogKeyLocked)
    } catch {
      throw Sentences.failure(error)
    }
  }
}
