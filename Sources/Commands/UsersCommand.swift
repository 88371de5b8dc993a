import ArgumentParser
package import Messenger
import Terminal
import Wire

/// `secure_chat users check|harden FILE`: looks after a users file.
struct UsersCommand: RunnableCommand {
  static let configuration = CommandConfiguration(
    commandName: "users",
    abstract: "Check a users file, or take the passwords out of it.",
    discussion: """
      check says everything that is wrong in the file and what it says of each user; exit 0 where the file can be \
      used, 2 where it cannot. harden takes out the passwords that nobody of this home needs any more and writes the \
      users' identities in their place, after a question or with --yes; no copy of the old file is kept.
      """)

  enum Action: String, ExpressibleByArgument, CaseIterable, Sendable { case check, harden }

  @Argument(help: "check or harden.")
  var action: Action
  @Argument(
    help: ArgumentHelp("The users file.", valueName: "file"), completion: .file(extensions: ["json"]))
  var file: String?
  @OptionGroup var shared: SharedOptions

  func run(in surroundings: Surroundings) async throws(Failure) -> ExitCode {
    let path: String
    switch (file, shared.users) {
    case (let file?, nil): path = file
    case (nil, let file?): path = file
    case (nil, nil): throw Sentences.usersFileNotNamed(action.rawValue)
    case (_?, _?): throw Sentences.usersFileNamedTwice
    }
    switch action {
    case .check: return try await UsersCheck(path: path, shared: shared, output: surroundings.output).run()
    case .harden:
      let screen = shared.yes ? nil : try surroundings.screen()
      await surroundings.signals.handle { signal in
        switch signal {
        case .windowChanged: await screen?.windowChanged()
        case .resumed: await screen?.resumed()
        case .report: break
        case .interrupt, .terminate, .hangUp:
          guard let screen else { return signal.endProgram() }
          await screen.endQuestions(signal == .interrupt ? .interrupted : .terminated)
        }
      }
      return try await Screen.lend(screen) { (screen) throws(Failure) in
        try await UsersHarden(path: path, shared: shared, output: surroundings.output, screen: screen).run()
      }
    }
  }
}

/// `users check`: the file as a program reads it, every fault of it, and each user on a line.
struct UsersCheck {
  let path: String
  let shared: SharedOptions
  let output: Output

  func run() async throws(Failure) -> ExitCode {
    let survey: UsersFileSurvey
    do throws(UsersFileError) {
      survey = try UsersFileSurvey.read(path)
    } catch {
      throw Sentences.usersFile(error)
    }
    for fault in survey.faults { await output.report(Sentences.usersFile(fault)) }
    for warning in survey.file.warnings {
      try await warn(Sentences.code(of: warning), Sentences.usersFileWarning(warning))
    }
    for remark in survey.remarks {
      try await warn("W_WEAK_PASSWORD", Sentences.remark(remark, path: survey.file.path))
    }
    let knowledge = try await knowledge(of: survey.file)
    let addresses = Diagnosis.addressesOfThisHost
    for entry in survey.file.entries {
      let user = UserLine(entry, knowledge, addressesOfThisHost: addresses)
      if output.isJSON {
        try await output.payload(bytes: JSONEvents.user(user))
      } else {
        try await output.payload(Sentences.user(user))
      }
    }
    if output.isJSON {
      try await output.payload(bytes: JSONEvents.usersFile(survey))
    } else {
      await output.notice(Sentences.usersFileVerdict(survey))
    }
    return survey.isUsable ? .ok : .usage
  }

  /// What the home knows; that it cannot be read is no fault of the users file.
  private func knowledge(of file: UsersFile) async throws(Failure) -> HomeKnowledge? {
    let folders = try Party.folders(shared)
    do throws(HomeFailure) {
      return try HomeKnowledge(of: file, in: folders)
    } catch {
      try await warn("W_HOME", Sentences.explained(Sentences.home(error)))
      return nil
    }
  }

  private func warn(_ code: String, _ text: String) async throws(Failure) {
    if output.isJSON {
      try await output.payload(bytes: JSONEvents.warning(code: code, message: text))
    } else {
      await output.notice(text)
    }
  }
}

/// What `users check` says of one user.
package struct UserLine: Sendable {
  let name: PeerName
  let address: String
  let place: UserPlace
  let firstContact: FirstContactBasis
  /// The user has a profile in this home.
  let isOwn: Bool
  /// The users of this home who pinned the user.
  let pinners: [PeerName]
  /// The line of the file on which the entry begins.
  let line: Int

  package init(_ entry: UsersFileEntry, _ knowledge: HomeKnowledge?, addressesOfThisHost: [String]) {
    name = entry.name
    address = DialTarget(name: entry.name, host: entry.host, port: entry.port).address
    place = UserPlace(host: entry.host, addressesOfThisHost: addressesOfThisHost)
    firstContact = entry.firstContact
    isOwn = knowledge?.isOwn(entry.name) ?? false
    pinners = knowledge?.pinners(of: entry.name) ?? []
    line = entry.line
  }
}

/// `users harden`: says what would go and what stays, asks, and writes the file anew.
struct UsersHarden {
  let path: String
  let shared: SharedOptions
  let output: Output
  /// The person to ask; nil with `--yes` and without a terminal.
  let screen: Screen?

  func run() async throws(Failure) -> ExitCode {
    let folders = try Party.folders(shared)
    let hardening: UsersFileHardening
    do throws(UsersFileHardeningError) {
      hardening = try UsersFileHardening(path, in: folders)
    } catch {
      throw Sentences.hardening(error)
    }
    for left in hardening.left { try await say(Sentences.left(left), JSONEvents.left(left)) }
    guard !hardening.taken.isEmpty else {
      try await say(Sentences.nothingToTake(hardening), JSONEvents.hardened(hardening, changed: false))
      return .ok
    }
    for taken in hardening.taken { try await say(Sentences.taken(taken), JSONEvents.taken(taken)) }
    guard try await isWanted(hardening) else {
      await output.notice(Sentences.nothingChanged)
      return .ok
    }
    do throws(UsersFileHardeningError) {
      try hardening.apply()
    } catch {
      throw Sentences.hardening(error)
    }
    await screen?.finish()
    if output.isJSON {
      try await output.payload(bytes: JSONEvents.hardened(hardening, changed: true))
    }
    await output.notice(Sentences.hardened(hardening))
    return .ok
  }

  private func isWanted(_ hardening: UsersFileHardening) async throws(Failure) -> Bool {
    if shared.yes { return true }
    guard let screen else { throw Sentences.hardenNeedsYes(hardening.path) }
    do throws(QuestionEnd) {
      return Sentences.isYes(try await screen.ask(Sentences.askToHarden(hardening)))
    } catch {
      throw Sentences.ended(.end(error))
    }
  }

  private func say(_ line: String, _ event: [UInt8]) async throws(Failure) {
    if output.isJSON {
      try await output.payload(bytes: event)
    } else if let screen {
      await screen.say(line)
    } else {
      try await output.payload(line)
    }
  }
}

extension JSONEvents {
  package static func user(_ user: UserLine) -> [UInt8] {
    var writer = JSONWriter(event: "user")
    writer.write("name", user.name.text)
    writer.write("address", user.address)
    writer.write("place", user.place.rawValue)
    writer.write("first_contact", user.firstContact.rawValue)
    writer.write("own", user.isOwn)
    writer.write("pinned_by", user.pinners.map(\.text))
    writer.write("line", user.line)
    return writer.line()
  }

  package static func usersFile(_ survey: UsersFileSurvey) -> [UInt8] {
    var writer = JSONWriter(event: "users_file")
    writer.write("path", survey.file.path)
    writer.write("usable", survey.isUsable)
    writer.write("users", survey.file.entries.count)
    writer.write("errors", survey.faults.count)
    writer.write("warnings", survey.file.warnings.count + survey.remarks.count)
    return writer.line()
  }

  static func taken(_ taken: UsersFileHardening.Taken) -> [UInt8] {
    var writer = JSONWriter(event: "taken")
    writer.write("name", taken.user.text)
    writer.write("keys", taken.keys)
    writer.write("identity", taken.writesIdentity)
    return writer.line()
  }

  static func left(_ left: UsersFileHardening.Left) -> [UInt8] {
    var writer = JSONWriter(event: "left")
    writer.write("name", left.user.text)
    writer.write("keys", left.keys)
    writer.write("reason", Sentences.reason(left.reason))
    return writer.line()
  }

  static func hardened(_ hardening: UsersFileHardening, changed: Bool) -> [UInt8] {
    var writer = JSONWriter(event: "hardened")
    writer.write("path", hardening.path)
    writer.write("changed", changed)
    writer.write("taken", hardening.taken.count)
    writer.write("left", hardening.left.count)
    return writer.line()
  }
}
