import ArgumentParser
import Messenger
import Terminal
import Wire

/// `secure_chat demo`: two users, two processes, one conversation over TCP, and both logs checked.
struct DemoCommand: RunnableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Show a conversation with a second process on this computer, in a home of its own.",
    discussion: """
      At a terminal you talk with it, and it answers with what just happened to your line. Without one a \
      message goes each way. Both logs are verified at the end; nothing stays behind.

      --users 5 --write DIR writes a users file of five (2 to 99), each with a strong password of its own, \
      and does nothing else.
      """)

  @Option(
    name: .customLong("write"),
    help: ArgumentHelp("With --users N: make DIR/users.json for N users.", valueName: "dir"),
    completion: .directory)
  var write: String?

  /// What starts the second process; not for people.
  @Option(name: .customLong("answer-in"), help: .hidden)
  var answerIn: String?
  @OptionGroup var connection: ConnectionOptions
  @OptionGroup var shared: SharedOptions

  func run(in surroundings: Surroundings) async throws(Failure) -> ExitCode {
    if let answerIn {
      return try await DemoPartner(stage: DemoStage(folder: answerIn), surroundings: surroundings).run()
    }
    if let write {
      guard shared.asName == nil, shared.home == nil, shared.logs == nil else {
        throw Sentences.demoIsOnItsOwn
      }
      return try await DemoUsers(typed: shared.users, folder: write).run(surroundings.output)
    }
    if shared.users != nil || shared.asName != nil || shared.home != nil || shared.logs != nil {
      throw Sentences.demoIsOnItsOwn
    }
    guard let stage = DemoStage.make() else { throw Sentences.demoNeedsAFolder }
    do throws(Failure) {
      let code = try await perform(on: stage, surroundings)
      stage.remove()
      return code
    } catch {
      stage.remove()
      throw error.exit == .ok || error.exit == .interrupted ? error : Sentences.demoFailed(error)
    }
  }

  private func perform(on stage: DemoStage, _ surroundings: Surroundings) async throws(Failure) -> ExitCode {
    let partner = try DemoPartner.start(on: stage)
    guard let port = try await DemoPartner.port(of: partner) else { throw Sentences.demoPartnerFailed }
    let party = try stage.party(DemoStage.me)
    let messenger = try await party.openMessenger(connection: connection, log: nil, verbose: shared.verbose)
    let target = DialTarget(name: try stage.name(DemoStage.partner), host: "127.0.0.1", port: port)
    let screen = try surroundings.screen()
    let code = try await Screen.lend(screen) { (screen) throws(Failure) -> ExitCode in
      if let screen {
        await screen.say(Sentences.demoWelcome(partner: partner.processID))
        let lobby = Lobby(
          messenger: messenger, party: party, screen: screen,
          passwords: Passwords(nil, screen: screen), commands: .none, isVerbose: shared.verbose,
          rings: false, drafts: .off, relay: nil)
        return try await lobby.run(.talk(target), in: surroundings)
      }
      await surroundings.signals.handle { signal in
        guard signal.endsProgram else { return }
        stage.remove()
        signal.endProgram()
      }
      try await DemoExchange(messenger: messenger, target: target, party: party, surroundings: surroundings)
        .run(partner: partner.processID)
      return .ok
    }
    guard code == .ok else { return code }
    guard await partner.exitCode() == 0 else { throw Sentences.demoPartnerFailed }
    try await verifyLogs(of: stage, surroundings)
    if screen != nil {
      await surroundings.output.say(Sentences.demoFarewell(program: CommandLine.arguments[0]))
    }
    return .ok
  }

  /// Runs the checker that was installed beside this program, as a third process.
  private func verifyLogs(of stage: DemoStage, _ surroundings: Surroundings) async throws(Failure) {
    let checker: ChildProgram
    do throws(ChildProgram.Failure) {
      checker = try ChildProgram(
        ChildProgram.sibling("secure_chat_log"), ["verify", stage.logs, "--home", stage.home],
        showsErrors: false)
    } catch {
      throw Sentences.demoCheckerMissing(error)
    }
    let output = surroundings.output
    while let line = await checker.nextLine() {
      let shown = Sentences.demoVerdict(line)
      if output.isJSON { await output.notice(shown) } else { try await output.payload(shown) }
    }
    guard await checker.exitCode() == 0 else { throw Sentences.demoLogsWrong }
  }
}

/// The demonstration's own folder: a users file, a home and logs that nobody else sees.
struct DemoStage: Sendable {
  static let me = "user1"
  static let partner = "user2"

  let folder: String
  var users: String { folder + "/users.json" }
  var home: String { folder + "/home" }
  var logs: String { folder + "/home/logs" }

  static func make() -> DemoStage? {
    guard let folder = ScratchFolder.make() else { return nil }
    let stage = DemoStage(folder: folder)
    let users = """
      [ {"username": "\(me)", "password": "\(ScratchFolder.randomWord())", "ip": "127.0.0.1", "port": 12345},
        {"username": "\(partner)", "password": "\(ScratchFolder.randomWord())", "ip": "127.0.0.1", "port": 12346} ]
      """
    return ScratchFolder.write(users, to: stage.users) ? stage : nil
  }

  func remove() { ScratchFolder.remove(folder) }

  func name(_ text: String) throws(Failure) -> PeerName { try Target.peerName(text) }

  func party(_ me: String) throws(Failure) -> Party {
    let folders: HomeFolders
    do throws(HomeFailure) {
      folders = try HomeFolders.choose(home: home, logs: logs)
    } catch {
      throw Sentences.home(error)
    }
    return Party(folders: folders, users: try Party.read(users), me: try name(me))
  }
}

/// The demonstration without a person: a message each way, told step by step.
struct DemoExchange {
  let messenger: Messenger
  let target: DialTarget
  let party: Party
  let surroundings: Surroundings

  func run(partner: Int32) async throws(Failure) {
    let output = surroundings.output
    await tell(Sentences.demoStart(partner: partner, target))
    let session: SessionID
    do throws(MessengerFailure) {
      session = try await messenger.dial(target, password: .fromUsersFile)
      _ = try await messenger.send(Array(Sentences.demoText.utf8), on: session)
    } catch {
      throw Sentences.failure(error)
    }
    var isDelivered = false
    var isAnswered = false
    let teller = EventTeller(output: output, me: party.me)
    while let event = await messenger.events.next() {
      if output.isJSON {
        try await teller.tell(event)
      } else if let line = Sentences.demoTold(event) {
        await tell(line)
      }
      switch event {
      case .delivered: isDelivered = true
      case .message: isAnswered = true
      case .closed(let closed):
        await messenger.shutDown()
        guard isDelivered, isAnswered, closed.endedCleanly else {
          throw Sentences.ended(closed, unconfirmed: isDelivered ? 0 : 1)
        }
        return
      case .step, .connected, .refused, .repairWanted, .verifyProposed, .warning, .group: break
      }
      if isDelivered, isAnswered { await messenger.close(session, reason: .bye) }
    }
  }

  private func tell(_ line: String) async {
    if surroundings.output.isJSON {
      await surroundings.output.notice(line)
    } else {
      try? await surroundings.output.payload(line)
    }
  }
}
