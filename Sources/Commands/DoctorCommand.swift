import ArgumentParser
import Messenger
import Wire

/// `secure_chat doctor`: whether this computer has what secure_chat needs.
struct DoctorCommand: RunnableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Check libraries, memory, clock, folders, and a conversation with itself.",
    discussion: """
      One line a check: ok, a warning, or what failed and what to do. Nothing is changed. \
      With --users (and --as) the users file and the own port are checked too. \
      Exit code 0 when nothing failed.
      """)

  @OptionGroup var shared: SharedOptions

  func run(in surroundings: Surroundings) async throws(Failure) -> ExitCode {
    let desk = DoctorDesk(output: surroundings.output)
    await surroundings.signals.handle { signal in
      if signal.endsProgram { signal.endProgram() }
    }
    try await desk.report(Sentences.libraries(Diagnosis.libraries))
    try await desk.report(Sentences.process(Diagnosis.hardening))
    try await desk.report(Sentences.memory(Diagnosis.memory))
    try await desk.report(Sentences.descriptors(Diagnosis.descriptors))
    try await desk.report(Sentences.clocks(Diagnosis.clocks))
    try await checkPlaces(desk)
    let users = try await checkUsers(desk)
    try await checkListening(desk, users)
    try await checkSelfConnect(desk)
    return try await desk.finish()
  }

  private func checkPlaces(_ desk: DoctorDesk) async throws(Failure) {
    let folders: HomeFolders
    do throws(Failure) {
      folders = try Party.folders(shared)
    } catch {
      return try await desk.report(Finding("home", error))
    }
    let places = PlaceReport.all(in: folders)
    try await desk.report(Sentences.place("home", [places.home]))
    try await desk.report(Sentences.place("profiles", places.profiles))
    try await desk.report(Sentences.place("logs", [places.logs]))
  }

  private func checkUsers(_ desk: DoctorDesk) async throws(Failure) -> UsersFile? {
    guard let path = shared.users else { return nil }
    do throws(Failure) {
      let users = try Party.read(path)
      try await desk.report(Sentences.usersFile(users))
      return users
    } catch {
      try await desk.report(Finding("users file", error))
      return nil
    }
  }

  private func checkListening(_ desk: DoctorDesk, _ users: UsersFile?) async throws(Failure) {
    var me: PeerName?
    if let users, let answer = shared.asName {
      do throws(WhoAmI.Refusal) {
        me = try WhoAmI.resolve(answer, in: users).name
      } catch {
        return try await desk.report(Finding("listen", Sentences.who(error, in: users)))
      }
    }
    let finding: Finding
    do throws(MessengerFailure) {
      finding = Sentences.canListen(at: try await Diagnosis.tryListening(as: me, in: users))
    } catch {
      finding = Sentences.cannotListen(error)
    }
    try await desk.report(finding)
  }

  private func checkSelfConnect(_ desk: DoctorDesk) async throws(Failure) {
    let finding: Finding
    do throws(SelfConnect.Failure) {
      finding = Sentences.connectedToItself(try await SelfConnect.run())
    } catch {
      finding = Sentences.notConnectedToItself(error)
    }
    try await desk.report(finding)
  }
}

/// What one check of `doctor` found.
package struct Finding: Equatable, Sendable {
  package enum Verdict: String, Sendable { case ok, warning, failed }

  package let check: String
  package let verdict: Verdict
  package let message: String
  /// What to do; nil where all is well.
  package let hint: String?

  init(_ check: String, _ verdict: Verdict, _ message: String, hint: String? = nil) {
    self.check = check
    self.verdict = verdict
    self.message = message
    self.hint = hint
  }

  init(_ check: String, _ failure: Failure) {
    self.init(check, .failed, failure.message, hint: failure.hint)
  }
}

/// Prints findings and counts them.
actor DoctorDesk {
  private let output: Output
  private var warnings = 0
  private var failures = 0

  init(output: Output) { self.output = output }

  func report(_ finding: Finding) async throws(Failure) {
    switch finding.verdict {
    case .ok: break
    case .warning: warnings += 1
    case .failed: failures += 1
    }
    if output.isJSON {
      try await output.payload(bytes: JSONEvents.check(finding))
    } else {
      try await output.payload(Sentences.finding(finding, paint: output.paint))
    }
  }

  func finish() async throws(Failure) -> ExitCode {
    if output.isJSON {
      try await output.payload(bytes: JSONEvents.doctor(warnings: warnings, failed: failures))
    } else {
      try await output.payload(Sentences.doctorEnd(warnings: warnings, failed: failures))
    }
    return failures == 0 ? .ok : .failed
  }
}

extension JSONEvents {
  package static func check(_ finding: Finding) -> [UInt8] {
    var writer = JSONWriter(event: "check")
    writer.write("name", finding.check)
    writer.write("result", finding.verdict.rawValue)
    writer.write("message", finding.message)
    if let hint = finding.hint { writer.write("hint", hint) }
    return writer.line()
  }

  package static func doctor(warnings: Int, failed: Int) -> [UInt8] {
    var writer = JSONWriter(event: "doctor")
    writer.write("warnings", warnings)
    writer.write("failed", failed)
    return writer.line()
  }
}
