import ArgumentParser

/// `secure_chat version`.
struct VersionCommand: RunnableCommand {
  static let configuration = CommandConfiguration(
    commandName: "version", abstract: "Say which version this is.")

  @OptionGroup var shared: SharedOptions

  func run(in surroundings: Surroundings) async throws(Failure) -> ExitCode {
    if shared.json {
      try await surroundings.output.payload(bytes: JSONEvents.version(Version.number))
    } else {
      try await surroundings.output.payload(Version.line)
    }
    return .ok
  }
}
