import ArgumentParser
import Messenger
import Terminal
import Wire

/// `secure_chat`, `secure_chat USERS.json`: asks for what it lacks, then talks.
struct AskCommand: RunnableCommand {
  static let word = "ask"
  static let configuration = CommandConfiguration(
    commandName: word, abstract: "Ask for the users file, who you are, send or receive, and to whom.",
    shouldDisplay: false)

  @Argument(
    help: ArgumentHelp("The users file.", valueName: "users.json"), completion: .file(extensions: ["json"]))
  var usersFile: String?
  @OptionGroup var typing: TypingOptions
  @OptionGroup var talk: TalkOptions

  var shared: SharedOptions { talk.shared }

  func run(in surroundings: Surroundings) async throws(Failure) -> ExitCode {
    let path = usersFile ?? shared.users
    return try await surroundings.withScreen { (screen) throws(Failure) in
      guard let screen else { throw Sentences.questionsNeedATerminal(path) }
      return try await ask(path, screen, surroundings)
    }
  }

  /// Whether nothing stands at a path, so that the word was meant for a command.
  static func isMissing(_ path: String) -> Bool {
    if case .missing = problem(with: path) { return true }
    return false
  }

  private static func problem(with path: String) -> UsersFileError? {
    do throws(UsersFileError) {
      _ = try UsersFile.read(path)
      return nil
    } catch {
      return error
    }
  }

  private func ask(
    _ path: String?, _ screen: Screen, _ surroundings: Surroundings
  ) async throws(Failure) -> ExitCode {
    let folders = try Party.folders(shared)
    await surroundings.signals.handle { signal in
      switch signal {
      case .windowChanged: await screen.windowChanged()
      case .resumed: await screen.resumed()
      case .report: break
      case .interrupt: await screen.endQuestions(.interrupted)
      case .terminate, .hangUp: await screen.endQuestions(.terminated)
      }
    }
    let answers: Answers?
    do throws(Questions.Ending) {
      answers = try await questions(path, folders, screen)
    } catch .leave {
      answers = nil
    } catch {
      throw Sentences.ended(error)
    }
    guard let answers else { return .ok }
    let opening = Opening(party: answers.party, screen: screen, options: talk)
    let commands = try ArrivalCommands(
      exec: nil, notify: typing.notifyCommand, screen: screen, output: surroundings.output)
    let messenger = try await opening.messenger()
    let lobby = opening.lobby(messenger, on: screen, typing, commands)
    guard let target = answers.target else {
      var options = ListenOptions()
      options.askedPassword = try await opening.passwords.toListen(messenger)
      return try await lobby.run(.listen(options), in: surroundings)
    }
    return try await lobby.run(.talk(target), in: surroundings)
  }

  private struct Answers {
    let party: Party
    /// nil: receive.
    let target: DialTarget?
  }

  private func questions(
    _ path: String?, _ folders: HomeFolders, _ screen: Screen
  ) async throws(Questions.Ending) -> Answers {
    let questions = Questions(console: screen)
    let users = try await usersFile(path, questions, screen)
    await screen.say(Sentences.banner(users))
    for warning in users.warnings { await screen.say(Sentences.usersFileWarning(warning)) }
    let me = try await whoAmI(users, questions, screen)
    let party = Party(
      folders: folders, users: users, me: me, unlocking: Unlocking(shared, screen: screen))
    if let offer = party.hardeningOffer() { await screen.say(offer) }
    switch try await questions.direction() {
    case .receive: return Answers(party: party, target: nil)
    case .send:
      let target = try await questions.target(from: me, in: users)
      return Answers(party: party, target: target)
    }
  }

  private func usersFile(
    _ path: String?, _ questions: Questions, _ screen: Screen
  ) async throws(Questions.Ending) -> UsersFile {
    if let path {
      do throws(UsersFileError) {
        return try UsersFile.read(path)
      } catch {
        await screen.say(Sentences.explained(Sentences.usersFile(error)))
      }
    }
    let suggestion = ["users.json", "users.example.json"].first {
      $0 != path && Self.problem(with: $0) == nil
    }
    return try await questions.usersFile(suggestion: suggestion) { (path) throws(UsersFileError) in
      try UsersFile.read(path)
    }
  }

  private func whoAmI(
    _ users: UsersFile, _ questions: Questions, _ screen: Screen
  ) async throws(Questions.Ending) -> PeerName {
    if let answer = shared.asName {
      do throws(WhoAmI.Refusal) {
        return try WhoAmI.resolve(answer, in: users).name
      } catch {
        await screen.say(Sentences.explained(Sentences.who(error, in: users)))
      }
    }
    return try await questions.who(in: users).name
  }
}
