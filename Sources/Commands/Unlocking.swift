import ArgumentParser
import Messenger
import Wire

/// The passphrase of one's own profile, for those who cannot or do not want to be asked.
struct PassphraseOptions: ParsableArguments {
  @Option(
    name: .customLong("passphrase-file"),
    help: ArgumentHelp("The passphrase of your profile, in a file that only you can read.", valueName: "file")
  )
  var passphraseFile: String?
  @Option(
    name: .customLong("passphrase-fd"),
    help: ArgumentHelp("The passphrase of your profile, read from this descriptor.", valueName: "n"))
  var passphraseDescriptor: Int32?

  func validate() throws {
    if passphraseFile != nil, passphraseDescriptor != nil {
      throw ValidationError("Give --passphrase-file or --passphrase-fd, not both.")
    }
    if let passphraseDescriptor, passphraseDescriptor < 0 {
      throw ValidationError("--passphrase-fd wants the number of an open descriptor.")
    }
  }
}

/// Where the passphrase of one's own profile comes from: an option, or the person at the terminal, who is asked
/// only where the profile is locked.
struct Unlocking {
  /// How often a person may type it.
  private static let tries = 3

  let file: String?
  let descriptor: Int32?
  let screen: Screen?

  init(file: String?, descriptor: Int32?, screen: Screen?) {
    self.file = file
    self.descriptor = descriptor
    self.screen = screen
  }

  init(_ shared: SharedOptions, screen: Screen?) {
    self.init(
      file: shared.passphrase.passphraseFile, descriptor: shared.passphrase.passphraseDescriptor,
      screen: screen)
  }

  /// Nobody's: for profiles that were made a moment ago.
  static let none = Unlocking(file: nil, descriptor: nil, screen: nil)

  /// The passphrase that an option names; nil without one. A descriptor can be read once.
  func given() throws(Failure) -> OwnPassphrase? {
    do throws(OwnPassphraseProblem) {
      if let file { return try OwnPassphrase.read(file: file) }
      if let descriptor { return try OwnPassphrase.read(descriptor: descriptor) }
      return nil
    } catch {
      throw Sentences.passphraseSource(error)
    }
  }

  /// Runs what needs the profile open: with the passphrase that an option names, or as often as a person may try.
  ///
  /// Without a terminal a locked profile ends the command, naming the option.
  func run<Result>(
    _ name: PeerName, _ body: (OwnPassphrase?) async throws(MessengerFailure) -> Result
  ) async throws(Failure) -> Result {
    var passphrase = try given()
    let isGiven = passphrase != nil
    var wrong = 0
    while true {
      let failure: MessengerFailure
      do throws(MessengerFailure) {
        return try await body(passphrase)
      } catch {
        failure = error
      }
      if case .wrongPassphrase = failure, !isGiven {
        wrong += 1
      } else if case .passphraseNeeded = failure {
        // Asked below.
      } else {
        throw Sentences.failure(failure)
      }
      guard let screen, wrong < Self.tries else { throw Sentences.failure(failure) }
      if wrong > 0 { await screen.say(Sentences.wrongPassphraseAgain) }
      passphrase = try await Self.ask(Sentences.askPassphrase(name), screen)
    }
  }

  /// Asks until the answer can be a passphrase.
  static func ask(_ question: String, _ screen: Screen) async throws(Failure) -> OwnPassphrase {
    while true {
      let typed: EnteredPassword
      do throws(QuestionEnd) {
        typed = try await screen.askHidden(question)
      } catch {
        throw Sentences.ended(.end(error))
      }
      do throws(OwnPassphraseProblem) {
        return try OwnPassphrase(typed: typed)
      } catch {
        await screen.say(Sentences.unusable(error))
      }
    }
  }

  /// Asks for a new one, twice, until both are the same.
  static func askNew(_ name: PeerName, _ screen: Screen) async throws(Failure) -> OwnPassphrase {
    while true {
      let first = try await ask(Sentences.askNewPassphrase(name), screen)
      let second = try await ask(Sentences.askPassphraseAgain, screen)
      if first.isSame(as: second) { return first }
      await screen.say(Sentences.passphrasesDiffer)
    }
  }
}
